"""TensorFlow Quantum's operations on circuits that come with the call.

`TFQEngine` runs one program; here circuits, symbols and operators are tensors.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfq_hybrid.engines.gradients import GRADIENTS, GradientMethod
from tfq_hybrid.engines.tfq.derivatives import with_adjoint, without_gradient
from tfq_hybrid.engines.tfq.ops import (
    circuit_execution_ops,
    cirq_ops,
    noisy_expectation_op,
    noisy_sampled_expectation_op,
    noisy_samples_op,
    tfq,
    tfq_adj_grad_op,
    tfq_simulate_ops,
    tfq_unitary_op,
)
from tfq_hybrid.engines.tfq.registers import with_measured_qubits
from tfq_hybrid.errors import UserError, choice_error

_LEAST = -1.5  # the filler of shorter rows is -2, and no number is below -1


class ExpectationOp:
    """Expectations of circuits by TensorFlow Quantum, with a gradient.

    Args:
        backend: `"noiseless"`, `"noisy"`, or a Cirq simulator or sampler.
        sampled: whether they are means of shots.
        differentiator: a `tfq.differentiators.Differentiator`, a
            `GradientMethod` or `None`, as for `TFQEngine`.

    Raises:
        UserError: TensorFlow Quantum lacks the gradient.
        TypeError: it does not run the back end.
    """

    def __init__(self, backend: Any, sampled: bool, differentiator: Any):
        noisy = backend == "noisy"
        exact = backend == "noiseless" and not sampled
        self.takes_repetitions = sampled or noisy
        differentiator = _differentiator(differentiator, exact)
        self.shifts = isinstance(
            differentiator, tfq.differentiators.ParameterShift
        )
        simulator = None if backend in ("noiseless", "noisy") else backend
        if noisy and sampled:
            op: Callable = noisy_sampled_expectation_op.sampled_expectation
        elif noisy:
            op = noisy_expectation_op.expectation
        elif sampled:
            op = circuit_execution_ops.get_sampled_expectation_op(simulator)
        else:
            op = circuit_execution_ops.get_expectation_op(simulator)
        op = without_gradient(op, _refuse)
        if isinstance(differentiator, tfq.differentiators.Adjoint) and exact:
            adjoint = tfq_adj_grad_op.tfq_adj_grad
            self._op = with_adjoint(op, without_gradient(adjoint, _refuse))
        else:
            kind = "sampled_op" if self.takes_repetitions else "analytic_op"
            self._op = differentiator.generate_differentiable_op(**{kind: op})

    def __call__(
        self,
        circuits: tf.Tensor,
        names: tf.Tensor,
        values: tf.Tensor,
        operators: tf.Tensor,
        repetitions: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations of a batch.

        Args:
            circuits: string tensor of shape (batch,).
            names: string tensor of shape (symbols,).
            values: float32 tensor of shape (batch, symbols).
            operators: string tensor of shape (batch, operators).
            repetitions: int32 tensor of shape (batch, operators) where
                something is drawn. Defaults to `None`.

        Returns:
            A float32 tensor of shape (batch, operators).
        """
        circuits = with_measured_qubits(circuits, operators, self.shifts)
        arguments = [circuits, names, values, operators]
        if self.takes_repetitions:
            arguments.append(repetitions)
        if names.shape.rank == 1 and names.shape[0] == 0:
            # Its gradients fail without a symbol.
            return tf.stop_gradient(self._op(*arguments))
        return self._op(*arguments)


def _differentiator(differentiator, exact):
    """An object of TensorFlow Quantum's for it."""
    if isinstance(differentiator, GradientMethod):
        known = [n for n, kind in GRADIENTS.items() if _found(kind(), exact)]
        if differentiator.name not in known:
            raise choice_error(
                "differentiator of engine 'tfq'", differentiator.name, known
            )
        return _found(differentiator, exact)
    if differentiator is not None:
        return differentiator
    if exact:
        return tfq.differentiators.Adjoint()
    return tfq.differentiators.ParameterShift()


def _found(method, exact):
    if not method.runs_on_tfq(exact):
        return None
    return method.on_tfq(tfq.differentiators, not exact)


def _refuse(_):
    raise UserError(
        "Expected no second derivatives of TensorFlow Quantum's operations, "
        "which have none. Received: the gradient of a gradient with "
        "engine='tfq'. Use engine='batched', with differentiator='backprop', "
        "'adjoint' or 'parameter_shift'."
    )


def sample_op(backend: Any) -> Callable[..., tf.RaggedTensor]:
    """Bits of circuits, int8, of shape (batch, repetitions, (qubits)).

    The operation takes circuits, names and values as `ExpectationOp` does,
    and the repetitions, an int32 tensor of shape (1,).

    Raises:
        TypeError: `backend` is not `"noiseless"`, `"noisy"` or a
            `cirq.Sampler`.
    """
    if backend == "noisy":
        return noisy_samples_op.samples
    if backend == "noiseless":
        op: Callable = tfq_simulate_ops.tfq_simulate_samples
    else:
        circuit_execution_ops.get_sampling_op(backend)  # refuses others
        op = cirq_ops._get_cirq_samples(backend)
    is_cirq = backend != "noiseless"

    def sample(circuits, names, values, repetitions):
        if is_cirq:  # it makes one number of them
            repetitions = tf.squeeze(repetitions)
        bits = op(circuits, names, values, repetitions)
        return tf.ragged.boolean_mask(bits, bits >= 0)

    return sample


def state_op(backend: Any) -> Callable[..., tf.RaggedTensor]:
    """State vectors, complex64, of shape (batch, (2**qubits)).

    Density matrices, of shape (batch, (2**qubits), (2**qubits)), where the
    back end simulates those. The arguments are those of `sample_op` without
    repetitions.

    Raises:
        TypeError: `backend` is not `"noiseless"` or a
            `cirq.SimulatesFinalState`.
    """
    if backend == "noiseless":
        return _unpadded(tfq_simulate_ops.tfq_simulate_state)
    circuit_execution_ops.get_state_op(backend)  # refuses others
    return _unpadded(cirq_ops._get_cirq_simulate_state(backend))


def unitary_op() -> Callable[..., tf.RaggedTensor]:
    """Unitaries, complex64, of shape (batch, (2**qubits), (2**qubits))."""
    return _unpadded(tfq_unitary_op.OP_MODULE.tfq_calculate_unitary)


def _unpadded(op):
    """The operation's numbers without its filler."""

    def run(circuits, names, values):
        padded = op(circuits, names, values)
        real = tf.cast(tf.math.real(padded), tf.float32) > _LEAST
        if len(padded.shape) == 2:
            sizes = tf.reduce_sum(tf.cast(real, tf.int64), axis=1)
            return tf.RaggedTensor.from_tensor(padded, lengths=sizes)
        sizes = tf.reduce_sum(tf.cast(real[:, 0], tf.int64), axis=1)
        lengths = (sizes, tf.repeat(sizes, sizes))
        return tf.RaggedTensor.from_tensor(padded, lengths=lengths)

    return run
