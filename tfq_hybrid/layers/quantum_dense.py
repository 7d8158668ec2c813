"""`QuantumDense`: a circuit in place of a Dense layer, and its layer."""

from collections.abc import Sequence
from typing import Any, Self

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines import EngineChoice
from tfq_hybrid.engines.tfq.differentiators import (
    differentiator_config,
    differentiator_from_config,
)
from tfq_hybrid.errors import UserError, check_choice, check_integer
from tfq_hybrid.layers.amplitude_pqc import AmplitudePQC
from tfq_hybrid.layers.arguments import (
    Shape,
    check_noise_model,
    check_readout_error,
    check_repetitions,
)
from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.initializers import initializer_of
from tfq_hybrid.layers.names import READOUTS
from tfq_hybrid.layers.noisy import (
    NoisyAmplitudePQC,
    NoisyControlledPQC,
    noise_model_from_json,
    noise_model_to_json,
)
from tfq_hybrid.layers.readout import ReadoutStatistics, standardise
from tfq_hybrid.layers.resolving import rows_of


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumDense(keras.layers.Layer):
    """A parameterised circuit between two projections.

    On the last axis of a tensor of any rank:

        (batch, ..., inputs)
        -> Dense   (batch, ..., features)      features of the circuit
        -> scaling (batch, ..., angles)        angles in radians
        -> circuit (batch, ..., observables)   expectations in [-1, 1]
        -> Dense   (batch, ..., units)

    A circuit that starts from amplitudes (`"qaa"`) takes the inputs
    themselves, at most 2**qubits of them: the first Dense and the scaling
    fall away.

    All leading axes are one batch of the circuit. The projections follow
    the layer's dtype policy; angles are computed in float32 (float64 under a
    float64 policy), and so is the circuit.

    Args:
        units: the size of the output.
        circuit: what `as_circuit` accepts: a `CircuitSpec`, a
            `CustomCircuit`, a preset's name, or a `cirq.Circuit` whose
            symbols begin with `x` (features) and `w` (weights).
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        use_bias: whether both projections have a bias. Defaults to `True`.
        kernel_initializer: of both projections. Defaults to
            `"glorot_uniform"`.
        bias_initializer: of both projections. Defaults to `"zeros"`.
        angle_initializer: of the trained angles, in radians. Defaults to
            `None`: the circuit's `initialization`.
        repetitions: shots for each Pauli word. Defaults to `None`:
            exact expectations.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict. Defaults to `None`: exact, or parameter shift from shots.
        noise_model: a `cirq.NoiseModel`, or a channel on one qubit that acts
            on every qubit after every moment. Defaults to `None`.
        readout_error: the readout error probabilities P(1|0) and P(0|1), or
            one number for both. Defaults to `None`.
        noise_method: `"density_matrix"` or `"trajectories"`, to insist on one
            under noise. Defaults to `None`: see `NoisyControlledPQC`.
        seed: of what is drawn: shots, trajectories, directions of SPSA.
            Defaults to `None`.
        train_angles: whether the circuit's angles train. Defaults to `True`.
        frozen: names of weights of the circuit that hold their values, such as
            `weights_by_layer(spec)[0]`; `()` where `freeze` or
            `LayerwiseTraining` will. Defaults to `None`: all train.
        readout: `"plain"`: the last projection reads the expectations as
            they are. `"standardised"`: less their means and divided by their
            deviation, both as the circuit has them at initialisation, so that
            the layer keeps the variance of its inputs as a Dense layer does;
            two numbers for each observable, which do not train. Defaults to
            `"plain"`.

    Raises:
        UserError: units is below 1, the circuit is not valid, or the inputs
            are more than the amplitudes.

    Example:

    >>> import numpy as np
    >>> layer = QuantumDense(units=3, circuit="qffn")
    >>> layer(np.ones((2, 5, 8))).shape
    TensorShape([2, 5, 3])
    >>> layer.count_params() == (8 * 4 + 4) + 16 + (4 * 3 + 3)
    True
    """

    def __init__(
        self,
        units: int,
        circuit: Any,
        engine: str = "auto",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        angle_initializer: Any = None,
        repetitions: int | None = None,
        differentiator: Any = None,
        noise_model: Any = None,
        readout_error: float | tuple[float, float] | None = None,
        noise_method: str | None = None,
        seed: int | None = None,
        train_angles: bool = True,
        frozen: Sequence[str] | None = None,
        readout: str = "plain",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_integer("units", units, minimum=1)
        self.units = units
        self.circuit = as_circuit(circuit)
        self.engine = engine
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.repetitions = check_repetitions(repetitions)
        self.noise_model = check_noise_model(noise_model)
        self.readout_error = check_readout_error(readout_error)
        self.pqc = make_circuit_layer(
            self.circuit,
            engine=engine,
            repetitions=self.repetitions,
            differentiator=differentiator,
            noise_model=self.noise_model,
            readout_error=self.readout_error,
            noise_method=noise_method,
            initializer=angle_initializer,
            seed=seed,
            frozen=frozen,
            dtype=self.dtype_policy,
            name="pqc",
        )
        self.train_angles = bool(train_angles)
        self.pqc.trainable = self.train_angles
        self.angle_initializer = self.pqc.initializer
        self.differentiator = self.pqc.differentiator
        self.noise_method = noise_method
        self.seed = seed
        check_choice("readout", readout, READOUTS)
        self.readout = readout
        self.input_projection: Any = None
        if not self.circuit.starts_from_amplitudes:
            self.input_projection = self._projection(
                self.circuit.feature_count, "input_projection"
            )
        self.output_projection = self._projection(units, "output_projection")
        self.supports_jit = self.pqc.supports_jit
        self.supports_masking = True
        # The circuit layer orders its inputs lexicographically by name.
        features = list(self.circuit.features)
        self._feed_order = [features.index(name) for name in sorted(features)]

    def _projection(self, units, name):
        # A fresh initializer each: a seeded one would repeat its values.
        kernel, bias = self.kernel_initializer, self.bias_initializer
        return keras.layers.Dense(
            units,
            use_bias=self.use_bias,
            kernel_initializer=kernel.clone(),
            bias_initializer=bias.clone(),
            dtype=self.dtype_policy,
            name=name,
        )

    @property
    def engine_choice(self) -> EngineChoice:
        """Which engine runs, and why."""
        return self.pqc.engine_choice

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2 or not input_shape[-1]:
            raise UserError(
                "Expected inputs of a known width, of shape (batch, ..., "
                f"features). Received: shape {tuple(input_shape)}"
            )
        if self.input_projection is None:
            self.pqc.build((None, input_shape[-1]))
        else:
            self.input_projection.build(input_shape)
            self.pqc.build((None, len(self.circuit.features)))
        observables = self.pqc.outputs.size
        self.readout_statistics: Any = None
        if self.readout == "standardised":
            self.readout_statistics = self.add_weight(
                shape=(2, observables),
                initializer=ReadoutStatistics(self, input_shape[-1]),
                trainable=False,
                name="readout_statistics",
            )
        self.output_projection.build((None, observables))
        self.built = True

    def exact_readouts(self, inputs: np.ndarray) -> np.ndarray:
        """The expectations of a built layer, without noise and shots.

        Args:
            inputs: of shape (batch, width).

        Returns:
            float, of shape (batch, observables).
        """
        exact = make_circuit_layer(
            self.circuit,
            engine=self.engine,
            initializer="zeros",  # draws nothing from the global generator
            dtype=self.dtype_policy,
        )
        fed = self._fed(keras.ops.convert_to_tensor(inputs))
        exact.build(fed.shape)
        if exact.parameters is not None:
            exact.parameters.assign(self.pqc.parameters)
        return keras.ops.convert_to_numpy(exact(fed)).astype("float64")

    def resolved_circuit(
        self, inputs: Any
    ) -> cirq.Circuit | list[cirq.Circuit]:
        """The circuit that rows of inputs run, after projection and scaling.

        Its expectations of the operators are what the last projection reads,
        or standardises and reads.

        Args:
            inputs: float array of shape (..., width), or one row.

        Returns:
            A `cirq.Circuit` without symbols for one row, else a list of one
            for each, in the order of the rows; see
            `CircuitLayer.resolved_circuit`.

        Raises:
            UserError: the layer is not built, or the inputs have another
                width.

        Example:

        >>> layer = QuantumDense(units=3, circuit="qffn")
        >>> layer.build((None, 8))
        >>> circuit = layer.resolved_circuit(np.ones(8))
        >>> len(circuit.all_qubits()), cirq.is_parameterized(circuit)
        (4, False)
        """
        if not self.built:
            raise UserError(
                "Expected a layer that has been built: its angles have no "
                f"values before. Received: layer {self.name!r}. Call it, or "
                "its build, first."
            )
        dtype = self.pqc.circuit_dtype
        rows = np.asarray(inputs, dtype)
        rows = rows.reshape((-1, rows.shape[-1] if rows.ndim else 1))
        width = None
        if self.input_projection is not None:
            width = self.input_projection.kernel.shape[0]
        rows = rows_of(rows, width, "inputs of the layer")
        fed = self._fed(keras.ops.convert_to_tensor(rows, dtype))
        return self.pqc.resolved_circuit(keras.ops.convert_to_numpy(fed))

    def freeze(self, symbols: Sequence[str]) -> None:
        """Holds symbols of the circuit, as `CircuitLayer.freeze` does."""
        self.pqc.freeze(symbols)

    def symbol_values(self) -> dict[sympy.Symbol, float]:
        """The trained symbols of the circuit and their current values."""
        return self.pqc.symbol_values()

    def angles(self, inputs: tf.Tensor) -> tf.Tensor:
        """The encoded angles in radians, of shape (batch, ..., angles)."""
        features = self.input_projection(inputs)
        features = keras.ops.cast(features, self.pqc.circuit_dtype)
        return self.circuit.angles(features, keras.ops)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        fed = self._fed(inputs)
        leading = keras.ops.shape(fed)[:-1]
        flat = keras.ops.reshape(fed, (-1, fed.shape[-1]))
        values = self.pqc(flat)  # (batch * ..., observables)
        if self.readout_statistics is not None:
            values = standardise(values, self.readout_statistics)
        values = keras.ops.reshape(values, (*leading, values.shape[-1]))
        return self.output_projection(values)

    def _fed(self, inputs: tf.Tensor) -> tf.Tensor:
        """What the circuit layer takes: amplitudes, or angles in its order."""
        if self.input_projection is None:
            return keras.ops.cast(inputs, self.pqc.circuit_dtype)
        angles = self.angles(inputs)
        if self._feed_order != sorted(self._feed_order):
            angles = keras.ops.take(angles, self._feed_order, axis=-1)
        return angles

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "circuit": self.circuit.to_dict(),
            "engine": self.engine,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "bias_initializer": keras.initializers.serialize(
                self.bias_initializer
            ),
            "angle_initializer": keras.initializers.serialize(
                self.angle_initializer
            ),
            "repetitions": self.repetitions,
            "differentiator": differentiator_config(self.differentiator),
            "noise_model": noise_model_to_json(self.noise_model, self.name),
            "readout_error": self.readout_error,
            "noise_method": self.noise_method,
            "seed": self.seed,
            "train_angles": self.train_angles,
            "frozen": self.pqc.frozen,
            "readout": self.readout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        config["circuit"] = as_circuit(config.get("circuit"))
        config["differentiator"] = differentiator_from_config(
            config.get("differentiator")
        )
        noise_model = noise_model_from_json(config.get("noise_model"))
        config["noise_model"] = noise_model
        return super().from_config(config)


def make_circuit_layer(
    circuit,
    *,
    repetitions=None,
    noise_model=None,
    readout_error=None,
    noise_method=None,
    initializer=None,
    **kwargs,
):
    """The layer that trains the weights of a described circuit.

    It is an `AmplitudePQC` where the circuit starts from amplitudes, else a
    `ControlledPQC`, with inputs in the lexicographic order of the names; with
    noise or readout errors their noisy versions.
    """
    noisy = noise_model is not None or readout_error is not None
    if circuit.starts_from_amplitudes:
        kind = NoisyAmplitudePQC if noisy else AmplitudePQC
    else:
        kind = NoisyControlledPQC if noisy else ControlledPQC
        kwargs["trained_symbols"] = circuit.weights
    if noisy:
        # Without shots density matrices are exact; where they are too large, a
        # thousand trajectories stand for them.
        kwargs["sample_based"] = repetitions is not None
        repetitions = 1000 if repetitions is None else repetitions
        kwargs["noise_model"] = noise_model
        kwargs["readout_error"] = readout_error
        kwargs["noise_method"] = noise_method
    elif noise_method is not None:
        raise UserError(
            "Expected noise_method beside a noise_model or a readout_error. "
            f"Received: noise_method={noise_method!r} without either"
        )
    layer = kind(
        circuit.circuit,
        circuit.operators,
        repetitions=repetitions,
        initializer=initializer or initializer_of(circuit),
        **kwargs,
    )
    layer.depth = circuit.layers
    return layer
