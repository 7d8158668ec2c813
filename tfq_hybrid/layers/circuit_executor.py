"""What the layers share whose circuits come with the call."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.engines import ENGINES
from tfq_hybrid.engines.circuit_batches import CircuitBatches, Group
from tfq_hybrid.engines.gradients import GradientMethod
from tfq_hybrid.engines.tfq.differentiators import (
    differentiator_config,
    differentiator_from_config,
)
from tfq_hybrid.errors import UserError, check_choice, listed
from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.layers.arguments import check_differentiator
from tfq_hybrid.layers.circuit_arguments import (
    as_initializer,
    circuits_tensor,
    is_symbolic,
    names_of,
    operators_tensor,
    plain_circuits,
    plain_operators,
    plain_repetitions,
    plain_values,
    repetitions_tensor,
    values_tensor,
)

extend_keras()
# Below it TensorFlow Quantum answers sooner than a structure is compiled.
ROWS = 32


class CircuitExecutor(keras.layers.Layer):
    """Base of the layers whose circuits come with the call.

    The arguments are those of TensorFlow Quantum's layers, with its checks;
    the subclasses document them. `__call__` makes tensors of what callers
    give, so that `call` sees tensors alone: a bare circuit is a string of rank
    0, operators for all rows have a batch of 1. Symbolic calls keep plain
    data, which a functional model saves.
    """

    is_random = False  # whether results are drawn

    def __init__(
        self,
        backend: Any = "noiseless",
        differentiator: Any = None,
        *,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        check_choice("engine", engine, ENGINES)
        self.backend = "noiseless" if backend is None else backend
        self.differentiator = differentiator
        try:
            self.differentiator = check_differentiator(differentiator)
        except UserError as error:
            raise TypeError(
                "Differentiator must inherit from "
                f"tfq.differentiators.Differentiator, or be a name. {error}"
            ) from None
        self.engine = engine
        is_object = not isinstance(
            self.differentiator, (GradientMethod, type(None))
        )
        runs_batched = self.backend == "noiseless" and not is_object
        if engine == "batched" and not runs_batched:
            raise UserError(
                "Expected backend='noiseless' and a differentiator by name "
                f"with engine='batched'. Received: backend={backend!r}, "
                f"differentiator={differentiator!r}. Use engine='tfq'."
            )
        self._batches: Any = None
        if engine != "tfq" and runs_batched:
            method = None if is_object else self.differentiator
            self._batches = CircuitBatches(method)
        self.supports_jit = False  # its inputs are strings
        self.seed = seed
        self.seed_generator = None
        is_random = self.is_random or getattr(
            self.differentiator, "is_random", False
        )
        if is_random and self._batches is not None:
            self.seed_generator = keras.random.SeedGenerator(seed)
        self.parameters: Any = None
        self._symbol_names: list[str] = []
        self._initializer: Any = None

    def __call__(self, inputs: Any, **arguments: Any) -> Any:
        arguments = {k: v for k, v in arguments.items() if v is not None}
        names = names_of(arguments.pop("symbol_names", None))
        if "initializer" in arguments or self._manages(arguments):
            initializer = as_initializer(arguments.get("initializer"))
            if self._manages(arguments):
                names = self._manage(names, initializer)
        if not self.built:
            self.build()
        if is_symbolic([inputs, arguments]):
            arguments = _each(arguments, _PLAIN)
            inputs = plain_circuits(inputs)
            if not isinstance(inputs, keras.KerasTensor):
                # Keras takes tensors alone as positional arguments.
                return super().__call__(
                    inputs=inputs, symbol_names=names, **arguments
                )
            return super().__call__(inputs, symbol_names=names, **arguments)
        if "symbol_values" in arguments:
            arguments["symbol_values"] = values_tensor(
                arguments["symbol_values"], self.circuit_dtype
            )
        arguments = _each(arguments, _TENSORS)
        inputs = circuits_tensor(inputs)
        return super().__call__(inputs, symbol_names=names, **arguments)

    @property
    def circuit_dtype(self) -> str:
        """What circuits compute in: float64 under a float64 policy, else
        float32; TensorFlow Quantum always computes in float32.
        """
        return "float64" if self.variable_dtype == "float64" else "float32"

    def symbol_values(self) -> dict[sympy.Symbol, float]:
        """The weights that the layer manages, by symbol; empty without any."""
        if self.parameters is None:
            return {}
        values = keras.ops.convert_to_numpy(self.parameters)
        symbols = map(sympy.Symbol, self._symbol_names)
        return dict(zip(symbols, values, strict=True))

    def _manages(self, arguments) -> bool:
        return False

    def _manage(self, names, initializer):
        """Makes the weights of the names; the names in their order."""
        if not isinstance(names, list):
            raise UserError(
                "Expected symbol_names as a list where the layer manages their "
                "values. Received: a tensor of a graph"
            )
        if self.parameters is None and names:
            if self.built:
                raise UserError(
                    "Expected symbol_values in a layer whose first call had "
                    "them: it has no weights. Received: symbol_values=None"
                )
            self._symbol_names, self._initializer = names, initializer
            self.build()
        if set(names) != set(self._symbol_names):
            raise UserError(
                "Expected the symbols that the layer has weights for: "
                f"{listed(self._symbol_names)}. Received: "
                f"symbol_names={names}"
            )
        return self._symbol_names

    def build(self, input_shape: Any = None) -> None:
        if self._symbol_names:
            self.parameters = self.add_weight(
                name="circuit_learnable_parameters",
                shape=(len(self._symbol_names),),
                initializer=self._initializer,
            )
        self.built = True

    def get_build_config(self) -> dict[str, Any]:
        initializer = self._initializer
        return {
            "symbol_names": self._symbol_names,
            "initializer": initializer
            and keras.initializers.serialize(initializer),
        }

    def build_from_config(self, config: dict[str, Any]) -> None:
        self._symbol_names = names_of(config.get("symbol_names"))
        if self._symbol_names:
            self._initializer = as_initializer(config.get("initializer"))
        self.build()

    def _row_values(self, inputs, names, values):
        """Values (batch, symbols), for as many rows as circuits if managed."""
        if values is not None:
            return values
        batch = 1 if inputs.shape.rank == 0 else tf.shape(inputs)[0]
        own = tf.zeros([0], self.circuit_dtype)
        if self.parameters is not None and names:
            parameters = tf.convert_to_tensor(self.parameters)
            own = tf.cast(parameters, self.circuit_dtype)
        return tf.repeat(own[tf.newaxis], batch, axis=0)

    def _draw_seed(self):
        if self.seed_generator is None:
            return None
        return tf.cast(self.seed_generator.next(), tf.int64)

    def _groups(
        self,
        circuits: np.ndarray,
        *others: Any,
        batch: int,
        values: Any,
        must: bool = False,
    ) -> list[Group] | None:
        """What the batched engine runs; `None` where it is not worth it.

        It must where TensorFlow Quantum is wrong or not wanted.
        """
        if circuits.ndim != 1 or len(circuits) != batch:
            raise UserError(
                "Expected one circuit for each row of symbol_values. "
                f"Received: circuits of shape {circuits.shape}, "
                f"symbol_values of shape {tuple(values.shape)}"
            )
        groups = self._batches.groups(circuits.tolist(), *others)
        worthwhile = batch >= ROWS * len(groups) or self.seed is not None
        return groups if must or worthwhile else None

    def _check_values(self, names, values):
        """Raises unless there is a value for each name, in every row."""
        if values.shape.rank != 2 or values.shape[1] not in (None, len(names)):
            raise UserError(
                f"symbol_values must be rank 2. Expected shape (batch, "
                f"{len(names)}), one for each of the symbols {listed(names)}. "
                f"Received: shape {tuple(values.shape)}"
            )

    def _either(self, run: Callable, otherwise: Callable) -> Any:
        """What the batched engine gives, else TensorFlow Quantum.

        Args:
            run: gives what the batched engine does, or `None` where that is
                not worth it, unless its argument says that it must.
            otherwise: gives what TensorFlow Quantum does.
        """
        if self._batches is None:
            return otherwise()
        if self.engine == "batched":
            return run(True)
        try:
            result = run(False)
        except UserError:  # TensorFlow Quantum has its own words
            return otherwise()
        if result is not None:
            return result
        try:
            return otherwise()
        except UserError as error:
            with contextlib.suppress(UserError):
                return run(True)
            raise error

    def get_config(self) -> dict[str, Any]:
        if not isinstance(self.backend, str):
            raise UserError(
                "Expected backend='noiseless' or 'noisy' in a layer that is "
                "saved: a Cirq back end cannot be written down. Received: "
                f"backend of type {type(self.backend).__name__} in layer "
                f"{self.name!r}"
            )
        return {
            **super().get_config(),
            "backend": self.backend,
            "differentiator": differentiator_config(self.differentiator),
            "engine": self.engine,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        if "differentiator" in config:
            config["differentiator"] = differentiator_from_config(
                config["differentiator"]
            )
        return super().from_config(config)


_PLAIN = {
    "symbol_values": plain_values,
    "operators": plain_operators,
    "repetitions": plain_repetitions,
}
_TENSORS = {"operators": operators_tensor, "repetitions": repetitions_tensor}


def _each(arguments, functions):
    return {
        name: functions[name](value) if name in functions else value
        for name, value in arguments.items()
    }


def names_tensor(names: Sequence[str] | tf.Tensor) -> tf.Tensor:
    """Symbol names as a string tensor of shape (symbols,)."""
    if tf.is_tensor(names):
        return names
    return tf.constant(names, tf.string)


def batch_of(inputs: Any, values: Any) -> int | None:
    """The batch of a symbolic call, `None` if it is not known."""
    if isinstance(inputs, keras.KerasTensor):
        return inputs.shape[0]
    if isinstance(inputs, list):
        return len(inputs)
    if isinstance(values, keras.KerasTensor):
        return values.shape[0]
    return 1 if values is None else len(values)


def tiled(inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Circuits of shape (batch,): a bare one for every row of values."""
    if inputs.shape.rank == 0:
        return tf.repeat(inputs[tf.newaxis], tf.shape(values)[0])
    return inputs
