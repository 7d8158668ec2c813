"""A file by its kind, and an input by its files."""

import dataclasses
import json
import zipfile
from io import BytesIO

from tests.fuzz.mutations.archives import change_archive, mutate_archive
from tests.fuzz.mutations.attacks import MARKER, TEXTS
from tests.fuzz.mutations.hdf5 import change_hdf5, mutate_hdf5
from tests.fuzz.mutations.plain import change_text, mutate_bytes, mutate_lines
from tests.fuzz.mutations.structured import at, change_json, mutate_json, places
from tests.fuzz.trees import Link

# What share of the inputs is changed in nothing that matters, or in bytes.
UNCHANGED, BYTES = 0.3, 0.2
LINKS = ("/etc/passwd", "..", "../..", "/dev/zero", "/dev/null", str(MARKER))


@dataclasses.dataclass
class Material:
    """What mutations are made of.

    Attributes:
        names: list of str. What classes and functions are named.
        parts: list of JSON values: parts of the corpus.
        attacks: list of JSON values that do harm.
    """

    names: list
    parts: list
    attacks: list

    @classmethod
    def of(cls, trees, names, attacks):
        """That of a corpus, a list of inputs."""
        parts = {}
        for tree in trees:
            for name, content in tree.items():
                for value in _json_in(name, content):
                    for path in places(value):
                        part = at(value, path)
                        if isinstance(part, (dict, list)):
                            text = json.dumps(part)
                            if len(text) < 5000:
                                parts[text] = part
        names = sorted(names) + TEXTS[:3]
        return cls(names, [parts[text] for text in sorted(parts)], attacks)


def _json_in(name, content):
    if isinstance(content, Link):
        return
    if name.endswith(".keras"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            content = archive.read("config.json")
    try:
        yield json.loads(content)
    except ValueError:
        return


def mutate_tree(random, tree, material, weights=None):
    """An input from a whole one.

    Args:
        random: `random.Random`.
        tree: dict of a path and bytes.
        material: `Material`.
        weights: function of a path to how often it is changed. Defaults to
            `None`: all alike.

    Returns:
        A dict of a path and bytes or a `Link`, and the paths that were
        changed, a set.
    """
    tree, changed = dict(tree), set()
    for _ in range(1 if random.random() < 0.8 else 2):
        names = sorted(tree)
        name = random.choices(
            names, [weights(n) if weights else 1 for n in names]
        )[0]
        if isinstance(tree[name], Link):
            continue
        changed.add(name)
        if len(tree) > 1 and random.random() < 0.05:
            _change_folder(random, tree, name)
            if not tree:
                break
        else:
            tree[name] = mutate_file(random, name, tree[name], material)
    return tree, changed


def mutate_file(random, name, content, material):
    """Another content for a file.

    Args:
        random: `random.Random`.
        name: str, of the file: its end tells the kind.
        content: bytes.
        material: `Material`.
    """
    probability = random.random()
    kind = _kind(name)
    if probability < UNCHANGED:
        change = {
            "json": change_json,
            "zip": change_archive,
            "hdf5": change_hdf5,
        }.get(kind, change_text)
        return change(random, content)
    if probability < UNCHANGED + BYTES:
        return mutate_bytes(random, content)
    if kind == "json":
        return mutate_json(random, content, material)
    if kind == "zip":
        return mutate_archive(
            random,
            content,
            lambda name, data: mutate_file(random, name, data, material),
        )
    if kind == "hdf5":
        return mutate_hdf5(random, content, material)
    if kind == "jsonl" and random.random() < 0.6:
        lines = content.split(b"\n")
        place = random.randrange(len(lines))
        lines[place] = mutate_json(random, lines[place], material)
        return b"\n".join(lines)
    if kind in ("jsonl", "lines"):
        return mutate_lines(random, content)
    return mutate_bytes(random, content)


def _kind(name):
    ends = {
        ".json": "json",
        ".keras": "zip",
        ".h5": "hdf5",
        ".jsonl": "jsonl",
        ".txt": "lines",
        ".tsv": "lines",
        ".csv": "lines",
    }
    return next((v for k, v in ends.items() if name.endswith(k)), "bytes")


def _change_folder(random, tree, name):
    """A file gone, elsewhere, a link, or with another's content."""
    kind = random.randrange(4)
    if kind == 0:
        del tree[name]
    elif kind == 1:
        tree[f"{name}_"] = tree.pop(name)
    elif kind == 2:
        tree[name] = Link(random.choice(LINKS))
    else:
        tree[name] = tree[random.choice(sorted(tree))]
