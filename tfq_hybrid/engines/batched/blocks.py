"""Shared blocks: runs of gates that are the same for the whole batch.

Gates without symbols and gates with weights have one value a step, so a run
of them on a few qubits is one small matrix (`matrices`), applied to the batch
as one real matrix product.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.layout import PLANES, State
from tfq_hybrid.engines.register import Register

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


class BlockStep:
    """The matrix of a run of shared gates on some qubits.

    The gates are in circuit order, and none takes a feature. The values of a
    call hold the matrix.
    """

    def __init__(
        self,
        gates: Sequence[TrigGate],
        group: Sequence[int],
        register: Register,
    ):
        self.gates = list(gates)
        self.group = tuple(group)
        self.register = register
        self.is_real = all(gate.is_real for gate in gates)

    def apply(self, state: State, values: "Values") -> State:
        """The next state."""
        return self._apply(state, values.matrix(self))

    def undo(self, state: State, values: "Values") -> State:
        """The state before; the gates must be unitary."""
        return self._apply(state, tf.linalg.adjoint(values.matrix(self)))

    def _apply(self, state, matrix):
        axes = self.group
        if not self.is_real:
            # [[A, -B], [B, A]] @ [re; im], or its left half where im is zero.
            real, imaginary = tf.math.real(matrix), tf.math.imag(matrix)
            matrix = tf.concat([real, imaginary], axis=0)
            if not state.is_real:
                right = tf.concat([-imaginary, real], axis=0)
                matrix = tf.concat([matrix, right], axis=1)
                axes = (PLANES, *axes)
        state = state.leading(axes)
        shape = tf.shape(state.tensor)
        columns = tf.reshape(state.tensor, [state.size(axes), -1])
        result = matrix @ columns
        if matrix.shape[0] > matrix.shape[1]:
            state = state.with_planes()
            shape = [2 * shape[0], shape[1]]
        return state.with_tensor(tf.reshape(result, shape))
