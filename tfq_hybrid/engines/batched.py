"""The batched engine: a whole batch as one program of stock operations.

A program is lowered to gates (`lowering`), which a pipeline of passes
(`passes`) turns into a plan of few large steps. Everything is exact,
differentiable by TensorFlow, and XLA compiles it.
"""

import tensorflow as tf

from tfq_hybrid.engines.adjoint import run_with_adjoint
from tfq_hybrid.engines.lowering import lower_circuit
from tfq_hybrid.engines.passes import PASSES
from tfq_hybrid.engines.plan import first_plan
from tfq_hybrid.engines.readout import Readout
from tfq_hybrid.engines.register import Register
from tfq_hybrid.engines.running import run_plan


class BatchedEngine:
    """Exact expectations of a program for a batch.

    Args:
        program: `Program`.
        gradient: str. `"backprop"`, TensorFlow's own, or `"adjoint"`, which
            walks the circuit backwards instead of keeping every state: its
            memory does not grow with the depth, for about one and a half
            times the time. The values are the same. Defaults to
            `"backprop"`.
        passes: sequence of functions from a `Plan` to a `Plan`. Defaults to
            `PASSES`.

    Raises:
        UserError: a gate is of a kind that the engine does not know.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.program import Program
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> engine = BatchedEngine(Program(circuit, (cirq.Z(qubit),), ("x",)))
    >>> engine(tf.constant([[0.0], [3.14159265]]), tf.zeros([0])).numpy()
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    name = "batched"
    supports_jit = True

    def __init__(self, program, gradient="backprop", passes=PASSES):
        self.program = program
        self._gradient = gradient
        register = Register(program.qubits)
        gates = lower_circuit(program.circuit, program.qids)
        readout = Readout(program.operators, program.qids)
        plan = first_plan(program, gates, register, readout)
        # From a given state there is no product to begin with.
        from_state = [p for p in passes if p.__name__ != "take_prefix"]
        self.plan = _compiled(plan, passes)
        self._plan_from_state = _compiled(plan, from_state)

    def __call__(self, fed, trained, states=None):
        """Expectations for a batch.

        Args:
            fed: float tensor of shape (batch, fed symbols).
            trained: float tensor of shape (trained symbols,).
            states: complex tensor of shape (batch, 2**qubits), the states
                that the circuit starts from. Defaults to `None`: all zeros.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        plan = self.plan
        if states is not None:
            plan, states = self._plan_from_state, _planes(states, fed.dtype)
        run = run_with_adjoint if self._gradient == "adjoint" else run_plan
        return plan.readout(run(plan, self.program, fed, trained, states))


def _compiled(plan, passes):
    for one in passes:
        plan = one(plan)
    return plan


def _planes(states, dtype):
    """Complex states (batch, N) as real planes (2, N, batch)."""
    columns = tf.transpose(states)
    parts = [tf.math.real(columns), tf.math.imag(columns)]
    return tf.cast(tf.stack(parts), dtype)
