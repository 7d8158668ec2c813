"""`BottleneckAdapter`: the classical adapter, down and up again."""

import dataclasses

import keras

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.slots import Adapter
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.files.classes import activation_names


@keras.saving.register_keras_serializable("tfq_hybrid")
class Bottleneck(Adapter):
    """Down to `width` features, an activation, and up again, zero at first.

    Args:
        width: int.
        activation: as for `keras.layers.Dense`. Defaults to `"gelu"`.
    """

    place = "after"

    def __init__(self, width, activation="gelu", **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.activation = activation

    def build(self, input_shape):
        self.down = keras.layers.Dense(
            self.width,
            activation=self.activation,
            dtype=self.dtype_policy,
            name="down",
        )
        self.up = keras.layers.Dense(
            input_shape[-1],
            kernel_initializer="zeros",
            dtype=self.dtype_policy,
            name="up",
        )
        self.down.build(input_shape)
        self.up.build((*input_shape[:-1], self.width))

    def call(self, inputs):
        return self.up(self.down(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = {"width": self.width, "activation": self.activation}
        return {**super().get_config(), **config}


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class BottleneckAdapter(Method):
    """Trains a small block after the attention and feed-forward blocks.

    `y + U f(D y)` on the output `y` of a block, before the residual: Houlsby
    et al. 2019, "Parameter-Efficient Transfer Learning for NLP"
    (arXiv 1902.00751), section 2. `U` is zero at first; the paper's is nearly
    zero.

    Args:
        targets: `"attention"` and `"ffn"` stand for the last Dense layer of
            each. Defaults to both.
        width: int. Features in between. Defaults to 8.
        activation: str, the name of a Keras activation. Defaults to
            `"gelu"`.
        layers, exclude, train_head: see `Method`.
    """

    targets: tuple = ("attention", "ffn")
    width: int = 8
    activation: str = "gelu"

    groups = {"attention": ("output",), "ffn": ("down",)}
    size = "width"

    def __post_init__(self):
        super().__post_init__()
        check_integer("width", self.width, minimum=1)
        # Keras would take any registered function, or an object, for one.
        check_choice("activation", self.activation, activation_names())

    def parts(self, target, name):
        yield (
            target.layer,
            Bottleneck(
                self.width,
                self.activation,
                dtype=target.layer.dtype_policy,
                name=name,
            ),
        )

    def parameters_of(self, target):
        features = target.sizes[1]
        return 2 * features * self.width + self.width + features
