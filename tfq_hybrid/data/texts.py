"""Texts to be answered: the rows of a file, or lines, with their labels."""

import dataclasses
import os
import pathlib
import unicodedata
from collections.abc import Sequence
from typing import Any

from tfq_hybrid.data.conllu import read_sentences
from tfq_hybrid.data.formats import READERS, suffix_of
from tfq_hybrid.data.tables import (
    LABEL_COLUMNS,
    TEXT_COLUMNS,
    Table,
    find_column,
    objects_of,
    read_table,
    texts_of,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import read_text

# What test data have where their labels are kept secret.
WITHHELD = ("", "-1")


@dataclasses.dataclass(frozen=True)
class Rows:
    """Texts in the order of their rows.

    Attributes:
        texts: the texts, or pairs of texts, or the words of each.
        labels: the label of each, `None` where it has none; of words, a list.
    """

    texts: list[Any]
    labels: list[Any]

    def __len__(self) -> int:
        return len(self.texts)


def is_data_file(text: str) -> bool:
    """Whether a text is the name of a file, or ends as one would.

    A word is none, even where a file has that name.

    Example:

    >>> is_data_file("no.csv"), is_data_file("a fine film.")
    (True, False)
    """
    path = pathlib.Path(text)
    if suffix_of(path) in (*READERS, ".conllu"):
        return True
    is_path = os.sep in text or bool(path.suffix)
    return is_path and os.path.exists(text)  # for one that is too long too


def read_rows_of_texts(
    path: str | os.PathLike[str],
    text_column: str | None = None,
    delimiter: str | None = None,
    usual: tuple[str | None, str | None] = (None, None),
    pair: Sequence[str] | None = None,
) -> Rows:
    """The texts of a file, and their labels where it has a column of them.

    A table may have one column. Labels that are all blank or -1 are withheld,
    and count as none. A `.txt` file has a text a line, a pipe the lines of
    `rows_of_lines`.

    Args:
        path: the file: a table as for `read_table`, a `.txt` file, or a pipe.
        text_column: defaults to `None`: that of `usual`, or text, sentence, ….
        delimiter: as for `read_table`.
        usual: the columns of texts and of labels, such as those of the
            training, which are looked for first. Default to text, label, ….
        pair: the two columns of pairs of texts. Defaults to `None`: the texts
            are single ones.

    Raises:
        UserError: it cannot be read, it is malformed, or a text is missing.

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.csv"
    >>> _ = path.write_text("text,label\\na fine film,1\\n")
    >>> read_rows_of_texts(path)
    Rows(texts=['a fine film'], labels=['1'])
    """
    path = pathlib.Path(path)
    is_pipe = path.is_fifo()
    if not path.is_file() and not is_pipe:
        raise UserError(
            f"Expected a file with texts. Received: {path}, which is "
            f"{'no file' if path.exists() else 'not there'}"
        )
    if suffix_of(path) != ".txt" and not is_pipe:
        table = read_table(path, delimiter, least_columns=1)
        return _rows(table, text_column, usual, pair)
    wrong = {"delimiter": delimiter}
    if not is_pipe:
        _check_single(pair, path)
        wrong["text_column"] = text_column
    kind = "a pipe" if is_pipe else "a .txt file"
    for name, value in wrong.items():
        if value is not None:
            raise UserError(
                f"Expected no {name} with {kind}, where it has no effect. "
                f"Received: {name}={value!r}"
            )
    if is_pipe:
        text = read_text(path)
        return rows_of_lines(text, text_column, usual, pair, str(path))
    return Rows(*_plain(read_text(path), path))


def read_rows_of_words(
    path: str | os.PathLike[str], label_column: str | None = None
) -> Rows:
    """The words of the sentences of a `.conllu` file, and their labels.

    Args:
        path: the file, or a `.gz` of one.
        label_column: as for `load_conllu`. A word without a label has `None`
            there; a sentence without any has no list of them.

    Raises:
        UserError: it cannot be read, or it is malformed.
    """
    texts: list[tuple[str, ...]] = []
    labels: list[list[str | None] | None] = []
    for words, tags, _ in read_sentences(path, label_column):
        texts.append(words)
        labels.append(tags if any(tags) else None)
    return Rows(texts, labels)


def rows_of_lines(
    text: str,
    text_column: str | None = None,
    usual: tuple[str | None, str | None] = (None, None),
    pair: Sequence[str] | None = None,
    source: str = "the standard input",
) -> Rows:
    """The texts of what came by a pipe: one a line, or a JSON object a line.

    Blank lines are left out.

    Args:
        text: the lines.
        text_column, usual, pair: as for `read_rows_of_texts`, of objects.
        source: where they came from, for messages.

    Raises:
        UserError: there are none, or they are a table of another format.

    Example:

    >>> rows_of_lines("a fine film\\n\\na bad one\\n").texts
    ['a fine film', 'a bad one']
    """
    texts, labels = _plain(text, source)
    if all(line.startswith("{") and line.endswith("}") for line in texts):
        table = objects_of(source, text)
        return _rows(table, text_column, usual, pair)
    _check_single(pair, source)
    known = (*TEXT_COLUMNS, *LABEL_COLUMNS)
    for sign in "\t,;":
        if all(cell.strip('" ') in known for cell in texts[0].split(sign)):
            raise UserError(
                "Expected a text or a JSON object a line. Received: "
                f"{source}, which begins with the header of a table, "
                f"{texts[0]!r}. Give the file by its name."
            )
    if text_column is not None:
        raise UserError(
            "Expected no text_column with plain lines, where it has no "
            f"effect. Received: text_column={text_column!r}"
        )
    return Rows(texts, labels)


def _check_single(pair, source):
    if pair is not None:
        raise UserError(
            f"Expected a table with the columns {' and '.join(pair)}. "
            f"Received: {source}, with plain lines"
        )


def _plain(text, source):
    """The lines of a plain text, and that none has a label."""
    lines = text.replace("\r\n", "\n").split("\n")
    texts = [line for line in lines if line.strip()]
    if not texts:
        raise UserError(f"Expected at least one text. Received: {source}, none")
    return texts, [None] * len(texts)


def _rows(table: Table, text_column, usual, pair) -> Rows:
    columns = table.columns
    first, second = ([name] if name in columns else [] for name in usual)
    if pair is None:
        wanted = (*first, *TEXT_COLUMNS)
        texts = [find_column("text column", text_column, columns, wanted)]
    else:
        texts = [find_column("text column", n, columns, ()) for n in pair]
    found = texts_of(table, texts)
    known = (*second, *LABEL_COLUMNS)
    name = next((n for n in known if n in columns and n not in texts), None)
    if name is None:
        return Rows(found, [None] * len(found))
    labels = [_label(row[name]) for row in table.rows]
    if all(label in WITHHELD for label in labels):
        labels = [""] * len(found)
    return Rows(found, [None if label == "" else label for label in labels])


def _label(value):
    """A label as the training reads it; of other types as JSON has it."""
    if value is None:
        return ""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return unicodedata.normalize("NFC", str(value)).strip()
    return value if isinstance(value, (bool, float, list)) else str(value)
