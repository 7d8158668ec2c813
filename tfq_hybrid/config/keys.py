"""Dotted keys such as `circuit.depth`, and the nested dicts they stand for.

Some arguments are objects that have a name of their own: `circuit` a preset,
`adapter` a method. A text in their place is that name: `circuit: ionq` is
`circuit: {preset: ionq}`.
"""

from tfq_hybrid.errors import UserError, choice_error

# The argument that names what an object is.
NAMED = {"circuit": "preset", "adapter": "method"}


def nest(values):
    """A nested dict from one whose keys may be dotted.

    Args:
        values: dict. Keys are names or dotted keys; values may be such dicts.

    Returns:
        A dict without dotted keys.

    Raises:
        UserError: a key is there twice, or stands for a value and for a dict.

    Example:

    >>> nest({"circuit": "ionq", "circuit.depth": 2, "epochs": 3})
    {'circuit': {'preset': 'ionq', 'depth': 2}, 'epochs': 3}
    """
    result = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise UserError(f"Expected keys as text. Received: {key!r}")
        name, _, rest = key.partition(".")
        value = nest({rest: value}) if rest else _named(name, value)
        if isinstance(value, dict) and not _is_cirq(name, value):
            value = nest(value)
        if name in result:
            value = _joined(name, result[name], value)
        result[name] = value
    return result


def _named(name, value):
    if name in NAMED and isinstance(value, str):
        return {NAMED[name]: value}
    return value


def _is_cirq(name, value):
    """Whether it is the JSON of a Cirq circuit, whose keys are its own."""
    return name == "circuit" and ("cirq_type" in value or "circuit" in value)


def _joined(key, one, other):
    """Two dicts without a common key as one."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise UserError(f"Expected {key} once. Received: {key} twice")
    result = dict(one)
    for name, value in other.items():
        path = f"{key}.{name}"
        result[name] = (
            _joined(path, result[name], value) if name in result else value
        )
    return result


def flatten(values, prefix=""):
    """Pairs of a dotted key and a value of a nested dict.

    Example:

    >>> dict(flatten({"circuit": {"depth": 2}, "epochs": 3}))
    {'circuit.depth': 2, 'epochs': 3}
    """
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def merge(base, changes):
    """A nested dict with some of its values replaced.

    What `changes` leaves out stays: an override does not reset its
    neighbours.

    Args:
        base: nested dict.
        changes: nested dict, whose values win.

    Returns:
        A new dict.

    Example:

    >>> merge({"circuit": {"depth": 3, "qubits": 4}}, {"circuit": {"depth": 5}})
    {'circuit': {'depth': 5, 'qubits': 4}}
    """
    result = dict(base)
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merge(result[name], value) if both else value
    return result


def full_key(name, keys, what="argument"):
    """The dotted key that a name stands for: itself, or one that ends in it.

    Args:
        name: str. A dotted key, or its end; hyphens are underscores.
        keys: sequence of str. The dotted keys that there are.
        what: str. What it is, for the message. Defaults to `"argument"`.

    Returns:
        str.

    Raises:
        UserError: there is no such key, or more than one; both are named.

    Example:

    >>> full_key("depth", ["circuit.depth", "epochs"])
    'circuit.depth'
    """
    name = name.replace("-", "_")
    if name in keys:
        return name
    found = ends(name, keys)
    if not found:
        last = [key.rpartition(".")[2] for key in keys]
        raise choice_error(what, name, dict.fromkeys([*keys, *last]))
    if len(found) > 1:
        raise UserError(
            f"Expected one of {' and '.join(found)}. Received: {name}, which "
            "is the end of both"
        )
    return found[0]


def ends(name, keys):
    """The keys that end in a name, a list."""
    return [key for key in keys if key.endswith(f".{name}")]
