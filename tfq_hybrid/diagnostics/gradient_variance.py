"""The variance of gradients over random initialisations.

McClean et al. 2018 (arXiv 1803.11173): in a barren plateau it shrinks
exponentially with the number of qubits. Cerezo et al. 2021 (arXiv
2001.00550): sooner for observables of all qubits than for those of a few.
"""

import cirq
import numpy as np

from tfq_hybrid.circuits import parse_observable
from tfq_hybrid.errors import check_integer
from tfq_hybrid.estimate import Estimate

# Gradients below it are rounding: the observable does not feel the weight.
_ROUNDING = 1e-10


def gradient_variance(
    circuit, observable="Z0", samples=1000, seed=0, resamples=1000
):
    """The variance of dE/dw over random angles, mean over the weights.

    E is the expectation of the observable. Weights that it does not feel at
    all, outside its light cone, are left out: they would make any local
    observable seem to decay. The mean over weights instead of the first
    weight alone, which McClean et al. take, is our choice.

    Args:
        circuit: `RandomCircuit` with weights.
        observable: str: a Pauli word such as `"Z0"`, the first output of a
            layer by default, or `"Z0*Z1"`; or `"global"`, Z on every qubit.
            Or a `cirq.PauliString` or `cirq.PauliSum` on `circuit.qids`.
        samples: int. Random initialisations. Defaults to 1000.
        seed: int or `numpy.random.SeedSequence`. Defaults to 0.
        resamples: int. Of the bootstrap. Defaults to 1000.

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


def as_operator(observable, qids):
    """The operator that a word stands for.

    Args:
        observable: as `gradient_variance` takes it.
        qids: sequence of `cirq.Qid`.

    Returns:
        A `cirq.PauliString` or `cirq.PauliSum`.

    Raises:
        UserError: it is no such word, or names a qubit that is not there.

    Example:

    >>> print(as_operator("global", cirq.LineQubit.range(3)))
    Z(q(0))*Z(q(1))*Z(q(2))
    """
    if isinstance(observable, (cirq.PauliString, cirq.PauliSum)):
        return observable
    if observable == "global":
        return cirq.PauliString(cirq.Z(qid) for qid in qids)
    return parse_observable(observable, qids)


def _mean_variance(gradients, counts):
    """Sample variances of each weight, their mean: one for each row.

    Args:
        gradients: float array (samples, weights).
        counts: array (rows, samples): how often each sample is drawn.
    """
    if gradients.shape[1] == 0:
        return np.zeros(len(counts))
    samples = gradients.shape[0]
    mean = counts @ gradients / samples
    square = counts @ gradients**2 / samples
    variance = (square - mean**2) * samples / (samples - 1)
    return variance.mean(axis=1)
