"""The MPNet encoder as a keras-hub backbone."""

from typing import Any

import keras
import keras_hub

from tfq_hybrid.bases.mpnet.layers import (
    OFFSET,
    CountedPositionEmbedding,
    MPNetBlock,
    RelativePositionBias,
    kernel_initializer,
)


@keras.saving.register_keras_serializable("tfq_hybrid")
class MPNetBackbone(keras_hub.models.Backbone):
    """A post-norm encoder whose blocks share one relative-position bias.

    It computes what `MPNetModel` of Hugging Face does, and has BERT's names:
    blocks, their layers, and outputs. There are no segments. Positions count
    the tokens that are no padding, so that padding on either side leaves the
    hidden states of a text as they are.

    Args:
        vocabulary_size: tokens that it knows.
        num_layers: transformer blocks.
        num_heads: attention heads, which divide `hidden_dim`.
        hidden_dim: width of the hidden states.
        intermediate_dim: width of the feed-forward layers.
        dropout: Defaults to 0.1.
        max_sequence_length: the most tokens of a text. Defaults to 512.
        relative_attention_num_buckets: of distances between tokens, both
            directions together. Defaults to 32, as all published weights.
        layer_norm_epsilon: Defaults to 1e-5.
        dtype: of weights and computation, as for a layer. Defaults to
            `None`: Keras's own.

    Returns:
        For a dict of `token_ids` and `padding_mask`, each of shape (batch,
        tokens), a dict of `sequence_output`, of shape (batch, tokens,
        hidden_dim), and `pooled_output`, of shape (batch, hidden_dim), a
        Dense with tanh on the first place.

    Raises:
        UserError: `num_heads` does not divide `hidden_dim`, or there are too
            few or too many buckets.

    Example:

    >>> model = MPNetBackbone(100, 1, 2, 16, 32, max_sequence_length=8)
    >>> ids = keras.ops.ones((1, 5), "int32")
    >>> outputs = model({"token_ids": ids, "padding_mask": ids})
    >>> outputs["sequence_output"].shape, outputs["pooled_output"].shape
    (TensorShape([1, 5, 16]), TensorShape([1, 16]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        relative_attention_num_buckets: int = 32,
        layer_norm_epsilon: float = 1e-5,
        dtype: Any = None,
        **kwargs: Any,
    ):
        # === Layers ===
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=kernel_initializer(),
            dtype=dtype,
            name="token_embedding",
        )
        self.position_embedding = CountedPositionEmbedding(
            max_sequence_length + OFFSET,
            hidden_dim,
            embeddings_initializer=kernel_initializer(),
            dtype=dtype,
            name="position_embedding",
        )
        self.position_bias = RelativePositionBias(
            num_heads,
            relative_attention_num_buckets,
            dtype=dtype,
            name="position_bias",
        )
        self.embeddings_add = keras.layers.Add(
            dtype=dtype, name="embeddings_add"
        )
        self.embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon,
            dtype=dtype,
            name="embeddings_layer_norm",
        )
        self.embeddings_dropout = keras.layers.Dropout(
            dropout, dtype=dtype, name="embeddings_dropout"
        )
        self.transformer_layers = [
            MPNetBlock(
                intermediate_dim,
                num_heads,
                dropout,
                layer_norm_epsilon,
                dtype=dtype,
                name=f"transformer_layer_{i}",
            )
            for i in range(num_layers)
        ]
        self.pooled_dense = keras.layers.Dense(
            hidden_dim,
            kernel_initializer=kernel_initializer(),
            activation="tanh",
            dtype=dtype,
            name="pooled_dense",
        )

        # === Functional model ===
        inputs = {
            name: keras.Input((None,), dtype="int32", name=name)
            for name in ("token_ids", "padding_mask")
        }
        mask = inputs["padding_mask"]
        tokens = self.token_embedding(inputs["token_ids"])
        bias = self.position_bias(inputs["token_ids"])
        x = self.embeddings_add((tokens, self.position_embedding(mask)))
        x = self.embeddings_layer_norm(x)
        x = self.embeddings_dropout(x)
        for block in self.transformer_layers:
            x = block(x, bias, padding_mask=mask)
        outputs = {
            "sequence_output": x,
            "pooled_output": self.pooled_dense(x[:, 0, :]),
        }
        super().__init__(inputs=inputs, outputs=outputs, dtype=dtype, **kwargs)

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.relative_attention_num_buckets = relative_attention_num_buckets
        self.layer_norm_epsilon = layer_norm_epsilon

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "dropout": self.dropout,
            "max_sequence_length": self.max_sequence_length,
            "relative_attention_num_buckets": (
                self.relative_attention_num_buckets
            ),
            "layer_norm_epsilon": self.layer_norm_epsilon,
        }
