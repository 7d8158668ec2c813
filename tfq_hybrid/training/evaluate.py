"""Evaluate the model of a finished run."""

import keras
import numpy as np
import scipy.stats
import sklearn.metrics

from tfq_hybrid.data import load_dataset
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.splits import relabel


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

    try:
        model = keras.models.load_model(folder.model_file, compile=False)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise folder.damaged(error) from None
    return model, names


def evaluate(
    run,
    data,
    split="test",
    text_column=None,
    label_column=None,
    data_dir=None,
    verbose=0,
):
    """Accuracy, its interval, macro-F1 and loss on labelled text.

    Args:
        run: str or path. The folder of a finished run.
        data: str, as for `load_dataset`. Its labels are those of training,
            by value or by the names that the run gave them.
        split: str. The split of a TFDS data set. Defaults to `"test"`.
        text_column, label_column, data_dir: as for `load_dataset`. Default
            to those of the run.
        verbose: as for `predict`.

    Returns:
        A dict: `examples`, `accuracy`, `accuracy_interval` (95 %, Wilson
        score, over the sampling of examples only), `macro_f1`, `loss` (mean
        cross-entropy in nats).

    Raises:
        UserError: the input is wrong, or a label was not seen in training.
    """
    config, values, names, _ = RunFolder(run).read()
    dataset = load_dataset(
        data,
        split,
        text_column=text_column or config.text_column,
        label_column=label_column or config.label_column,
        data_dir=data_dir or config.data_dir,
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
