"""Check a Keras config before Keras deserializes it.

Every object that a config names is judged by what Keras would really choose;
see `classes`. What is inside is data: numbers, texts and lists of bounded
size. Nothing is built here.
"""

import re

from tfq_hybrid.files.classes import (
    Objects,
    candidates,
    is_allowed_class,
    is_allowed_function,
    is_of_others,
    registered,
)

DEEPEST = 128  # objects, lists and dicts inside each other
DEEPEST_OBJECT = 16  # objects inside each other; some take twice as long each
LARGEST_INTEGER = 2**63 - 1
# Keras makes lists and tables of such lengths before it makes a variable.
LARGEST_SIZE = 2**22
LARGEST_COUNT = 2**16
LARGEST_WINDOW = 64
SMALL = 64  # an integer that is no size to look at, under any key
LONGEST_LIST = 4096  # numbers
LONGEST_NAME = 256
LONGEST_TEXTS = 2**24  # characters, each as long as the longest
MOST_VALUES = 200_000
MOST_ARGUMENTS = 50_000  # for each of these Keras takes up to 0.1 ms
LONGEST_RANK = 32
DTYPES = re.compile(r"bool|u?int(4|8|16|32|64)|bfloat16|float(8_\w+|16|32|64)")
TEXTS = re.compile(rf"string|{DTYPES.pattern}")

# Keys under which Keras expects functions.
FUNCTION_KEYS = re.compile(r"activation|initializer|loss|metric|^fn$")
# Integers that are no sizes, and lists of numbers that are data.
PLAIN_KEYS = re.compile(
    r"_ids?$|fill|freq|(learning|sampling)_rate|max$|min$|period|scale$|seed"
    r"|steps|theta|values?$|wavelength"
)
# Integers that loops in Python count to.
COUNT_KEYS = re.compile(
    r"blocks|chains|depth|iterations|layers|ngrams|num_oov|num_ops|repeat"
    r"|thresholds"
)
# Of these, tables have the fourth power.
WINDOW_KEYS = re.compile(r"^window_size$")
DATA_KEYS = re.compile(
    r"boundaries|idf_weights|mean|thresholds|variance|vocabulary"
)
# What is in there, Keras looks through item by item.
ARGUMENT_KEYS = {"inbound_nodes", "compile_config", "value"}
# A key with more is compared in a time that grows as a power of its length.
PATTERN = re.compile(r"[^()\[\]{}*+?|\\]*([.][*+])?[^()\[\]{}*+?|\\]*")
# Names of folders that are elsewhere.
OUTWARDS = re.compile(r"^\.{1,2}\Z|[/\\\0]")
NAMES = ("class_name", "registered_name", "module")  # of an object
# Arguments that layers take for the path of a file to read, if a text.
PATH_KEYS = (
    "vocabulary",
    "merges",
    "proto",
    "idf_weights",
    "special_tokens",
    "language_tokens",
)


class UnknownClassError(ValueError):
    """A config names a class that is not registered, or that of others.

    `custom_objects` may vouch for it.
    """


def check_config(config: object, custom_objects: Objects = None) -> None:
    """Checks that a config names only the parts of a model.

    The config is parsed JSON, such as `config.json` of a `.keras` file.

    Raises:
        UnknownClassError: it names what nothing is registered as, or a class
            of another package.
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

    def __init__(self, custom_objects: Objects):
        self.custom_objects = custom_objects
        self.plain: set[str] = set()  # texts that name nothing
        self.found: dict[tuple, list] = {}  # what names may stand for
        self.judged: set[int] = set()  # the classes that are allowed, by `id`
        self.values = 0  # how many were walked over
        self.arguments = 0  # and how many of them Keras looks through
        self.objects = 0  # how many the walk is inside of

    def value(self, value, keys, depth=0):
        if depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} deep")
        self.values += 1
        if not ARGUMENT_KEYS.isdisjoint(keys):
            self.arguments += 1
        if self.values > MOST_VALUES or self.arguments > MOST_ARGUMENTS:
            raise ValueError(f"{_path(keys)} has too many values")
        kind = type(value)  # of what JSON has
        if kind is str:
            if value not in self.plain:
                self._text(value, keys)
        elif kind is dict:
            if "name" in value:
                _check_name(value["name"])
            if "class_name" in value:
                self._object(value, keys, depth)
            else:
                self._inside(value, keys, depth)
        elif kind is list:
            self._list(value, keys, depth)
        elif kind is int and not -SMALL <= value <= SMALL:
            _check_integer(value, keys)

    def _list(self, items, keys, depth):
        is_data = (
            bool(keys)
            and DATA_KEYS.search(keys[-1])
            and not ARGUMENT_KEYS.intersection(keys)
        )
        kinds = {type(item) for item in items}
        if kinds <= {str, type(None)} and is_data:
            for item in items:
                if item is not None:
                    self._text(item, keys)
        elif kinds <= {int, float} and is_data:
            _check_numbers(items, depth)
        elif kinds <= {int, float, bool, type(None)} and (
            len(items) > LONGEST_LIST
        ):
            raise ValueError(
                f"{_path(keys)} has more than {LONGEST_LIST:,} numbers"
            )
        else:
            for item in items:
                self.value(item, keys, depth + 1)
        if str in kinds:
            longest = max(len(item) for item in items if type(item) is str)
            if longest * len(items) > max(LONGEST_TEXTS, 256 * len(items)):
                raise ValueError(f"a text in {_path(keys)} is too long")

    def _inside(self, mapping, keys, depth):
        if keys and keys[-1] == "policy_map":
            _check_patterns(mapping)
        for key, inner in mapping.items():
            if key in PATH_KEYS and isinstance(inner, str) and inner:
                raise ValueError(
                    f"{key} is a text, which would be the path of a file"
                )
            if key not in NAMES or "class_name" not in mapping:
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
            raise UnknownClassError(
                f"the config names {str(name)[:60]}, which nothing here is "
                "registered as. Name classes of your own in custom_objects"
            )
        self._judge(found, name, keys)
        self._check_nodes(node.get("inbound_nodes"))
        self.objects += 1
        if self.objects > DEEPEST_OBJECT:
            raise ValueError(f"more than {DEEPEST_OBJECT} objects are nested")
        self._inside(node, keys, depth)
        self.objects -= 1

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
            if id(each) in self.judged:
                continue
            if isinstance(each, type):
                allowed = is_allowed_class(each, self.custom_objects)
            else:
                allowed = is_allowed_function(each, self.custom_objects) and (
                    any(FUNCTION_KEYS.search(key) for key in keys)
                )
            if not allowed:
                raise (UnknownClassError if is_of_others(each) else ValueError)(
                    f"the config names {str(name)[:60]}, which is no part of "
                    "a model that is safe to load"
                )
            if isinstance(each, type):
                self.judged.add(id(each))

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


def _check_name(name):
    """Keras keeps files in folders that are named for layers."""
    if not isinstance(name, str):
        return
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name {name[:60]!r} is too long")
    if OUTWARDS.search(name):
        raise ValueError(f"the name {name[:60]!r} leads out of the file")


def _check_patterns(mapping):
    for key in mapping:
        if len(key) > LONGEST_NAME or not PATTERN.fullmatch(key):
            raise ValueError(f"{key[:60]!r} is no simple pattern")


def _has_symbol(value, depth=0):
    if depth > DEEPEST:
        return False
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return True
        value = value.values()
    elif not isinstance(value, list):
        return False
    return any(_has_symbol(item, depth + 1) for item in value)


def _check_integer(value, keys):
    """Sizes are bounded, and other integers to what tensors hold."""
    key = keys[-1] if keys else ""
    largest = LARGEST_SIZE
    if WINDOW_KEYS.search(key):
        largest = LARGEST_WINDOW
    elif COUNT_KEYS.search(key):
        largest = LARGEST_COUNT
    elif PLAIN_KEYS.search(key):
        largest = LARGEST_INTEGER
    if abs(value) > largest:
        raise ValueError(f"{_path(keys)} is too large: {value}"[:200])


def _check_shape(shape):
    lengths = shape if isinstance(shape, list) else [-1]
    if len(lengths) > LONGEST_RANK or not all(
        n is None or (type(n) is int and 0 <= n <= LARGEST_SIZE)
        for n in lengths
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
