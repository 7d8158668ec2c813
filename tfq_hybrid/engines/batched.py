"""The batched engine: a whole batch as one program of stock operations.

A program is lowered to gates (`lowering`), which a pipeline of passes
(`passes`) turns into a plan of few large steps. A circuit with channels runs
on the Pauli vectors of density matrices (`superoperators`), else on states.
Everything is exact, differentiable by TensorFlow, and XLA compiles it.
"""

import functools

import tensorflow as tf

from tfq_hybrid.engines.adjoint import run_with_adjoint
from tfq_hybrid.engines.channels import lower_noisy_circuit
from tfq_hybrid.engines.lowering import lower_circuit
from tfq_hybrid.engines.passes import PASSES
from tfq_hybrid.engines.planned import PlannedEngine
from tfq_hybrid.engines.readout import NoReadout, PauliReadout, Readout
from tfq_hybrid.engines.register import Register
from tfq_hybrid.engines.running import run_plan
from tfq_hybrid.engines.sampling import sample_bits
from tfq_hybrid.engines.superoperators import density_matrices
from tfq_hybrid.errors import UserError, check_choice, check_integer


class BatchedEngine(PlannedEngine):
    """Exact expectations of a program for a batch.

    Args:
        program: `Program`; its circuit may hold channels.
        gradient: str. `"backprop"`, TensorFlow's own, or `"adjoint"`, which
            walks the circuit backwards instead of keeping every state: its
            memory does not grow with the depth, for more time. The values
            are the same. Defaults to `"backprop"`.
        passes: sequence of functions from a `Plan` to a `Plan`. Defaults to
            `PASSES`.

    Raises:
        UserError: a gate is of a kind that the engine does not know, or the
            adjoint gradient is asked of a noisy circuit, which cannot be
            walked backwards.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.program import Program
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> engine = BatchedEngine(Program(circuit, (cirq.Z(qubit),), ("x",)))
    >>> angles = tf.constant([[0.0], [3.14159265]])
    >>> engine(angles, tf.zeros([0])).numpy().round(4)
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    def __init__(self, program, gradient="backprop", passes=PASSES):
        check_choice("gradient", gradient, ("backprop", "adjoint"))
        if gradient == "adjoint" and program.is_noisy:
            raise UserError(
                "Expected another gradient than 'adjoint' for a circuit with "
                "noise, which cannot be walked backwards. Received: "
                "gradient='adjoint'"
            )
        lower = lower_noisy_circuit if program.is_noisy else lower_circuit
        kind = PauliReadout if program.is_noisy else Readout
        super().__init__(
            program,
            lower(program.circuit, program.qids),
            Register(program.qubits, 4 if program.is_noisy else 2),
            kind(program.operators, program.qids),
            run_with_adjoint if gradient == "adjoint" else run_plan,
            passes,
        )

    @functools.cached_property
    def _whole_plans(self):
        readout = NoReadout(self.program.qubits)
        return (
            self._compile(readout, self._passes),
            self._compile(readout, self._passes_from_states),
        )

    @tf.autograph.experimental.do_not_convert
    def __call__(self, fed, trained, states=None, seed=None):
        """Expectations for a batch.

        Args:
            fed: float tensor of shape (batch, fed symbols).
            trained: float tensor of shape (trained symbols,).
            states: complex tensor of shape (batch, 2**qubits), or a real
                one, the states that the circuit starts from. Defaults to
                `None`: all zeros.
            seed: not used: nothing is drawn.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        return self.run(fed, trained, states)

    def state(self, fed, trained, states=None):
        """The final states, up to a global phase.

        The arguments are those of a call.

        Returns:
            A complex tensor of shape (batch, 2**qubits); for a noisy circuit
            of shape (batch, 2**qubits, 2**qubits), the density matrices.
        """
        plan = self._whole_plans[states is not None]
        state = self._finish(plan, fed, trained, states)
        if self.program.is_noisy:
            return density_matrices(state, self.program.qubits)
        real, *rest = tf.unstack(state)
        imaginary = rest[0] if rest else tf.zeros_like(real)
        return tf.transpose(tf.complex(real, imaginary))

    def probabilities(self, fed, trained, states=None):
        """The probability of every outcome in the Z basis.

        The arguments are those of a call.

        Returns:
            A real tensor of shape (batch, 2**qubits); the first qubit is the
            leading bit of an outcome's index.
        """
        state = self.state(fed, trained, states)
        if self.program.is_noisy:
            return tf.math.real(tf.linalg.diag_part(state))
        return tf.square(tf.math.real(state)) + tf.square(tf.math.imag(state))

    def samples(self, fed, trained, repetitions, seed, states=None):
        """Measured bits of all qubits together, in the Z basis.

        Args:
            fed, trained, states: as for a call.
            repetitions: int, at least 1.
            seed: int tensor of shape (2,). Equal seeds give equal bits.

        Returns:
            An int8 tensor of shape (batch, repetitions, qubits).
        """
        check_integer("repetitions", repetitions, minimum=1)
        chances = self.probabilities(fed, trained, states)
        return sample_bits(chances, repetitions, self.program.qubits, seed)
