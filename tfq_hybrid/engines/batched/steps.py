"""Steps: what the plan of the batched engine is made of.

A step maps a state of shape (P, N, batch) to the next one, and back again
where it is unitary; the way back is what keeps the memory of the adjoint
gradient flat.
"""

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.states import apply_gate_to_state, permute


class GateStep:
    """One gate, with one value for each example or for all.

    Args:
        gate: `TrigGate`.
        register: `Register`.
    """

    def __init__(self, gate, register):
        self.gate = gate
        self._register = register

    def apply(self, state, values):
        """The next state."""
        value = values.of(self.gate.symbol)
        return apply_gate_to_state(state, self.gate, value, self._register)

    def undo(self, state, values):
        """The state before."""
        value = values.of(self.gate.symbol)
        gate = self.gate.adjoint
        return apply_gate_to_state(state, gate, value, self._register)


class PermutationStep:
    """Gates that relabel basis states, up to signs: one gather.

    Args:
        gates: list of `TrigGate` with `is_permutation`.
        register: `Register`.
    """

    def __init__(self, gates, register):
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

    def apply(self, state, values):
        """The next state."""
        return self._signed(permute(state, self.order), self.signs)

    def undo(self, state, values):
        """The state before."""
        inverse = np.argsort(self.order)
        return permute(self._signed(state, self.signs), inverse)

    @staticmethod
    def _signed(state, signs):
        if np.all(signs > 0):
            return state
        return state * tf.constant(signs[:, np.newaxis], state.dtype)


class DiagonalStep:
    """Shared diagonal unitary gates: one vector of phases.

    Args:
        gates: list of diagonal `TrigGate` without features.
        register: `Register`.
    """

    def __init__(self, gates, register):
        self.gates = list(gates)
        offsets = np.zeros(register.size)
        rates = {}  # symbol -> radians per unit, for every basis state
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

    def apply(self, state, values):
        """The next state."""
        return self._turn(state, values, 1.0)

    def undo(self, state, values):
        """The state before."""
        return self._turn(state, values, -1.0)

    def _turn(self, state, values, sign):
        angles = tf.constant(self._offsets, state.dtype)
        if self._symbols:
            picked = values.linear([{s: 1.0} for s in self._symbols])
            rates = tf.constant(self._rates, state.dtype)
            angles += tf.linalg.matvec(rates, picked)
        return _rotate(state, sign * angles)


def _phases(gate):
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


def _rotate(state, angles):
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
