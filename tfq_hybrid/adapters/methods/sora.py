"""`SoRA`: LoRA with a sparse gate."""

import dataclasses

import keras

from tfq_hybrid.adapters.method import register
from tfq_hybrid.adapters.methods.lora import LoRA, LowRank
from tfq_hybrid.errors import UserError, is_number


@keras.saving.register_keras_serializable("tfq_hybrid")
class SoftThreshold(keras.constraints.Constraint):
    """Moves each value towards zero by `threshold`, and no further.

    The proximal operator of the L1 norm. Keras applies it after each step of
    the optimizer, which makes that a proximal gradient step.

    Args:
        threshold: float, at least 0.

    Example:

    >>> SoftThreshold(0.5)(keras.ops.array([-2.0, 0.25, 1.0])).numpy()
    array([-1.5,  0. ,  0.5], dtype=float32)
    """

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, value):
        return keras.ops.soft_shrink(value, self.threshold)

    def get_config(self):
        return {"threshold": self.threshold}


@keras.saving.register_keras_serializable("tfq_hybrid")
class GatedLowRank(LowRank):
    """`B (g * A x)` with a gate `g`, ones at first, that training thins out.

    Args:
        units, rank, scale, dropout: see `LowRank`.
        threshold: float. See `SoftThreshold`.
    """

    def __init__(self, units, rank, threshold=1e-3, **kwargs):
        super().__init__(units, rank, **kwargs)
        self.threshold = threshold

    def build(self, input_shape):
        super().build(input_shape)
        self.gate = self.add_weight(
            shape=(self.rank,),
            initializer="ones",
            constraint=SoftThreshold(self.threshold),
            name="gate",
        )

    def code(self, inputs):
        return super().code(inputs) * self.gate

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class SoRA(LoRA):
    """LoRA whose rank thins out while it trains.

    `W x + (alpha / rank) B (g * A x)`; after each step every entry of the gate
    `g` moves towards zero by `threshold`: Ding et al. 2023, "Sparse Low-rank
    Adaptation of Pre-trained Language Models" (arXiv 2311.11696), section 3.
    Our choice: the gate starts at ones, and the threshold is not scaled by
    the learning rate.

    Args:
        threshold: float. Defaults to 1e-3. At 0 nothing thins out.
        targets, rank, alpha, dropout: see `LoRA`.
        layers, exclude, train_head: see `Method`.
    """

    threshold: float = 1e-3

    def __post_init__(self):
        super().__post_init__()
        if not is_number(self.threshold) or self.threshold < 0:
            raise UserError(
                "Expected threshold to be a number, at least 0. Received: "
                f"threshold={self.threshold!r}"
            )

    def parts(self, target, name):
        yield (
            target.layer,
            GatedLowRank(
                target.sizes[1],
                self.rank,
                threshold=self.threshold,
                scale=self.scale,
                dropout=self.dropout,
                dtype=target.layer.dtype_policy,
                name=name,
            ),
        )

    def parameters_of(self, target):
        return super().parameters_of(target) + self.rank
