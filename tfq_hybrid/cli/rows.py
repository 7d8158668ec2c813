"""The rows of `predict`: found in a file or a pipe, answered, written."""

import collections
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfq_hybrid.cli.run import status
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_output_folder, replacing

if TYPE_CHECKING:
    from tfq_hybrid.data import Rows

STDIN = "-"
BATCH = 64


def find_source(words: Sequence[str], data: str | None) -> str | None:
    """The file that is asked for, or `-`; `None` where the words are texts.

    Raises:
        UserError: the words are a file among texts, or one that is missing.
    """
    from tfq_hybrid.data import is_data_file

    if data is not None and words:
        raise click.UsageError("TEXTS and --data exclude each other.")
    if data is not None:
        return data
    if not words:
        raise click.UsageError(
            "Missing argument 'TEXTS...' or option '--data'."
        )
    files = [w for w in words if w == STDIN or is_data_file(w)]
    if not files:
        return None
    if len(words) > 1:
        raise UserError(
            f"Expected texts, or one file. Received: {files[0]} and "
            f"{len(words) - 1} more. A sentence that ends as a file does comes "
            "by the standard input: -"
        )
    if files[0] != STDIN and not os.path.exists(files[0]):
        raise UserError(
            f"Expected a file that is there, or a sentence that does not end "
            f"as a file does. Received: {files[0]}, which is not there. Such a "
            "sentence comes by the standard input: -"
        )
    return files[0]


def read_source(
    source: str,
    text_column: str | None,
    delimiter: str | None,
    usual: tuple[str | None, str | None],
    pair: Sequence[str] | None = None,
    takes_words: bool = False,
) -> "Rows":
    """The texts of a file or, for `-`, of the standard input.

    `usual` are the columns of texts and labels that are looked for first,
    `pair` the two columns of pairs; `takes_words` whether words may be read
    from a `.conllu` file as they are.

    Raises:
        UserError: there is none to be read.
    """
    from tfq_hybrid.data import (
        read_rows_of_texts,
        read_rows_of_words,
        rows_of_lines,
    )
    from tfq_hybrid.reading import decoded

    if source.endswith((".conllu", ".conllu.gz")):
        if not takes_words:
            raise UserError(
                "Expected a file of texts: the model does not label words. "
                f"Received: {source}"
            )
        for name, value in (
            ("--text-column", text_column),
            ("--delimiter", delimiter),
        ):
            if value is not None:
                raise click.UsageError(f"{name} has no effect with .conllu.")
        return read_rows_of_words(source, usual[1])
    if source != STDIN:
        return read_rows_of_texts(source, text_column, delimiter, usual, pair)
    if delimiter is not None:
        raise click.UsageError("--delimiter has no effect with -.")
    text = decoded(sys.stdin.buffer.read(), "the standard input")
    return rows_of_lines(text, text_column, usual, pair)


def pair_of(
    ask: Any,
    text_column: str | None,
    text_columns: Sequence[str] | None,
    usual: Sequence[str] | None,
) -> Sequence[str] | None:
    """The two columns of a file whose texts a `Predictor` takes as pairs.

    `usual` are those of its training.

    Raises:
        UserError: it takes no pairs, or the columns are not known.
    """
    if not ask.takes_pairs:
        if text_columns is not None:
            raise UserError(
                "Expected no text_columns with a model of single texts. "
                f"Received: text_columns={','.join(text_columns)}"
            )
        return None
    columns = text_columns or usual
    if text_column is not None or columns is None or len(columns) != 2:
        raise UserError(
            "Expected the two columns of a model of pairs of texts, such as "
            "--text-columns premise,hypothesis. Received: "
            f"{text_column or ','.join(columns or ()) or 'none'}"
        )
    return columns


def answers_of(
    ask: Callable[..., list[dict]],
    rows: "Rows",
    names: dict[str, str],
    settings: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """Answers in the order of the rows, a batch at a time.

    An answer has what the file says as `expected`, where it says something.
    Progress goes to a terminal on stderr.

    Args:
        ask: a `Predictor`.
        rows: the texts.
        names: the name of each label that the run gave one.
        settings: of a language model.
    """
    total = len(rows)
    for begin in range(0, total, BATCH):
        end = min(begin + BATCH, total)
        answers = ask(rows.texts[begin:end], **settings)
        for answer, label in zip(answers, rows.labels[begin:end], strict=True):
            if label is not None:
                answer["expected"] = _named(label, names)
            yield answer
        if total > BATCH:
            status(f"{end:,} of {total:,} rows")
    if total > BATCH:
        status("")


def _named(label, names):
    """A label by the name that the run gave it; each of a list."""
    if isinstance(label, list):
        return [_named(each, names) for each in label]
    return names.get(label, label) if isinstance(label, str) else label


def check_output(output: str, source: str | None, overwrite: bool) -> None:
    """Raises `UserError` unless answers may be written to a file."""
    path = pathlib.Path(output)
    if path.suffix != ".jsonl":
        raise UserError(
            "Expected --output to end in .jsonl: an answer a line, as JSON. "
            f"Received: --output={output}"
        )
    check_output_folder(path.parent)
    if not os.path.lexists(path):
        return
    if not path.is_file():
        raise UserError(
            f"Expected --output to be a file. Received: {output}, which is none"
        )
    if source not in (None, STDIN) and os.path.samefile(path, source):
        raise UserError(
            "Expected another file than that of the texts. Received: "
            f"--output={output}"
        )
    if not overwrite:
        raise UserError(
            f"Expected a new file. Received: --output={output}, which is "
            "there. Use overwrite=True to replace it."
        )


def write_answers(output: str, answers: Iterable[dict[str, Any]]) -> str:
    """Writes answers as JSON lines, whole or not at all; says what it wrote."""
    path = pathlib.Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    counts: collections.Counter = collections.Counter()
    total = missed = 0
    with (
        replacing(path) as partial,
        partial.open("w", encoding="utf-8") as file,
    ):
        for answer in answers:
            file.write(json.dumps(answer, ensure_ascii=False) + "\n")
            counts.update(answer["labels"] if "words" in answer else [])
            counts[answer.get("label")] += 1
            missed += answer.get("missed", 0)
            total += 1
    labels = [f"{name} {n:,}" for name, n in counts.most_common() if name]
    shown = f" ({', '.join(labels[:12])})" if labels else ""
    told = f"{total:,} answers{shown}: {output}"
    return f"{told}\n{cut_off(missed)}" if missed else told


def cut_off(words: int) -> str:
    """A line about words that have no label."""
    return (
        f"{words:,} words without a label: the text is longer than the model "
        "takes."
    )
