"""Expressibility: how evenly a circuit covers the states.

Sim, Johnson and Aspuru-Guzik 2019, arXiv 1905.10876: the Kullback-Leibler
divergence of the distribution of fidelities between pairs of the circuit's
states from that between Haar-random states.
"""

import numpy as np
from numpy.typing import ArrayLike

from tfq_hybrid.diagnostics.random_circuit import RandomCircuit
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.estimate import Estimate

BINS = 75  # as in the paper, whose figures use 5,000 pairs


def expressibility(
    circuit: RandomCircuit,
    pairs: int = 5000,
    seed: int | np.random.SeedSequence = 0,
    bins: int = BINS,
    resamples: int = 1000,
) -> Estimate:
    """The expressibility of a circuit: the lower, the more expressive.

    Zero for a circuit whose fidelities are those of Haar-random states;
    (2**n - 1) ln(bins) for one whose state does not depend on its angles.
    The fidelities of n qubits are about 2**-n, so that from seven qubits on
    most of them fall into the first of 75 bins: the measure then tells
    circuits apart less and less.

    Args:
        circuit: What is measured.
        pairs: Independent pairs of states. Defaults to 5000.
        seed: Of the angles and the bootstrap. Defaults to 0.
        bins: Of the histogram of fidelities. Defaults to 75.
        resamples: Of the bootstrap. Defaults to 1000.

    Returns:
        An `Estimate` in nats, with a 95 % interval.

    Raises:
        UserError: a number is out of its range.

    Example:

    >>> import cirq
    >>> from tfq_hybrid.diagnostics import RandomCircuit
    >>> idle = RandomCircuit(cirq.Circuit(cirq.I(cirq.GridQubit(0, 0))))
    >>> round(expressibility(idle, pairs=100).value, 3)  # ln(75)
    4.317
    """
    check_integer("pairs", pairs, 2)
    rng = np.random.default_rng(seed)
    values = np.concatenate(
        [
            fidelities(circuit.states(size, rng), circuit.states(size, rng))
            for size in circuit.batches(pairs)
        ]
    )
    return divergence(values, circuit.qubits, bins, resamples, rng)


def fidelities(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """|<a|b>|**2 of states in pairs: two arrays (pairs, N) to (pairs,)."""
    overlaps = np.einsum("pi,pi->p", first.conj(), second)
    return np.clip(np.abs(overlaps) ** 2, 0.0, 1.0)


def divergence(
    values: ArrayLike,
    qubits: int,
    bins: int = BINS,
    resamples: int = 1000,
    rng: int | np.random.Generator = 0,
) -> Estimate:
    """The divergence of fidelities from those of Haar-random states, nats.

    A histogram of few samples looks further from any reference than what it
    was drawn from: its divergence is too large by (occupied bins - 1) / (2
    samples), the bias of an entropy (Miller 1955). It is subtracted here;
    the paper does not, so that a Haar-random circuit reads 0.007 there.

    Args:
        values: Fidelities from 0 to 1, of shape (samples,).
        qubits: Of the states.
        bins: Equal bins from 0 to 1. Defaults to 75.
        resamples: Of the bootstrap. Defaults to 1000.
        rng: Of the bootstrap, or its seed. Defaults to 0.

    Returns:
        An `Estimate`; its `plug_in` is the value without the correction.
        The 95 % interval is the basic bootstrap's (Davison and Hinkley 1997,
        section 5.2.1), over the samples, cut at zero.

    Raises:
        UserError: a number is out of its range.
    """
    check_integer("bins", bins, 2)
    check_integer("resamples", resamples, 1)
    values = np.asarray(values, float)
    if values.size < 2 or not np.all((values >= 0) & (values <= 1)):
        raise UserError(
            "Expected at least two fidelities from 0 to 1. Received: "
            f"{values.size} values"
        )
    counts, _ = np.histogram(values, bins, (0.0, 1.0))
    haar = haar_log_masses(qubits, bins)
    plug_in, corrected = _divergences(counts[np.newaxis], haar)
    rng = np.random.default_rng(rng)
    drawn = rng.multinomial(len(values), counts / len(values), resamples)
    # In the bootstrap's world the truth is the histogram itself.
    errors = _divergences(drawn, haar)[1] - plug_in
    low, high = corrected - np.quantile(errors, [0.975, 0.025])
    return Estimate(
        max(0.0, float(corrected[0])),
        max(0.0, float(low)),
        max(0.0, float(high)),
        {"plug_in": float(plug_in[0])},
    )


def haar_log_masses(qubits: int, bins: int) -> np.ndarray:
    """Logarithms of the Haar-random probabilities of each bin of fidelity.

    The density is (N - 1) (1 - F)**(N - 2) with N = 2**qubits (Zyczkowski
    and Sommers 2005, arXiv quant-ph/0311117), so that a bin from a to b has
    the mass (1 - a)**(N - 1) - (1 - b)**(N - 1). In logarithms, as the last
    bins are below the smallest float from nine qubits on.

    >>> np.exp(haar_log_masses(qubits=1, bins=4)).round(12).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    power = 2.0**qubits - 1
    left = np.log1p(-np.arange(bins) / bins)
    ratio = np.append(np.diff(left), -np.inf)  # ln((1 - b) / (1 - a))
    return power * left + np.log(-np.expm1(power * ratio))


def _divergences(
    counts: np.ndarray, haar: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of histograms (…, bins): plain, and with the bias subtracted."""
    total = counts.sum(axis=-1, keepdims=True)
    shares = counts / total
    logs = np.log(np.where(counts > 0, shares, 1.0))
    plain = np.sum(shares * (logs - haar), axis=-1)
    occupied = np.count_nonzero(counts, axis=-1)
    return plain, plain - (occupied - 1) / (2 * total[..., 0])
