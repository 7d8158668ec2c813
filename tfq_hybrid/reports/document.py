"""What a report consists of: pictures, and tables with their Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tfq_hybrid.estimate import Estimate, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfq_hybrid.reports.render import Ink


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Args:
        name: The stem of its files; unique in a report.
        title: Above the picture.
        reading: A sentence or two: how to read it.
        alt: What it shows, for those who do not see it.
        size: Width and height in inches.
        draw: Draws it on a figure. Artists whose gid is `mark(key)` answer
            to the pointer, together with the row of that key.
        tips: Texts shown under the pointer, by key.
        content: Plain data that `stored.picture_of` draws it again from.
            Defaults to none.
    """

    name: str
    title: str
    reading: str
    alt: str
    size: tuple[float, float]
    draw: Callable[[Figure, Ink], None]
    tips: dict[str, str] = dataclasses.field(default_factory=dict)
    content: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of texts, numbers, estimates and gaps.

    Args:
        title: Above the table.
        columns: Their names.
        rows: Their cells.
        note: A sentence under the title.
        keys: Of the rows, which link them to the pictures' marks. Defaults to
            `()`: no links.
        marked: The keys of rows that stand out.
    """

    title: str
    columns: Sequence[str]
    rows: list[list]
    note: str = ""
    keys: Sequence[str] = ()
    marked: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Document:
    """A report: paragraphs with the result first, facts, pictures, tables.

    Its `markdown` is made of the lead and the tables, unless it has its own.
    """

    title: str
    lead: list[str]
    facts: list[tuple[str, str]]
    pictures: list[Picture]
    tables: list[Table]
    settings: dict = dataclasses.field(default_factory=dict)
    markdown: str | None = None


def to_markdown(document: Document) -> str:
    """The title, the lead and the tables of a report."""
    if document.markdown is not None:
        return document.markdown
    parts = [f"# {one_line(document.title)}", *map(one_line, document.lead)]
    for table in document.tables:
        parts.append(f"## {one_line(table.title)}")
        if table.note:
            parts.append(one_line(table.note))
        parts.append(markdown_table(table.columns, table.rows))
    return "\n\n".join(parts) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Iterable]) -> str:
    """A table in Markdown's pipes, columns of numbers to the right.

    A pipe is escaped, a line end becomes a space.

    >>> print(markdown_table(("a|b", "c"), [["x", 0.25]]))
    | a\\|b | c |
    |---|---:|
    | x | 0.25 |
    """
    rows = [list(row) for row in rows]
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    marks = ["---:" if is_numeric(column) else "---" for column in columns]
    lines = [head, *([number(cell) for cell in row] for row in rows)]
    texts = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return "\n".join([texts[0], f"|{'|'.join(marks)}|", *texts[1:]])


def is_numeric(column: Iterable) -> bool:
    """Whether the cells are numbers, or nothing in places."""
    numbers = [cell for cell in column if cell is not None]
    return bool(numbers) and all(map(is_number, numbers))


def is_number(value: Any) -> bool:
    """Whether a cell is a number or an estimate of one."""
    numeric = isinstance(value, (int, float, Estimate))
    return numeric and not isinstance(value, bool)


def listed(value: Any) -> Any:
    """A list as its items with commas between them; others as they are."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return value


def one_line(text: Any) -> str:
    """A text in a line of Markdown, without a tag in it.

    >>> one_line("a\\n<b>")
    'a &lt;b>'
    """
    return " ".join(str(text).split()).replace("<", "&lt;")


def _cell(text: Any) -> str:
    return one_line(text).replace("|", "\\|")
