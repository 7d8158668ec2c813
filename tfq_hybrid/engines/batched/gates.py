"""Gates as sums of cosines and sines, and the steps of a plan that apply them.

Every gate with one symbol s and a generator of eigenvalues h_k is

    U(s) = sum_k exp(i (r_k s + o_k)) P_k
         = sum_f cos(r_f s + o_f) C_f + sin(r_f s + o_f) S_f

with projectors P_k. Eigenvalues of equal magnitude share one frequency f, so
a rotation about a Pauli axis has a single one. A gate without a symbol is
the case r = o = 0, C = U, S = 0: one formula serves all.

A step maps a state of shape (P, N, batch) to the next one, and back again
where it is unitary; the way back is what keeps the memory of the adjoint
gradient flat.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.states import apply_gate_to_state, permute
from tfq_hybrid.engines.register import Register

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


@dataclasses.dataclass(frozen=True, eq=False)
class TrigGate:
    """A gate, or a channel on Pauli vectors, in trigonometric form.

    Its qubits stand the leading digit first. With F frequencies `rates`
    (radians per unit of the symbol) and `offsets` (radians) are float64 arrays
    (F,), and the bases complex128 arrays (F, d, d), where d is the register's
    radix to the power of the number of qubits.
    """

    qubits: tuple[int, ...]
    symbol: str | None
    rates: np.ndarray
    offsets: np.ndarray
    cos_basis: np.ndarray
    sin_basis: np.ndarray

    @functools.cached_property
    def is_diagonal(self) -> bool:
        """Whether the matrix is diagonal at every value of the symbol."""
        mask = ~np.eye(self.cos_basis.shape[-1], dtype=bool)
        off_diagonal = [self.cos_basis[:, mask], self.sin_basis[:, mask]]
        return not np.any(np.abs(off_diagonal) > 1e-12)

    @functools.cached_property
    def is_real(self) -> bool:
        """Whether the matrix is real at every value of the symbol."""
        imaginary = [self.cos_basis.imag, self.sin_basis.imag]
        return not np.any(np.abs(imaginary) > 1e-12)

    @functools.cached_property
    def is_permutation(self) -> bool:
        """Whether it only relabels basis states, up to signs, as CNOT does."""
        if self.symbol is not None:
            return False
        # Covers rounding only: a weak channel is not a permutation.
        rounded = np.round(self.matrix.real)
        exact = np.all(np.abs(self.matrix - rounded) < 1e-14)
        one_each = np.all(np.abs(rounded).sum(axis=1) == 1)
        return bool(exact and one_each)

    @property
    def matrix(self) -> np.ndarray:
        """The matrix of a gate without a symbol, of shape (d, d)."""
        return self.cos_basis[0]

    def at(self, value: float) -> np.ndarray:
        """The matrix at a value of the symbol, a complex128 array (d, d)."""
        angles = self.rates * value + self.offsets
        matrix = np.einsum("f,fij->ij", np.cos(angles), self.cos_basis)
        return matrix + np.einsum("f,fij->ij", np.sin(angles), self.sin_basis)

    @functools.cached_property
    def adjoint(self) -> "TrigGate":
        """The inverse of a unitary gate, with the same symbol."""
        cos_basis = self.cos_basis.conj().transpose(0, 2, 1)
        sin_basis = self.sin_basis.conj().transpose(0, 2, 1)
        return dataclasses.replace(
            self, cos_basis=cos_basis, sin_basis=sin_basis
        )

    def signature(self) -> tuple:
        """Equal for gates that differ only in qubits and symbol."""
        arrays = (self.rates, self.offsets, self.cos_basis, self.sin_basis)
        return tuple((a.shape, a.tobytes()) for a in arrays)


def constant_gate(matrix: np.ndarray, qubits: Sequence[int]) -> TrigGate:
    """A gate without a symbol, of a matrix (d, d)."""
    zero = np.zeros(1)
    basis = np.asarray(matrix, np.complex128)[np.newaxis]
    return TrigGate(tuple(qubits), None, zero, zero, basis, 0 * basis)


class GateStep:
    """One gate, with one value for each example or for all."""

    def __init__(self, gate: TrigGate, register: Register):
        self.gate = gate
        self._register = register

    def apply(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The next state."""
        value = values.of(self.gate.symbol)
        return apply_gate_to_state(state, self.gate, value, self._register)

    def undo(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The state before."""
        value = values.of(self.gate.symbol)
        gate = self.gate.adjoint
        return apply_gate_to_state(state, gate, value, self._register)


class PermutationStep:
    """Gates that relabel basis states, up to signs: one gather."""

    def __init__(self, gates: Sequence[TrigGate], register: Register):
        self.gates = list(gates)
        # new[i] = signs[i] * old[order[i]]
        self.order = np.arange(register.size)
        self.signs = np.ones(register.size)
        for gate in gates:
            local = register.local_index(gate.qubits)
            column = np.argmax(np.abs(gate.matrix), axis=1)
            sign = gate.matrix.real[np.arange(len(column)), column]
            origin = register.with_local_index(gate.qubits, column[local])
            self.signs = np.round(sign[local]) * self.signs[origin]
            self.order = self.order[origin]

    def apply(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The next state."""
        return self._signed(permute(state, self.order), self.signs)

    def undo(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The state before."""
        inverse = np.argsort(self.order)
        return permute(self._signed(state, self.signs), inverse)

    @staticmethod
    def _signed(state: tf.Tensor, signs: np.ndarray) -> tf.Tensor:
        if np.all(signs > 0):
            return state
        return state * tf.constant(signs[:, np.newaxis], state.dtype)


class DiagonalStep:
    """Shared diagonal unitary gates, without features: one vector of phases."""

    def __init__(self, gates: Sequence[TrigGate], register: Register):
        self.gates = list(gates)
        offsets = np.zeros(register.size)
        # Radians per unit of a symbol, for every basis state.
        rates: dict[str, np.ndarray] = {}
        for gate in gates:
            local = register.local_index(gate.qubits)
            slope, offset = _phases(gate)
            offsets += offset[local]
            if gate.symbol is not None:
                total = rates.setdefault(gate.symbol, np.zeros(register.size))
                total += slope[local]
        self._offsets = offsets
        self._symbols = list(rates)
        self._rates = np.array(list(rates.values())).T

    def apply(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The next state."""
        return self._turn(state, values, 1.0)

    def undo(self, state: tf.Tensor, values: "Values") -> tf.Tensor:
        """The state before."""
        return self._turn(state, values, -1.0)

    def _turn(self, state, values, sign):
        angles = tf.constant(self._offsets, state.dtype)
        if self._symbols:
            picked = values.linear([{s: 1.0} for s in self._symbols])
            rates = tf.constant(self._rates, state.dtype)
            angles += tf.linalg.matvec(rates, picked)
        return _rotate(state, sign * angles)


def _phases(gate: TrigGate) -> tuple[np.ndarray, np.ndarray]:
    """Radians per unit of the symbol and at zero, of every entry: (d,).

    At two small values the phase is still unique, so the slope is exact up
    to rounding: rates are a few half turns per unit.
    """
    offset = np.angle(np.diagonal(gate.at(0.0)))
    if gate.symbol is None:
        return np.zeros_like(offset), offset
    step = 1.0 / (1.0 + np.max(np.abs(gate.rates)))
    turned = np.diagonal(gate.at(step)) * np.exp(-1j * offset)
    return np.angle(turned) / step, offset


def _rotate(state: tf.Tensor, angles: tf.Tensor) -> tf.Tensor:
    """Multiplies by exp(i angle), one angle for each basis state."""
    cos = tf.cos(angles)[:, tf.newaxis]
    sin = tf.sin(angles)[:, tf.newaxis]
    if state.shape[0] == 1:
        return state * tf.stack([cos, sin])

    @tf.custom_gradient
    def turn(state, angles):
        real, imaginary = tf.unstack(state)
        result = tf.stack(
            [real * cos - imaginary * sin, real * sin + imaginary * cos]
        )

        def gradient(upstream):
            up_real, up_imag = tf.unstack(upstream)
            back_real = up_real * cos + up_imag * sin
            back_imag = up_imag * cos - up_real * sin
            # The derivative of exp(i angle) s by the angle is i times it, so
            # that one sum will do in place of one for the cosine and one for
            # the sine.
            by_angle = back_imag * real - back_real * imaginary
            by_angle = tf.reduce_sum(by_angle, axis=1)
            return tf.stack([back_real, back_imag]), by_angle

        return result, gradient

    return turn(state, angles)
