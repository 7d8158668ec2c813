"""`QuantumKernel`: overlaps of the states that a circuit encodes inputs in."""

from collections.abc import Iterable
from typing import Any, Self

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import cirq_json
from tfq_hybrid.engines import BatchedEngine, Program
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.layers.arguments import (
    Shape,
    check_model_circuit,
    check_repetitions,
)

extend_keras()


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumKernel(keras.layers.Layer):
    """The fidelity kernel k(x, y) = |<psi(x)|psi(y)>|^2 of a circuit.

    Havlicek et al. 2019 (arXiv:1804.11326). It runs on the batched engine: one
    state for each row, not one circuit for each pair.

    Args:
        model_circuit: a circuit with `sympy.Symbol`s, without noise.
        trained_symbols: those that the layer trains, with one value for all
            inputs. Defaults to `()`: none.
        repetitions: shots of each pair, of a circuit that ends in zeros with
            the kernel's probability; the gradient is that of the exact kernel.
            Defaults to `None`: exact.
        initializer: of the trained angles. Defaults to uniform from 0 to 2 pi.
        seed: of the shots. Defaults to `None`.

    Call arguments:
        inputs: float tensor of shape (rows, symbols), the values in the
            lexicographic order of the names; or a pair of such tensors, of
            as many columns.

    Returns:
        A tensor of shape (rows, rows), or (rows of the first, rows of the
        second). Its diagonal is 1 up to rounding, not by decree.

    Raises:
        UserError: all symbols are trained, or the circuit has noise.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> kernel = QuantumKernel(cirq.Circuit(cirq.rx(sympy.Symbol("x"))(qubit)))
    >>> kernel(np.array([[0.0], [np.pi / 2]])).numpy().round(4)
    array([[1. , 0.5],
           [0.5, 1. ]], dtype=float32)
    """

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        *,
        trained_symbols: Iterable[str | sympy.Symbol] = (),
        repetitions: int | None = None,
        initializer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.model_circuit = check_model_circuit(model_circuit)
        names = sorted(cirq.parameter_names(model_circuit))
        self.trained_symbols = tuple(map(str, trained_symbols))
        for name in self.trained_symbols:
            check_choice("trained_symbols", name, names)
        fed = [name for name in names if name not in self.trained_symbols]
        if not fed:
            raise UserError(
                "Expected at least one symbol as an input. Received: "
                f"trained_symbols={list(self.trained_symbols)}, which is all"
            )
        self.program = Program(
            model_circuit, (), tuple(fed), self.trained_symbols
        )
        if self.program.is_noisy:
            raise UserError(
                "Expected a circuit without noise: the overlap is of pure "
                "states. Received: a circuit with channels"
            )
        self.repetitions = check_repetitions(repetitions)
        self.seed = seed
        self.seed_generator = None
        if self.repetitions is not None:
            self.seed_generator = keras.random.SeedGenerator(seed)
        if initializer is None:
            initializer = keras.initializers.RandomUniform(0, 2 * np.pi)
        self.initializer = keras.initializers.get(initializer)
        self.supports_jit = self.repetitions is None
        self.parameters: Any = None
        self._engine = BatchedEngine(self.program)

    def build(self, input_shape: Any = None) -> None:
        if self.trained_symbols:
            self.parameters = self.add_weight(
                name="parameters",
                shape=(len(self.trained_symbols),),
                initializer=self.initializer,
            )
        self.built = True

    def call(self, inputs: Any) -> tf.Tensor:
        is_pair = isinstance(inputs, (list, tuple))
        first, second = inputs if is_pair else (inputs, inputs)
        left = self._states(first)
        right = self._states(second) if is_pair else left
        overlaps = tf.matmul(left, right, adjoint_b=True)
        # `abs` has no gradient at zero, which orthogonal states reach.
        kernel = tf.square(tf.math.real(overlaps))
        kernel += tf.square(tf.math.imag(overlaps))
        if self.seed_generator is not None:
            kernel += tf.stop_gradient(self._shots(kernel) - kernel)
        return tf.cast(kernel, self.compute_dtype)

    def _states(self, values):
        double = self.variable_dtype == "float64"
        dtype = tf.float64 if double else tf.float32
        weights = tf.zeros([0], dtype)
        if self.parameters is not None:
            weights = tf.cast(tf.convert_to_tensor(self.parameters), dtype)
        return self._engine.state(tf.cast(values, dtype), weights)

    def _shots(self, kernel):
        """The relative frequencies of zeros."""
        counts = tf.random.stateless_binomial(
            tf.shape(kernel),
            tf.cast(self.seed_generator.next(), tf.int64),
            float(self.repetitions),
            tf.clip_by_value(kernel, 0.0, 1.0),
            kernel.dtype,
        )
        return counts / self.repetitions

    def compute_output_shape(self, input_shape: Any) -> Shape:
        is_pair = isinstance(input_shape[0], (list, tuple))
        first, second = input_shape if is_pair else (input_shape, input_shape)
        return first[0], second[0]

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        is_pair = isinstance(inputs, (list, tuple))
        first, second = inputs if is_pair else (inputs, inputs)
        shape = first.shape[0], second.shape[0]
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "model_circuit": cirq_json.write_cirq(
                self.model_circuit, "circuit", f"layer {self.name!r}"
            ),
            "trained_symbols": list(self.trained_symbols),
            "repetitions": self.repetitions,
            "initializer": keras.initializers.serialize(self.initializer),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        config["model_circuit"] = cirq_json.read_cirq(
            config.get("model_circuit"), "circuit"
        )
        return super().from_config(config)
