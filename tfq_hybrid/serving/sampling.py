"""Generation as a graph: prompts to texts, with sampling set per row."""

import contextlib
from collections.abc import Callable

import keras_hub
import tensorflow as tf

from tfq_hybrid.data import stop_tokens, tokens_around
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
        # `map_fn` needs a row.
        tf.concat([seeds, [0]], axis=0),
        fn_output_signature=tf.TensorSpec([None], tf.float32),
    )[:-1]


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
PROMPT = tf.TensorSpec([None], tf.string, name="prompt")
SPECS = (
    PROMPT,
    tf.TensorSpec([None], tf.int32, name="max_length"),
    tf.TensorSpec([None], tf.float32, name="temperature"),
    tf.TensorSpec([None], tf.int32, name="top_k"),
    tf.TensorSpec([None], tf.int32, name="seed"),
)


def text_function(
    model: keras_hub.models.CausalLM,
    preprocessor: keras_hub.models.CausalLMPreprocessor,
    is_dialogue: bool = False,
) -> Callable[..., dict]:
    """The function of `SPECS` that completes prompts, or answers them.

    Args:
        model: Whose tokens these are.
        preprocessor: Of a byte-pair tokenizer.
        is_dialogue: Whether the prompt is put into the tokenizer's chat
            format, and the answer alone is the text. Defaults to `False`.

    Raises:
        UserError: the tokenizer cannot be a part of a graph, or has no chat
            format that leaves room for a prompt.
    """
    tokenizer = preprocessor.tokenizer
    if not isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        raise UserError(
            "Expected a byte-pair tokenizer, which detokenizes in a graph. "
            f"Received: {type(tokenizer).__name__}"
        )
    stops = stop_tokens(tokenizer)
    special = tf.constant(sorted(set(tokenizer.special_token_ids)))
    # Outside of a graph, keras-hub would pad the rows of texts.
    show = tf.function(tokenizer.detokenize, autograph=False)
    encode, around = _plain(preprocessor), 0
    if is_dialogue:
        encode, around = _in_chat_format(preprocessor)

    def serve(prompt, max_length, temperature, top_k, seed):
        longest = preprocessor.sequence_length
        max_length = tf.clip_by_value(max_length, 1, longest - around) + around
        tokens = encode(prompt)
        given = tf.cast(tokens["padding_mask"], tf.bool)
        # No work for positions that no row asks for. There may be no row.
        longest = tf.maximum(tf.reduce_max(max_length), 1)
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
        if is_dialogue:
            wanted &= ~given[:, :longest]
        kept = tf.ragged.boolean_mask(ids, wanted & ~is_special)
        return {"text": show(kept)}

    return serve


def room_for_prompts(
    preprocessor: keras_hub.models.CausalLMPreprocessor,
) -> int:
    """The most tokens of a prompt that leave room for an answer to it.

    Raises:
        UserError: the tokenizer has no chat format, or that leaves no room.
    """
    length = preprocessor.sequence_length
    around = sum(map(len, tokens_around(preprocessor.tokenizer)))
    if length < around + 2:
        raise UserError(
            f"Expected a sequence_length of {around + 2} tokens or more: the "
            f"chat format itself takes {around}. Received: "
            f"sequence_length={length}"
        )
    return length - around - 1


def _plain(preprocessor):
    """From prompts to the tokens that a text begins with, at least one."""
    start = getattr(preprocessor.tokenizer, "start_token_id", None)
    if not preprocessor.built:
        preprocessor.build(None)

    def encode(prompt):
        length = preprocessor.sequence_length
        found = preprocessor.generate_preprocess(prompt, sequence_length=length)
        found = {k: tf.cast(v, tf.int32) for k, v in found.items()}
        if start is None:
            return found
        # An empty prompt, where the tokenizer's texts have no start token.
        is_first = tf.range(length) == 0
        is_empty = tf.reduce_sum(found["padding_mask"], 1, keepdims=True) == 0
        added = is_empty & is_first[None, :]
        return {
            "token_ids": tf.where(added, start, found["token_ids"]),
            "padding_mask": tf.where(added, 1, found["padding_mask"]),
        }

    return encode


def _in_chat_format(preprocessor):
    """The same in the format of dialogues, and how many tokens that adds."""
    tokenizer = preprocessor.tokenizer
    length = preprocessor.sequence_length
    before, after = tokens_around(tokenizer)
    room = room_for_prompts(preprocessor)
    message = f"Expected prompts of at most {room} tokens. Received:"

    @tf.function(input_signature=[PROMPT], autograph=False)
    def encode(prompt):
        said = tf.cast(tokenizer.tokenize(prompt), tf.int32)
        count = tf.reduce_max(said.row_lengths())
        check = tf.debugging.Assert(count <= room, [message, count])
        with tf.control_dependencies([check]):
            rows = tf.shape(prompt)[0]
            begin, end = (
                tf.tile(tf.constant([part], tf.int32), [rows, 1])
                for part in (before, after)
            )
        found = tf.concat([begin, said, end], axis=1)
        mask = tf.sequence_mask(found.row_lengths(), length, tf.int32)
        tokens = found.to_tensor(tokenizer.pad_token_id, shape=[None, length])
        return {"token_ids": tokens, "padding_mask": mask}

    return encode, len(before) + len(after)


@contextlib.contextmanager
def _sampling_by(model, sampler):
    """Gives a model another sampler for a while."""
    had = getattr(model, "sampler", None)
    model.sampler = sampler
    try:
        yield
    finally:
        model.sampler = had
