"""The rules of `splitting` as `tokenizer.json` files write them."""

import json
from typing import Any

from tfq_hybrid.bases.splitting import RULES, pre_tokenizer


def rule_of(content: Any) -> str:
    """The rule that a `tokenizer.json` splits by; see `splitting.RULES`.

    Raises:
        ValueError: it is none of them.
    """
    found = json.dumps(content, sort_keys=True)
    for rule in RULES:
        if found in (json.dumps(x, sort_keys=True) for x in _written(rule)):
            return rule
    raise ValueError("it splits texts by a rule that is not known here")


def _written(rule):
    """How a rule is written in files: as is usual first, where it is."""
    if rule in _USUAL:
        yield _USUAL[rule]
    yield json.loads(pre_tokenizer(rule).__getstate__())


def written_rule(rule: str) -> Any:
    """A rule as `tokenizer.json` has it."""
    return next(_written(rule))


def _byte_level(**options):
    return {"type": "ByteLevel", "trim_offsets": True, **options}


_GPT2 = {"add_prefix_space": False, "use_regex": True}
_LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# As GPT-2, SmolLM2 and Llama 3 have it in their own files.
_USUAL: dict[str, Any] = {
    "gpt-2": _byte_level(**_GPT2),
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            _byte_level(**_GPT2),
        ],
    },
    "llama-bpe": {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "Split",
                "pattern": {"Regex": _LLAMA3_PATTERN},
                "behavior": "Isolated",
                "invert": False,
            },
            _byte_level(add_prefix_space=False, use_regex=False),
        ],
    },
}
