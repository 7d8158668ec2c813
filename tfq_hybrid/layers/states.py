"""`Sample`, `State` and `Unitary`: of circuits given at the call."""

import functools
import numbers
from typing import Any

import cirq
import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.circuit_executor import (
    CircuitExecutor,
    batch_of,
    names_tensor,
    tiled,
)


class _RaggedLayer(CircuitExecutor):
    """What the layers share whose results have as many numbers as qubits ask.

    Results are ragged: a circuit of fewer qubits has a shorter row, and no
    filler.
    """

    ragged_rank = 1
    result_dtype = "complex64"

    def _run(self, inputs, names, values, repetitions=None):
        values = self._row_values(inputs, names, values)
        seed = self._draw_seed()
        circuits = tiled(inputs, values)
        shots = [] if repetitions is None else [repetitions]

        def on_tfq():
            own = tf.cast(values, tf.float32)
            given = [tf.reshape(one, [1]) for one in shots]
            return self._op(circuits, names_tensor(names), own, *given)

        def batched(must):
            if not tf.executing_eagerly() or not isinstance(names, list):
                if not must:
                    return None
                raise UserError(
                    "Expected an eager call with engine='batched', which "
                    f"gives ragged results in {type(self).__name__}. "
                    "Received: a call inside of a graph. Use engine='tfq'."
                )
            self._check_values(names, values)
            groups = self._groups(
                circuits.numpy(), batch=len(values), values=values, must=must
            )
            if groups is None:
                return None
            return self._of_groups(groups, names, values, *shots, seed=seed)

        return self._either(batched, on_tfq)

    def compute_output_spec(
        self,
        inputs: Any,
        symbol_names: Any = None,
        symbol_values: Any = None,
        repetitions: Any = None,
    ) -> keras.KerasTensor:
        shape = [batch_of(inputs, symbol_values)]
        if self.is_random:
            known = isinstance(repetitions, int)
            shape.append(repetitions if known else None)
        rank = self.ragged_rank + 1
        shape += [None] * (rank - len(shape))
        return keras.KerasTensor(shape, dtype=self.result_dtype, ragged=True)


def _check_backend(backend, kind):
    names = ("noiseless", "noisy") if kind is cirq.Sampler else ("noiseless",)
    if backend is None or isinstance(backend, kind):
        return
    if not isinstance(backend, str) or backend not in names:
        raise TypeError(
            f"Backend {backend} is invalid. Expected a cirq.{kind.__name__} or "
            f"None. Received: backend={backend!r}"
        )


@keras.saving.register_keras_serializable("tfq_hybrid")
class Sample(_RaggedLayer):
    """Measured bits of circuits that come with the call.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.

    Args:
        backend: `"noiseless"`, `"noisy"` (on TensorFlow Quantum), or a
            `cirq.Sampler`, with which a layer cannot be saved. Defaults to
            `"noiseless"`.
        engine: `"auto"`, `"batched"` or `"tfq"`, as in `Expectation`. In a
            graph it is TensorFlow Quantum. Defaults to `"auto"`.
        seed: of the shots of the batched engine; TensorFlow Quantum draws its
            own. With one, `"auto"` prefers the batched engine. Defaults to
            `None`.

    Call arguments:
        inputs, symbol_names: see `Expectation`.
        symbol_values: float tensor of shape (batch, symbols). Defaults to
            `None`: the circuits have no symbols.
        repetitions: shots, an integer above 0. Must be given.

    Returns:
        An int8 ragged tensor of shape (batch, repetitions, (qubits)). The
        qubits of a circuit are sorted, by numbers and not by text.

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> qubits = cirq.GridQubit.rect(1, 3)
    >>> circuit = cirq.Circuit(cirq.X(qubits[0]), cirq.I.on_each(*qubits[1:]))
    >>> Sample()([circuit, circuit[:1]], repetitions=2).to_list()
    [[[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]]]
    """

    ragged_rank = 2
    result_dtype = "int8"
    is_random = True

    def __init__(
        self,
        backend: Any = "noiseless",
        *,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        _check_backend(backend, cirq.Sampler)
        super().__init__(backend, engine=engine, seed=seed, **kwargs)

    @functools.cached_property
    def _op(self) -> Any:
        from tfq_hybrid.engines.tfq.circuit_ops import sample_op

        return sample_op(self.backend)

    def __call__(
        self, inputs: Any, *, repetitions: Any = None, **arguments: Any
    ) -> Any:
        if repetitions is None:
            raise ValueError(
                "Number of repetitions not specified. Expected an integer "
                "above 0. Received: repetitions=None"
            )
        if isinstance(repetitions, (list, tuple)):
            raise TypeError(
                "repetitions cannot be parsed to int32 tensor given input: "
                f"{repetitions}. Expected one integer. Received: a list"
            )
        is_integer = isinstance(repetitions, numbers.Integral)
        if is_integer and repetitions <= 0:
            raise ValueError(
                "Repetitions must be greater than zero. Received: "
                f"repetitions={repetitions}"
            )
        return super().__call__(inputs, repetitions=repetitions, **arguments)

    def call(
        self,
        inputs: tf.Tensor,
        *,
        symbol_names: Any = None,
        symbol_values: tf.Tensor | None = None,
        repetitions: tf.Tensor | None = None,
    ) -> tf.RaggedTensor:
        return self._run(inputs, symbol_names, symbol_values, repetitions)

    def _of_groups(self, groups, names, values, repetitions, seed):
        return self._batches.samples(
            groups, names, values, int(tf.squeeze(repetitions)), seed
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["differentiator"]
        return config


@keras.saving.register_keras_serializable("tfq_hybrid")
class State(_RaggedLayer):
    """Final states of circuits that come with the call.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.
    The batched engine has gradients, TensorFlow Quantum has none.

    Args:
        backend: `"noiseless"`, or a `cirq.SimulatesFinalState`, with which a
            layer cannot be saved. Defaults to `"noiseless"`.
        engine: see `Sample`.

    Call arguments:
        inputs, symbol_names, symbol_values: see `Sample`.

    Returns:
        A complex64 ragged tensor of shape (batch, (2**qubits)), the first
        qubit of a circuit being the leading bit of an index; of shape (batch,
        (2**qubits), (2**qubits)) where the back end gives density matrices.

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> qubits = cirq.GridQubit.rect(1, 3)
    >>> circuit = cirq.Circuit(cirq.X(qubits[0]), cirq.I.on_each(*qubits[1:]))
    >>> int(abs(State()(circuit)[0].numpy()).argmax())
    4
    """

    def __init__(
        self, backend: Any = "noiseless", *, engine: str = "auto", **kwargs: Any
    ):
        _check_backend(backend, cirq.SimulatesFinalState)
        super().__init__(backend, engine=engine, **kwargs)
        if isinstance(self.backend, cirq.DensityMatrixSimulator):
            self.ragged_rank = 2

    @functools.cached_property
    def _op(self) -> Any:
        from tfq_hybrid.engines.tfq.circuit_ops import state_op

        return state_op(self.backend)

    def call(
        self,
        inputs: tf.Tensor,
        *,
        symbol_names: Any = None,
        symbol_values: tf.Tensor | None = None,
    ) -> tf.RaggedTensor:
        return self._run(inputs, symbol_names, symbol_values)

    def _of_groups(self, groups, names, values, seed):
        found = self._batches.states(groups, names, values)
        return tf.cast(found, self.result_dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["differentiator"], config["seed"]
        return config


@keras.saving.register_keras_serializable("tfq_hybrid")
class Unitary(_RaggedLayer):
    """Unitary matrices of circuits that come with the call.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.

    Args:
        engine: see `Sample`.

    Call arguments:
        inputs, symbol_names, symbol_values: see `Sample`.

    Returns:
        A complex64 ragged tensor of shape (batch, (2**qubits), (2**qubits)).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> qubit = cirq.GridQubit(0, 0)
    >>> matrix = Unitary()(cirq.Circuit(cirq.X(qubit)))
    >>> abs(matrix.numpy()[0]).round(4) + 0
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """

    ragged_rank = 2

    def __init__(self, *, engine: str = "auto", **kwargs: Any):
        super().__init__(engine=engine, **kwargs)

    @functools.cached_property
    def _op(self) -> Any:
        from tfq_hybrid.engines.tfq.circuit_ops import unitary_op

        return unitary_op()

    def call(
        self,
        inputs: tf.Tensor,
        *,
        symbol_names: Any = None,
        symbol_values: tf.Tensor | None = None,
    ) -> tf.RaggedTensor:
        return self._run(inputs, symbol_names, symbol_values)

    def _of_groups(self, groups, names, values, seed):
        found = self._batches.unitaries(groups, names, values)
        return tf.cast(found, self.result_dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("backend", "differentiator", "seed"):
            del config[name]
        return config
