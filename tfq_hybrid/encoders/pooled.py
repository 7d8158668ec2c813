"""Classifiers of texts on any backbone: the pooled tokens, and a Dense."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.hosts import register_tasks
from tfq_hybrid.encoders.classifier import HeadedTextClassifier
from tfq_hybrid.errors import check_integer

# As of BERT, for the head.
SPREAD = 0.02


class PooledTextClassifier(HeadedTextClassifier):
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
        head = keras.layers.Dense(
            num_classes,
            kernel_initializer=keras.initializers.TruncatedNormal(
                stddev=SPREAD
            ),
            dtype=backbone.dtype_policy,
            name="logits",
        )
        super().__init__(
            backbone,
            num_classes,
            head,
            preprocessor,
            pooling,
            dropout=dropout,
            **kwargs,
        )


register_tasks(
    PooledTextClassifier,
    "Pooled{}TextClassifier",
    [family for family in FAMILIES if not family.decoder],
)
