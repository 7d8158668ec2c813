"""What a model can be trained for: classes, numbers, labels, language.

`TASKS` has a row for each; `evaluate` measures the model of a finished run.
"""

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.files import write_text
from tfq_hybrid.training.baselines import (
    majority_accuracy,
    token_counts,
    unigram_loss,
)
from tfq_hybrid.training.class_scores import scores_of_classes
from tfq_hybrid.training.config import UNUSED, TrainConfig
from tfq_hybrid.training.multi_label import MultiLabel
from tfq_hybrid.training.regression import Regression
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.task import (
    Task,
    columns_of,
    label_facts,
    load_parts,
    predicted,
)
from tfq_hybrid.training.token_labels import TokenLabels

if TYPE_CHECKING:
    from tfq_hybrid.data import TextDataset, TokenDataset


class Classification(Task):
    """Labelled texts in, accuracy out."""

    monitor, mode = "val_accuracy", "max"

    def load(self, config):
        return load_splits(config)

    def facts(self, config, training):
        """The labels, as the data has them and as they are shown."""
        return label_facts(config, training.label_names)

    def objective(self):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        # By name, Keras would make it while it traces the first step, and
        # trace that a second time.
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return {"loss": loss, "metrics": [accuracy]}

    def results(self, model, validation, batch_size):
        return {"validation_examples": len(validation)}

    def baseline(self, model, training, validation):
        rate = majority_accuracy(validation.labels)
        return {"validation_majority_accuracy": rate}

    def evaluate(self, run, config, verbose=0):
        _, values, names, _ = RunFolder(run).read()
        dataset = _labelled(config, config.data, config.split).only_seen()
        by_value = set(dataset.label_names) <= set(values)
        dataset = relabel(dataset, values if by_value else names, config.data)
        model, _ = load_trained(run)
        logits = predicted(model, dataset, verbose)
        return scores_of_classes(dataset.labels, logits, names)


def load_splits(
    config: TrainConfig,
) -> tuple["TextDataset", "TextDataset"]:
    """Training and validation data with the labels that training has."""
    training, validation, source = load_parts(config, _labelled)
    training = training.only_seen()
    names = training.label_names
    if len(names) < 2:
        raise UserError(
            "Expected at least two labels among the training examples. "
            f"Received: {config.data} with {', '.join(names)}"
        )
    return training, relabel(validation, names, source)


def _labelled(config, source, split):
    return text_data.load_dataset(source, split, **columns_of(config))


def relabel(
    dataset: "TextDataset", names: tuple[str, ...], source: str
) -> "TextDataset":
    """A data set whose labels are indices into some names, and among them."""
    dataset = dataset.only_seen()
    for name in dataset.label_names:
        if name not in names:
            raise choice_error(f"label in {source}", name, names)
    places = np.array([names.index(n) for n in dataset.label_names], np.int32)
    return text_data.TextDataset(dataset.texts, places[dataset.labels], names)


class Generation(Task):
    """Causal language modelling: text in, loss and perplexity out."""

    monitor, mode = "val_loss", "min"

    def load(self, config):
        column = config.text_column
        training = text_data.load_corpus(config.data, column).take(config.limit)
        if config.validation_data is not None:
            held_out = text_data.load_corpus(config.validation_data, column)
            return training, held_out
        training, validation = training.split(0.1)
        if not len(training):
            raise UserError(
                "Expected at least two lines of text, to hold out the end of "
                f"it, or validation_data. Received: {config.data} with one"
            )
        return training, validation

    def facts(self, config, training):
        """The form of the text, which prompts follow when the model answers."""
        return {"format": training.format}

    def encode(self, data, model, config):
        """Windows of tokens, a `TokenDataset`."""
        return text_data.encode_corpus(
            data,
            model.preprocessor.tokenizer,
            config.sequence_length,
            config.data,
        )

    def objective(self):
        """The mean cross-entropy of the learned tokens, and their accuracy."""
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return {
            "loss": keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="mean_with_sample_weight"
            ),
            "weighted_metrics": [accuracy],
        }

    def callbacks(self):
        return [LogPerplexity()]

    def results(self, model, validation, batch_size):
        found = measure(model, validation, batch_size)
        return {f"validation_{name}": value for name, value in found.items()}

    def baseline(self, model, training, validation):
        counts = token_counts(training, _vocabulary_size(model))
        return {"validation_unigram_loss": unigram_loss(counts, validation)}

    def keep(self, folder, model, training):
        """How often each token was learned, for the unigram loss."""
        counts = token_counts(training, _vocabulary_size(model))
        write_text(folder.token_counts_file, json.dumps(counts.tolist()))

    def evaluate(self, run, config, verbose=0):
        model, _ = load_trained(run)
        corpus = text_data.load_corpus(config.data, config.text_column)
        tokens = self.encode(corpus, model, config)
        found = measure(model, tokens, config.batch_size)
        counts = RunFolder(run).token_counts(_vocabulary_size(model))
        if counts is not None:
            found["unigram_loss"] = unigram_loss(counts, tokens)
        return found


def _vocabulary_size(model):
    return int(model.backbone.vocabulary_size)


class LogPerplexity(keras.callbacks.Callback):
    """Adds the exponential of each loss to the logs of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        for prefix in ("", "val_"):
            loss = (logs or {}).get(f"{prefix}loss")
            if loss is not None:
                # A float64 ends at exp(709).
                logs[f"{prefix}perplexity"] = math.exp(min(loss, 700.0))


def measure(
    model: keras.Model, data: "TokenDataset", batch_size: int = 8
) -> dict[str, Any]:
    """What a keras-hub `CausalLM` makes of windows of tokens.

    `tokens`: how many are predicted; `loss`: their mean cross-entropy in
    nats; `perplexity`: its exponential; `accuracy`: the share for which the
    likeliest token is the one.
    """

    @tf.function
    def step(inputs, targets, weights):
        logits = tf.cast(model(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        hits = tf.argmax(logits, -1, targets.dtype) == targets
        hits = tf.cast(hits, tf.float32)
        sums = [tf.reduce_sum(weights * part) for part in (losses, hits)]
        return tf.stack([*sums, tf.reduce_sum(weights)])

    sums = [step(*batch).numpy() for batch in data.batches(batch_size)]
    loss, hits, tokens = sum(part.astype("float64") for part in sums)
    return {
        "tokens": int(tokens),
        "loss": float(loss / tokens),
        "perplexity": math.exp(min(loss / tokens, 700.0)),
        "accuracy": float(hits / tokens),
    }


TASKS: dict[str, Task] = {
    "classification": Classification(),
    "generation": Generation(),
    "regression": Regression(),
    "multi-label": MultiLabel(),
    "tokens": TokenLabels(),
}


def evaluate(
    run: str | os.PathLike[str],
    data: str,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    data_dir: str | None = None,
    delimiter: str | None = None,
    verbose: int | str = 0,
    text_columns: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measures the model of a run on text that it was not trained on.

    Args:
        run: the folder of a finished run.
        data: as for `train`. The labels of a text classifier are those of
            training, by value or by the names that the run gave them.
        split: the split of a TFDS data set. Defaults to `"test"`.
        text_column, label_column, data_dir, delimiter: as for
            `load_dataset`. Default to those of the run. A language model
            takes a text_column alone.
        verbose: as for `predict`.
        text_columns: of a run on pairs of texts, the two columns. Defaults
            to `None`: those of the run.

    Returns:
        Of a text classifier: what `scores_of_classes` gives. Of a regression:
        what `regression_scores` gives, in the data's own unit. Of a
        multi-label classifier: what `label_scores` gives, by `labels` the F1,
        the threshold and the number of texts of each, and `baseline_loss`,
        that of the training's frequencies of labels. Of labels of words:
        what `tag_scores` gives, `examples` and `loss`. Of a language model:
        `tokens`, `loss` (nats per token), `perplexity`, `accuracy`, and
        `unigram_loss`, that of the token frequencies of its training text,
        unless an older version trained it.

    Raises:
        UserError: the input is wrong, or a label was not seen in training.
    """
    config, *_ = RunFolder(run).read()
    given = {
        "split": split,
        "label_column": label_column,
        "data_dir": data_dir,
        "delimiter": delimiter,
        "text_column": text_column,
        "text_columns": text_columns,
    }
    for name, value in given.items():
        if value is not None and name in UNUSED[config.task]:
            raise UserError(
                f"Expected no {name} for a run of {config.model}, where it "
                f"has no effect. Received: {name}={value!r}"
            )
    are_pairs = config.text_columns is not None
    if text_column is not None if are_pairs else text_columns is not None:
        raise UserError(
            f"Expected {'text_columns' if are_pairs else 'text_column'}: the "
            f"run was trained on {'pairs of' if are_pairs else 'single'} "
            f"texts. Received: {'text_column' if are_pairs else 'text_columns'}"
        )
    config = dataclasses.replace(
        config,
        data=data,
        split=split or "test",
        text_column=text_column or config.text_column,
        text_columns=tuple(text_columns or ()) or config.text_columns,
        label_column=label_column or config.label_column,
        data_dir=data_dir or config.data_dir,
        delimiter=delimiter or config.delimiter,
    )
    return TASKS[config.task].evaluate(run, config, verbose)
