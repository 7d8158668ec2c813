"""Tables of files: their columns, and the texts and labels in them."""

import dataclasses
import os
import pathlib
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tfq_hybrid.data.formats import READERS, read_rows
from tfq_hybrid.errors import UserError, check_choice, choice_error

TEXT_COLUMNS = ("text", "sentence", "content", "description", "review")
LABEL_COLUMNS = ("label", "class", "category", "sentiment")
# The usual names of the columns of pairs, GLUE's among them.
PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
)
LARGEST_NUMBER = 3e38  # of a float32, about
FOR_DECIMALS = "decimal numbers take --task regression"
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


def texts_of(table: Table, columns: Sequence[str]) -> list[Any]:
    """The texts of a column; of two columns, pairs of texts.

    Raises:
        UserError: one is no text.
    """
    found: list[Any] = []
    for place, row in zip(table.places, table.rows, strict=True):
        for column in columns:
            if not isinstance(row[column], str):
                raise wrong(table, place, column, "a text", row[column])
        texts = tuple(row[column] for column in columns)
        found.append(texts if len(columns) > 1 else texts[0])
    return found


def read_labelled(
    path: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    delimiter: str | None = None,
    text_columns: Sequence[str] | None = None,
    targets: str = "classes",
) -> tuple[list[Any], list[Any]]:
    """The texts and the labels of a local file, as of `read_table`.

    Args:
        path: the file.
        text_column, label_column: the columns. Default to the usual names.
        delimiter: as for `read_table`.
        text_columns: two columns, whose texts are pairs. Defaults to `None`:
            single texts.
        targets: what the labels are, a key of `TARGETS`. Defaults to
            `"classes"`.

    Returns:
        The texts, or pairs of them, and the labels.

    Raises:
        UserError: a text or a label is missing or of another type, or two
            labels are the same number; the message names place and column.
    """
    table = read_table(path, delimiter)
    columns = find_texts(text_column, text_columns, table.columns)
    labels = find_column(
        "label column", label_column, table.columns, LABEL_COLUMNS
    )
    return texts_of(table, columns), TARGETS[targets](table, labels)


def read_classes(table: Table, column: str) -> list[str]:
    """Labels of a class each: a text or an integer.

    Blanks around it do not count, nor does whether an accent is a character
    of its own. Decimal numbers are no classes.
    """
    found: list[str] = []
    first: dict[str, str] = {}  # the place of each label's first example
    for place, row in zip(table.places, table.rows, strict=True):
        label = row[column]
        if isinstance(label, bool) or not isinstance(label, (str, int)):
            expected = "a text or an integer"
            if isinstance(label, float):
                expected += f" ({FOR_DECIMALS})"
            raise wrong(table, place, column, expected, label)
        name = unicodedata.normalize("NFC", str(label)).strip()
        if not name:
            raise wrong(table, place, column, "a label", label)
        first.setdefault(name, place)
        found.append(name)
    _check_decimals(table, column, first)
    _check_numbers(table, column, first)
    return found


def read_numbers(table: Table, column: str) -> list[float]:
    """Labels that are numbers, such as 3, "2.5" or 1e-3."""
    found = []
    for place, row in zip(table.places, table.rows, strict=True):
        label = row[column]
        if isinstance(label, str) and _NUMBER.fullmatch(label.strip()):
            label = float(label)
        is_number = isinstance(label, (int, float))
        if isinstance(label, bool) or not is_number or not _fits(label):
            raise wrong(table, place, column, "a number", label)
        found.append(float(label))
    return found


def _fits(number):
    """Whether a float32 holds it."""
    return abs(number) <= LARGEST_NUMBER  # false for NaN


def read_sets(table: Table, column: str) -> list[tuple[str, ...]]:
    """Labels that are sets: a list, or a text with bars between labels.

    A label is a text or an integer, as one of `read_classes`.
    """
    found = []
    first: dict[str, str] = {}
    for place, row in zip(table.places, table.rows, strict=True):
        value = row[column]
        if isinstance(value, str):
            value = value.split("|") if value.strip() else []
        items = value if isinstance(value, (list, tuple)) else [value]
        names = []
        for item in items:
            if isinstance(item, bool) or not isinstance(item, (str, int)):
                raise wrong(table, place, column, "a list of labels", value)
            name = unicodedata.normalize("NFC", str(item)).strip()
            if not name or "|" in name:
                raise wrong(table, place, column, "labels without |", value)
            first.setdefault(name, place)
            names.append(name)
        found.append(tuple(dict.fromkeys(names)))
    _check_decimals(table, column, first)
    _check_numbers(table, column, first)
    return found


TARGETS: dict[str, Callable[[Table, str], list[Any]]] = {
    "classes": read_classes,
    "numbers": read_numbers,
    "sets": read_sets,
}


def wrong(
    table: Table, place: str, column: str, expected: str, value: object
) -> UserError:
    """The error for a value of a table."""
    shown = repr(value)[:60]
    return UserError(
        f"Expected {expected} in the column {column}. Received: {table.path}, "
        f"{place}, {column}={shown}"
    )


def _check_decimals(table, column, first):
    """Raises where the labels are numbers, and decimal ones among them."""
    if not all(map(_NUMBER.fullmatch, first)):
        return
    for name, place in first.items():
        if not float(name).is_integer():
            expected = f"texts or integers ({FOR_DECIMALS})"
            raise wrong(table, place, column, expected, name)


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


def find_texts(
    text_column: str | None,
    text_columns: Sequence[str] | None,
    columns: Collection[str],
) -> list[str]:
    """The column of the texts, or the two of pairs."""
    if text_columns is None:
        try:
            return [
                find_column("text column", text_column, columns, TEXT_COLUMNS)
            ]
        except UserError as error:
            known = {*columns}
            pair = next((p for p in PAIRS if known.issuperset(p)), None)
            if text_column is not None or pair is None:
                raise
            raise UserError(
                f"{error} Pairs of texts take --text-columns {','.join(pair)}."
            ) from None
    for name in text_columns:
        check_choice("text column", name, columns)
    return list(text_columns)


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
