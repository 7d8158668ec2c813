"""A walk over a Keras config, before Keras sees it.

Every object that a config names is judged by what Keras would really choose;
see `classes`. What is inside is data: numbers, texts and lists of bounded
size. Nothing is built here.
"""

import math
import re

from tfq_hybrid.files.classes import (
    candidates,
    is_allowed_class,
    is_allowed_function,
    registered,
)

DEEPEST = 128  # objects, lists and dicts inside each other
LARGEST_INTEGER = 2**63 - 1
LONGEST_RANK = 32
DTYPES = re.compile(r"bool|u?int(4|8|16|32|64)|bfloat16|float(8_\w+|16|32|64)")
TEXTS = re.compile(rf"string|{DTYPES.pattern}")

# Keys under which Keras expects functions.
FUNCTION_KEYS = re.compile(r"activation|initializer|loss|metric|^fn$")
# Arguments that layers take for the path of a file to read, if a text.
PATH_KEYS = (
    "vocabulary",
    "merges",
    "proto",
    "idf_weights",
    "special_tokens",
    "language_tokens",
)


def check_config(config, custom_objects=None):
    """Raises unless a config names only what a model is made of.

    Args:
        config: parsed JSON, such as `config.json` of a `.keras` file.
        custom_objects: dict of a name and a class or function of the user's,
            which the config may name too. Defaults to none.

    Raises:
        ValueError: it names anything else, or holds what no saved model
            does; the message names it.

    Example:

    >>> layer = {"module": "keras.layers", "class_name": "Lambda", "config": {}}
    >>> check_config(layer)
    Traceback (most recent call last):
    ...
    ValueError: the config names Lambda, which is no part of a model that is \
safe to load
    """
    _Walk(custom_objects or {}).value(config, ())


class _Walk:
    """One walk. `keys` are those from the outside to what is looked at."""

    def __init__(self, custom_objects):
        self.custom_objects = custom_objects
        self.plain = set()  # texts that name nothing
        self.found = {}  # by the names of an object: what they may stand for

    def value(self, value, keys, depth=0):
        if depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} deep")
        if isinstance(value, dict):
            self._check_name(value.get("name"))
            if "class_name" in value:
                self._object(value, keys, depth)
                return
            self._inside(value, keys, depth)
        elif isinstance(value, list):
            for item in value:
                self.value(item, keys, depth + 1)
        elif isinstance(value, str):
            self._text(value, keys)
        elif type(value) is int and abs(value) > LARGEST_INTEGER:
            raise ValueError(f"{_path(keys)} is an integer of too many digits")

    def _inside(self, mapping, keys, depth):
        for key, inner in mapping.items():
            if key in PATH_KEYS and isinstance(inner, str) and inner:
                raise ValueError(
                    f"{key} is a text, which would be the path of a file"
                )
            self.value(inner, (*keys, key), depth + 1)

    def _text(self, text, keys):
        """A text is the name of an object wherever one is registered so."""
        if text in self.plain:
            return
        found = registered(text, self.custom_objects)
        if found is None:
            self.plain.add(text)
        else:
            self._judge([found], text, keys)

    def _check_name(self, name):
        """Keras keeps files in folders that are named for layers."""
        if isinstance(name, str) and (
            name in (".", "..") or re.search(r"[/\\\0]", name)
        ):
            raise ValueError(f"the name {name[:60]!r} leads out of the file")

    def _object(self, node, keys, depth):
        name = node["class_name"]
        if not isinstance(name, str):
            raise ValueError(f"class_name is {name!r}, not a text")
        if name.startswith("__"):
            self._special(name, node, keys, depth)
            return
        found = self._candidates(node)
        if name == "function":
            name = node.get("config")
        if "config" in node and not found:
            raise ValueError(
                f"the config names {str(name)[:60]}, which nothing here is "
                "registered as. Name classes of your own in custom_objects"
            )
        self._judge(found, name, keys)
        self._check_nodes(node.get("inbound_nodes"))
        named = ("class_name", "registered_name", "module")
        rest = {k: v for k, v in node.items() if k not in named}
        self._inside(rest, keys, depth)

    def _candidates(self, node):
        inner = node.get("config")
        names = (
            node["class_name"],
            node.get("registered_name"),
            node.get("module"),
            inner if isinstance(inner, str) else None,
        )
        if not all(isinstance(n, str) or n is None for n in names):
            raise ValueError(f"{str(names)[:60]} are no names")
        if names not in self.found:
            self.found[names] = candidates(node, self.custom_objects)
        return self.found[names]

    def _judge(self, found, name, keys):
        for each in found:
            if isinstance(each, type):
                allowed = is_allowed_class(each, self.custom_objects)
            else:
                allowed = is_allowed_function(each, self.custom_objects) and (
                    any(FUNCTION_KEYS.search(key) for key in keys)
                )
            if not allowed:
                raise ValueError(
                    f"the config names {str(name)[:60]}, which is no part of "
                    "a model that is safe to load"
                )

    def _check_nodes(self, nodes):
        """Where no argument is symbolic, Keras would call the layer at once."""
        for node in nodes or ():
            if isinstance(node, dict) and not _has_symbol(node):
                raise ValueError("a layer is called on constants alone")
            if not isinstance(node, dict):
                raise ValueError("a layer's calls are not those of Keras 3")

    def _special(self, name, node, keys, depth):
        config = node.get("config")
        if name == "__ellipsis__":
            return
        if not isinstance(config, dict):
            raise ValueError(f"the config of {name} is no object")
        if name == "__keras_tensor__":
            _check_shape(config.get("shape"))
            _check_dtype(config.get("dtype"), TEXTS)
        elif name in ("__tensor__", "__numpy__"):
            _check_numbers(config.get("value"), depth)
            _check_dtype(config.get("dtype"), DTYPES)
        elif name == "__slice__":
            self._inside(config, keys, depth)
        elif name != "__bytes__":
            raise ValueError(f"the config names {name[:60]}")


def _has_symbol(value, depth=0):
    if depth > DEEPEST:
        return False
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return True
        value = list(value.values())
    return isinstance(value, list) and any(
        _has_symbol(item, depth + 1) for item in value
    )


def _check_shape(shape):
    lengths = shape if isinstance(shape, list) else [-1]
    if len(lengths) > LONGEST_RANK or not all(
        n is None or (type(n) is int and 0 <= n < 2**31) for n in lengths
    ):
        raise ValueError(f"a tensor's shape is {str(shape)[:60]}")


def _check_dtype(dtype, pattern):
    if not isinstance(dtype, str) or not pattern.fullmatch(dtype):
        raise ValueError(f"a tensor's dtype is {str(dtype)[:60]}")


def _check_numbers(value, depth):
    if depth > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} deep")
    if isinstance(value, list):
        for item in value:
            _check_numbers(item, depth + 1)
    elif not isinstance(value, (int, float)) or (
        type(value) is int and abs(value) > LARGEST_INTEGER
    ):
        raise ValueError(f"a constant holds {str(value)[:60]!r}, no number")


def _path(keys):
    return ".".join(map(str, keys)) or "the config"


def numbers_in(shape):
    """How many numbers an array of a shape holds; 1 for an unknown length."""
    return math.prod(n or 1 for n in shape)
