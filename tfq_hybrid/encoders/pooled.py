"""Classifiers of texts on any backbone: the pooled tokens, and a Dense."""

from collections.abc import Mapping
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.adapters.blocks import AboveFrozen
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.hosts import register_tasks
from tfq_hybrid.encoders.pooling import POOLINGS, pooling_for
from tfq_hybrid.encoders.pretrained import (
    load_backbone,
    task_of_family,
    text_preprocessor,
)
from tfq_hybrid.errors import check_integer

# As of BERT, for the head.
SPREAD = 0.02


class PooledTextClassifier(AboveFrozen, keras_hub.models.Task):
    """A Dense layer on the pooled tokens of a backbone: one logit a class.

    A keras-hub task: `fit`, `evaluate` and `predict` take texts, or pairs of
    them as a tuple; `.keras` files and presets restore it, and
    `adapters.adapt` takes it. `from_base` makes the one of a backbone's
    family, such as `PooledBertTextClassifier`.

    Layers in which nothing trains run without dropout, in training too.

    Args:
        backbone: of a family of `adapters.FAMILIES`, an encoder or a decoder.
        num_classes: the number of labels.
        preprocessor: from texts to the inputs of the backbone. Defaults to
            `None`: inputs are token ids already.
        pooling: `"cls"`, the hidden state of the first token; `"mean"`, the
            mean of the hidden states of all tokens that are no padding;
            `"last"`, that of the last one; or `"pooled"`, the pooler of a
            BERT, a Dense on the first token. Defaults to `None`: the last of
            a decoder, the mean of an encoder.
        dropout: before the logits. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range, or the backbone is an
            encoder-decoder.

    Example:

    >>> bert = keras_hub.models.BertBackbone(
    ...     100, 1, 2, 16, 32, max_sequence_length=8
    ... )
    >>> model = PooledTextClassifier.from_base(bert, num_classes=2)
    >>> model.pooling, model.head.count_params()
    ('mean', 34)
    >>> [layer.name for layer in model.unread_layers]
    ['pooled_dense']
    """

    backbone_cls: type[keras_hub.models.Backbone] | None = None
    preprocessor_cls = keras_hub.models.TextClassifierPreprocessor

    def __init__(
        self,
        backbone: keras_hub.models.Backbone,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        pooling: str | None = None,
        dropout: float = 0.1,
        **kwargs: Any,
    ):
        check_integer("num_classes", num_classes, minimum=1)
        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.pooling = pooling_for(backbone, pooling)
        self.output_dropout = keras.layers.Dropout(
            dropout, dtype=backbone.dtype_policy, name="classifier_dropout"
        )
        self.head = keras.layers.Dense(
            num_classes,
            kernel_initializer=keras.initializers.TruncatedNormal(
                stddev=SPREAD
            ),
            dtype=backbone.dtype_policy,
            name="logits",
        )

        # === Functional model ===
        inputs = backbone.input
        vectors = self.pool(inputs, backbone(inputs))
        outputs = self.head(self.output_dropout(vectors))
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes
        self.dropout = dropout
        for layer in self.unread_layers:
            layer.trainable = False

    @property
    def unread_layers(self) -> list[keras.Layer]:
        """The layers whose outputs nothing reads: there is nothing to train."""
        pooler = getattr(self.backbone, "pooled_dense", None)
        return [] if pooler is None or self.pooling == "pooled" else [pooler]

    def pool(self, inputs: Mapping, outputs: Any) -> tf.Tensor:
        """One vector for each text, of shape (batch, width).

        Args:
            inputs, outputs: those of the backbone.
        """
        return POOLINGS[self.pooling](inputs, outputs)

    def answer(self, inputs, outputs, training):
        vectors = self.pool(inputs, outputs)
        vectors = self.output_dropout(vectors, training=training)
        return self.head(vectors, training=training)

    @classmethod
    def from_base(
        cls,
        base: Any,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        sequence_length: int | None = None,
        **options: Any,
    ) -> "PooledTextClassifier":
        """Starts from a pretrained backbone; only the head is random.

        Args:
            base: a keras-hub backbone, which becomes a part of the model, or
                what `bases.as_preset` takes.
            num_classes: the number of labels.
            preprocessor: as for the class. Defaults to `None`: that of the
                preset, where `base` is one.
            sequence_length: tokens of a text, for the preprocessor of a
                preset. Defaults to `None`: as many as the preset takes, of a
                decoder 512.
            **options: further arguments of the class.

        Raises:
            UserError: an argument is out of its range.
        """
        if not isinstance(base, keras_hub.models.Backbone):
            source, base = base, load_backbone(base)
            preprocessor = preprocessor or text_preprocessor(
                source, base, sequence_length
            )
        kind = task_of_family(cls, base)
        return kind(base, num_classes, preprocessor=preprocessor, **options)

    compile_from_config = compile_from_config

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "pooling": self.pooling,
            "dropout": self.dropout,
        }


register_tasks(
    PooledTextClassifier,
    "Pooled{}TextClassifier",
    [family for family in FAMILIES if not family.decoder],
)
