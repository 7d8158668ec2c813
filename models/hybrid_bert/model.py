"""Hybrid BERT (arXiv 2511.17677): a circuit as the head of a BERT."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.hosts import register_tasks
from tfq_hybrid.encoders.classifier import HeadedTextClassifier
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.models.heads import HEAD_BASELINES, classical_head, mlp_width
from tfq_hybrid.models.hybrid_bert.system import (
    HybridBertOptions,
    as_angle_circuit,
    head_size,
)

HYBRID_BERT_HEADS = ("quantum", *HEAD_BASELINES)


class HybridTextClassifier(HeadedTextClassifier):
    """An encoder with a circuit for a head, on one vector for each text.

    Linear(width -> n), the angles `pi/2 tanh`, the circuit on n qubits, Z on
    each, Linear(n -> classes): (775 n + 2 parameters for BERT-base and two
    classes). The same constructor makes the baselines: `"linear"`, one Dense
    layer, and `"mlp"`, with a hidden tanh layer, of nearly the size of
    the quantum head.

    A keras-hub task: `fit`, `evaluate` and `predict` take strings, and
    `.keras` files and presets restore it. `from_base` makes the one of a
    backbone's family, such as `HybridBertTextClassifier`.

    Args:
        backbone: of a family of `adapters.FAMILIES`; the paper's is a BERT.
        num_classes: the number of labels.
        preprocessor: from texts to the inputs of the backbone. Defaults to
            `None`: inputs are token ids already.
        pooling: as for `PooledTextClassifier`. Defaults to `None`: the pooler
            where the backbone has one, as in the paper, else the usual one.
        head: `"quantum"`, `"linear"` or `"mlp"`. Defaults to `"quantum"`.
        circuit: what `as_circuit` accepts, with angles as inputs. The `"mlp"`
            baseline takes its size from it. Defaults to `"hybrid_bert"`.
        train_encoder: whether the encoder is fine-tuned. Defaults to `False`:
            it is frozen and runs without dropout.
        train_angles: whether the circuit's angles train. Defaults to `True`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        dropout: before the head. Defaults to 0: the authors' head has none.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> bert = keras_hub.models.BertBackbone(
    ...     100, 1, 2, 16, 32, max_sequence_length=8
    ... )
    >>> model = HybridTextClassifier.from_base(bert, num_classes=2)
    >>> model.pooling
    'pooled'
    >>> model.head_parameters == head_size(model.circuit, 16, 2)
    True
    """

    def __init__(
        self,
        backbone: keras_hub.models.Backbone,
        num_classes: int,
        preprocessor: keras.Layer | None = None,
        pooling: str | None = None,
        head: str = "quantum",
        circuit: object = "hybrid_bert",
        train_encoder: bool = False,
        train_angles: bool = True,
        engine: str = "auto",
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        circuit = as_angle_circuit(circuit)
        layer = hybrid_head(
            backbone.hidden_dim,
            num_classes,
            head,
            circuit,
            train_angles,
            engine,
            backbone.dtype_policy,
        )
        if pooling is None and hasattr(backbone, "pooled_dense"):
            pooling = "pooled"
        super().__init__(
            backbone,
            num_classes,
            layer,
            preprocessor,
            pooling,
            train_encoder,
            dropout,
            **kwargs,
        )

        # === Config ===
        self.head_kind = head
        self.circuit = circuit
        self.train_angles = bool(train_angles)
        self.engine = engine

    @classmethod
    def from_options(
        cls,
        base: Any,
        num_classes: int,
        options: HybridBertOptions,
        baseline: str | None = None,
        **kwargs: Any,
    ) -> "HybridTextClassifier":
        """From `HybridBertOptions` and a pretrained encoder; see `from_base`.

        Args:
            base, num_classes: see `from_base`.
            options: its preset is not looked at.
            baseline: `"linear"` or `"mlp"`. Defaults to `None`: the circuit.
            **kwargs: further arguments of `from_base`.
        """
        return cls.from_base(
            base,
            num_classes,
            pooling=options.pooling,
            head=baseline or "quantum",
            circuit=options.circuit,
            train_encoder=options.train_encoder,
            train_angles=options.train_angles,
            engine=options.engine,
            dropout=options.dropout,
            **kwargs,
        )

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "head": self.head_kind,
            "circuit": self.circuit.to_dict(),
            "train_encoder": self.train_encoder,
            "train_angles": self.train_angles,
            "engine": self.engine,
        }


def hybrid_head(
    width: int,
    classes: int,
    head: str = "quantum",
    circuit: object = "hybrid_bert",
    train_angles: bool = True,
    engine: str = "auto",
    dtype: str | keras.DTypePolicy | None = None,
) -> keras.Layer:
    """The head of a `HybridTextClassifier`, for embeddings kept.

    Args:
        width: of the embeddings.
        classes: the number of labels.
        head, circuit, train_angles, engine: see `HybridTextClassifier`.
        dtype: dtype policy. Defaults to `None`: the global one.

    Returns:
        A layer from (batch, width) to (batch, classes), called `"head"`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> head = hybrid_head(768, classes=2)
    >>> head.build((None, 768))
    >>> head.count_params() == 775 * 4 + 2
    True
    """
    check_choice("head", head, HYBRID_BERT_HEADS)
    check_integer("num_classes", classes, minimum=1)
    circuit = as_angle_circuit(circuit)
    if head != "quantum":
        size = head_size(circuit, width, classes)
        units = mlp_width(size, width, classes)
        return classical_head(head, classes, units, dtype)
    return QuantumDense(
        classes,
        circuit,
        engine=engine,
        train_angles=train_angles,
        dtype=dtype,
        name="head",
    )


register_tasks(
    HybridTextClassifier,
    "Hybrid{}TextClassifier",
    [family for family in FAMILIES if not family.decoder],
)
