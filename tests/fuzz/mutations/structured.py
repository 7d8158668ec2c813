"""Mutations of JSON."""

import copy
import json

from tests.fuzz.mutations.attacks import NUMBERS, TEXTS, VALUES
from tests.fuzz.mutations.plain import mutate_bytes

NAME_KEYS = ("class_name", "module", "registered_name", "cirq_type", "method")
LARGEST = 2**21


def places(value, path=()):
    """The paths of all that is in a JSON value, its own first."""
    found, waiting = [], [(path, value)]
    while waiting:
        path, value = waiting.pop()
        found.append(path)
        if isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, i), item) for i, item in enumerate(value)]
    return found


def at(value, path):
    """What is at a path."""
    for key in path:
        value = value[key]
    return value


def mutate_json(random, content, material):
    """Other values, keys, names and parts of other files in JSON.

    Args:
        random: `random.Random`.
        content: bytes.
        material: `Material`, the names and the other files' JSON.

    Returns:
        bytes, those of JSON in most cases.
    """
    try:
        value = json.loads(content)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            value = _change(random, value, material)
        text = json.dumps(value, ensure_ascii=random.random() < 0.8)
    except (ValueError, RecursionError):  # no JSON, or too deep already
        return mutate_bytes(random, content)
    if random.random() < 0.08:
        text = _break(random, text)
    return text.encode("utf-8", "surrogatepass")[:LARGEST]


def _change(random, value, material):
    paths = places(value)[1:]
    if not paths:
        return copy.deepcopy(random.choice(VALUES))
    if random.random() < 0.5 and _inside_text(random, value, paths, material):
        return value
    path = random.choice(paths)
    inner, last = at(value, path[:-1]), path[-1]
    kind = random.randrange(10)
    if kind == 0:
        values = VALUES
        if material.attacks and random.random() < 0.6:
            values = material.attacks
        inner[last] = copy.deepcopy(random.choice(values))
    elif kind == 1:
        del inner[last]
    elif kind == 2:
        _double(random, inner, last)
    elif kind == 3:
        other = random.choice(paths)
        part = copy.deepcopy(at(value, other))
        inner[last] = part
    elif kind == 4 and material.parts:
        inner[last] = copy.deepcopy(random.choice(material.parts))
    elif kind in (5, 6):
        _other_number(random, value, paths)
    elif kind in (7, 8):
        _other_name(random, value, paths, material)
    else:
        _wrap(random, inner, last)
    return value


def _inside_text(random, value, paths, material):
    """Mutates JSON that is a text in JSON; whether there is some."""
    texts = [(path, at(value, path)) for path in paths]
    texts = [
        (path, text)
        for path, text in texts
        if isinstance(text, str) and text[:2] in ('{"', "[{")
    ]
    if not texts:
        return False
    path, text = random.choice(texts)
    text = mutate_json(random, text.encode("utf-8", "replace"), material)
    at(value, path[:-1])[path[-1]] = text.decode("utf-8", "replace")
    return True


def _double(random, inner, last):
    part = copy.deepcopy(inner[last])
    if isinstance(inner, list):
        inner[last:last] = [part] * random.choice((1, 1, 20))
    else:
        inner[random.choice((f"{last}_", *inner, random.choice(TEXTS)))] = part


def _other_number(random, value, paths):
    numbers = [p for p in paths if isinstance(at(value, p), (int, float))]
    if numbers:
        path = random.choice(numbers)
        at(value, path[:-1])[path[-1]] = random.choice(NUMBERS)


def _other_name(random, value, paths, material):
    texts = [p for p in paths if isinstance(at(value, p), str)]
    named = [p for p in texts if p[-1] in NAME_KEYS]
    path = random.choice(named or texts or paths)
    names = material.names if random.random() < 0.8 else TEXTS
    at(value, path[:-1])[path[-1]] = random.choice(names or TEXTS)


def _wrap(random, inner, last):
    part = inner[last]
    for _ in range(random.choice((1, 1, 3, 200))):
        part = random.choice(([part], {"config": part}))
    inner[last] = part


def _break(random, text):
    """What no JSON module writes: keys twice, depth without end."""
    kind = random.randrange(4)
    if kind == 0:
        deep = random.choice(("[", '{"a":', '{"config": {"a": [')) * 100_000
        return text.replace("1", deep, 1)
    if kind == 1:
        end = text.find(",")
        if text.startswith("{") and end > 0:
            return f"{text[:end]}, {text[1:end]}{text[end:]}"
    if kind == 2:
        return text.replace('": ', f'": {random.choice(NUMBERS)!r} ', 1)
    return text.replace("e", "\\ud800", 1)


def change_json(random, content):
    """The same JSON in another form: spaces, order of keys, escapes."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    if isinstance(value, dict) and random.random() < 0.5:
        items = list(value.items())
        random.shuffle(items)
        value = dict(items)
    return json.dumps(
        value,
        indent=random.choice((None, 0, 1, 8, "\t")),
        ensure_ascii=random.random() < 0.5,
        separators=random.choice(((",", ":"), (", ", ": "), (" ,\n", " :\t"))),
    ).encode("utf-8", "surrogatepass")
