"""GPT-Neo: GPT-2 with unscaled scores and local attention in some layers.

Black et al. 2021, "GPT-Neo: Large Scale Autoregressive Language Modeling with
Mesh-Tensorflow". keras-hub has none; `gpt_neo_files` reads its weights.
"""

from collections.abc import Sequence
from typing import Any

import keras
import keras_hub
from tokenizers import pre_tokenizers

from tfq_hybrid.bases.gpt_neo_layers import GPTNeoDecoder
from tfq_hybrid.errors import UserError, check_choice, check_integer
from tfq_hybrid.files.keras_hooks import extend_keras

ATTENTION_TYPES = ("global", "local")
extend_keras()


@keras.saving.register_keras_serializable("tfq_hybrid")
class GPTNeoBackbone(keras_hub.models.Backbone):
    """The hidden states of a GPT-Neo, of shape (batch, time, hidden_dim).

    Inputs are `"token_ids"` and `"padding_mask"`, both of shape (batch, time).
    A position of a local layer sees itself and the `window_size - 1` positions
    before it.

    Args:
        vocabulary_size: tokens in it.
        num_layers: blocks.
        num_heads: of the attention; it divides `hidden_dim`.
        hidden_dim: width of the hidden states.
        intermediate_dim: features between the two Dense layers of a block.
        attention_types: `"global"` or `"local"` for each layer; where it ends,
            it begins again. Defaults to `("global", "local")`.
        window_size: of local attention, in tokens. Defaults to 256.
        dropout: rate of dropout. Defaults to 0.
        max_sequence_length: tokens in a text. Defaults to 2048.
        layer_norm_epsilon: Defaults to 1e-5.
        dtype: as for a layer. Defaults to `None`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> backbone = GPTNeoBackbone(50, 2, 2, 8, 32, window_size=3)
    >>> ids = keras.ops.ones((1, 5), "int32")
    >>> backbone({"token_ids": ids, "padding_mask": ids}).shape
    TensorShape([1, 5, 8])
    """

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        attention_types: Sequence[str] = ATTENTION_TYPES,
        window_size: int = 256,
        dropout: float = 0.0,
        max_sequence_length: int = 2048,
        layer_norm_epsilon: float = 1e-5,
        dtype: Any = None,
        **kwargs,
    ):
        attention_types = check_attention(
            attention_types, window_size, num_heads, hidden_dim
        )

        # === Layers ===
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=_normal(),
            dtype=dtype,
            name="token_embedding",
        )
        self.position_embedding = keras_hub.layers.PositionEmbedding(
            max_sequence_length,
            initializer=_normal(),
            dtype=dtype,
            name="position_embedding",
        )
        self.embeddings_add = keras.layers.Add(
            dtype=dtype, name="embeddings_add"
        )
        self.embeddings_dropout = keras.layers.Dropout(
            dropout, dtype=dtype, name="embeddings_dropout"
        )
        self.transformer_layers = []
        for i in range(num_layers):
            kind = attention_types[i % len(attention_types)]
            self.transformer_layers.append(
                GPTNeoDecoder(
                    intermediate_dim,
                    num_heads,
                    window_size if kind == "local" else None,
                    dropout=dropout,
                    layer_norm_epsilon=layer_norm_epsilon,
                    kernel_initializer=_normal(),
                    dtype=dtype,
                    name=f"transformer_layer_{i}",
                )
            )
        self.layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=dtype, name="layer_norm"
        )

        # === Functional model ===
        inputs = {
            name: keras.Input((None,), dtype="int32", name=name)
            for name in ("token_ids", "padding_mask")
        }
        tokens = self.token_embedding(inputs["token_ids"])
        positions = self.position_embedding(tokens)
        x = self.embeddings_dropout(self.embeddings_add((tokens, positions)))
        for block in self.transformer_layers:
            x = block(x, decoder_padding_mask=inputs["padding_mask"])
        super().__init__(
            inputs=inputs, outputs=self.layer_norm(x), dtype=dtype, **kwargs
        )

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.attention_types = attention_types
        self.window_size = window_size
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.layer_norm_epsilon = layer_norm_epsilon

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "attention_types": list(self.attention_types),
            "window_size": self.window_size,
            "dropout": self.dropout,
            "max_sequence_length": self.max_sequence_length,
            "layer_norm_epsilon": self.layer_norm_epsilon,
        }


def _normal():
    return keras.initializers.RandomNormal(stddev=0.02)


def check_attention(
    attention_types: Sequence[str],
    window_size: int,
    num_heads: int,
    hidden_dim: int,
) -> tuple[str, ...]:
    """The kinds of attention; see `GPTNeoBackbone`.

    Raises:
        UserError: an argument is out of its range.
    """
    kinds = tuple(attention_types)
    if not kinds:
        raise UserError(
            "Expected attention_types of at least one layer. Received: none"
        )
    for kind in kinds:
        check_choice("attention_types", kind, ATTENTION_TYPES)
    check_integer("window_size", window_size, minimum=1)
    check_integer("num_heads", num_heads, minimum=1)
    if hidden_dim % num_heads:
        raise UserError(
            "Expected num_heads to divide hidden_dim. Received: num_heads="
            f"{num_heads}, hidden_dim={hidden_dim}"
        )
    return kinds


@keras.saving.register_keras_serializable("tfq_hybrid")
class GPTNeoTokenizer(keras_hub.models.GPT2Tokenizer):
    """The byte pairs of GPT-2, which GPT-Neo has too.

    keras-hub's tokenizer splits a text as Llama 3 does before it merges: three
    digits each, a full stop with the line end after it. This one splits it as
    GPT-2 does (`encoder.py` of openai/gpt-2). Inside a TensorFlow graph
    keras-hub's own rule for GPT-2 holds, which differs in line ends: it keeps
    several of them together.

    Args:
        vocabulary: dict of a token and its id, or the path of a JSON file.
        merges: pairs of tokens with a space between them, or the path of a
            file with one in each line.
    """

    backbone_cls = GPTNeoBackbone

    def _set_vocabulary_and_merges_tokenizers(self, vocabulary, merges):
        super()._set_vocabulary_and_merges_tokenizers(vocabulary, merges)
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=self.add_prefix_space, use_regex=True
        )


@keras.saving.register_keras_serializable("tfq_hybrid")
class GPTNeoCausalLMPreprocessor(keras_hub.models.GPT2CausalLMPreprocessor):
    """From strings to tokens with a padding mask, and back.

    Args:
        tokenizer: `GPTNeoTokenizer`.
        sequence_length: in tokens. Defaults to 1024.
    """

    backbone_cls = GPTNeoBackbone
    tokenizer_cls = GPTNeoTokenizer


@keras.saving.register_keras_serializable("tfq_hybrid")
class GPTNeoCausalLM(keras_hub.models.GPT2CausalLM):
    """A GPT-Neo that predicts the next token, and generates with a cache.

    Around its blocks it computes as GPT-2 does: the logits are the products of
    the hidden states with the embeddings of the tokens.

    Args:
        backbone: `GPTNeoBackbone`.
        preprocessor: `GPTNeoCausalLMPreprocessor`. Defaults to `None`: inputs
            are token ids already.

    Example:

    >>> task = GPTNeoCausalLM(GPTNeoBackbone(50, 2, 2, 8, 32, window_size=3))
    >>> ids = keras.ops.ones((1, 5), "int32")
    >>> task({"token_ids": ids, "padding_mask": ids}).shape
    TensorShape([1, 5, 50])
    """

    backbone_cls = GPTNeoBackbone
    preprocessor_cls = GPTNeoCausalLMPreprocessor
