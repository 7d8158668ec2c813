"""The tokenizer of a GGUF file, from its metadata."""

from typing import Any

import numpy as np

from tfq_hybrid.bases.chat_tokenizer import ChatTokenizer
from tfq_hybrid.bases.chats import chat_of
from tfq_hybrid.bases.gguf_file import GGUFFile
from tfq_hybrid.bases.splitting import ALIASES, RULES
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import reading

BYTE_PAIRS = "gpt2"
CONTROL, USER_DEFINED = 3, 4
# Rules whose texts begin with the start token unless a file says otherwise.
STARTED = ("llama-bpe",)
# What ends an answer, whichever of them a file calls its end token.
ENDS = ("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>")


def read_tokenizer(file: GGUFFile) -> ChatTokenizer:
    """The tokenizer that a file's metadata describe.

    Raises:
        UserError: it is of another kind than byte pairs, splits texts by an
            unknown rule, or is damaged.
    """
    said = _said(file)
    if said.get("model") != BYTE_PAIRS:
        kind = str(said.get("model"))[:60]
        raise file.refused(f"whose tokenizer is of the kind {kind!r}")
    rule = said.get("pre", "default")
    rule = ALIASES.get(rule, rule) if isinstance(rule, str) else None
    if rule not in RULES:
        names = ", ".join([*RULES, *ALIASES])
        raise file.refused(
            f"which splits texts by the rule {str(said['pre'])[:60]!r}, and "
            f"not by one of {names}"
        )
    with reading("a .gguf file with a whole vocabulary", file.path):
        words, merges = _texts(said, "tokens"), _texts(said, "merges")
        vocabulary = {word: number for number, word in enumerate(words)}
        if len(vocabulary) < len(words):
            raise ValueError("a token is there twice")
        control, user = _special(said, words)
        start, end, end2 = _named(said, words, control)
        template = said.get("chat_template")
        chat = None
        if isinstance(template, str):
            chat = chat_of(template, control)
        named = {start, end, end2}
        with calling_keras():
            return ChatTokenizer(
                vocabulary,
                merges,
                rule=rule,
                start_token=start,
                end_token=end,
                pad_token_id=_padding(said, words, control, named),
                end_token2=end2,
                control_tokens=[t for t in control if t not in named],
                user_tokens=[t for t in user if t not in named],
                adds_start=_adds_start(said, rule),
                chat=chat,
            )


def _said(file):
    """What the metadata say of the tokenizer, by the last parts of keys."""
    begin = "tokenizer.ggml."
    found = {
        key.removeprefix(begin): value
        for key, value in file.metadata.items()
        if key.startswith(begin)
    }
    template = file.metadata.get("tokenizer.chat_template")
    return {**found, "chat_template": template}


def _texts(said, key):
    found = said.get(key)
    if not isinstance(found, list) or not all(found):
        raise ValueError(f"its {key} are no texts")
    return found


def _special(said, words):
    """The tokens that control a model, and those that are never split."""
    types = said.get("token_type")
    if not isinstance(types, np.ndarray) or types.shape != (len(words),):
        raise ValueError("its tokens have no types, or not all of them")
    control, user = (
        [words[place] for place in np.flatnonzero(types == kind)]
        for kind in (CONTROL, USER_DEFINED)
    )
    for token in (*control, *user):
        if any(letter.isspace() for letter in token):
            raise ValueError(f"the special token {token[:60]!r} has a space")
    for token in user:
        if not (token.isascii() and token.isprintable()):
            raise ValueError(f"the token {token[:60]!r} is no ASCII text")
    return control, user


def _named(said, words, control):
    """The tokens that start and end texts, and another end or `None`."""
    end = _token(said, "eos", words)
    if end is None:
        raise ValueError("it has no end token")
    others = [_token(said, "eot", words), *(t for t in ENDS if t in control)]
    end2 = next((t for t in others if t not in (None, end)), None)
    return _token(said, "bos", words) or end, end, end2


def _padding(said, words, control, named):
    """The id of a token to pad with, none of those that are named.

    Files name an end token for it, which ends what is generated.
    """
    chosen = _token(said, "padding", words)
    others = (word for word in (*control, *words) if word not in named)
    return words.index(next(others) if chosen in {*named, None} else chosen)


def _token(said, key, words):
    number = said.get(f"{key}_token_id")
    if number is None:
        return None
    if type(number) is not int or not 0 <= number < len(words):
        raise ValueError(f"its {key} token is {str(number)[:60]}")
    return words[number]


def _adds_start(said: dict[str, Any], rule: str) -> bool:
    adds = said.get("add_bos_token", rule in STARTED)
    if not isinstance(adds, bool):
        raise ValueError("add_bos_token is neither true nor false")
    return adds and said.get("bos_token_id") is not None
