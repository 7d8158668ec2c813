"""Token labels: a label for each word of a sentence."""

import dataclasses
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import sklearn.metrics
import tensorflow as tf

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.classification import majority_vote
from tfq_hybrid.training.frozen import above_frozen
from tfq_hybrid.training.metrics import f1_by_class, percent, ratio
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.task import (
    Task,
    label_facts,
    load_parts,
    of_weighted_tokens,
)

if TYPE_CHECKING:
    from tfq_hybrid.data import TaggedSentences, TaggedTokens
    from tfq_hybrid.training.config import TrainConfig

MISSED = -1  # in place of the label of a word that was cut off
_BIO = re.compile(r"[BI]-.+")


class TokenLabels(Task):
    """Words with a label each in, token accuracy and macro F1 out.

    A word's label is that of its first token. The other tokens, and padding,
    are in no loss. A word that was cut off counts as one that is wrong.
    """

    monitor, mode = "val_accuracy", "max"
    scores = ("macro_f1",)
    metrics = (
        percent(
            "accuracy",
            "token accuracy",
            lambda a: ratio(
                of_sentences(a, a["predicted"] == a["labels"]),
                of_sentences(a, np.ones(len(a["labels"]))),
            ),
        ),
        percent("macro-f1", "macro F1", lambda a: _f1_by_label(a).mean(axis=1)),
    )

    between = " "

    def load(self, config):
        training, validation, source = load_parts(config, _tagged)
        names = training.seen()
        if len(names) < 2:
            raise UserError(
                "Expected at least two labels among the training examples. "
                f"Received: {config.data} with {', '.join(names)}"
            )
        return (
            training.named(names, config.data),
            validation.named(names, source),
        )

    def facts(self, config, training):
        """The labels, as the data has them and as they are shown."""
        return label_facts(config, training.label_names)

    def encode(self, data, model, config):
        """Tokens, a `TaggedTokens`."""
        tokenizer = model.preprocessor.tokenizer
        encoded = text_data.encode_tagged(
            data, tokenizer, config.sequence_length
        )
        if "segment_ids" in model.input:  # of one text
            segments = tf.zeros_like(encoded.token_ids)
            more = {"segment_ids": segments}
            encoded = dataclasses.replace(encoded, more=more)
        return Encoded(encoded, data)

    def objective(self):
        """The mean cross-entropy of the words, and their accuracy."""
        return of_weighted_tokens()

    def results(self, model, validation, batch_size):
        found = word_scores(model, validation)
        return {f"validation_{name}": value for name, value in found.items()}

    def evaluate(
        self,
        run: str | os.PathLike[str],
        config: "TrainConfig",
        verbose: int | str = 0,
    ) -> dict[str, Any]:
        model, encoded, _ = self._read(run, config)
        with self.fed(model):
            return word_scores(model, encoded, verbose)

    def _read(self, run, config):
        _, values, names, _ = RunFolder(run).read()
        sentences = _tagged(config, config.data, config.split)
        by_value = set(sentences.seen()) <= set(values)
        sentences = sentences.named(values if by_value else names, config.data)
        model, _ = load_trained(run)
        return model, self.encode(sentences, model, config), names

    def read(self, config, source, split):
        return _tagged(config, source, split)

    def seen(self, data):
        return data.named(data.seen(), "")

    def labelled_as(self, training, data, source):
        return data.named(training.label_names, source)

    def check(self, training, source):
        seen = training.seen()
        if len(seen) < 2:
            raise UserError(
                "Expected at least two labels among the training examples. "
                f"Received: {source} with {', '.join(seen)}"
            )
        missing = {*training.label_names} - {*seen}
        if missing:
            raise UserError(
                "Expected training sentences with every label that are in no "
                f"other part. Received: {source} without any of {min(missing)}"
            )

    def answers(self, run, config, states=None):
        model, encoded, names = self._read(run, config)
        if states is not None:
            (encoded,) = above_frozen(model, [encoded], states)
        with self.fed(model):
            _, predicted = _predicted(model, encoded)
        return word_answers(predicted, encoded.sentences, len(names))

    def without_learning(self, config, training, test):
        """The most frequent label of the training data, for each word."""
        label = int(np.argmax(np.bincount(np.concatenate(training.labels))))
        predicted = [np.full(len(row), label) for row in test.labels]
        return word_answers(predicted, test, len(training.label_names))

    def by_class(self, answers, classes):
        return _f1_by_label(answers).mean(axis=0)

    def in_words(self, answers, names):
        """What each seed's most frequent answer says of the words."""
        first = answers[0]
        ends = np.cumsum(np.bincount(first["sentences"]))[:-1]

        def shown(labels):
            shown = np.array([*names, "—"])[labels]  # MISSED is the last
            return [" ".join(row) for row in np.split(shown, ends)]

        votes = majority_vote([1 + one["predicted"] for one in answers]) - 1
        return shown(first["labels"]), shown(votes)


def word_answers(
    predicted: Sequence[Any], sentences: "TaggedSentences", classes: int
) -> dict[str, np.ndarray]:
    """Answers to words as `TokenLabels.metrics` take them.

    Args:
        predicted: for each sentence an index for each word, or `MISSED`.
        sentences: with the right ones.
        classes: how many labels there are.
    """
    lengths = [len(row) for row in sentences.labels]
    return {
        "predicted": np.concatenate(predicted).astype(np.int16),
        "labels": np.concatenate(sentences.labels).astype(np.int16),
        "sentences": np.repeat(np.arange(len(lengths)), lengths),
        "classes": np.array(classes),
    }


def of_sentences(answers: Any, values: np.ndarray) -> np.ndarray:
    """Sums over the words of each sentence, of shape (sentences,)."""
    return np.bincount(answers["sentences"], values)


def _f1_by_label(answers):
    """Contributions of sentences to the F1 of each label."""
    kinds = range(int(answers["classes"]))
    said, there = (
        np.stack([answers[name] == kind for kind in kinds])
        for name in ("predicted", "labels")
    )
    counts = (
        np.stack([of_sentences(answers, row) for row in part], axis=1)
        for part in (said & there, said, there)
    )
    return f1_by_class(*counts)


class Encoded:
    """Tokens, with the sentences that they are from."""

    def __init__(self, tokens: "TaggedTokens", sentences: "TaggedSentences"):
        self.tokens = tokens
        self.sentences = sentences
        self.inputs = tokens.inputs
        self.batches = tokens.batches
        self.shuffled_batches = tokens.shuffled_batches

    def __len__(self) -> int:
        return len(self.tokens)

    def with_inputs(self, more: dict[str, Any]) -> "Encoded":
        """The same sentences, with more beside the tokens."""
        more = {**self.tokens.more, **more}
        tokens = dataclasses.replace(self.tokens, more=more)
        return Encoded(tokens, self.sentences)


def _tagged(config, source, split):
    return text_data.load_conllu(source, config.label_column)


def word_scores(
    model: keras.Model, encoded: Encoded, verbose: int | str = 0
) -> dict[str, Any]:
    """How well a model labels words; see `tag_scores`.

    `loss` is the mean cross-entropy in nats of the words that were not
    missed.
    """
    tokens, sentences = encoded.tokens, encoded.sentences
    logits, predicted = _predicted(model, encoded, verbose)
    losses = keras.ops.convert_to_numpy(
        keras.losses.sparse_categorical_crossentropy(
            tokens.targets, logits, from_logits=True
        )
    )
    learned = tokens.weights > 0
    loss = float(losses[learned].mean()) if learned.any() else None
    found = tag_scores(sentences.labels, predicted, sentences.label_names)
    return {"examples": len(sentences), **found, "loss": loss}


def _predicted(model, encoded, verbose=0):
    """Logits of tokens, and a label for each word of each sentence."""
    logits = model.predict(encoded.tokens.batches(64), verbose=verbose)
    return logits, encoded.tokens.of_words(np.argmax(logits, axis=-1))


def tag_scores(
    labels: Sequence[Any],
    predicted: Sequence[Any],
    names: Sequence[str],
) -> dict[str, Any]:
    """How well words were labelled.

    Args:
        labels: for each sentence an index into the names for each word.
        predicted: likewise, `MISSED` for a word without an answer.
        names: the labels' names.

    Returns:
        `words`; `missed`, how many of them have no answer, which is wrong;
        `accuracy`; `majority_accuracy`, that of always answering the most
        frequent label; `macro_f1`, the mean over the labels, 0 for one that is
        neither there nor predicted. Where the names are of BIO spans
        (`B-PER`, `I-PER`, `O`) also `entity_precision`, `entity_recall` and
        `entity_f1`.

    Raises:
        UserError: a sentence has not as many answers as words.

    Example:

    >>> names = ("B-PER", "I-PER", "O")
    >>> found = tag_scores([[0, 1, 2]], [[0, 2, -1]], names)
    >>> found["words"], found["missed"], found["entity_f1"]
    (3, 1, 0.0)
    """
    for row, answers in zip(labels, predicted, strict=True):
        if len(row) != len(answers):
            raise UserError(
                f"Expected {len(row)} answers, one for each word. Received: "
                f"{len(answers)}"
            )
    truth, found = np.concatenate(labels), np.concatenate(predicted)
    f1 = sklearn.metrics.f1_score(
        truth,
        found,
        labels=np.arange(len(names)),
        average="macro",
        zero_division=0,
    )
    scores = {
        "words": len(truth),
        "missed": int(np.sum(found == MISSED)),
        "accuracy": float(np.mean(truth == found)),
        "majority_accuracy": float(np.bincount(truth).max() / len(truth)),
        "macro_f1": float(f1),
    }
    if are_spans(names):
        texts = [*names, "O"]  # MISSED is the last one's index
        tagged = [
            ([texts[i] for i in row], [texts[i] for i in answers])
            for row, answers in zip(labels, predicted, strict=True)
        ]
        scores |= entity_scores(*zip(*tagged, strict=True))
    return scores


def are_spans(names: Sequence[str]) -> bool:
    """Whether labels are those of BIO spans.

    >>> are_spans(["B-PER", "I-PER", "O"]), are_spans(["NOUN", "O"])
    (True, False)
    """
    spans = [name for name in names if name != "O"]
    return bool(spans) and all(map(_BIO.fullmatch, spans))


def entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """The spans of a sentence's BIO tags, as `seqeval` reads them by default.

    A span begins with `B-`, and with an `I-` that goes on no span of its
    type.

    Args:
        tags: such as `["B-PER", "I-PER", "O"]`.

    Returns:
        Triples of a type, the first word, and the one after the last.

    >>> sorted(entities(["B-PER", "I-PER", "O", "I-LOC", "I-PER"]))
    [('LOC', 3, 4), ('PER', 0, 2), ('PER', 4, 5)]
    """
    found = set()
    kind, start = "", 0
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind and (prefix != "I" or name != kind):
            found.add((kind, start, place))
            kind = ""
        if prefix != "O" and not kind:
            kind, start = name, place
    return found


def entity_scores(
    labels: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Precision, recall and F1 of spans, over all sentences and types.

    A span is right if its type, its beginning and its end are. Where there
    are none, a score is 0.
    """
    hits = truths = answers = 0
    for row, other in zip(labels, predicted, strict=True):
        truth, found = entities(row), entities(other)
        hits += len(truth & found)
        truths += len(truth)
        answers += len(found)
    return {
        "entity_precision": hits / max(answers, 1),
        "entity_recall": hits / max(truths, 1),
        "entity_f1": 2 * hits / max(answers + truths, 1),
    }
