"""Evaluate the model of a finished run."""

import keras
import numpy as np
import scipy.stats
import sklearn.metrics

from tfq_hybrid.data import load_dataset
from tfq_hybrid.training.run_folder import RunFolder


def load_trained(run):
    """The model of a finished run, and the names of its labels.

    Args:
        run: str or path. The run folder.

    Returns:
        A pair of a `keras.Model` and a tuple of str.

    Raises:
        UserError: there is no finished run.
    """
    folder = RunFolder(run)
    folder.metrics()
    _, _, names, _ = folder.read()
    # Importing `models` registers the classes that the file names.
    from tfq_hybrid import models  # noqa: F401

    return keras.models.load_model(folder.model_file, compile=False), names


def evaluate(run, data, split="test", verbose=0):
    """Accuracy, its interval, macro-F1 and loss on labelled text.

    Args:
        run: str or path. The folder of a finished run.
        data: str, as for `load_dataset`.
        split: str. The split of a TFDS data set. Defaults to `"test"`.
        verbose: as for `predict`.

    Returns:
        A dict: `examples`, `accuracy`, `accuracy_interval` (95 %, Wilson
        score, over the sampling of examples only), `macro_f1`, `loss` (mean
        cross-entropy in nats).

    Raises:
        UserError: the input is wrong, or a label was not seen in training.
    """
    config, values, _, _ = RunFolder(run).read()
    dataset = load_dataset(
        data,
        split,
        text_column=config.text_column,
        label_column=config.label_column,
        label_names=values,
        data_dir=config.data_dir,
    )
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
