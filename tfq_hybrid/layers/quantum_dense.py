"""`QuantumDense`: a circuit in place of a Dense layer."""

import keras

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.layers.controlled_pqc import ControlledPQC


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumDense(keras.layers.Layer):
    """A parameterised circuit between two projections.

    On the last axis of a tensor of any rank:

        (batch, ..., inputs)
        -> Dense   (batch, ..., features)      features of the circuit
        -> scaling (batch, ..., angles)        angles in radians
        -> circuit (batch, ..., observables)   expectations in [-1, 1]
        -> Dense   (batch, ..., units)

    All leading axes are one batch of the circuit. The projections follow
    the layer's dtype policy; angles are computed in float32 (float64 under a
    float64 policy), and so is the circuit.

    Args:
        units: int. The size of the output.
        circuit: what `as_circuit` accepts: a `CircuitSpec`, a
            `CustomCircuit`, a preset's name, or a `cirq.Circuit` whose
            symbols begin with `x` (features) and `w` (weights).
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        use_bias: bool. Whether both projections have a bias. Defaults to
            `True`.
        kernel_initializer: of both projections. Defaults to
            `"glorot_uniform"`.
        bias_initializer: of both projections. Defaults to `"zeros"`.
        angle_initializer: of the trained angles, in radians. Defaults to
            uniform from 0 to 2 pi.

    Raises:
        UserError: units is below 1, or the circuit is not valid or starts
            from amplitudes.

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
        units,
        circuit,
        engine="auto",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        angle_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_integer("units", units, minimum=1)
        self.units = units
        self.circuit = as_circuit(circuit)
        if self.circuit.starts_from_amplitudes:
            raise UserError(
                "Expected a circuit that is fed with angles. Received: "
                f"encoding={self.circuit.encoding!r}, whose features are the "
                "state that the circuit starts from"
            )
        self.engine = engine
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.pqc = ControlledPQC(
            self.circuit.circuit,
            self.circuit.operators,
            trained_symbols=self.circuit.weights,
            initializer=angle_initializer,
            engine=engine,
            dtype=self.dtype_policy,
            name="pqc",
        )
        self.angle_initializer = self.pqc.initializer
        self.input_projection = self._projection(
            self.circuit.feature_count, "input_projection"
        )
        self.output_projection = self._projection(units, "output_projection")
        self.supports_jit = self.pqc.supports_jit
        self.supports_masking = True
        # The circuit layer is fed in the lexicographic order of the names.
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
    def engine_choice(self):
        """Which engine runs, and why."""
        return self.pqc.engine_choice

    def build(self, input_shape):
        self.input_projection.build(input_shape)
        self.pqc.build((None, len(self.circuit.features)))
        self.output_projection.build((None, len(self.circuit.operators)))
        self.built = True

    def angles(self, inputs):
        """The encoded angles in radians, of shape (batch, ..., angles)."""
        features = self.input_projection(inputs)
        features = keras.ops.cast(features, self.pqc.circuit_dtype)
        return self.circuit.angles(features, keras.ops)

    def call(self, inputs):
        angles = self.angles(inputs)
        if self._feed_order != sorted(self._feed_order):
            angles = keras.ops.take(angles, self._feed_order, axis=-1)
        leading = keras.ops.shape(angles)[:-1]
        flat = keras.ops.reshape(angles, (-1, len(self.circuit.features)))
        values = self.pqc(flat)  # (batch * ..., observables)
        values = keras.ops.reshape(values, (*leading, values.shape[-1]))
        return self.output_projection(values)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
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
        }
