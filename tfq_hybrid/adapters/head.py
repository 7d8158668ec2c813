"""The trained copy of a head's Dense layer."""

import keras

from tfq_hybrid.adapters.slots import Adapter


@keras.saving.register_keras_serializable("tfq_hybrid")
class HeadCopy(Adapter):
    """A second set of weights for a Dense layer, which starts as a copy.

    The Dense layer itself stays as it was, for other adapters and to undo.

    Args:
        units: int. Outputs.
        use_bias: bool.
    """

    place = "instead"

    def __init__(self, units, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), name="bias")

    def adopt(self, layer):
        """Takes the values of a Dense layer."""
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        self.kernel.assign(kernel.reshape(self.kernel.shape))
        if self.use_bias:
            bias = keras.ops.convert_to_numpy(layer.bias)
            self.bias.assign(bias.reshape(self.bias.shape))

    def call(self, inputs):
        outputs = keras.ops.matmul(inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "use_bias": self.use_bias}
        return {**super().get_config(), **config}


def head_parameters(target):
    """Parameters of a copy of a target, an int."""
    inputs, outputs = target.sizes
    return inputs * outputs + outputs * (target.layer.bias is not None)


def put_head_copy(target, name, put):
    """Puts a copy of a Dense layer beside it."""
    layer = target.layer
    use_bias = layer.bias is not None
    copy = HeadCopy(
        target.sizes[1], use_bias, dtype=layer.dtype_policy, name=name
    )
    if put(layer, name, copy):
        copy.adopt(layer)
