"""Tokenizers in the files of Hugging Face."""

import pathlib
from collections.abc import Callable
from typing import Any

import keras_hub

from tfq_hybrid.bases.chat_tokenizer import ChatTokenizer
from tfq_hybrid.bases.chats import template_of
from tfq_hybrid.bases.gpt_neo import GPTNeoTokenizer
from tfq_hybrid.bases.rules import written_rule
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import write_json


def writer_of(tokenizer: Any) -> Callable[[Any, pathlib.Path], None]:
    """What writes a tokenizer's files into a folder.

    Raises:
        UserError: it is of a class that cannot be written.
    """
    for kind, write in TOKENIZERS.items():
        if isinstance(tokenizer, kind):
            return write
    raise UserError(
        "Expected a tokenizer of word pieces, of GPT-Neo or of a chat model. "
        f"Received: {type(tokenizer).__name__}"
    )


def _write_word_pieces(tokenizer, folder):
    words = "\n".join(tokenizer.get_vocabulary())
    (folder / "vocab.txt").write_text(f"{words}\n", "utf-8")
    options = {
        "do_lower_case": getattr(tokenizer, "uncased", tokenizer.lowercase),
        "strip_accents": tokenizer.strip_accents,
    }
    write_json(folder / "tokenizer_config.json", options)


def _write_gpt_neo(tokenizer, folder):
    write_json(folder / "vocab.json", dict(tokenizer.vocabulary))
    lines = "\n".join(tokenizer.merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}\n", "utf-8")
    options = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": tokenizer.add_prefix_space,
    }
    write_json(folder / "tokenizer_config.json", options)


def _write_chat(tokenizer, folder):
    """A `tokenizer.json`, and the chat template that its format stands for."""
    control = {*tokenizer.special_tokens}
    added = [
        {
            "id": tokenizer.token_to_id(token),
            "content": token,
            "special": token in control,
            **dict.fromkeys(("lstrip", "rstrip", "single_word"), False),
            "normalized": False,
        }
        for token in dict.fromkeys([*control, *tokenizer.user_tokens])
    ]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "normalizer": None,
        "pre_tokenizer": written_rule(tokenizer.rule),
        "post_processor": None,
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "vocab": dict(tokenizer.vocabulary),
            "merges": list(tokenizer.merges),
        },
    }
    write_json(folder / "tokenizer.json", content)
    options = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokenizer.start_token,
        "eos_token": tokenizer.end_token,
        "pad_token": tokenizer.id_to_token(tokenizer.pad_token_id),
        "add_bos_token": tokenizer.adds_start,
    }
    if tokenizer.chat is not None:
        options["chat_template"] = template_of(tokenizer.chat)
    write_json(folder / "tokenizer_config.json", options)


TOKENIZERS: dict[type, Callable] = {
    ChatTokenizer: _write_chat,
    GPTNeoTokenizer: _write_gpt_neo,
    keras_hub.tokenizers.WordPieceTokenizer: _write_word_pieces,
}
