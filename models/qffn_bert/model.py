"""QFFN-BERT (arXiv 2507.02364): BERT with quantum feed-forward blocks."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.adapters import (
    is_leaf,
    named_layers,
    replace_sublayer,
    targets,
)
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.adapters.families import family_named
from tfq_hybrid.adapters.slots import (
    BuiltWithSlots,
    inside,
    is_slot,
)
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.layers import (
    BottleneckFeedForward,
    NoFeedForward,
    QuantumFeedForward,
)

FEED_FORWARDS = ("quantum", "ffn", "bottleneck", "none")


@keras.saving.register_keras_serializable("tfq_hybrid")
class QFFNBert(BuiltWithSlots, keras_hub.models.BertBackbone):
    """A BERT encoder whose feed-forward blocks are circuits.

    A keras-hub `BertBackbone` in which the feed-forward block of every
    encoder layer is replaced. The encoder layer itself adds the residual
    around the block, as in the paper. The default size is BERT-tiny.

    The same constructor makes the baselines: `"ffn"`, BERT's own block and that
    of the paper (131,712 parameters a layer at the default size),
    `"bottleneck"`, a classical block of nearly the circuit block's size, and
    `"none"`, the residual alone, which shows what a block adds at all.

    Args:
        vocabulary_size: tokens in it. Defaults to 30522.
        num_layers: encoder layers. Defaults to 2.
        num_heads: attention heads. Defaults to 2.
        hidden_dim: width. Defaults to 128.
        intermediate_dim: width inside the `"ffn"` baseline's block. Defaults to
            512.
        dropout: rate of all dropout layers. Defaults to 0.1.
        max_sequence_length: tokens of a text. Defaults to 512.
        num_segments: texts in an input. Defaults to 2.
        feed_forward: `"quantum"`, `"ffn"`, `"bottleneck"` or `"none"`.
            Defaults to `"quantum"`.
        circuit: what `as_circuit` accepts: the circuit of the quantum
            block; the `"bottleneck"` baseline takes its widths from it.
            Defaults to `"qffn"`.
        tokens: `"all"` or `"cls"`: the tokens that go through the quantum
            or bottleneck block. The paper takes `"cls"`, for the cost of its
            simulation. Defaults to `"all"`.
        residual: whether the encoder layer adds its input to the block's
            output. Without it, the paper's ablation, nothing but the quantum or
            bottleneck block's output goes on, and no dropout stands behind it.
            Defaults to `True`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        dtype: as for `BertBackbone`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> import numpy as np
    >>> bert = QFFNBert(vocabulary_size=100, max_sequence_length=8)
    >>> ids = np.ones((1, 8), "int32")
    >>> inputs = {"token_ids": ids, "segment_ids": 0 * ids}
    >>> bert({**inputs, "padding_mask": ids})["pooled_output"].shape
    TensorShape([1, 128])
    """

    def __init__(
        self,
        vocabulary_size: int = 30522,
        num_layers: int = 2,
        num_heads: int = 2,
        hidden_dim: int = 128,
        intermediate_dim: int = 512,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        num_segments: int = 2,
        feed_forward: str = "quantum",
        circuit: object = "qffn",
        tokens: str = "all",
        residual: bool = True,
        engine: str = "auto",
        dtype: str | keras.DTypePolicy | None = None,
        **kwargs: Any,
    ):
        check_choice("feed_forward", feed_forward, FEED_FORWARDS)
        if feed_forward in ("ffn", "none") and not residual:
            raise UserError(
                f"Expected the residual with feed_forward {feed_forward!r}, "
                "which cannot do without it. Received: residual=False"
            )
        circuit = as_circuit(circuit)

        # === Layers and functional model ===
        super().__init__(
            vocabulary_size=vocabulary_size,
            num_layers=num_layers,
            num_heads=num_heads,
            hidden_dim=hidden_dim,
            intermediate_dim=intermediate_dim,
            dropout=dropout,
            max_sequence_length=max_sequence_length,
            num_segments=num_segments,
            dtype=dtype,
            **kwargs,
        )

        # === Config ===
        self.feed_forward = feed_forward
        self.circuit = circuit
        self.tokens = tokens
        self.residual = residual
        self.engine = engine

        # === Replaced blocks ===
        if feed_forward != "ffn":
            blocks = zip(self._targets(), self.transformer_layers, strict=True)
            self.replace((at, self._block(layer)) for at, layer in blocks)
        if not residual:
            for layer in self.transformer_layers:
                _drop_dropout(layer)

    def _targets(self):
        found = targets(self, family_named("BERT"))
        return [target for target in found if target.role == "ffn"]

    def _block(self, encoder_layer):
        """What replaces the block of an encoder layer."""
        options = {
            "tokens": self.tokens,
            # The encoder layer adds it, so it is taken off before.
            "residual": False if self.residual else "subtract",
            "dtype": encoder_layer.dtype_policy,
            "name": "feed_forward",
        }
        if self.feed_forward == "none":
            return NoFeedForward(**options)
        initializer = encoder_layer.kernel_initializer.clone()
        options["kernel_initializer"] = initializer
        if self.feed_forward == "quantum":
            options["engine"] = self.engine
            return QuantumFeedForward(self.circuit, **options)
        sizes = (self.circuit.feature_count, self.circuit.observable_count)
        return BottleneckFeedForward(*sizes, **options)

    @property
    def feed_forward_blocks(self) -> list[tuple[keras.Layer, keras.Layer]]:
        """The layers of each encoder layer's block.

        Where a layer replaces the block, it is the first of them.
        """
        return [
            (inside(target.layers["down"]), target.layers["up"])
            for target in self._targets()
        ]

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "feed_forward": self.feed_forward,
            "circuit": self.circuit.to_dict(),
            "tokens": self.tokens,
            "residual": self.residual,
            "engine": self.engine,
        }

    @classmethod
    def from_bert(
        cls, bert: keras_hub.models.BertBackbone | str, **options: Any
    ) -> "QFFNBert":
        """Starts from a pretrained BERT; only the new blocks are random.

        Args:
            bert: a `keras_hub.models.BertBackbone`, or what its
                `from_preset` accepts.
            **options: `feed_forward`, `circuit`, `tokens`, `engine`.

        Returns:
            A `QFFNBert` of the same size, with the weights of `bert`
            everywhere but in the replaced blocks.
        """
        if not isinstance(bert, keras_hub.models.BertBackbone):
            bert = from_preset(keras_hub.models.BertBackbone, bert)
        result = cls(**{**bert.get_config(), **options})
        _copy_weights(bert, result)
        return result


def _copy_weights(source, target):
    """Copies layer by layer; blocks that were replaced stay as they are."""
    layers = dict(named_layers(target))
    for path, layer in named_layers(source):
        if not is_leaf(layer) or not layer.weights:
            continue  # its parts are copied
        if path in layers and not is_slot(layers[path]):
            layers[path].set_weights(layer.get_weights())
        elif "feedforward" not in path:
            raise ValueError(
                f"Expected a layer at {path} of {target.name}, to take the "
                f"weights of {source.name}. Received: none"
            )


def _drop_dropout(encoder_layer):
    """What stands between the block and the residual would spoil it."""
    identity = keras.layers.Identity(
        dtype=encoder_layer.dtype_policy, name="feed_forward_dropout"
    )
    identity.build((None, None, encoder_layer.intermediate_dim))
    replace_sublayer(encoder_layer, "_feedforward_dropout", identity)


@keras.saving.register_keras_serializable("tfq_hybrid")
class QFFNBertTextClassifier(keras_hub.models.BertTextClassifier):
    """A text classifier over a `QFFNBert`.

    A keras-hub task: `fit`, `evaluate` and `predict` take strings, and
    `.keras` files and presets restore it.

    Args:
        backbone: `QFFNBert`.
        num_classes: the number of labels.
        preprocessor: `keras_hub.models.BertTextClassifierPreprocessor`.
            Defaults to `None`: inputs are token ids already.
        activation: of the logits. Defaults to `None`.
        dropout: before the logits. Defaults to 0.1.
    """

    backbone_cls = QFFNBert

    compile_from_config = compile_from_config
