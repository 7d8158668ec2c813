"""What a report consists of, before it is a page or a file."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
        name: str. The stem of its files; unique in a report.
        title: str.
        reading: str. A sentence or two: how to read it.
        alt: str. What it shows, for those who do not see it.
        size: pair of float, inches.
        draw: function of a `matplotlib.figure.Figure` and an `Ink`. Artists
            whose gid is `mark(key)` answer to the pointer, together with the
            row of that key.
        tips: dict of a key -> text shown under the pointer.
    """

    name: str
    title: str
    reading: str
    alt: str
    size: tuple[float, float]
    draw: Callable
    tips: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: str.
        columns: sequence of str.
        rows: list of sequences of str, numbers, `Estimate` or `None`.
        note: str. A sentence under the title.
        keys: sequence of the rows' keys, which link them to the pictures'
            marks. Defaults to `()`: no links.
        marked: set of the keys of rows to stand out. Defaults to none.
    """

    title: str
    columns: tuple
    rows: list
    note: str = ""
    keys: tuple = ()
    marked: frozenset = frozenset()


@dataclasses.dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: str.
        lead: list of str. Paragraphs: the result first.
        facts: list of pairs (label, text).
        pictures: list of `Picture`.
        tables: list of `Table`.
        settings: dict, shown as JSON. Defaults to none.
    """

    title: str
    lead: list
    facts: list
    pictures: list
    tables: list
    settings: dict = dataclasses.field(default_factory=dict)
