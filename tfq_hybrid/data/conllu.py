"""`load_conllu`: sentences whose words have a label each, from CoNLL-U."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
from typing import Self

import numpy as np

from tfq_hybrid.data.datasets import natural
from tfq_hybrid.data.formats import read_text_file, suffix_of
from tfq_hybrid.errors import UserError, check_choice

# https://universaldependencies.org/format.html
COLUMNS = (
    "id",
    "form",
    "lemma",
    "upos",
    "xpos",
    "feats",
    "head",
    "deprel",
    "deps",
    "misc",
)
UPOS = "upos"  # the universal part of speech
# Of a multiword token and of an empty node, which are no words.
_NO_WORD = re.compile(r"\d+-\d+|\d+\.\d+", re.ASCII)
_WORD = re.compile(r"\d+", re.ASCII)


@dataclasses.dataclass(frozen=True)
class TaggedSentences:
    """Sentences in memory, whose words have a label each.

    Attributes:
        texts: the words of each sentence.
        labels: an int32 array for each sentence, with an index into
            `label_names` for each word.
        label_names: the labels' names.
    """

    texts: list[tuple[str, ...]]
    labels: list[np.ndarray]
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def words(self) -> int:
        """How many words there are."""
        return sum(map(len, self.texts))

    def take(self, count: int | None) -> Self:
        """The first `count` sentences; all of them for `None`."""
        return dataclasses.replace(
            self, texts=self.texts[:count], labels=self.labels[:count]
        )

    def split(self, fraction: float, seed: int = 0) -> tuple[Self, Self]:
        """Two disjoint random parts, the second of about `fraction`."""
        order = np.random.default_rng(seed).permutation(len(self))
        cut = len(self) - max(1, round(len(self) * fraction))
        return self.pick(order[:cut]), self.pick(order[cut:])

    def pick(self, places: np.ndarray) -> Self:
        """The sentences at some places, in that order."""
        return dataclasses.replace(
            self,
            texts=[self.texts[i] for i in places],
            labels=[self.labels[i] for i in places],
        )

    def seen(self) -> tuple[str, ...]:
        """The names of the labels that occur."""
        places = sorted({int(i) for row in self.labels for i in row})
        return tuple(self.label_names[i] for i in places)

    def named(self, names: tuple[str, ...], source: str) -> "TaggedSentences":
        """The same sentences, with labels that are indices into some names.

        Args:
            names: the labels that there are.
            source: where the sentences are from, for an error.

        Raises:
            UserError: a word has a label that is not among them.
        """
        for name in self.seen():
            check_choice(f"label in {source}", name, names)
        places = np.array(
            [names.index(n) if n in names else -1 for n in self.label_names],
            np.int32,
        )
        labels = [places[row] for row in self.labels]
        return TaggedSentences(self.texts, labels, names)

    def fingerprint(self) -> str:
        """A digest of all words and labels, in hexadecimal digits."""
        digest = hashlib.sha256()
        for words, labels in zip(self.texts, self.labels, strict=True):
            row = [words, [self.label_names[i] for i in labels]]
            digest.update(json.dumps(row).encode("utf-8"))
        return digest.hexdigest()


def load_conllu(
    path: str | os.PathLike[str], label_column: str | None = None
) -> TaggedSentences:
    """Loads sentences of a `.conllu` file, or a `.gz` of one.

    Multiword tokens (1-2) and empty nodes (1.1) are no words, and are left
    out.

    Args:
        path: the file.
        label_column: the column of the labels, such as `"xpos"`. Defaults to
            `None`: `"upos"`, the universal part of speech.

    Raises:
        UserError: it is malformed, or a word has no label; the message names
            the line.
    """
    texts: list[tuple[str, ...]] = []
    tags: list[list[str]] = []
    for words, labels, lines in read_sentences(path, label_column):
        tags.append([])
        for label, line in zip(labels, lines, strict=True):
            if label is None:
                raise UserError(
                    "Expected a label for each word in the column "
                    f"{label_column or UPOS}. Received: {path}, line {line}, "
                    "without"
                )
            tags[-1].append(label)
        texts.append(words)
    names = sorted({name for row in tags for name in row}, key=natural)
    index = {name: i for i, name in enumerate(names)}
    rows = [np.array([index[n] for n in row], np.int32) for row in tags]
    return TaggedSentences(texts, rows, tuple(names))


def read_sentences(
    path: str | os.PathLike[str], label_column: str | None = None
) -> list[tuple[tuple[str, ...], list[str | None], list[int]]]:
    """The sentences of a `.conllu` file, whose words may have no labels.

    Args:
        path, label_column: as for `load_conllu`.

    Returns:
        For each sentence its words, the label of each or `None`, and the line
        of each.

    Raises:
        UserError: it is malformed; the message names the line.
    """
    path = pathlib.Path(path)
    column = (label_column or UPOS).lower()
    check_choice("label column", column, COLUMNS[2:])
    if suffix_of(path) != ".conllu":
        raise UserError(
            f"Expected a .conllu file, or a .gz of one. Received: {path}"
        )
    place = COLUMNS.index(column)
    found = []
    rows: list[tuple[str, str | None, int]] = []
    lines = read_text_file(path).replace("\r\n", "\n").split("\n")
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            cells = line.split("\t")
            if _is_word(path, number, line, cells, len(rows)):
                label = cells[place]
                is_there = label not in ("", "_")
                rows.append((cells[1], label if is_there else None, number))
        elif rows:
            words, labels, places = zip(*rows, strict=True)
            found.append((words, [*labels], [*places]))
            rows = []
    if not found:
        raise UserError(f"Expected at least one sentence. Received: {path}")
    return found


def _is_word(path, number, line, cells, before):
    """Whether a line is a word, the next after so many of its sentence."""
    if line.startswith("#"):
        return False
    if len(cells) != len(COLUMNS):
        raise UserError(
            f"Expected {len(COLUMNS)} columns between tabs in every row. "
            f"Received: {path}, line {number}, with {len(cells)}"
        )
    if _NO_WORD.fullmatch(cells[0]):
        return False
    if not _WORD.fullmatch(cells[0]) or cells[0] != str(before + 1):
        raise UserError(
            f"Expected the word {before + 1} of a sentence. Received: {path}, "
            f"line {number}, id={cells[0][:20]!r}"
        )
    return True
