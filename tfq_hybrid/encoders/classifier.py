"""What all classifiers of texts share: a backbone, a pooling, a head."""

from collections.abc import Mapping
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.adapters.blocks import AboveFrozen
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.encoders.pooling import POOLINGS, pooling_for
from tfq_hybrid.encoders.pretrained import (
    load_backbone,
    task_of_family,
    text_preprocessor,
)


class HeadedTextClassifier(AboveFrozen, keras_hub.models.Task):
    """A head on the pooled tokens of a backbone: one logit a class.

    A subclass makes the head and hands it to `__init__`. `register_tasks`
    makes the class for each family of backbones, since keras-hub finds the
    task of a preset by the class of its backbone.

    Layers in which nothing trains run without dropout, in training too.

    Args:
        backbone: of a family of `adapters.FAMILIES`, an encoder or a decoder.
        num_classes: the number of labels.
        head: layer from (batch, width) to (batch, num_classes).
        preprocessor: from texts to the inputs of the backbone. Defaults to
            `None`: inputs are token ids already.
        pooling: as for `pooling_for`. Defaults to `None`: the usual one.
        train_encoder: whether the backbone trains. Defaults to `True`.
        dropout: before the head. Defaults to 0.

    Raises:
        UserError: an argument is out of its range, or the backbone is an
            encoder-decoder.
    """

    backbone_cls: type[keras_hub.models.Backbone] | None = None
    preprocessor_cls = keras_hub.models.TextClassifierPreprocessor

    def __init__(
        self,
        backbone: keras_hub.models.Backbone,
        num_classes: int,
        head: keras.Layer,
        preprocessor: keras.Layer | None = None,
        pooling: str | None = None,
        train_encoder: bool = True,
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.pooling = pooling_for(backbone, pooling)
        self.output_dropout = keras.layers.Dropout(
            dropout, dtype=backbone.dtype_policy, name="classifier_dropout"
        )
        self.head = head

        # === Functional model ===
        inputs = backbone.input
        vectors = self.pool(inputs, backbone(inputs))
        outputs = self.head(self.output_dropout(vectors))
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes
        self.train_encoder = bool(train_encoder)
        self.dropout = dropout
        if not self.train_encoder:
            backbone.trainable = False
        for layer in self.unread_layers:
            layer.trainable = False

    @property
    def unread_layers(self) -> list[keras.Layer]:
        """The layers whose outputs nothing reads: there is nothing to train."""
        pooler = getattr(self.backbone, "pooled_dense", None)
        return [] if pooler is None or self.pooling == "pooled" else [pooler]

    @property
    def head_parameters(self) -> int:
        """How many parameters the head has."""
        return self.head.count_params()

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
    ) -> Any:
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
