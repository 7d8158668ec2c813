"""Tables in text files: `.tsv`, `.csv` and `.jsonl`, each row with its line."""

import collections
import csv
import dataclasses
import io
import os
import pathlib
import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Any

from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.reading import parse_json, read_text

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
        lines: the line of the file at which each row begins, from 1.
    """

    path: pathlib.Path
    columns: list[str]
    rows: list[dict[str, Any]]
    lines: list[int]


def read_table(path: str | os.PathLike[str]) -> Table:
    """The rows of a local file.

    A `.tsv` file has a header and no quoting: a `"` is a plain character. A
    `.csv` file has a header and the usual quoting. A `.jsonl` file has one
    object a line. Lines end in LF, CR LF, or all in CR; blank ones are left
    out.

    Raises:
        UserError: it is malformed; the message names the line.
    """
    path = pathlib.Path(path)
    check_choice("file type", path.suffix, READERS)
    text = read_text(path)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"Expected text. Received: {path}, line {line}, a NUL")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    numbered = READERS[path.suffix](path, text)
    if path.suffix == ".jsonl":
        columns = list(numbered[0][1]) if numbered else []
        rows = [row for _, row in numbered]
    else:
        columns, rows = _under_header(path, numbered)
        numbered = numbered[1:]
    if not rows:
        raise UserError(f"Expected at least one row. Received: {path}, empty")
    return Table(path, columns, rows, [line for line, _ in numbered])


def read_labelled(
    path: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
) -> tuple[list[str], list[str]]:
    """The texts and the labels of a local file.

    A label is a text or an integer. Blanks around it do not count, nor does
    whether an accent is a character of its own.

    Raises:
        UserError: a text or a label is missing or of another type, or two
            labels are the same number; the message names line and column.
    """
    table = read_table(path)
    columns = table.columns
    texts = find_column("text column", text_column, columns, TEXT_COLUMNS)
    labels = find_column("label column", label_column, columns, LABEL_COLUMNS)
    found: list[str] = []
    first: dict[str, int] = {}  # the line of each label's first example
    for line, row in zip(table.lines, table.rows, strict=True):
        text, label = row[texts], row[labels]
        if not isinstance(text, str):
            raise _wrong(table, line, texts, "a text", text)
        if isinstance(label, bool) or not isinstance(label, (str, int)):
            raise _wrong(table, line, labels, "a text or an integer", label)
        name = unicodedata.normalize("NFC", str(label)).strip()
        if not name:
            raise _wrong(table, line, labels, "a label", label)
        first.setdefault(name, line)
        found.append(name)
    _check_numbers(table, labels, first)
    return [row[texts] for row in table.rows], found


def _wrong(table, line, column, expected, value):
    shown = repr(value)[:60]
    return UserError(
        f"Expected {expected} in the column {column}. Received: {table.path}, "
        f"line {line}, {column}={shown}"
    )


def _check_numbers(table, column, first):
    """Raises where two labels, such as 1 and 1.0, are the same number."""
    seen = {}
    for name, line in first.items():
        if not _NUMBER.fullmatch(name):
            continue
        other = seen.setdefault(float(name), name)
        if other != name:
            raise UserError(
                f"Expected one spelling of each label. Received: {table.path}, "
                f"{column}={other} in line {first[other]} and {column}={name} "
                f"in line {line}"
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


def _numbered(text):
    lines = text.replace("\r\n", "\n").split("\n")
    return [(n, line) for n, line in enumerate(lines, start=1) if line]


def _read_tsv(path, text):
    return [(number, line.split("\t")) for number, line in _numbered(text)]


def _read_csv(path, text):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line = [], 1
    usual = csv.field_size_limit(max(len(text), 1))
    try:
        for row in reader:
            if row:
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"Expected comma-separated rows. Received: {path}, line "
            f"{reader.line_num} ({error})"
        ) from error
    finally:
        csv.field_size_limit(usual)
    return rows


def _under_header(path, numbered):
    """The columns and rows of a table whose first row names the columns."""
    if not numbered:
        return [], []
    (_, header), *rest = numbered
    separator = {".tsv": "tabs", ".csv": "commas"}[path.suffix]
    for number, row in numbered:
        if len(row) != len(header) or len(row) < 2:
            raise UserError(
                f"Expected {max(2, len(header))} columns between {separator} "
                f"in every row. Received: {path}, line {number}, with "
                f"{len(row)}{_other_separator(header)}"
            )
    _check_once(path, numbered[0][0], header)
    return header, [dict(zip(header, row, strict=True)) for _, row in rest]


def _other_separator(header):
    if len(header) > 1:
        return ""
    names = {";": "semicolons", "\t": "tabs", ",": "commas"}
    found = [word for sign, word in names.items() if sign in header[0]]
    return f". Its header looks separated by {found[0]}" if found else ""


def _check_once(path, line, names: Iterable[str]):
    counts = collections.Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(
            f"Expected each column once. Received: {path}, line {line}, with "
            f"{', '.join(twice)} several times"
        )


def _read_jsonl(path, text):
    rows = []
    for number, line in _numbered(text):
        try:
            row = parse_json(line, finite=False, repeated=False)
        except ValueError as error:
            raise UserError(
                f"Expected one JSON object a line. Received: {path}, line "
                f"{number} ({error})"
            ) from error
        if not isinstance(row, dict) or (
            rows and row.keys() != rows[0][1].keys()
        ):
            raise UserError(
                "Expected one JSON object with the same keys a line. "
                f"Received: {path}, line {number}"
            )
        rows.append((number, row))
    return rows


READERS = {".tsv": _read_tsv, ".csv": _read_csv, ".jsonl": _read_jsonl}
