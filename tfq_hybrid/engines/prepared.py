"""What serialised circuits prepare: each is simulated once and kept.

A product state is kept as its factors, another state as its amplitudes.
"""

import threading
from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfq_hybrid.errors import UserError

KEPT_BYTES = 2**27
_CHUNK_BYTES = 2**26  # of states that are simulated at once
_TOLERANCE = 2e-6  # of a state's norm: the precision of the simulation


class NoStateError(Exception):
    """A circuit prepares no state of the qubits that were named."""


class PreparedStates:
    """The states that serialised circuits prepare on some qubits.

    Called with strings, it gives an array for each: the factors of a product
    of one-qubit states, complex128 of shape (qubits, 2), or the amplitudes of
    another state, complex64 of shape (2**qubits,). Up to `KEPT_BYTES` bytes of
    them are kept; the oldest are dropped first.

    Raises:
        NoStateError: a circuit acts on other qubits, or holds symbols or
            channels.
        UserError: a string is no circuit.
    """

    def __init__(self, qids: Sequence[cirq.Qid]):
        self._qids = qids
        self._kept: dict[bytes, np.ndarray | None] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, strings: Sequence[bytes]) -> list[np.ndarray]:
        with self._lock:
            found = {
                one: self._kept[one] for one in strings if one in self._kept
            }
            missing = [
                one for one in dict.fromkeys(strings) if one not in found
            ]
            size = max(1, _CHUNK_BYTES // (8 * 2 ** len(self._qids)))
            for start in range(0, len(missing), size):
                chunk = missing[start : start + size]
                new = dict(zip(chunk, self._simulate(chunk), strict=True))
                found |= new
                self._keep(new)
        states = [state for one in strings if (state := found[one]) is not None]
        if len(states) < len(strings):
            raise NoStateError
        return states

    def _keep(self, new):
        self._kept |= new
        self._bytes += sum(map(_bytes_of, new.items()))
        while self._bytes > KEPT_BYTES:
            oldest = next(iter(self._kept))
            self._bytes -= _bytes_of((oldest, self._kept.pop(oldest)))

    def _simulate(self, strings):
        """An array for each string, or `None`."""
        from tfq_hybrid.engines.tfq.ops import (
            append_circuit,
            tfq,
            tfq_simulate_ops,
        )

        # Identities on every qubit give all states the same register.
        register = cirq.Circuit(map(cirq.I, self._qids))
        registers = [tfq.convert_to_tensor([register])[0]] * len(strings)
        size = 2 ** len(self._qids)
        try:
            states = tfq_simulate_ops.tfq_simulate_state(
                append_circuit(tf.constant(strings), tf.stack(registers)),
                tf.constant([], tf.string),
                tf.zeros([len(strings), 0]),
            ).numpy()
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError):
            # The message of the one has the string in it, and may be no text.
            states = None  # of none, for one that has no state
            if len(strings) == 1:
                _check_circuit(strings[0])
        if states is not None and states.shape[1] == size:
            return _compressed(states)
        if len(strings) == 1:
            return [None]
        # TensorFlow Quantum is wrong where numbers of qubits differ.
        return [self._simulate([one])[0] for one in strings]


def _check_circuit(string):
    """Raises `UserError` unless a string is a serialised circuit."""
    from tfq_hybrid.engines.tfq.ops import program_pb2

    try:
        program_pb2.Program.FromString(string)
    except DecodeError as error:
        raise UserError(
            "Expected serialised circuits, as tensorflow_quantum's "
            f"convert_to_tensor gives. Received: {string[:40]!r}"
        ) from error


def _bytes_of(item):
    string, state = item
    return len(string) + (0 if state is None else state.nbytes) + 256


def _compressed(states: np.ndarray) -> list[np.ndarray]:
    """The factors of products, the amplitudes of other states."""
    factors = _factors(states.astype("complex128"))
    products = product_states(factors)
    overlaps = (products.conj() * states).sum(axis=1, keepdims=True)
    errors = np.linalg.norm(states - overlaps * products, axis=1)
    return [
        one.copy() if error < _TOLERANCE else state.copy()
        for one, error, state in zip(factors, errors, states, strict=True)
    ]


def _factors(states: np.ndarray) -> np.ndarray:
    """One-qubit states (batch, qubits, 2), right where a state is a product."""
    batch, size = states.shape
    factors = []
    for qubit in range(size.bit_length() - 1):
        parts = states.reshape(batch, 2**qubit, 2, -1)
        density = np.einsum("baic,bajc->bij", parts, parts.conj())
        larger = density[:, 0, 0].real >= density[:, 1, 1].real
        column = np.where(
            larger[:, np.newaxis], density[:, :, 0], density[:, :, 1]
        )
        factors.append(column / np.linalg.norm(column, axis=1, keepdims=True))
    return np.stack(factors, axis=1)


def product_states(factors: np.ndarray) -> np.ndarray:
    """States (batch, 2**qubits) of one-qubit states (batch, qubits, 2).

    >>> product_states(np.array([[[0, 1], [1, 0]]]))
    array([[0, 0, 1, 0]])
    """
    batch, qubits, _ = factors.shape
    states = np.ones([batch, 1], factors.dtype)
    for qubit in range(qubits):
        states = np.einsum("ba,bi->bai", states, factors[:, qubit])
        states = states.reshape(batch, -1)
    return states
