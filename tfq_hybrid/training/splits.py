"""The training and validation data of a config."""

import numpy as np

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError, choice_error


def load_splits(config):
    """Training and validation data of a config.

    Args:
        config: `TrainConfig`.

    Returns:
        A pair of `TextDataset` with the same label names, those that the
        training data hold.

    Raises:
        UserError: the data cannot be loaded, hold fewer than two labels, or
            a validation label does not occur in training.
    """
    columns = {
        "text_column": config.text_column,
        "label_column": config.label_column,
        "data_dir": config.data_dir,
    }
    training = text_data.load_dataset(config.data, config.split, **columns)
    training = training.take(config.limit)
    source = config.validation_data
    splits = text_data.splits_of(config.data, config.data_dir)
    if source is None and "validation" in splits:
        source = config.data
    if source is not None:
        validation = text_data.load_dataset(source, "validation", **columns)
    elif len(training) > 1:
        training, validation = training.split(0.1, config.seed)
    training = training.only_seen()
    names = training.label_names
    if len(names) < 2:
        raise UserError(
            "Expected at least two labels among the training examples. "
            f"Received: {config.data} with {', '.join(names)}"
        )
    return training, relabel(validation, names, source or config.data)


def relabel(dataset, names, source):
    """A data set whose labels are indices into `names`.

    Raises:
        UserError: an example has a label that is not among them.
    """
    dataset = dataset.only_seen()
    for name in dataset.label_names:
        if name not in names:
            raise choice_error(f"label in {source}", name, names)
    places = np.array([names.index(n) for n in dataset.label_names], np.int32)
    return text_data.TextDataset(dataset.texts, places[dataset.labels], names)
