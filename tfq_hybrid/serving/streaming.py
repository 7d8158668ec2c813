"""Text from a language model, token by token."""

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import keras_hub
import numpy as np
import tensorflow as tf

from tfq_hybrid.data import (
    begin_tokens,
    encode_prompt,
    stop_tokens,
    token_bytes,
)
from tfq_hybrid.errors import UserError, check_integer, is_number


class Piece(NamedTuple):
    """What one step of a generation gives.

    Args:
        token: Its id; `None` for what is left at the end.
        text: What can be shown now: empty while the bytes of a letter are not
            complete.
    """

    token: int | None
    text: str


class TextStream:
    """Continues prompts, a token at a time, with a cache of the past.

    With a greedy sampler the tokens are those of the model's `generate`.

    Args:
        model: One with a byte-pair tokenizer.
        format: `"plain"`: the text goes on after the prompt; or
            `"dialogue"`: the assistant answers it.
        jit_compile: Whether XLA compiles the steps: a later start for faster
            steps.

    Example:

    >>> from tfq_hybrid.training.systems import SYSTEMS, Setting
    >>> system = SYSTEMS["hyqut"]
    >>> options = system.options(size="tiny", circuit="qffn")
    >>> model = system.build(options, None, Setting(["h i"], 8, 1))
    >>> stream = TextStream(model)
    >>> sampler = make_sampler(greedy=True)
    >>> len(list(stream("hi", max_new_tokens=3, sampler=sampler))) <= 4
    True
    """

    def __init__(
        self,
        model: keras_hub.models.CausalLM,
        format: str = "plain",
        jit_compile: bool = False,
    ):
        self.model = model
        self.format = format
        self.tokenizer = model.preprocessor.tokenizer
        self._prefill = tf.function(_build_cache, jit_compile=jit_compile)
        self._step = tf.function(_next_token, jit_compile=jit_compile)

    def encode(self, prompt: str) -> list[int]:
        """The tokens that the model sees of a prompt."""
        tokenizer = self.tokenizer
        if self.format == "dialogue":
            return encode_prompt([("user", prompt)], tokenizer)
        tokens = [int(token) for token in tokenizer.tokenize(prompt)]
        begin = begin_tokens(tokenizer)
        if tokens[:1] != begin:  # once, where the prompt has it already
            tokens = [*begin, *tokens]
        return tokens or [tokenizer.start_token_id]

    def __call__(
        self,
        prompt: str,
        max_new_tokens: int | None = None,
        sampler: keras_hub.samplers.Sampler | None = None,
    ) -> Iterator[Piece]:
        """Goes on after a prompt, to the length that the model was trained on.

        The token that ends a text is not among the pieces; see `pieces_of`.
        The sampler defaults to `make_sampler()`.

        Raises:
            UserError: the prompt is no Unicode text, or is too long.
        """
        tokens = self.encode(check_prompt(prompt))
        length = self._length(len(tokens), max_new_tokens)
        sampler = sampler or make_sampler()
        if getattr(sampler, "k", None) is not None:
            size = self.tokenizer.vocabulary_size()
            check_integer("top_k", sampler.k, 1, size)
        padded = np.zeros((1, length), "int32")
        padded[0, : len(tokens)] = tokens
        cache = self._prefill(self.model, tf.constant(padded))
        new = self._tokens(tokens, cache, length, sampler)
        return pieces_of(new, self.tokenizer)

    def _length(self, given, wanted):
        """Tokens in all: those of the prompt and the new ones."""
        longest = self.model.preprocessor.sequence_length
        if given >= longest:
            raise UserError(
                f"Expected a prompt of fewer than {longest} tokens, the "
                f"length that the model was trained with. Received: {given}"
            )
        if wanted is None:
            return longest
        check_integer("max_new_tokens", wanted, 1, longest - given)
        return given + wanted

    def _tokens(self, tokens, cache, length, sampler):
        last = tf.constant([[tokens[-1]]], tf.int32)
        stops = stop_tokens(self.tokenizer)
        for index in range(len(tokens) - 1, length - 1):
            last, cache = self._step(
                self.model, sampler, last, cache, tf.constant(index)
            )
            token = int(last[0, 0])
            if token in stops:
                return
            yield token


def pieces_of(
    tokens: Iterable[int], tokenizer: keras_hub.tokenizers.BytePairTokenizer
) -> Iterator[Piece]:
    """What can be shown after each token: whole letters.

    The last piece may have no token: bytes at the end that make no letter.

    Example:

    >>> from tfq_hybrid.models import HyQuTTokenizer
    >>> tokenizer = HyQuTTokenizer.from_merges(["h i"])
    >>> tokens = tokenizer.tokenize("aé")
    >>> [piece.text for piece in pieces_of(tokens, tokenizer)]
    ['a', '', 'é']
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    special = set(tokenizer.special_token_ids)
    for token in tokens:
        text = ""
        if token not in special:
            content = token_bytes(tokenizer.id_to_token(token))
            text = decoder.decode(content)
        yield Piece(token, text)
    rest = decoder.decode(b"", final=True)
    if rest:
        yield Piece(None, rest)


def _build_cache(model, token_ids):
    """The cache after a prompt. What is private of keras-hub is here."""
    _, cache = model._build_cache(token_ids)
    return cache


def _next_token(model, sampler, last, cache, index):
    """The next token, of shape (1, 1), and the cache after the last one."""
    logits, _, cache = model.call_with_cache(last, cache, index)
    probabilities = sampler.compute_probabilities(logits[:, 0])
    token = sampler.get_next_token(probabilities)
    return tf.cast(token, tf.int32)[:, None], cache


def make_sampler(
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    greedy: bool = False,
    seed: int | None = None,
) -> keras_hub.samplers.Sampler:
    """A sampler from the usual arguments.

    Args:
        temperature: Above 0. Below 1 likely tokens become likelier.
        top_k: Only the `top_k` likeliest tokens.
        top_p: Only the likeliest tokens that together have this probability.
        greedy: Always the likeliest token; excludes the others.
        seed: Without it the text is another at every call.

    Raises:
        UserError: an argument is out of its range, or has no effect.

    Example:

    >>> type(make_sampler(top_k=5)).__name__
    'TopKSampler'
    """
    samplers = keras_hub.samplers
    if not is_number(temperature) or temperature <= 0:
        raise UserError(
            "Expected temperature to be a number above 0. Received: "
            f"temperature={temperature!r}"
        )
    if top_k is not None:
        check_integer("top_k", top_k, 1)
    if seed is not None:
        check_integer("seed", seed, 0)
    if top_p is not None and not (is_number(top_p) and 0 < top_p <= 1):
        raise UserError(
            "Expected top_p to be a number above 0 and at most 1. Received: "
            f"top_p={top_p!r}"
        )
    if greedy:
        if temperature != 1.0 or top_k is not None or top_p is not None:
            raise UserError(
                "Expected no temperature, top_k or top_p with greedy, where "
                "they have no effect. Received: greedy=True and one of them"
            )
        return samplers.GreedySampler()
    options = {"temperature": temperature, "seed": seed}
    if top_p is not None:
        return samplers.TopPSampler(p=top_p, k=top_k, **options)
    if top_k is not None:
        return samplers.TopKSampler(k=top_k, **options)
    return samplers.RandomSampler(**options)


def check_prompt(prompt: str) -> str:
    """The prompt, or `UserError` where it is no Unicode text."""
    error = UserError(f"Expected UTF-8 text. Received: {prompt!a}")
    if not isinstance(prompt, str):
        raise error
    try:
        prompt.encode("utf-8")
    except UnicodeEncodeError as cause:
        raise error from cause
    return prompt
