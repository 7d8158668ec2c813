"""YAML as plain data: mappings, lists, texts, numbers, `true`, `false`, `null`.

The types are those of the core schema of YAML 1.2, as in JSON: `no` and `on`
are texts, `1e-3` is a number. No tag builds an object, and no anchor makes a
small file large.
"""

import os
import re
from typing import Any

import yaml

from tfq_hybrid.reading import read_text, reading, reason_of

LARGEST_YAML = 2**17  # bytes: 128 KiB, which PyYAML reads in a second or two
DEEPEST = 100

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")


def read_yaml(
    path: str | os.PathLike[str], expected: str = "YAML"
) -> dict[str, Any]:
    """The content of a YAML file, in plain JSON types.

    Raises:
        UserError: it cannot be read, is too large, is no mapping, repeats a
            key, has a tag, an anchor or an alias; the message has the line.
    """
    text = read_text(path, LARGEST_YAML, expected)
    with reading(expected, path):
        return parse_yaml(text)


def parse_yaml(text: str) -> dict[str, Any]:
    """What a YAML text stands for: one document that is a mapping.

    Raises:
        ValueError: see `read_yaml`.

    Example:

    >>> parse_yaml("depth: 2\\nrate: 1e-3\\nencoding: no\\nansatz: [ry, cnot]")
    {'depth': 2, 'rate': 0.001, 'encoding': 'no', 'ansatz': ['ry', 'cnot']}
    >>> parse_yaml("depth: 2\\ndepth: 3")
    Traceback (most recent call last):
    ...
    ValueError: line 2: the key 'depth' is there twice
    """
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        marks = ("problem_mark", "context_mark")
        found = filter(None, (getattr(error, mark, None) for mark in marks))
        where = next((f"line {mark.line + 1}: " for mark in found), "")
        problem = getattr(error, "problem", None) or reason_of(error)
        raise ValueError(f"{where}{problem}") from error
    content = _value(node)
    if not isinstance(content, dict):
        raise ValueError("not a mapping")
    return content


def _check_events(text):
    loader = yaml.SafeLoader(text)
    try:
        depth = 0
        while not loader.check_event(yaml.StreamEndEvent):
            event = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            _check_event(event, depth)
    finally:
        loader.dispose()


def _check_event(event, depth):
    """Before anything is composed, which takes time and memory."""
    line = event.start_mark.line + 1
    if depth > DEEPEST:
        raise ValueError(f"line {line}: nested more than {DEEPEST} deep")
    if getattr(event, "anchor", None) is not None:
        raise ValueError(f"line {line}: anchors and aliases are not read")
    if getattr(event, "tag", None) is not None:
        raise ValueError(f"line {line}: the tag {event.tag!r} is not read")


def _value(node):
    if isinstance(node, yaml.MappingNode):
        found = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ValueError(f"line {line}: a key is no text")
            if key_node.value in found:
                raise ValueError(
                    f"line {line}: the key {key_node.value[:60]!r} is there "
                    "twice"
                )
            found[key_node.value] = _value(value_node)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if node is None or node.style is not None:  # quoted, or a block: a text
        return None if node is None else node.value
    return _plain(node)


def _plain(node):
    text = node.value
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if abs(value) == float("inf"):
            line = node.start_mark.line + 1
            raise ValueError(f"line {line}: {text[:40]} is not finite")
        return value
    return text
