"""Entangling capability: how entangled a circuit's states are on average.

Meyer and Wallach 2002 (arXiv quant-ph/0108104), in the form of Brennen 2003
(arXiv quant-ph/0305094); its mean over random angles is the entangling
capability of Sim et al. 2019 (arXiv 1905.10876).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from tfq_hybrid.diagnostics.random_circuit import RandomCircuit
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.estimate import Estimate

_ROUNDING = 1e-12  # of the measure of a product state


def entangling_capability(
    circuit: RandomCircuit,
    samples: int = 5000,
    seed: int | np.random.SeedSequence = 0,
    resamples: int = 1000,
) -> Estimate:
    """The mean Meyer-Wallach measure of a circuit's states.

    From 0, product states only, to 1. Haar-random states have (N - 2) /
    (N + 1) with N = 2**qubits.

    Args:
        circuit: What is measured.
        samples: States at random angles. Defaults to 5000.
        seed: Of the angles and the bootstrap. Defaults to 0.
        resamples: Of the bootstrap. Defaults to 1000.

    Returns:
        An `Estimate` with the 95 % percentile interval of the bootstrap over
        the states.

    Raises:
        UserError: a number is out of its range.

    Example:

    >>> import cirq
    >>> from tfq_hybrid.diagnostics import RandomCircuit
    >>> a, b = cirq.GridQubit.rect(1, 2)
    >>> bell = RandomCircuit(cirq.Circuit(cirq.H(a), cirq.CNOT(a, b)))
    >>> round(entangling_capability(bell, samples=10).value, 6)
    1.0
    """
    check_integer("samples", samples, 2)
    rng = np.random.default_rng(seed)
    values = [
        meyer_wallach(circuit.states(size, rng))
        for size in circuit.batches(samples)
    ]
    return mean_entanglement(np.concatenate(values), resamples, rng)


def mean_entanglement(
    values: np.ndarray,
    resamples: int = 1000,
    rng: int | np.random.Generator = 0,
) -> Estimate:
    """The mean of what `meyer_wallach` gives, as an `Estimate`.

    Args:
        values: Of shape (samples,), from 0 to 1.
        resamples: Of the bootstrap. Defaults to 1000.
        rng: Of the bootstrap, or its seed. Defaults to 0.

    Returns:
        The mean with the 95 % percentile interval of the bootstrap.

    Raises:
        UserError: the number of resamples is below 1.
    """
    check_integer("resamples", resamples, 1)
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, 2**22 // len(values)),
        method="percentile",
        rng=np.random.default_rng(rng),
    ).confidence_interval
    return Estimate(
        float(values.mean()), float(interval.low), float(interval.high)
    )


def meyer_wallach(states: ArrayLike) -> np.ndarray:
    """The Meyer-Wallach measure of pure states.

    Q = 2 (1 - mean over the qubits k of tr(rho_k**2)), where rho_k is the
    state of qubit k alone: 0 for product states, 1 where every qubit is
    maximally entangled with the rest, as in GHZ states.

    Args:
        states: Amplitudes of shape (samples, 2**qubits). The first qubit is
            the leading bit of an index.

    Returns:
        Floats of shape (samples,), from 0 to 1.

    Raises:
        UserError: the length of the states is no power of two.

    Example:

    >>> ghz = np.array([[1, 0, 0, 0, 0, 0, 0, 1]]) / np.sqrt(2)
    >>> meyer_wallach(ghz).round(12).tolist()
    [1.0]
    """
    vectors = np.asarray(states, np.complex128)
    samples, size = vectors.shape
    qubits = size.bit_length() - 1
    if qubits < 1 or size != 2**qubits:
        raise UserError(
            "Expected states of 2, 4, 8, … amplitudes. Received: states of "
            f"{size}"
        )
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    total = np.zeros(samples)
    for qubit in range(qubits):
        split = vectors.reshape(samples, 2**qubit, 2, -1)
        zero, one = split[:, :, 0], split[:, :, 1]
        # rho = [[p, c], [c*, q]] with p + q = 1: 1 - tr(rho**2) = 2 det(rho),
        # which keeps the rounding of a product state out of the result.
        p, q = (np.sum(np.abs(x) ** 2, axis=(1, 2)) for x in (zero, one))
        c = np.sum(zero * one.conj(), axis=(1, 2))
        total += p * q - np.abs(c) ** 2
    found = np.clip(4 * total / qubits, 0.0, 1.0)
    return np.where(found < _ROUNDING, 0.0, found)


def random_entanglement(qubits: int) -> float:
    """The mean Meyer-Wallach measure of Haar-random states.

    (N - 2) / (N + 1) with N = 2**qubits (Scott and Caves 2003, arXiv
    quant-ph/0305046).

    >>> random_entanglement(1), random_entanglement(2)
    (0.0, 0.4)
    """
    size = 2**qubits
    return (size - 2) / (size + 1)
