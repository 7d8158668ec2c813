"""The gradient variance over random initialisations, and its decay.

McClean et al. 2018 (arXiv 1803.11173): in a barren plateau it shrinks
exponentially with the number of qubits. Cerezo et al. 2021 (arXiv
2001.00550): sooner for observables of all qubits than for those of a few.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.circuits import parse_observable
from tfq_hybrid.diagnostics.random_circuit import RandomCircuit
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.estimate import Estimate

# Gradients below it are rounding: the observable does not feel the weight.
_ROUNDING = 1e-10


def gradient_variance(
    circuit: RandomCircuit,
    observable: str | cirq.PauliString | cirq.PauliSum = "Z0",
    samples: int = 1000,
    seed: int | np.random.SeedSequence | np.random.Generator = 0,
    resamples: int = 1000,
) -> Estimate:
    """The variance of dE/dw over initialisations, mean over the weights.

    E is the expectation of the observable. Weights that it does not feel at
    all, outside its light cone, are left out: they would make any local
    observable seem to decay. The mean over weights instead of the first
    weight alone, which McClean et al. take, is our choice.

    Args:
        circuit: What is measured, with at least one weight.
        observable: A Pauli word such as `"Z0*Z1"`; `"global"`, Z on every
            qubit; or an operator on `circuit.qids`. Defaults to `"Z0"`, the
            first output of a layer.
        samples: Random initialisations. Defaults to 1000.
        seed: Of the angles and the bootstrap. Defaults to 0.
        resamples: Of the bootstrap. Defaults to 1000.

    Returns:
        An `Estimate` with the 95 % percentile interval of the bootstrap over
        the initialisations. `more` holds `weights`, the number of weights
        that the observable feels, and `replicates`, the variances of the
        bootstrap, from which `fit_decay` takes its interval.

    Raises:
        UserError: a number is out of its range, the observable is unknown,
            or the circuit has no weights.

    Example:

    >>> import sympy
    >>> from tfq_hybrid.diagnostics import RandomCircuit
    >>> turn = cirq.rx(sympy.Symbol("w"))(cirq.GridQubit(0, 0))
    >>> found = gradient_variance(RandomCircuit(cirq.Circuit(turn)))
    >>> found.low < 0.5 < found.high  # the variance of -sin(w)
    True
    """
    check_integer("samples", samples, 2)
    check_integer("resamples", resamples, 1)
    rng = np.random.default_rng(seed)
    operator = as_operator(observable, circuit.qids)
    gradients = circuit.gradients(samples, rng, operator)
    felt = np.max(np.abs(gradients), axis=0) > _ROUNDING
    gradients = gradients[:, felt]
    counts = rng.multinomial(samples, np.full(samples, 1 / samples), resamples)
    replicates = _mean_variance(gradients, counts)
    low, high = np.quantile(replicates, [0.025, 0.975])
    value = _mean_variance(gradients, np.ones((1, samples)))[0]
    more = {"weights": int(felt.sum()), "replicates": replicates.tolist()}
    return Estimate(float(value), float(low), float(high), more)


def random_gradient_variance(qubits: int) -> float:
    """The gradient variance of a Haar-random circuit.

    That of dE/dw, for a Pauli word and a rotation exp(-i w P / 2) about
    another, between two 2-designs (the setting of McClean et al. 2018, arXiv
    1803.11173): N^2 / (2 (N^2 - 1)(N + 1)) with N = 2^qubits. It follows from
    E[<X>^2] = tr(X^2) / (N (N + 1)) of a traceless X in random states, and
    from the second moment of the word after a random unitary.

    >>> random_gradient_variance(1)  # 2 / 9
    0.2222222222222222
    """
    size = 2.0**qubits
    return size**2 / (2 * (size**2 - 1) * (size + 1))


def as_operator(
    observable: str | cirq.PauliString | cirq.PauliSum,
    qids: Sequence[cirq.Qid],
) -> cirq.PauliString | cirq.PauliSum:
    """The operator that a word stands for, as `gradient_variance` takes it.

    >>> print(as_operator("global", cirq.LineQubit.range(3)))
    Z(q(0))*Z(q(1))*Z(q(2))
    """
    if isinstance(observable, (cirq.PauliString, cirq.PauliSum)):
        return observable
    if observable == "global":
        return cirq.PauliString(cirq.Z(qid) for qid in qids)
    return parse_observable(observable, qids)


def _mean_variance(gradients: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sample variances, their mean over the weights: one for each row.

    Gradients are (samples, weights), counts, how often each sample is drawn,
    (rows, samples).
    """
    if gradients.shape[1] == 0:
        return np.zeros(len(counts))
    samples = gradients.shape[0]
    mean = counts @ gradients / samples
    square = counts @ gradients**2 / samples
    variance = (square - mean**2) * samples / (samples - 1)
    return variance.mean(axis=1)


def fit_decay(variances: Mapping[int, Estimate]) -> dict[str, Any] | None:
    """Fits variance = c 2**(-rate qubits).

    A line through the logarithms by least squares. Rate 0 is no decay; at
    rate 1 each qubit more halves the variance: a barren plateau (McClean et
    al. 2018, arXiv 1803.11173, show exponential decay for circuits close to
    2-designs).

    Args:
        variances: What `gradient_variance` gives, by the number of qubits.
            Zeros are left out.

    Returns:
        A dict: `rate`, halvings per qubit; `low` and `high`, the 95 %
        percentile interval of the bootstrap over the initialisations;
        `intercept`, log2 of c; `scatter`, the root mean square distance of
        the points from the line, in halvings, which the interval does not
        hold, `None` of two points, which lie on their line; `qubits`, the
        list of those in the fit. Or `None` where fewer than two numbers of
        qubits are left.

    Raises:
        UserError: the estimates differ in their numbers of resamples.

    Example:

    >>> from tfq_hybrid.diagnostics import Estimate
    >>> exact = {
    ...     n: Estimate(2.0**-n, 0, 1, {"replicates": [2.0**-n] * 3})
    ...     for n in (2, 3, 5)
    ... }
    >>> round(fit_decay(exact)["rate"], 6)
    1.0
    """
    qubits = sorted(n for n, found in variances.items() if found.value > 0)
    if len(qubits) < 2:
        return None
    replicates = [variances[n].more["replicates"] for n in qubits]
    if len({len(row) for row in replicates}) > 1:
        raise UserError(
            "Expected estimates with one number of resamples. Received: "
            f"{sorted({len(row) for row in replicates})}"
        )
    logs = np.log2([[variances[n].value] for n in qubits])
    (slope,), (intercept,) = np.polyfit(qubits, logs, 1)
    drawn = np.log2(np.maximum(replicates, np.finfo(float).tiny))
    low, high = np.quantile(-np.polyfit(qubits, drawn, 1)[0], [0.025, 0.975])
    residuals = logs[:, 0] - np.polyval([slope, intercept], qubits)
    scatter = float(np.sqrt(np.mean(residuals**2)))
    return {
        "rate": float(-slope),
        "low": float(low),
        "high": float(high),
        "intercept": float(intercept),
        "scatter": scatter if len(qubits) > 2 else None,
        "qubits": qubits,
    }
