"""The reference engine: TensorFlow Quantum's own operations.

It runs everything that TensorFlow Quantum runs: shots, its differentiators, and
Cirq samplers where it is asked by name. Its operations are C++ on the CPU in
float32, cannot be compiled by XLA, and cost one parsed program an example.
`tfq.layers.ControlledPQC` also joins it to a data circuit and writes it anew
at every call; here it is serialised once, and few-qubit programs run in
chunks (`chunks`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.angles import periods, within_a_period
from tfq_hybrid.engines.gradients import GradientMethod
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.tfq.chunks import in_chunks
from tfq_hybrid.engines.tfq.derivatives import with_adjoint, without_gradient
from tfq_hybrid.engines.tfq.ops import (
    append_circuit,
    circuit_execution_ops,
    noisy_expectation_op,
    noisy_sampled_expectation_op,
    tfq,
    tfq_adj_grad_op,
)
from tfq_hybrid.engines.tfq.registers import with_one_register
from tfq_hybrid.errors import UserError


class TFQEngine:
    """Expectations of a program by TensorFlow Quantum.

    Args:
        program: what is evaluated.
        repetitions: samples for each expectation. Defaults to `None`:
            exact expectations.
        backend: `"noiseless"`, or a Cirq object as for `tfq.layers`: a
            `cirq.SimulatesExpectationValues` for exact expectations, a
            `cirq.Sampler` for sampled ones. Defaults to `"noiseless"`.
        differentiator: a `tfq.differentiators.Differentiator`, or a
            `GradientMethod` that stands for one or is SPSA. Defaults to
            `None`, with the meaning of `tfq.layers`: adjoint for exact
            expectations of the noiseless back end, else parameter shift.
    """

    name = "tfq"
    is_fallback = False  # a graph may hold it and never run it

    def __init__(
        self,
        program: Program,
        repetitions: int | None = None,
        backend: Any = "noiseless",
        differentiator: Any = None,
    ):
        self.program = program
        self.repetitions = repetitions
        self._own_method = None  # one that TensorFlow Quantum lacks
        if isinstance(differentiator, GradientMethod):
            method = differentiator
            estimates = repetitions is not None
            differentiator = method.on_tfq(tfq.differentiators, estimates)
            self._own_method = None if differentiator else method
        simulator = None if backend == "noiseless" else backend
        self._expectation = self._differentiable_op(simulator, differentiator)
        self._symbols = np.array(program.symbols, dtype=object)
        sources = {
            s: i for i, s in enumerate((*program.features, *program.weights))
        }
        columns = [sources[symbol] for symbol in program.symbols]
        self._columns = np.array(columns, "int32")
        self._periods = periods(_gates(program), program.symbols)
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
        op = without_gradient(op, self._refuse)
        if differentiator is None:
            differentiator = tfq.differentiators.ParameterShift()
        if exact and isinstance(differentiator, tfq.differentiators.Adjoint):
            return self._with_adjoint(op)
        kind = "analytic_op" if exact else "sampled_op"
        return differentiator.generate_differentiable_op(**{kind: op})

    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        circuits: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations for a batch.

        Args:
            features: float tensor of shape (batch, features).
            weights: float tensor of shape (weights,).
            states: must be `None`: TensorFlow Quantum starts from circuits.
            seed: int tensor of shape (2,), for SPSA. Shots are TensorFlow
                Quantum's own, which take none.
            circuits: string tensor of shape (batch,) of serialised circuits
                without symbols, each run before the program. Defaults to
                `None`: the zero state.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `features`.
        """
        if states is not None:
            raise UserError(
                "Expected circuits to start from with engine 'tfq'. Received: "
                "states. Use engine='batched'."
            )
        if self._own_method is None:
            return self._evaluate(features, weights, circuits)

        def evaluate(features, weights, _):
            return self._evaluate(features, weights, circuits)

        @tf.custom_gradient
        def run(features, weights):
            def gradient(upstream):
                return self._own_method.estimate(
                    evaluate,
                    self.repetitions is not None,
                    features,
                    weights,
                    upstream,
                    seed,
                )

            return evaluate(features, weights, None), gradient

        return run(features, weights)

    def _evaluate(self, features, weights, circuits):
        batch = tf.shape(features)[0]
        programs = tf.repeat(tf.constant(self._circuit), batch)
        if circuits is not None:
            circuits = with_one_register(circuits, self.program.qids)
            programs = append_circuit(circuits, programs)
        shared = tf.repeat(weights[tf.newaxis], batch, axis=0)
        values = tf.concat([features, tf.cast(shared, features.dtype)], axis=1)
        values = tf.gather(values, self._columns, axis=1)
        arguments = [
            programs,
            tf.constant(self._symbols),
            # TensorFlow Quantum computes in single precision.
            tf.cast(within_a_period(values, self._periods), tf.float32),
            tf.repeat(tf.constant(self._operators), batch, axis=0),
        ]
        if self.repetitions is not None:
            shape = [batch, len(self.program.operators)]
            arguments.append(tf.fill(shape, self.repetitions))
        result = self._expectation(*arguments)
        if not self.program.symbols:  # its gradient fails without any
            nothing = tf.reduce_sum(features) + tf.reduce_sum(weights)
            result = tf.stop_gradient(result) + tf.cast(nothing, result.dtype)
        result = tf.ensure_shape(result, [None, len(self.program.operators)])
        return tf.cast(result, features.dtype)

    def _refuse(self, inputs):
        message = (
            "Expected no second derivatives of TensorFlow Quantum's "
            "operations, which have none. Received: the gradient of a "
            "gradient with engine='tfq'. Use engine='batched', with "
            "differentiator='backprop', 'adjoint' or 'parameter_shift'."
        )
        if tf.executing_eagerly() or not self.is_fallback:
            raise UserError(message)
        with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
            return [
                tf.zeros_like(x) if x.dtype.is_floating else None
                for x in inputs
            ]

    def _with_adjoint(self, op: Callable) -> Callable:
        adjoint = in_chunks(tfq_adj_grad_op.tfq_adj_grad, self.program.qubits)
        return with_adjoint(op, without_gradient(adjoint, self._refuse))


def _gates(program: Program) -> Sequence:
    try:
        noisy = program.is_noisy
        return program.gates_and_channels if noisy else program.gates
    except UserError:  # a gate that only a Cirq simulator knows
        return []


class TFQNoisyEngine(TFQEngine):
    """Expectations of a noisy program by TensorFlow Quantum.

    Args:
        program: its circuit may hold channels.
        repetitions: trajectories for each example.
        sample_based: `True` draws one sample of each operator from a
            trajectory, as a device would; `False` takes its expectation.
        differentiator: a `tfq.differentiators.Differentiator`. Defaults to
            `None`: parameter shift.
    """

    def __init__(
        self,
        program: Program,
        repetitions: int,
        sample_based: bool,
        differentiator: Any = None,
    ):
        self.sample_based = sample_based
        super().__init__(program, repetitions, differentiator=differentiator)

    def _differentiable_op(self, simulator, differentiator):
        if differentiator is None:
            differentiator = tfq.differentiators.ParameterShift()
        if self.sample_based:
            op = noisy_sampled_expectation_op.sampled_expectation
        else:
            op = noisy_expectation_op.expectation
        op = without_gradient(op, self._refuse)
        return differentiator.generate_differentiable_op(sampled_op=op)
