"""The reference engine: TensorFlow Quantum's own operations.

It runs everything that TensorFlow Quantum runs: shots, Cirq samplers and
simulators, its differentiators. Its operations are C++ on the CPU in
float32, cannot be compiled by XLA, and cost one parsed program an example.
`tfq.layers.ControlledPQC` also joins it to a data circuit and writes it anew
at every call; here it is serialised once, and few-qubit programs run in
chunks (`chunks.py`).
"""

import numpy as np
import tensorflow as tf
import tensorflow_quantum as tfq
from tensorflow_quantum.core.ops import circuit_execution_ops, tfq_adj_grad_op
from tensorflow_quantum.core.ops.tfq_utility_ops import append_circuit

from tfq_hybrid.engines.chunks import in_chunks


class TFQEngine:
    """Expectations of a program by TensorFlow Quantum.

    Args:
        program: `Program`.
        repetitions: int. Samples for each expectation. Defaults to `None`:
            exact expectations.
        backend: `"noiseless"`, or a Cirq object as for `tfq.layers`: a
            `cirq.SimulatesExpectationValues` for exact expectations, a
            `cirq.Sampler` for sampled ones. Defaults to `"noiseless"`.
        differentiator: a `tfq.differentiators.Differentiator`. Defaults to
            `None`, with the meaning of `tfq.layers`: adjoint for exact
            expectations of the noiseless back end, else parameter shift.
    """

    name = "tfq"
    supports_jit = False

    def __init__(
        self,
        program,
        repetitions=None,
        backend="noiseless",
        differentiator=None,
    ):
        self.program = program
        self.repetitions = repetitions
        simulator = None if backend == "noiseless" else backend
        self._expectation = self._differentiable_op(simulator, differentiator)
        self._symbols = np.array(program.symbols, dtype=object)
        sources = {s: i for i, s in enumerate((*program.fed, *program.trained))}
        columns = [sources[symbol] for symbol in program.symbols]
        self._columns = np.array(columns, "int32")
        # NumPy, not tensors: a tensor made here would belong to the graph
        # or scope that happens to be open.
        serialised = tfq.convert_to_tensor([program.circuit])
        self._circuit = tf.get_static_value(serialised)
        operators = tfq.convert_to_tensor([list(program.operators)])
        self._operators = tf.get_static_value(operators)

    def _differentiable_op(self, simulator, differentiator):
        """TensorFlow Quantum's operation with its gradient attached."""
        exact = self.repetitions is None
        if exact:
            op = circuit_execution_ops.get_expectation_op(simulator)
        else:
            op = circuit_execution_ops.get_sampled_expectation_op(simulator)
        if simulator is None:
            op = in_chunks(op, self.program.qubits)
            if exact and differentiator is None:
                differentiator = tfq.differentiators.Adjoint()
        if differentiator is None:
            differentiator = tfq.differentiators.ParameterShift()
        if exact and isinstance(differentiator, tfq.differentiators.Adjoint):
            return _with_adjoint(op, self.program.qubits)
        kind = "analytic_op" if exact else "sampled_op"
        return differentiator.generate_differentiable_op(**{kind: op})

    def __call__(self, fed, trained, circuits=None):
        """Expectations for a batch.

        Args:
            fed: float tensor of shape (batch, fed symbols).
            trained: float tensor of shape (trained symbols,).
            circuits: string tensor of shape (batch,) of serialised circuits
                without symbols, each run before the program. Defaults to
                `None`: the zero state.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        batch = tf.shape(fed)[0]
        programs = tf.repeat(tf.constant(self._circuit), batch)
        if circuits is not None:
            programs = append_circuit(circuits, programs)
        shared = tf.repeat(trained[tf.newaxis], batch, axis=0)
        values = tf.concat([fed, tf.cast(shared, fed.dtype)], axis=1)
        values = tf.gather(values, self._columns, axis=1)
        arguments = [
            programs,
            tf.constant(self._symbols),
            tf.cast(values, tf.float32),
            tf.repeat(tf.constant(self._operators), batch, axis=0),
        ]
        if self.repetitions is not None:
            shape = [batch, len(self.program.operators)]
            arguments.append(tf.fill(shape, self.repetitions))
        result = self._expectation(*arguments)
        result = tf.ensure_shape(result, [None, len(self.program.operators)])
        return tf.cast(result, fed.dtype)


def _with_adjoint(op, qubits):
    """What `tfq.differentiators.Adjoint` makes of `op`, in chunks."""
    adjoint = in_chunks(tfq_adj_grad_op.tfq_adj_grad, qubits)

    @tf.custom_gradient
    def expectation(programs, symbol_names, symbol_values, pauli_sums):
        inputs = (programs, symbol_names, symbol_values, pauli_sums)

        def gradient(upstream):
            return None, None, adjoint(*inputs, upstream), None

        return op(*inputs), gradient

    return expectation
