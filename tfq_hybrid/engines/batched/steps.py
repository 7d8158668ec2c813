"""Steps of a plan: one gate, or several that relabel basis states.

A step maps a `State` to the next one, and back again where it is unitary; the
way back is what keeps the memory of the adjoint gradient flat.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.layout import PLANES, State
from tfq_hybrid.engines.batched.states import apply_gate_to_state, permute
from tfq_hybrid.engines.register import Register

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


class GateStep:
    """One gate, with one value for each example or for all."""

    def __init__(self, gate: TrigGate, register: Register):
        self.gate = gate
        self._register = register

    def apply(self, state: State, values: "Values") -> State:
        """The next state."""
        return self._apply(self.gate, state, values)

    def undo(self, state: State, values: "Values") -> State:
        """The state before."""
        return self._apply(self.gate.adjoint, state, values)

    def _apply(self, gate, state, values):
        places = [state.qubits.index(qubit) for qubit in gate.qubits]
        value = values.of(gate.symbol)
        parts = apply_gate_to_state(
            state.parts(), gate, value, places, self._register
        )
        return state.with_parts(parts)


class PermutationStep:
    """Gates that relabel basis states, up to signs: one gather."""

    def __init__(self, gates: Sequence[TrigGate], register: Register):
        self.gates = list(gates)
        self._register = register

    @property
    def order(self) -> np.ndarray:
        """The index from which each entry comes, an int array (N,)."""
        return self._order_and_signs[0]

    @functools.cached_property
    def _order_and_signs(self):
        # new[i] = signs[i] * old[order[i]]
        register = self._register
        order, signs = np.arange(register.size), np.ones(register.size)
        for gate in self.gates:
            local = register.local_index(gate.qubits)
            column = np.argmax(np.abs(gate.matrix), axis=1)
            sign = gate.matrix.real[np.arange(len(column)), column]
            origin = register.with_local_index(gate.qubits, column[local])
            signs = np.round(sign[local]) * signs[origin]
            order = order[origin]
        return order, signs

    def apply(self, state: State, values: "Values") -> State:
        """The next state."""
        return self._signed(self._permuted(state, self.order))

    def undo(self, state: State, values: "Values") -> State:
        """The state before."""
        return self._permuted(self._signed(state), np.argsort(self.order))

    @staticmethod
    def _permuted(state, order):
        state = state if state.is_real else state.leading([PLANES])
        # Of the index at every place, and of the place of every index.
        index = state.relabelled(np.arange(len(order)))
        order = np.argsort(index)[order[index]]
        shape = tf.shape(state.tensor)
        planes = tf.reshape(state.tensor, [-1, len(order), shape[-1]])
        return state.with_tensor(tf.reshape(permute(planes, order), shape))

    def _signed(self, state):
        _, signs = self._order_and_signs
        if np.all(signs > 0):
            return state
        signs = state.relabelled(signs)[:, np.newaxis]
        signs = tf.constant(signs, state.tensor.dtype)
        return state.with_parts([part * signs for part in state.parts()])
