"""What the two published classifiers on a pretrained BERT share."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.adapters.blocks import AboveFrozen
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.bases import as_preset
from tfq_hybrid.files.presets import from_preset


class BertEncoder(keras_hub.models.BertBackbone):
    """A `BertBackbone` that runs without dropout while it is frozen.

    A frozen encoder then gives the same vector for the same text, as it does
    where its vectors are computed once and kept.
    """

    def call(self, inputs, training=None, mask=None):
        if not self.trainable:
            training = False  # whatever the model around it is told
        return super().call(inputs, training=training, mask=mask)


class BertClassifier(AboveFrozen, keras_hub.models.TextClassifier):
    """A text classifier: a BERT, one vector for each text, and a head.

    A subclass makes the head and hands it to `__init__`. Its `backbone_cls`
    is a `BertEncoder` of its own, since keras-hub finds the task of a preset
    by the class of its backbone.

    Args:
        backbone: a `backbone_cls`.
        num_classes: the number of labels.
        head: layer from (batch, width) to (batch, num_classes).
        features: function from the backbone's inputs and outputs, two dicts
            of tensors, to a tensor of shape (batch, width). Of the inputs it
            reads the `"padding_mask"` alone.
        preprocessor: `BertTextClassifierPreprocessor`, or `None`: inputs are
            token ids already.
        train_encoder: whether the backbone trains.
        dropout: between the features and the head.
    """

    preprocessor_cls = keras_hub.models.BertTextClassifierPreprocessor

    def __init__(
        self,
        backbone: BertEncoder,
        num_classes: int,
        head: keras.Layer,
        features: Callable[[Mapping, Any], tf.Tensor],
        preprocessor: keras.Layer | None = None,
        train_encoder: bool = False,
        dropout: float = 0.0,
        **kwargs,
    ):
        # === Layers ===
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.head = head
        self.output_dropout = keras.layers.Dropout(
            dropout, dtype=backbone.dtype_policy, name="classifier_dropout"
        )
        backbone.trainable = bool(train_encoder)

        # === Functional model ===
        self.features = features
        inputs = backbone.input
        vectors = features(inputs, backbone(inputs))
        outputs = self.head(self.output_dropout(vectors))
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

        # === Config ===
        self.num_classes = num_classes
        self.train_encoder = bool(train_encoder)
        self.dropout = dropout

    def answer(self, inputs, outputs, training):
        vectors = self.features(inputs, outputs)
        vectors = self.output_dropout(vectors, training=training)
        return self.head(vectors, training=training)

    @classmethod
    def from_bert(
        cls,
        bert: keras_hub.models.BertBackbone | str | os.PathLike[str],
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        sequence_length: int | None = None,
        backbone: dict | None = None,
        **options,
    ) -> "BertClassifier":
        """Starts from a pretrained BERT; only the head is random.

        Args:
            bert: a `keras_hub.models.BertBackbone`, whose weights are copied,
                or what `bases.as_preset` takes: a preset, or a directory
                of Hugging Face.
            num_classes: the number of labels.
            preprocessor: as for the class. Defaults to `None`: that of the
                preset, where `bert` is one.
            sequence_length: tokens of a text, for the preprocessor of a
                preset. Defaults to `None`: as many as the preset takes.
            backbone: further arguments of `backbone_cls`. Defaults to
                `None`: none.
            **options: further arguments of the class.
        """
        if not isinstance(bert, keras_hub.models.BertBackbone):
            source = as_preset(bert)
            bert = from_preset(keras_hub.models.BertBackbone, source)
            if preprocessor is None:
                preprocessor = from_preset(
                    cls.preprocessor_cls,
                    source,
                    sequence_length=sequence_length or bert.max_sequence_length,
                )
        config = {**bert.get_config(), "trainable": True, **(backbone or {})}
        copy = cls.backbone_cls.from_config(config)
        copy.set_weights(bert.get_weights())
        return cls(copy, num_classes, preprocessor=preprocessor, **options)

    @property
    def head_parameters(self) -> int:
        """How many parameters the head has."""
        return self.head.count_params()

    compile_from_config = compile_from_config

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "train_encoder": self.train_encoder,
            "dropout": self.dropout,
        }
