"""Target specifications: roles, shorthands, paths and regular expressions."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfq_hybrid.adapters.families import ATTENTION_ROLES, FFN_ROLES, family_of
from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.target import Target

BLOCK_ROLES = ("ffn", "attention")
MOST_BLOCKS = 10_000
LONGEST_WORD = 200
# A regular expression may come from a file, and Python's take exponential time
# for a repeated group, and the length to their number for other repetitions.
MOST_REPETITIONS = 4


def resolve(
    model: "keras.Model",
    words: Sequence[str],
    layers: Sequence[int] | None = None,
    exclude: Sequence[str] = (),
    groups: Mapping[str, tuple[str, ...]] | None = None,
    strict: bool = True,
) -> "list[Target]":
    """Finds the targets that words stand for, in the order of the model.

    Args:
        model: the model.
        words: each is a shorthand (`"all-query"`), a role (`"query"`), a path
            or the end of one (`"feedforward_output_dense"`), or a regular
            expression that matches a whole path.
        layers: blocks, counted from 0, or from the last by negative numbers.
            `None`: all.
        exclude: words as above.
        groups: the roles that `"attention"` and `"ffn"` stand for, where not
            all Dense layers in them.
        strict: whether a word that matches nothing is an error.

    Raises:
        UserError: a word matches nothing; the nearest paths are named.
    """
    from tfq_hybrid.adapters.target import targets

    groups = {"attention": ATTENTION_ROLES, "ffn": FFN_ROLES, **(groups or {})}
    rows = targets(model)
    chosen = [row for row in rows if _in_layers(row, layers, rows)]
    unwanted = set()
    for word in exclude:
        unwanted |= set(_match(word, chosen, rows, groups, model, strict))
    found = set()
    for word in words:
        found |= set(_match(word, chosen, rows, groups, model, strict))
    return [row for row in rows if row in found - unwanted]


def _match(word, chosen, rows, groups, model, strict):
    role = word.removeprefix("all-")
    matches = _matches(word, chosen, groups)
    if matches or not strict:
        return matches
    from tfq_hybrid.adapters.target import body_of

    family = family_of(body_of(model))
    if family is not None and role in family.refused:
        raise UserError(
            f"Expected targets that {family.name} has. Received: "
            f"{word!r}, but {family.refused[role]}"
        )
    if _matches(word, rows, groups):
        raise UserError(
            f"Expected {word!r} to match something in the chosen layers. "
            "Received: layers without it"
        )
    names = {row.path for row in rows} | {row.role for row in rows}
    ends = {path.rpartition("/")[2]: path for path in sorted(names)}
    near = difflib.get_close_matches(word, [*names, *ends], n=3, cutoff=0.3)
    near = list(dict.fromkeys(ends.get(name, name) for name in near))
    raise UserError(
        f"Expected every target to match a layer. Received: {word!r}, which "
        f"matches none. The nearest are: {', '.join(near or sorted(names))}"
    )


def _matches(word, rows, groups):
    exact = [row for row in rows if row.path == word]
    if exact:
        return exact
    role = word.removeprefix("all-")
    if role in groups:
        return [row for row in rows if row.role in groups[role]]
    if any(row.role == role for row in rows):
        return [row for row in rows if row.role == role]
    single = [row for row in rows if row.role not in BLOCK_ROLES]
    ends = [row for row in single if row.path.endswith(f"/{word}")]
    if ends:
        return ends
    try:
        pattern = re.compile(word)
    except re.error:
        return []
    return [row for row in single if pattern.fullmatch(row.path)]


def _in_layers(row, layers, rows):
    if layers is None:
        return True
    count = 1 + max((r.block for r in rows if r.block is not None), default=-1)
    if not count:
        raise UserError(
            "Expected layers=None, as the model has no blocks of a known "
            f"family. Received: layers={list(layers)}"
        )
    for index in layers:
        check_integer("layers", index, minimum=-count, maximum=count - 1)
    return row.block in {index % count for index in layers}


def check_blocks(found: "list[Target]", block: int, side: int) -> None:
    """Raises `UserError` where a block does not divide a target's features.

    Args:
        found: targets.
        block: features.
        side: 0 for the inputs, 1 for the outputs.
    """
    for target in found:
        features = target.sizes[side]
        if features % block:
            fits = [n for n in range(2, features + 1) if not features % n]
            near = min(fits, key=lambda n: abs(n - block), default=features)
            raise UserError(
                f"Expected blocks that divide the {features} features of "
                f"{target.path}, such as {near}. Received: {block}"
            )


def as_layers(layers: Any) -> tuple[int, ...] | None:
    """Reads layer indices: an int, a range, a list, or `"0,8-11"`.

    `None` stands for all layers.

    >>> as_layers("0,8-11"), as_layers(range(2)), as_layers(-1)
    ((0, 8, 9, 10, 11), (0, 1), (-1,))
    """
    if layers is None:
        return None
    if isinstance(layers, int) and not isinstance(layers, bool):
        return (layers,)
    if isinstance(layers, str):
        found: list[int] = []
        for part in layers.replace(" ", "").split(","):
            match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
            if match is None:
                raise _layers_error(layers)
            first, last = int(match[1]), int(match[2] or match[1])
            if last > MOST_BLOCKS:
                raise UserError(
                    f"Expected layers of at most {MOST_BLOCKS:,}. Received: "
                    f"layers={layers!r}"
                )
            if first > last:
                raise UserError(
                    "Expected a range of layers to go up, such as '8-11'. "
                    f"Received: layers={layers!r}"
                )
            found += range(first, last + 1)
        layers = found
    is_sequence = isinstance(layers, (list, tuple, range))
    if not is_sequence or not layers:
        raise _layers_error(layers)
    if not all(type(index) is int for index in layers):
        raise _layers_error(layers)
    return tuple(layers)


def _layers_error(layers: object) -> UserError:
    return UserError(
        "Expected layers as an int, a range, a list of ints or a text such "
        f"as '0,8-11'. Received: layers={layers!r}"
    )


def as_words(argument: str, words: Any) -> tuple[str, ...]:
    """One word or a sequence of them, as a tuple of str."""
    words = (words,) if isinstance(words, str) else words
    is_sequence = isinstance(words, (list, tuple))
    if not is_sequence or not all(isinstance(word, str) for word in words):
        raise UserError(
            f"Expected {argument} as a word or a list of words. Received: "
            f"{argument}={words!r}"
        )
    for word in words:
        check_word(argument, word)
    return tuple(words)


def check_word(argument: str, word: str) -> None:
    """Raises `UserError` for what would take for ever to be matched."""
    plain = re.sub(r"\\.|\[[^]]*\]", "x", word)  # without escapes and sets
    if (
        len(word) > LONGEST_WORD
        or re.search(r"\)[*+{]", plain)
        or len(re.findall(r"[*+{]", plain)) > MOST_REPETITIONS
    ):
        raise UserError(
            f"Expected {argument} of at most {LONGEST_WORD} characters, "
            f"{MOST_REPETITIONS} repetitions and no repeated group. Received: "
            f"{word!r}"
        )
