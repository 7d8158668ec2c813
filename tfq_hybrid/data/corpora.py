"""Text for language models, plain or as dialogues."""

import bisect
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
from typing import Any

import numpy as np

from tfq_hybrid.data.tables import LABEL_COLUMNS, read_table
from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.reading import read_text

ROLES = ("user", "assistant")
# The columns of instructions and what is asked of them, by their usual names.
INSTRUCTIONS = ("instruction", "prompt", "question")
LARGEST_LINE = 2**20  # bytes
RESPONSES = ("output", "response", "completion", "answer")


@dataclasses.dataclass(frozen=True)
class Corpus:
    """Text in memory: dialogues, or the lines of a plain text.

    Attributes:
        rows: of dialogues each is a list of pairs `(role, content)`;
            of plain text each is a str, a line with its end.
        format: `"dialogue"` or `"plain"`.
    """

    rows: list[Any]
    format: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def texts(self) -> list[str]:
        """All that is said."""
        if self.format == "plain":
            return self.rows
        return [content for turns in self.rows for _, content in turns]

    def take(self, count: int | None) -> "Corpus":
        """The first `count` lines or dialogues; all of them for `None`."""
        return dataclasses.replace(self, rows=self.rows[:count])

    def pick(self, places: np.ndarray) -> "Corpus":
        """The lines or dialogues at some places, in that order."""
        return dataclasses.replace(self, rows=[self.rows[i] for i in places])

    def split(self, *fractions: float) -> tuple["Corpus", ...]:
        """Parts in the order of the text, all but the first of given sizes.

        Args:
            *fractions: about how much of the text each part after the first
                takes, by its length. The last part has a row at least.

        Returns:
            One part more than there are fractions.
        """
        sizes = [len(json.dumps(row)) for row in self.rows]
        ends = list(itertools.accumulate(sizes))
        cuts = [0]
        for part in range(len(fractions)):
            wanted = sum(sizes) * (1 - sum(fractions[part:]))
            cut = bisect.bisect_right(ends, wanted)
            cuts.append(max(0, min(cut, len(sizes) - 1)))
        return tuple(
            dataclasses.replace(self, rows=self.rows[start:end])
            for start, end in itertools.pairwise([*cuts, len(sizes)])
        )

    def fingerprint(self) -> str:
        """A digest of all text, in hexadecimal digits."""
        digest = hashlib.sha256(self.format.encode())
        for row in self.rows:
            digest.update(json.dumps(row).encode("utf-8"))
        return digest.hexdigest()


def is_running_text(
    source: str | os.PathLike[str], text_column: str | None = None
) -> bool:
    """Whether a source is text for a language model, by its first line.

    That is a `.txt` file, or dialogues in a `.jsonl` file without a column of
    labels; see `load_corpus`.
    """
    path = pathlib.Path(source)
    if path.suffix == ".txt":
        return True
    if path.suffix != ".jsonl" or text_column or not path.is_file():
        return False
    with path.open("rb") as file:
        line = file.readline(LARGEST_LINE)
    try:
        row = json.loads(line)
    except ValueError:
        return False
    keys = {*row} if isinstance(row, dict) else set()
    if keys & {*LABEL_COLUMNS}:
        return False
    asks = keys & {*INSTRUCTIONS} and keys & {*RESPONSES}
    return bool(asks) or "conversations" in keys


def load_corpus(
    path: str | os.PathLike[str], text_column: str | None = None
) -> Corpus:
    """Loads text for a language model from a local file.

    A `.txt` file is one plain text; `<|endoftext|>` in it separates texts. A
    `.jsonl` file holds a dialogue a line, in one of two forms, or with
    `text_column` a plain text a line:

        {"conversations": [{"role": "user", "content": ...}, ...]}
        {"instruction": ..., "input": ..., "output": ...}

    In the first the roles are `user` and `assistant`; in the second `input`
    is optional, and `prompt` or `question`, and `response`, `completion` or
    `answer` are other names for the rest. A dialogue in which the assistant
    says nothing is left out.

    Args:
        path: the file.
        text_column: the key of the text. Defaults to `None`: dialogues.

    Raises:
        UserError: the file is missing, of another format, malformed, or
            without text.
    """
    path = pathlib.Path(path)
    if path.suffix not in (".txt", ".jsonl"):
        raise UserError(
            "Expected a .txt or .jsonl file of text. Received: "
            f"{path}, {'which is' if path.exists() else 'where there is'} none"
        )
    if path.suffix == ".txt":
        if text_column is not None:
            raise UserError(
                "Expected no text_column with a .txt file. Received: "
                f"text_column={text_column!r}"
            )
        corpus = Corpus(read_text(path).splitlines(keepends=True), "plain")
    else:
        table = read_table(path)
        columns, rows = table.columns, table.rows
        if text_column is not None:
            check_choice("text column", text_column, columns)
            texts = [_text(row[text_column], path) for row in rows]
            texts = [f"{text}<|endoftext|>" for text in texts]
            corpus = Corpus(texts, "plain")
        else:
            corpus = Corpus(_dialogues(path, columns, rows), "dialogue")
    if not any(text.strip() for text in corpus.texts):
        raise UserError(f"Expected text. Received: {path}, all blank")
    return corpus


def _dialogues(path, columns, rows):
    if "conversations" in columns:
        found = [_turns(row["conversations"], path) for row in rows]
    else:
        prompt = _column(path, INSTRUCTIONS, columns)
        response = _column(path, RESPONSES, columns)
        found = []
        for row in rows:
            asked = [
                _text(row[prompt], path),
                _text(row.get("input", ""), path),
            ]
            asked = "\n".join(part for part in asked if part)
            found.append(
                [("user", asked), ("assistant", _text(row[response], path))]
            )
    return [
        turns
        for turns in found
        if any(role == "assistant" and content for role, content in turns)
    ]


def _turns(turns, path):
    if not isinstance(turns, list):
        raise UserError(
            "Expected conversations as lists of turns. Received: "
            f"{path} with {turns!r}"[:300]
        )
    found = []
    for turn in turns:
        if not isinstance(turn, dict) or not {"role", "content"} <= set(turn):
            raise UserError(
                "Expected turns with a role and a content. Received: "
                f"{path} with {turn!r}"[:300]
            )
        check_choice(f"role in {path}", turn["role"], ROLES)
        found.append((turn["role"], _text(turn["content"], path)))
    return found


def _text(value, path):
    if not isinstance(value, str):
        raise UserError(
            f"Expected texts in {path}. Received: {type(value).__name__} "
            f"{value!r}"[:300]
        )
    return value


def _column(path, names, columns):
    for name in names:
        if name in columns:
            return name
    raise UserError(
        f"{choice_error(f'column of {path}', names[0], columns)} Name a "
        "column of plain text with text_column."
    )
