"""Generation as a graph: prompts to texts, with sampling set per row."""

import contextlib
from collections.abc import Callable

import keras_hub
import tensorflow as tf

from tfq_hybrid.data import stop_tokens
from tfq_hybrid.errors import UserError


class RequestSampler(keras_hub.samplers.Sampler):
    """Top-k sampling with a temperature, from tensors of shape (batch,).

    Each row draws one number from 0 to 1 a step, decided by its seed and the
    step alone, and inverts the cumulative distribution of its tokens in
    descending order of probability. So a row's tokens do not depend on the
    batch that it is in.

    Args:
        max_length: Tokens of prompt and answer together.
        temperature: 0 or less takes the likeliest token.
        top_k: 0 or less stands for the whole vocabulary.
        seed: Of the random numbers.
    """

    def __init__(
        self,
        max_length: tf.Tensor,
        temperature: tf.Tensor,
        top_k: tf.Tensor,
        seed: tf.Tensor,
    ):
        super().__init__()
        self._max_length = max_length
        self._temperature = temperature
        self._top_k = top_k
        self._seed = seed

    def __call__(
        self,
        next,
        prompt,
        cache=None,
        index=0,
        mask=None,
        stop_token_ids=None,
        hidden_states=None,
        model=None,
    ):
        """Fills the prompt. The arguments are those of keras-hub's samplers."""
        length = tf.shape(prompt)[1]
        mask = tf.cast(mask, tf.bool)
        draws = _uniform_rows(self._seed, length)
        stops = tf.constant(stop_token_ids, prompt.dtype)
        positions = tf.range(length)

        def is_open(prompt, cache, index):
            ends = tf.reduce_any(prompt[..., None] == stops, axis=-1) & ~mask
            ended = tf.reduce_any(ends & (positions < index), axis=1)
            ended |= self._max_length <= index
            return (index < length) & ~tf.reduce_all(ended)

        def step(prompt, cache, index):
            logits, _, cache = next(prompt, cache, index)
            token = pick_tokens(
                tf.cast(logits, tf.float32),
                tf.gather(draws, index, axis=1),
                self._temperature,
                self._top_k,
            )
            token = tf.where(mask[:, index], prompt[:, index], token)
            here = tf.one_hot(index, length, True, False, dtype=tf.bool)
            prompt = tf.where(here[None, :], token[:, None], prompt)
            return prompt, cache, index + 1

        prompt, _, _ = tf.while_loop(
            is_open, step, (prompt, cache, tf.cast(index, tf.int32))
        )
        return prompt


def _uniform_rows(seeds, length):
    """Numbers from 0 to 1 of shape (rows, length), each row by its seed."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform([length], tf.stack([seed, 0])),
        seeds,
        fn_output_signature=tf.TensorSpec([None], tf.float32),
    )


def pick_tokens(
    logits: tf.Tensor,
    draws: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor,
) -> tf.Tensor:
    """One token a row, of logits of shape (rows, vocabulary).

    The others have the shape (rows,); a draw is a number from 0 to 1.

    Example:

    >>> logits = tf.math.log([[0.5, 0.2, 0.3]] * 3)
    >>> draws = tf.constant([0.49, 0.51, 0.99])
    >>> pick_tokens(logits, draws, tf.ones(3), tf.zeros(3, tf.int32)).numpy()
    array([0, 2, 1], dtype=int32)
    """
    vocabulary = tf.shape(logits)[1]
    greedy = temperature <= 0
    top_k = tf.where(top_k <= 0, vocabulary, tf.minimum(top_k, vocabulary))
    top_k = tf.where(greedy, 1, top_k)
    values, tokens = tf.math.top_k(logits, tf.reduce_max(top_k))
    scale = tf.where(greedy, tf.ones_like(temperature), temperature)
    outside = tf.range(tf.shape(values)[1])[None, :] >= top_k[:, None]
    values = tf.where(outside, logits.dtype.min, values / scale[:, None])
    cumulative = tf.cumsum(tf.nn.softmax(values), axis=1)
    place = tf.reduce_sum(
        tf.cast(cumulative <= draws[:, None], tf.int32), axis=1
    )
    # Rounding can leave the last sum below the number drawn.
    place = tf.minimum(place, top_k - 1)
    return tf.gather(tokens, place, axis=1, batch_dims=1)


# A value for each prompt, so that requests of many clients share a batch.
SPECS = (
    tf.TensorSpec([None], tf.string, name="prompt"),
    tf.TensorSpec([None], tf.int32, name="max_length"),
    tf.TensorSpec([None], tf.float32, name="temperature"),
    tf.TensorSpec([None], tf.int32, name="top_k"),
    tf.TensorSpec([None], tf.int32, name="seed"),
)


def text_function(
    model: keras_hub.models.CausalLM,
    preprocessor: keras_hub.models.CausalLMPreprocessor,
) -> Callable[..., dict]:
    """The function of `SPECS` that completes prompts.

    Raises:
        UserError: the tokenizer cannot be a part of a graph.
    """
    tokenizer = preprocessor.tokenizer
    if not isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        raise UserError(
            "Expected a byte-pair tokenizer, which detokenizes in a graph. "
            f"Received: {type(tokenizer).__name__}"
        )
    stops = stop_tokens(tokenizer)
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
