"""Causal language models: prompts to texts."""

import contextlib

import keras_hub
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.kinds.endpoint import (
    Endpoint,
    by_name,
    token_specs,
)
from tfq_hybrid.serving.kinds.sampling import RequestSampler

# A value for each prompt, so that requests of many clients share a batch.
SPECS = (
    tf.TensorSpec([None], tf.string, name="prompt"),
    tf.TensorSpec([None], tf.int32, name="max_length"),
    tf.TensorSpec([None], tf.float32, name="temperature"),
    tf.TensorSpec([None], tf.int32, name="top_k"),
    tf.TensorSpec([None], tf.int32, name="seed"),
)


def accepts(model):
    """Whether a model is a causal language model of keras-hub."""
    return isinstance(model, keras_hub.models.CausalLM)


def endpoints(model, options):
    """The signatures of a causal language model.

        serve         prompt: string (batch,); max_length, top_k, seed: int32
                      (batch,); temperature: float32 (batch,)
                      -> text: string (batch,), the prompt with what follows
        serve_tokens  token_ids, padding_mask: int32 (batch, tokens)
                      -> logits: float32 (batch, tokens, vocabulary)

    `max_length` counts the tokens of prompt and answer together, at most the
    sequence length of the preprocessor. A `top_k` of 1, or a temperature of
    0, is greedy: the same text as the model's `generate()` with a greedy
    sampler. A `top_k` of 0 draws from the whole vocabulary. Every row has its
    own random numbers, which its seed alone decides: the text for a prompt
    does not depend on what else is in the batch.

    Args:
        model: a keras-hub causal language model. Without a preprocessor
            there is no `serve`.
        options: `Options`.

    Returns:
        A list of `Endpoint`.

    Raises:
        UserError: the tokenizer cannot be a part of a graph.
    """
    preprocessor = options.preprocessor or model.preprocessor

    def serve_tokens(tokens):
        logits = model(tokens, training=False)
        return {"logits": tf.cast(logits, tf.float32)}

    length = preprocessor.sequence_length if preprocessor else None
    specs = token_specs(model, length)
    result = [Endpoint("serve_tokens", by_name(specs, serve_tokens), specs)]
    if preprocessor is not None:
        serve = _text_function(model, preprocessor)
        result.insert(0, Endpoint("serve", serve, SPECS))
    return result


def _text_function(model, preprocessor):
    tokenizer = preprocessor.tokenizer
    if not isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        raise UserError(
            "Expected a byte-pair tokenizer, which detokenizes in a graph. "
            f"Received: {type(tokenizer).__name__}"
        )
    stops = [tokenizer.end_token_id]
    if hasattr(tokenizer, "end_token2_id"):  # as in keras-hub's generate()
        stops.append(tokenizer.end_token2_id)
    special = tf.constant(sorted(set(tokenizer.special_token_ids)))
    if not preprocessor.built:
        preprocessor.build(None)

    def serve(prompt, max_length, temperature, top_k, seed):
        longest = preprocessor.sequence_length
        max_length = tf.clip_by_value(max_length, 1, longest)
        tokens = preprocessor.generate_preprocess(
            prompt, sequence_length=longest
        )
        # No work for positions that no row asks for.
        longest = tf.reduce_max(max_length)
        inside = tf.sequence_mask(max_length, longest)
        tokens = {
            name: tf.cast(value[:, :longest], tf.int32)
            for name, value in tokens.items()
        }
        tokens["padding_mask"] *= tf.cast(inside, tf.int32)
        sampler = RequestSampler(max_length, temperature, top_k, seed)
        with _sampling_by(model, sampler):
            tokens = model.generate_step(
                {
                    "token_ids": tokens["token_ids"],
                    "padding_mask": tf.cast(tokens["padding_mask"], tf.bool),
                },
                stop_token_ids=stops,
            )
        ids = tokens["token_ids"]
        wanted = tf.cast(tokens["padding_mask"], tf.bool) & inside
        is_special = tf.reduce_any(ids[..., None] == special, axis=-1)
        kept = tf.ragged.boolean_mask(ids, wanted & ~is_special)
        return {"text": tokenizer.detokenize(kept)}

    return serve


@contextlib.contextmanager
def _sampling_by(model, sampler):
    """Gives a model another sampler for a while."""
    had = getattr(model, "sampler", None)
    model.sampler = sampler
    try:
        yield
    finally:
        model.sampler = had
