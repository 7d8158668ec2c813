"""`BertTokenClassifier`: a BERT that gives every token a label."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.hosts import compile_from_config, register_hosts
from tfq_hybrid.encoders.pooled import PooledBert
from tfq_hybrid.encoders.states import blocks_in


@keras.saving.register_keras_serializable("tfq_hybrid")
class TokenBert(PooledBert):
    """A `BertBackbone` whose tokens are read one by one.

    Layers in which nothing trains run without dropout, as in a `PooledBert`.
    """

    family = "BERT"  # what adapters find in it


@keras.saving.register_keras_serializable("tfq_hybrid")
class BertTokenClassifier(keras_hub.models.Task):
    """A linear head on each token's hidden state of a BERT.

    It takes tokens, and gives logits of shape (batch, tokens, classes). Its
    preprocessor is there for the tokenizer: which token a word begins with
    is decided where its label is put, by `data.encode_tagged`.

    Args:
        backbone: a `keras_hub.models.BertBackbone`, or a subclass such as
            `QFFNBert`. Adapters take a `TokenBert`.
        num_classes: the number of labels.
        preprocessor: `keras_hub.models.BertTextClassifierPreprocessor`.
            Defaults to `None`.
        dropout: before the head. Defaults to 0.1.

    Example:

    >>> import numpy as np
    >>> bert = keras_hub.models.BertBackbone(100, 1, 2, 16, 32)
    >>> model = BertTokenClassifier(bert, num_classes=17)
    >>> ids = np.ones((2, 5), "int32")
    >>> inputs = {"token_ids": ids, "segment_ids": 0 * ids}
    >>> model({**inputs, "padding_mask": ids}).shape
    TensorShape([2, 5, 17])
    """

    backbone_cls = keras_hub.models.BertBackbone
    preprocessor_cls = keras_hub.models.BertTextClassifierPreprocessor

    def __init__(
        self,
        backbone: keras_hub.models.BertBackbone,
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
        backbone.pooled_dense.trainable = False  # no token passes it

        # === Functional model ===
        inputs = backbone.input
        states = backbone(inputs)["sequence_output"]  # (batch, tokens, width)
        outputs = self.output_dense(self.output_dropout(states))
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes
        self.dropout = dropout

    def call(self, inputs, training=None, mask=None):
        blocks = blocks_in(inputs)
        if blocks is None:
            return super().call(inputs, training=training, mask=mask)
        outputs = self.backbone.call_above(blocks, inputs, training)
        states = self.output_dropout(
            outputs["sequence_output"], training=training
        )
        return self.output_dense(states, training=training)

    @classmethod
    def from_bert(
        cls, bert: keras_hub.models.BertBackbone, num_classes: int, **options
    ) -> "BertTokenClassifier":
        """Starts from a pretrained BERT; only the head is random.

        Args:
            bert: its weights are copied.
            num_classes: the number of labels.
            **options: further arguments of the class.
        """
        copy = TokenBert.from_config(bert.get_config())
        copy.set_weights(bert.get_weights())
        return cls(copy, num_classes, **options)

    compile_from_config = compile_from_config

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "dropout": self.dropout,
        }


register_hosts(TokenBert, BertTokenClassifier)
