"""A text classifier with a quantum head: an encoder, its mean, the head."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.hosts import register_tasks
from tfq_hybrid.encoders.classifier import HeadedTextClassifier
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.models.heads import HEAD_BASELINES
from tfq_hybrid.models.quantum_head.model import make_head
from tfq_hybrid.models.quantum_head.system import (
    QuantumHeadOptions,
    as_options,
)

QUANTUM_HEADS = ("quantum", *HEAD_BASELINES)


class QuantumHeadTextClassifier(HeadedTextClassifier):
    """A quantum head on the mean of an encoder's token states.

    A keras-hub task: `fit`, `evaluate` and `predict` take strings, and
    `.keras` files and presets restore it. Where the encoder stays frozen it
    is quicker to `embed` all texts once and train the head on that.

    Args:
        backbone: of a family of `adapters.FAMILIES`. `from_base` makes the
            class of its family.
        num_classes: the number of labels.
        preprocessor: from texts to the inputs of the backbone. Defaults to
            `None`: inputs are token ids already.
        pooling: as for `PooledTextClassifier`. Defaults to `"mean"`, as in
            the paper.
        head: `"quantum"`, `"linear"` or `"mlp"`. Defaults to `"quantum"`.
        options: `QuantumHeadOptions`, or a dict of them; whether the encoder
            trains is among them. Defaults to `None`: the defaults.
        dropout: before the head. Defaults to 0.

    Raises:
        UserError: an argument is out of its range.
    """

    def __init__(
        self,
        backbone: keras_hub.models.Backbone,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        pooling: str = "mean",
        head: str = "quantum",
        options: QuantumHeadOptions | dict | None = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        check_choice("head", head, QUANTUM_HEADS)
        check_integer("num_classes", num_classes, minimum=1)
        chosen = as_options(options)
        layer = make_head(
            backbone.hidden_dim,
            num_classes,
            chosen,
            None if head == "quantum" else head,
            dtype=backbone.dtype_policy,
        )
        super().__init__(
            backbone,
            num_classes,
            layer,
            preprocessor,
            pooling,
            chosen.train_encoder,
            dropout,
            **kwargs,
        )

        # === Config ===
        self.head_kind = head
        self.options = chosen

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "head": self.head_kind,
            "options": self.options.to_dict(),
        }


register_tasks(
    QuantumHeadTextClassifier,
    "QuantumHead{}TextClassifier",
    [family for family in FAMILIES if not family.decoder],
)
