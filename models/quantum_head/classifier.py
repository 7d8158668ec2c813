"""A text classifier with a quantum head: a BERT, its mean, the head."""

from typing import Any

import keras

from tfq_hybrid.encoders.classifier import BertClassifier, BertEncoder
from tfq_hybrid.encoders.pooling import mean_of_tokens
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.models.heads import HEAD_BASELINES
from tfq_hybrid.models.quantum_head.model import make_head
from tfq_hybrid.models.quantum_head.system import (
    QuantumHeadOptions,
    as_options,
)

QUANTUM_HEADS = ("quantum", *HEAD_BASELINES)


@keras.saving.register_keras_serializable("tfq_hybrid")
class SentenceBert(BertEncoder):
    """The encoder of a `QuantumHeadTextClassifier`: a `BertBackbone`.

    While it is frozen it runs without dropout.
    """

    family = "BERT"  # whose blocks it has


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumHeadTextClassifier(BertClassifier):
    """A quantum head on the mean of a BERT's token states.

    A keras-hub task: `fit`, `evaluate` and `predict` take strings, and
    `.keras` files and presets restore it. Where the encoder stays frozen it
    is quicker to `embed` all texts once and train the head on that.

    Args:
        backbone: `SentenceBert`. `from_bert` makes it from a pretrained
            BERT.
        num_classes: the number of labels.
        preprocessor: `keras_hub.models.BertTextClassifierPreprocessor`.
            Defaults to `None`: inputs are token ids already.
        head: `"quantum"`, `"linear"` or `"mlp"`. Defaults to `"quantum"`.
        options: `QuantumHeadOptions`, or a dict of them; whether the encoder
            trains is among them. Defaults to `None`: the defaults.
        dropout: before the head. Defaults to 0.

    Raises:
        UserError: an argument is out of its range.
    """

    backbone_cls = SentenceBert

    def __init__(
        self,
        backbone: SentenceBert,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
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
            mean_of_tokens,
            preprocessor,
            chosen.train_encoder,
            dropout,
            **kwargs,
        )
        backbone.pooled_dense.trainable = False  # the mean passes it by

        # === Config ===
        self.head_kind = head
        self.options = chosen

    def get_config(self) -> dict:
        config = super().get_config()
        del config["train_encoder"]  # one of the options
        return {
            **config,
            "head": self.head_kind,
            "options": self.options.to_dict(),
        }
