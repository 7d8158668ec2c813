"""`AddCircuit`: circuits before or after the circuits of a batch."""

from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.layers.circuit_arguments import (
    circuits_tensor,
    is_symbolic,
    plain_circuits,
)

extend_keras()


@keras.saving.register_keras_serializable("tfq_hybrid")
class AddCircuit(keras.layers.Layer):
    """Appends a circuit to each circuit of a batch, or puts it before.

    The layer of the same name in TensorFlow Quantum, on Keras 3, which saves
    and loads in a functional model.

    Call arguments:
        inputs: a `cirq.Circuit`, a list of them, or a string tensor of shape
            (batch,), from `tfq.convert_to_tensor`.
        append: likewise, what follows; a bare circuit follows every one.
        prepend: likewise, what comes before. One of both must be given.

    Returns:
        A string tensor of shape (batch,), of serialised circuits.

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> import cirq
    >>> import tensorflow_quantum as tfq
    >>> qubit = cirq.GridQubit(0, 0)
    >>> found = AddCircuit()(
    ...     [cirq.Circuit(cirq.Y(qubit)), cirq.Circuit(cirq.Z(qubit))],
    ...     append=cirq.Circuit(cirq.X(qubit)),
    ... )
    >>> print(tfq.from_tensor(found)[1])
    (0, 0): ───Z───X───
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.supports_jit = False  # its inputs are strings

    def __call__(
        self,
        inputs: Any,
        *,
        append: Any = None,
        prepend: Any = None,
        **context: Any,  # `training`, which a functional model hands down
    ) -> Any:
        given = {"append": append, "prepend": prepend}
        given = {k: v for k, v in given.items() if v is not None}
        if not given:
            raise ValueError(
                "Values must be provided for append or prepend. Received: "
                "neither"
            )
        if len(given) == 2:
            raise ValueError(
                "Values cannot be given for both append and prepend. Received: "
                "both"
            )
        [(name, other)] = given.items()
        what = f"{name.capitalize()} circuits"
        if is_symbolic([inputs, other]):
            if not is_symbolic(other):
                other = plain_circuits(circuits_tensor(other, what))
            inputs = plain_circuits(inputs)
            if not is_symbolic(inputs):
                # Keras takes tensors alone as positional arguments.
                return super().__call__(
                    inputs=inputs, **{name: other}, **context
                )
            return super().__call__(inputs, **{name: other}, **context)
        inputs = circuits_tensor(inputs)
        if inputs.shape.rank == 0:
            inputs = inputs[tf.newaxis]
        other = circuits_tensor(other, what)
        return super().__call__(inputs, **{name: other}, **context)

    def call(
        self,
        inputs: tf.Tensor,
        *,
        append: tf.Tensor | None = None,
        prepend: tf.Tensor | None = None,
    ) -> tf.Tensor:
        from tfq_hybrid.engines.tfq.ops import append_circuit

        other: Any = prepend if append is None else append
        if other.shape.rank == 0:
            other = tf.fill(tf.shape(inputs), other)
        if append is None:
            return append_circuit(other, inputs)
        return append_circuit(inputs, other)

    def compute_output_spec(
        self, inputs: Any, append: Any = None, prepend: Any = None
    ) -> keras.KerasTensor:
        batch = None
        if isinstance(inputs, keras.KerasTensor):
            batch = inputs.shape[0]
        return keras.KerasTensor((batch,), dtype="string")
