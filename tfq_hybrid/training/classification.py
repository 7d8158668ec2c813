"""Text classification: labelled texts in, accuracy out."""

import keras
import numpy as np
import scipy.stats
import sklearn.metrics

from tfq_hybrid.data import load_dataset
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.splits import load_splits, relabel


def load(config):
    """Training and validation data, a pair of `TextDataset`."""
    return load_splits(config)


def facts(config, training):
    """The labels, as the data has them and as they are shown."""
    values = training.label_names
    wanted = config.label_names
    if wanted is None:
        wanted = values
    elif len(wanted) != len(values) or len(set(wanted)) < len(wanted):
        raise UserError(
            f"Expected {len(values)} different label names, for the labels "
            f"{', '.join(values)}. Received: {', '.join(wanted)}"
        )
    return {"label_values": list(values), "label_names": list(wanted)}


def objective():
    """Cross-entropy of the logits, and accuracy."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # By name, Keras would make it while it traces the first step, and trace
    # that a second time.
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return {"loss": loss, "metrics": [accuracy]}


def results(model, validation, batch_size):
    """The size of the validation data."""
    return {"validation_examples": len(validation)}


def evaluate(run, data, split, text_column, label_column, data_dir, verbose):
    """Accuracy, its interval, macro-F1 and loss on labelled text."""
    _, values, names, _ = RunFolder(run).read()
    dataset = load_dataset(
        data,
        split,
        text_column=text_column,
        label_column=label_column,
        data_dir=data_dir,
    ).only_seen()
    by_value = set(dataset.label_names) <= set(values)
    dataset = relabel(dataset, values if by_value else names, data)
    model, _ = load_trained(run)
    logits = model.predict(dataset.batches(256), verbose=verbose)
    losses = keras.losses.sparse_categorical_crossentropy(
        dataset.labels, logits, from_logits=True
    )
    predicted = np.argmax(logits, axis=-1)
    correct = int(np.sum(predicted == dataset.labels))
    interval = scipy.stats.binomtest(correct, len(dataset)).proportion_ci(
        method="wilson"
    )
    return {
        "examples": len(dataset),
        "accuracy": correct / len(dataset),
        "accuracy_interval": [float(interval.low), float(interval.high)],
        "macro_f1": float(
            sklearn.metrics.f1_score(dataset.labels, predicted, average="macro")
        ),
        "loss": float(np.mean(losses)),
    }
