"""Classifiers of words on any encoder: a Dense on each token."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.blocks import AboveFrozen
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.hosts import register_tasks
from tfq_hybrid.encoders.pooling import sequence_output
from tfq_hybrid.encoders.pretrained import task_of_family


class TokenClassifier(AboveFrozen, keras_hub.models.Task):
    """A linear head on each token's hidden state of an encoder.

    It takes tokens, and gives logits of shape (batch, tokens, classes). Its
    preprocessor is there for the tokenizer: which token a word begins with
    is decided where its label is put, by `data.encode_tagged`.

    Args:
        backbone: an encoder of a family of `adapters.FAMILIES`, or a
            `QFFNBert`. `from_base` makes the class of its family.
        num_classes: the number of labels.
        preprocessor: from texts to the inputs of the backbone. Defaults to
            `None`.
        dropout: before the head. Defaults to 0.1.

    Example:

    >>> import numpy as np
    >>> bert = keras_hub.models.BertBackbone(100, 1, 2, 16, 32)
    >>> model = TokenClassifier.from_base(bert, num_classes=17)
    >>> ids = np.ones((2, 5), "int32")
    >>> inputs = {"token_ids": ids, "segment_ids": 0 * ids}
    >>> model({**inputs, "padding_mask": ids}).shape
    TensorShape([2, 5, 17])
    """

    backbone_cls: type[keras_hub.models.Backbone] | None = None
    preprocessor_cls = keras_hub.models.TextClassifierPreprocessor

    def __init__(
        self,
        backbone: keras_hub.models.Backbone,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        dropout: float = 0.1,
        **kwargs: Any,
    ):
        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.output_dropout = keras.layers.Dropout(
            dropout, dtype=backbone.dtype_policy, name="tokens_dropout"
        )
        self.output_dense = keras.layers.Dense(
            num_classes, dtype=backbone.dtype_policy, name="logits"
        )

        # === Functional model ===
        inputs = backbone.input
        states = sequence_output(backbone(inputs))
        outputs = self.output_dense(self.output_dropout(states))
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes
        self.dropout = dropout
        for layer in self.unread_layers:
            layer.trainable = False

    @property
    def unread_layers(self) -> list[keras.Layer]:
        """The layers whose outputs nothing reads: the pooler."""
        pooler = getattr(self.backbone, "pooled_dense", None)
        return [] if pooler is None else [pooler]

    def answer(self, inputs, outputs, training):
        states = self.output_dropout(
            sequence_output(outputs), training=training
        )
        return self.output_dense(states, training=training)

    @classmethod
    def from_base(
        cls, base: keras_hub.models.Backbone, num_classes: int, **options: Any
    ) -> "TokenClassifier":
        """Starts from a pretrained encoder; only the head is random.

        Args:
            base: becomes a part of the model.
            num_classes: the number of labels.
            **options: further arguments of the class.
        """
        return task_of_family(cls, base)(base, num_classes, **options)

    compile_from_config = compile_from_config

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "dropout": self.dropout,
        }


register_tasks(
    TokenClassifier,
    "{}TokenClassifier",
    [row for row in FAMILIES if not row.is_causal and not row.decoder],
)
