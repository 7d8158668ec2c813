"""What the outputs of a text model stand for: classes, labels, numbers."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras_hub

Outputs = dict[str, tf.Tensor]
DIALOGUE = "dialogue"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the outputs of a text model stand for.

    Args:
        task: What it was trained for: `"classification"`, `"regression"`,
            `"multi-label"`, `"tokens"`, or `"dialogue"`: a language model
            that answers prompts in its chat format. Defaults to
            `"classification"`.
        mean: What 0 stands for in a regression. Defaults to 0.
        scale: What 1 is more than 0 in a regression. Defaults to 1.
        pairs: Whether it was trained on pairs of texts: its `serve` takes
            two. Defaults to `False`.
        thresholds: Of the probabilities of a multi-label classifier, one for
            each label. Defaults to none: 0.5.

    Raises:
        UserError: an argument is out of its range.
    """

    task: str = "classification"
    mean: float = 0.0
    scale: float = 1.0
    pairs: bool = False
    thresholds: tuple[float, ...] = ()

    def __post_init__(self):
        check_choice("task", self.task, [*ANSWERS, DIALOGUE])


def answer_of(run: str | os.PathLike[str]) -> Answer | None:
    """What the outputs of the model of a run stand for.

    Args:
        run: The run folder.

    Returns:
        `None` of a language model that was trained on plain text, which
        goes on after a prompt.

    Raises:
        UserError: there is no run there.
    """
    folder = RunFolder(run)
    config, *_ = folder.read()
    if config.task == "generation":
        is_dialogue = folder.facts().get("format") == DIALOGUE
        return Answer(DIALOGUE) if is_dialogue else None
    pairs = config.text_columns is not None
    if config.task == "regression":
        return Answer("regression", *folder.unit(), pairs)
    thresholds = folder.thresholds() if config.task == "multi-label" else ()
    return Answer(config.task, pairs=pairs, thresholds=tuple(thresholds))


def classes(
    model: "keras_hub.models.TextClassifier",
    answer: Answer,
    label_names: Sequence[str] | None,
) -> Callable[[tf.Tensor], Outputs]:
    """From logits to `probabilities` (batch, classes) and `label` (batch,).

    Raises:
        UserError: the number of names is not that of the classes.
    """
    names = _names(model, label_names)
    if len(names) < 2:
        raise UserError(
            "Expected a classifier of two classes or more, or answer="
            "Answer('regression', mean, scale). Received: one with one output"
        )
    activation = getattr(model, "activation", None)  # of logits: none
    is_softmax = activation is keras.activations.softmax

    def answered(outputs):
        found = outputs if is_softmax else tf.nn.softmax(outputs)
        labels = tf.gather(tf.constant(names), tf.argmax(found, axis=-1))
        return {"probabilities": found, "label": labels}

    return answered


def labels(
    model: "keras_hub.models.TextClassifier",
    answer: Answer,
    label_names: Sequence[str] | None,
) -> Callable[[tf.Tensor], Outputs]:
    """From logits to `probabilities` (batch, names) and `labels` (batch,).

    These are the names whose probability is at least the threshold, with bars
    between them.

    Raises:
        UserError: the number of names or thresholds is not that of the
            outputs.
    """
    names = _names(model, label_names)
    thresholds = answer.thresholds or (0.5,) * len(names)
    if len(thresholds) != len(names):
        raise UserError(
            f"Expected {len(names)} thresholds. Received: {len(thresholds)}"
        )

    def answered(outputs):
        found = tf.nn.sigmoid(outputs)
        chosen = found >= tf.constant(thresholds, tf.float32)
        rows = tf.broadcast_to(tf.constant(names), tf.shape(chosen))
        texts = tf.ragged.boolean_mask(rows, chosen)
        joined = tf.strings.reduce_join(texts, axis=-1, separator="|")
        return {"probabilities": found, "labels": joined}

    return answered


def _names(model, label_names):
    names = [str(n) for n in label_names or range(model.num_classes)]
    if len(names) != model.num_classes:
        raise UserError(
            f"Expected {model.num_classes} label names. Received: "
            f"{', '.join(names)}"
        )
    return names


def numbers(
    model: "keras_hub.models.TextClassifier",
    answer: Answer,
    label_names: Sequence[str] | None,
) -> Callable[[tf.Tensor], Outputs]:
    """From standardised numbers to `value` (batch,), in the data's unit.

    Raises:
        UserError: the model has another number of outputs than one.
    """
    if model.num_classes != 1 or label_names:
        raise UserError(
            "Expected a regression with one output, and no label names. "
            f"Received: {model.num_classes} outputs, label_names="
            f"{label_names!r}"
        )

    def answered(outputs):
        return {"value": outputs[:, 0] * answer.scale + answer.mean}

    return answered


def words(
    model: keras.Model, answer: Answer, label_names: Sequence[str] | None
) -> Callable[[tf.Tensor], Outputs]:
    """From logits of words to the `labels` and `probabilities` of each.

    Logits are of shape (batch, words, labels), both others (batch, words).

    Raises:
        UserError: the number of names is not that of the labels, or the model
            answers whole texts.
    """
    if not isinstance(model, TokenClassifier):
        raise UserError(
            "Expected a model that labels words, for task='tokens'. Received: "
            f"{type(model).__name__}"
        )
    names = _names(model, label_names)

    def answered(outputs):
        found = tf.nn.softmax(outputs)
        labels = tf.gather(tf.constant(names), tf.argmax(found, axis=-1))
        return {
            "labels": labels,
            "probabilities": tf.reduce_max(found, axis=-1),
        }

    return answered


ANSWERS: dict[str, Callable[..., Callable[[tf.Tensor], Outputs]]] = {
    "classification": classes,
    "regression": numbers,
    "multi-label": labels,
    "tokens": words,
}
