"""A text classifier on a BERT: the pooled vector of its tokens, and a Dense."""

import os
from typing import Any

import keras
import keras_hub
import tensorflow as tf
from keras.src.models.functional import operation_fn  # has no public name
from keras_hub.src.models.bert.bert_backbone import bert_kernel_initializer

from tfq_hybrid.adapters.hosts import register_hosts
from tfq_hybrid.encoders.classifier import (
    BertClassifier,
    BertEncoder,
)
from tfq_hybrid.encoders.pooling import POOLINGS
from tfq_hybrid.errors import check_choice, check_integer


@keras.saving.register_keras_serializable("tfq_hybrid")
class PooledBert(BertEncoder):
    """A `BertBackbone` that knows how its tokens are pooled.

    Layers in which nothing trains run without dropout, in training too. The
    outputs of the blocks below the first that trains are then the same for
    the same text, and can be computed once and kept. A block in which
    something trains keeps all of its dropout.

    Args:
        *args: those of `BertBackbone`.
        pooling: `"cls"`, the hidden state of the first token; `"mean"`, the
            mean of the hidden states of all tokens that are no padding; or
            `"pooled"`, BERT's pooler, a Dense on the first token, which
            nothing else reads. Defaults to `"mean"`.
        **kwargs: those of `BertBackbone`.

    Raises:
        UserError: there is no such pooling.

    Example:

    >>> bert = PooledBert(100, 1, 2, 16, 32, max_sequence_length=8)
    >>> [layer.name for layer in bert.unread_layers]
    ['pooled_dense']
    """

    family = "BERT"  # what adapters find in it

    def __init__(self, *args: Any, pooling: str = "mean", **kwargs: Any):
        check_choice("pooling", pooling, POOLINGS)
        super().__init__(*args, **kwargs)
        self.pooling = pooling

    @property
    def unread_layers(self) -> list[keras.Layer]:
        """The layers whose outputs nothing reads: there is nothing to train."""
        return [] if self.pooling == "pooled" else [self.pooled_dense]

    def pool(self, inputs: dict, outputs: dict) -> tf.Tensor:
        """One vector for each text, of shape (batch, width).

        Args:
            inputs, outputs: dicts of tensors, those of this backbone.
        """
        return POOLINGS[self.pooling](inputs, outputs)

    @property
    def frozen_layers(self) -> list[keras.Layer]:
        """The layers in which nothing trains.

        One without weights, such as the dropout of the embeddings, is as the
        layer before it.
        """
        frozen, trains = [], False
        for layer in self.layers:
            if layer.weights:
                trains = any(variable.trainable for variable in layer.weights)
            if not trains:
                frozen.append(layer)
        return frozen

    def call(self, inputs, training=None, mask=None):
        if not training:
            return super().call(inputs, training=training, mask=mask)
        frozen = {id(layer) for layer in self.frozen_layers}
        return self._run_through_graph(
            self._standardize_inputs(inputs),
            operation_fn=lambda op: operation_fn(
                op, training=id(op) not in frozen
            ),
        )

    def get_config(self):
        return {**super().get_config(), "pooling": self.pooling}


@keras.saving.register_keras_serializable("tfq_hybrid")
class PooledBertTextClassifier(BertClassifier):
    """A Dense layer on the pooled tokens of a BERT: one logit a class.

    A keras-hub task: `fit`, `evaluate` and `predict` take texts, or pairs of
    them as a tuple; `.keras` files and presets restore it, and
    `adapters.adapt` takes it.

    Args:
        backbone: `PooledBert`, whose pooling is used. `from_bert` makes it
            from a pretrained BERT.
        num_classes: the number of labels.
        preprocessor: `keras_hub.models.BertTextClassifierPreprocessor`.
            Defaults to `None`: inputs are token ids already.
        dropout: before the logits. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> bert = keras_hub.models.BertBackbone(
    ...     100, 1, 2, 16, 32, max_sequence_length=8
    ... )
    >>> model = PooledBertTextClassifier.from_bert(bert, num_classes=2)
    >>> model.pooling, model.head.count_params()
    ('mean', 34)
    """

    backbone_cls = PooledBert

    def __init__(
        self,
        backbone: PooledBert,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        dropout: float = 0.1,
        **kwargs: Any,
    ):
        check_integer("num_classes", num_classes, minimum=1)
        head = keras.layers.Dense(
            num_classes,
            kernel_initializer=bert_kernel_initializer(),
            dtype=backbone.dtype_policy,
            name="logits",
        )
        super().__init__(
            backbone,
            num_classes,
            head,
            backbone.pool,
            preprocessor,
            train_encoder=True,
            dropout=dropout,
            **kwargs,
        )
        for layer in backbone.unread_layers:
            layer.trainable = False

    @classmethod
    def from_bert(
        cls,
        bert: keras_hub.models.BertBackbone | str | os.PathLike[str],
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        sequence_length: int | None = None,
        backbone: dict | None = None,
        pooling: str = "mean",
        **options: Any,
    ) -> "PooledBertTextClassifier":
        """Starts from a pretrained BERT; only the head is random.

        Args:
            bert, num_classes, preprocessor, sequence_length, backbone: see
                `BertClassifier.from_bert`.
            pooling: as for `PooledBert`. Defaults to `"mean"`.
            **options: further arguments of the class.

        Raises:
            UserError: an argument is out of its range.
        """
        return super().from_bert(
            bert,
            num_classes,
            preprocessor,
            sequence_length,
            {**(backbone or {}), "pooling": pooling},
            **options,
        )

    @property
    def pooling(self) -> str:
        """How the tokens are pooled."""
        return self.backbone.pooling

    def get_config(self):
        config = super().get_config()
        del config["train_encoder"]  # an adapter says what trains
        return config


register_hosts(PooledBert, PooledBertTextClassifier)
