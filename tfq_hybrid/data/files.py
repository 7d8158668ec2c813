"""Labelled text in local files: `.tsv`, `.csv`, `.jsonl`."""

import csv
import io
import pathlib

from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.reading import parse_json, read_text

TEXT_COLUMNS = ("text", "sentence", "content", "description", "review")
LABEL_COLUMNS = ("label", "class", "category", "sentiment")


def read_file(path, text_column=None, label_column=None):
    """Reads texts and labels as strings.

    A `.tsv` file has a header and no quoting: a `"` is a plain character. A
    `.csv` file has a header and the usual quoting. A `.jsonl` file has one
    object a line.

    Args:
        path: str or path. The suffix decides the format.
        text_column: str. Defaults to the first of `TEXT_COLUMNS` there is.
        label_column: str. Defaults to the first of `LABEL_COLUMNS`.

    Returns:
        A pair of lists of str: texts, labels.

    Raises:
        UserError: the file is missing, empty, of another format, not UTF-8,
            or malformed; the message names the line.
    """
    path = pathlib.Path(path)
    check_choice("file type", path.suffix, _READERS)
    text = read_text(path)
    columns, rows = _READERS[path.suffix](path, text)
    if not rows:
        raise UserError(f"Expected at least one row. Received: {path}, empty")
    texts = find_column("text column", text_column, columns, TEXT_COLUMNS)
    labels = find_column("label column", label_column, columns, LABEL_COLUMNS)
    for number, row in enumerate(rows, start=1):
        value, label = row[texts], row[labels]
        is_label = isinstance(label, (str, int)) and not isinstance(label, bool)
        if not isinstance(value, str) or not is_label:
            raise UserError(
                "Expected a text and a label that is a text or an integer. "
                f"Received: {path}, example {number}"
            )
    return [row[texts] for row in rows], [str(row[labels]) for row in rows]


def find_column(role, wanted, columns, defaults):
    """The column asked for, or the first of the usual names.

    Raises:
        UserError: there is no such column; the message names the nearest.
    """
    if wanted is not None:
        check_choice(role, wanted, columns)
        return wanted
    for name in defaults:
        if name in columns:
            return name
    error = choice_error(role, defaults[0], columns)
    raise UserError(f"{error} Name it with {role.replace(' ', '_')}.")


def _lines(text):
    return [line for line in text.replace("\r\n", "\n").split("\n") if line]


def _read_tsv(path, text):
    table = [line.split("\t") for line in _lines(text)]
    return _table(path, table, "tabs")


def _read_csv(path, text):
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UserError(
            f"Expected comma-separated rows. Received: {path} ({error})"
        ) from None
    return _table(path, [row for row in table if row], "commas")


def _table(path, table, separator):
    if not table:
        return [], []
    header, *rows = table
    for number, row in enumerate(table, start=1):
        if len(row) != len(header) or len(row) < 2:
            raise UserError(
                f"Expected {max(2, len(header))} columns between {separator} "
                f"in every row. Received: {path}, row {number}, with "
                f"{len(row)}"
            )
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def read_jsonl(path, text):
    """The keys and the objects of a text with one JSON object a line.

    Raises:
        UserError: a line is none, or has other keys than the first.
    """
    rows = []
    for number, line in enumerate(_lines(text), start=1):
        try:
            row = parse_json(line, finite=False)
        except ValueError:
            row = None
        if not isinstance(row, dict) or (rows and set(row) != set(rows[0])):
            raise UserError(
                "Expected one JSON object with the same keys a line. "
                f"Received: {path}, row {number}"
            )
        rows.append(row)
    return list(rows[0]) if rows else [], rows


_READERS = {".tsv": _read_tsv, ".csv": _read_csv, ".jsonl": read_jsonl}
