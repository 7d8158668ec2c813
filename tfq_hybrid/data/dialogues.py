"""How a dialogue is written for a language model, with its special tokens."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tfq_hybrid.errors import UserError

Turns = Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class ChatFormat:
    """What stands around the turns of a dialogue, as text.

    Special tokens are written by their names, which the tokenizer knows.

    Attributes:
        start: before the first turn.
        before: before a turn, by its role.
        after: after a turn, by its role. That of the assistant begins with
            the token that ends an answer, which is learned with it.

    Example:

    >>> chat = ChatFormat(
    ...     "", {"user": "<|user|>", "assistant": "<|assistant|>"},
    ...     {"user": "", "assistant": "<|end|>"},
    ... )
    >>> chat.prompt([("user", "Hi")])
    '<|user|>Hi<|assistant|>'
    """

    start: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    def prompt(self, turns: Turns) -> str:
        """The text that the assistant's next answer follows."""
        said = "".join(
            self.before[role] + content + self.after[role]
            for role, content in turns
        )
        return f"{self.start}{said}{self.before['assistant']}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dataclasses.asdict(self)


def encode_turns(
    dialogues: Sequence[Turns], tokenizer: Any
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The tokens of dialogues, and which of them are to be learned.

    What the assistant says is learned, and the token that ends it.

    Args:
        dialogues: pairs of a role and a content each.
        tokenizer: byte-pair tokenizer with a `chat`, a `ChatFormat`.

    Yields:
        For each dialogue an int32 array and a bool array of its length.

    Raises:
        UserError: the tokenizer has no `chat`.
    """
    chat = format_of(tokenizer)
    parts = _parts(chat, tokenizer)
    contents = iter(
        tokenizer.tokenize([said for turns in dialogues for _, said in turns])
    )
    for turns in dialogues:
        tokens = [*begin_tokens(tokenizer), *parts[chat.start]]
        learned = [False] * len(tokens)
        for role, _ in turns:
            content, after = list(next(contents)), parts[chat.after[role]]
            answer = role == "assistant"
            said = [*content, *after[:1]]
            rest = after[1:]
            before = parts[chat.before[role]]
            tokens += [*before, *said, *rest]
            learned += [False] * len(before) + [answer] * len(said)
            learned += [False] * len(rest)
        yield np.array(tokens, np.int32), np.array(learned)


def encode_prompt(turns: Turns, tokenizer: Any) -> list[int]:
    """The tokens that the assistant's next answer follows.

    Raises:
        UserError: the tokenizer has no `chat`.
    """
    chat = format_of(tokenizer)
    parts = _parts(chat, tokenizer)
    tokens = [*begin_tokens(tokenizer), *parts[chat.start]]
    for role, content in turns:
        tokens += parts[chat.before[role]]
        tokens += tokenizer.tokenize(content)
        tokens += parts[chat.after[role]]
    return [int(token) for token in [*tokens, *parts[chat.before["assistant"]]]]


def tokens_around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens before and after what a user says first.

    `encode_prompt` of that one turn gives them with its own between them.

    Raises:
        UserError: the tokenizer has no `chat`.
    """
    chat = format_of(tokenizer)
    parts = _parts(chat, tokenizer)
    before = [*parts[chat.start], *parts[chat.before["user"]]]
    after = [*parts[chat.after["user"]], *parts[chat.before["assistant"]]]
    return [*begin_tokens(tokenizer), *map(int, before)], [*map(int, after)]


def format_of(tokenizer: Any) -> ChatFormat:
    """How a tokenizer writes a dialogue.

    Raises:
        UserError: it knows no way.
    """
    chat = getattr(tokenizer, "chat", None)
    if chat is None:
        raise UserError(
            "Expected a tokenizer that knows how a dialogue is written, such "
            "as that of smollm2-135m, or of a model whose tokens were learned "
            f"here. Received: {type(tokenizer).__name__}; plain text can be "
            "read with it"
        )
    return chat


def begin_tokens(tokenizer: Any) -> list[int]:
    """What stands before every text: a start token, unless there is none.

    A tokenizer whose `adds_start` is false puts none there.
    """
    start = getattr(tokenizer, "start_token_id", None)
    adds = getattr(tokenizer, "adds_start", True)
    return [start] if adds and start is not None else []


def stop_tokens(tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the end token, and a second one if any.

    The second is `end_token2`, as in keras-hub's `generate`.
    """
    second = getattr(tokenizer, "end_token2_id", None)
    others = [] if second is None else [second]
    return [tokenizer.end_token_id, *others]


def _parts(chat, tokenizer):
    """The tokens of each text of the format."""
    texts = [chat.start, *chat.before.values(), *chat.after.values()]
    tokens = [
        list(part) if text else []
        for text, part in zip(texts, tokenizer.tokenize(texts), strict=True)
    ]
    return dict(zip(texts, tokens, strict=True))
