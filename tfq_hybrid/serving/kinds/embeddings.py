"""Backbones: strings to vectors."""

import keras_hub
import tensorflow as tf

from tfq_hybrid.serving.kinds.endpoint import (
    TEXT,
    Endpoint,
    by_name,
    token_specs,
)


def accepts(model):
    """Whether a model is a backbone of keras-hub."""
    return isinstance(model, keras_hub.models.Backbone)


def endpoints(model, options):
    """The signatures of a backbone.

        serve         text: string (batch,)
                      -> embedding: float32 (batch, width)
        serve_tokens  token_ids, padding_mask, …: int32 (batch, tokens)
                      -> embedding, hidden_states: (batch, tokens, width)

    The embedding of a text is the mean of the last hidden states over its
    tokens, padding left out, as sentence-transformers' models pool them. It
    is not normalised.

    Args:
        model: a keras-hub backbone of tokens.
        options: `Options`, whose preprocessor makes its tokens. Without one
            there is no `serve`.

    Returns:
        A list of `Endpoint`.
    """
    preprocessor = options.preprocessor

    def states(tokens):
        outputs = model(tokens, training=False)
        if isinstance(outputs, dict):  # BERT also gives a pooled output
            outputs = outputs["sequence_output"]
        return tf.cast(outputs, tf.float32)

    def serve(text):
        tokens = _tokens(preprocessor, text)
        return {"embedding": _mean(states(tokens), tokens["padding_mask"])}

    def serve_tokens(tokens):
        hidden = states(tokens)
        mean = _mean(hidden, tokens["padding_mask"])
        return {"embedding": mean, "hidden_states": hidden}

    length = preprocessor.sequence_length if preprocessor else None
    specs = token_specs(model, length)
    result = [Endpoint("serve_tokens", by_name(specs, serve_tokens), specs)]
    if preprocessor is not None:
        result.insert(0, Endpoint("serve", serve, (TEXT,)))
    return result


def _tokens(preprocessor, text):
    """The tokens of texts alone, without what a training would predict."""
    if hasattr(preprocessor, "generate_preprocess"):
        return preprocessor.generate_preprocess(
            text, sequence_length=preprocessor.sequence_length
        )
    return preprocessor(text)


def _mean(states, padding_mask):
    """The mean over tokens that are no padding; zeros where there are none."""
    weights = tf.cast(padding_mask, states.dtype)
    total = tf.einsum("btd,bt->bd", states, weights)
    count = tf.reduce_sum(weights, axis=1, keepdims=True)
    return tf.math.divide_no_nan(total, count)
