"""Tables of files: their columns, and the texts and labels in them."""

import dataclasses
import os
import pathlib
import re
import unicodedata
from collections.abc import Collection
from typing import Any

from tfq_hybrid.data.formats import READERS, read_rows
from tfq_hybrid.errors import UserError, check_choice, choice_error

TEXT_COLUMNS = ("text", "sentence", "content", "description", "review")
LABEL_COLUMNS = ("label", "class", "category", "sentiment")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of a file.

    Attributes:
        path: the file.
        columns: their names, in order.
        rows: each a dict with every column.
        places: where each row begins, such as "line 2".
    """

    path: pathlib.Path
    columns: list[str]
    rows: list[dict[str, Any]]
    places: list[str]


def read_table(
    path: str | os.PathLike[str],
    delimiter: str | None = None,
    least_columns: int = 2,
) -> Table:
    """The rows of a local file.

    A `.tsv` file has a header and no quoting: a `"` is a plain character. A
    `.csv` file has a header and the usual quoting. A `.jsonl` file has one
    object a line, a `.json` file an array of objects. Of a `.parquet` file
    the columns of texts, numbers and truth values count. Each of them may be
    packed, as in `.csv.gz`. Lines end in LF, CR LF, or all in CR; blank ones
    are left out.

    Args:
        path: the file.
        delimiter: what separates the columns of a `.tsv` or `.csv` file.
            Defaults to `None`: tabs; commas, or what the header of a `.csv`
            file has in their place.
        least_columns: what a `.tsv` or `.csv` file must have. Defaults to 2:
            one column is mostly another delimiter.

    Raises:
        UserError: it is malformed; the message names the line or row.
    """
    path = pathlib.Path(path)
    return _table(path, *read_rows(path, delimiter, least_columns))


def objects_of(source: str, text: str) -> Table:
    """The rows of JSON objects, one a line, that came from elsewhere.

    Args:
        source: where they came from, for messages.
        text: the lines.

    Raises:
        UserError: it is malformed; the message names the line.
    """
    found = READERS[".jsonl"](source, text)
    return _table(pathlib.Path(source), list(found[0][1]), found)


def _table(path, columns, found):
    if not found:
        raise UserError(f"Expected at least one row. Received: {path}, empty")
    places, rows = zip(*found, strict=True)
    return Table(path, columns, [*rows], [*places])


def text_in(table: Table, index: int, column: str) -> str:
    """The text of a row, by its index, which must be one."""
    text = table.rows[index][column]
    if not isinstance(text, str):
        raise _wrong(table, table.places[index], column, "a text", text)
    return text


def read_labelled(
    path: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    delimiter: str | None = None,
) -> tuple[list[str], list[str]]:
    """The texts and the labels of a local file, as of `read_table`.

    A label is a text or an integer. Blanks around it do not count, nor does
    whether an accent is a character of its own.

    Raises:
        UserError: a text or a label is missing or of another type, or two
            labels are the same number; the message names place and column.
    """
    table = read_table(path, delimiter)
    columns = table.columns
    texts = find_column("text column", text_column, columns, TEXT_COLUMNS)
    labels = find_column("label column", label_column, columns, LABEL_COLUMNS)
    found: list[str] = []
    first: dict[str, str] = {}  # the place of each label's first example
    for place, row in zip(table.places, table.rows, strict=True):
        text, label = row[texts], row[labels]
        if not isinstance(text, str):
            raise _wrong(table, place, texts, "a text", text)
        if isinstance(label, bool) or not isinstance(label, (str, int)):
            raise _wrong(table, place, labels, "a text or an integer", label)
        name = unicodedata.normalize("NFC", str(label)).strip()
        if not name:
            raise _wrong(table, place, labels, "a label", label)
        first.setdefault(name, place)
        found.append(name)
    _check_numbers(table, labels, first)
    return [row[texts] for row in table.rows], found


def _wrong(table, place, column, expected, value):
    shown = repr(value)[:60]
    return UserError(
        f"Expected {expected} in the column {column}. Received: {table.path}, "
        f"{place}, {column}={shown}"
    )


def _check_numbers(table, column, first):
    """Raises where two labels, such as 1 and 1.0, are the same number."""
    seen = {}
    for name, place in first.items():
        if not _NUMBER.fullmatch(name):
            continue
        other = seen.setdefault(float(name), name)
        if other != name:
            raise UserError(
                f"Expected one spelling of each label. Received: {table.path}, "
                f"{column}={other} in {first[other]} and {column}={name} "
                f"in {place}"
            )


def find_column(
    role: str,
    wanted: str | None,
    columns: Collection[str],
    defaults: tuple[str, ...],
) -> str:
    """The column asked for, or the first of the usual names."""
    if wanted is not None:
        check_choice(role, wanted, columns)
        return wanted
    for name in defaults:
        if name in columns:
            return name
    error = choice_error(role, defaults[0], columns)
    raise UserError(f"{error} Name it with {role.replace(' ', '_')}.")
