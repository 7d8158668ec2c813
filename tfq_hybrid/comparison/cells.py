"""One cell of a comparison: a row from one seed, or a rate to choose from."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.comparison.costs import measure_costs
from tfq_hybrid.comparison.parts import read_from

if TYPE_CHECKING:
    from tfq_hybrid.data import TextDataset


def perform(
    arguments: dict, seed: int, paths: dict[str, str], folder: str
) -> tuple[dict, dict]:
    """What a cell finds, and its arrays; see `jobs.Recipe`.

    The arguments are the `kind` of the row, its `config` or `head`, where the
    `columns` of the data are for rows that are no trainings, and the
    `aim`: to measure `"cost"`, to try a `"rate"` on the validation data, or to
    answer the `"test"` data, once.
    """
    if arguments["kind"] == "majority":
        return _majority(arguments, paths)
    if arguments["kind"] == "head":
        return _head(arguments, seed, paths)
    from tfq_hybrid.training import TrainConfig

    config = TrainConfig.from_dict(arguments["config"])
    config = read_from(config, paths, seed)
    if arguments["aim"] == "cost":
        return measure_costs(config, paths["states"]), {}
    if arguments["aim"] == "rate":
        return _rate(config, folder, paths["states"]), {}
    from tfq_hybrid.comparison.work.trained import train_and_test

    return train_and_test(config, paths["test"], folder, paths["states"])


def _rate(config, folder, states):
    """What the validation data say of a rate; a divergence is said too."""
    from tfq_hybrid.errors import TrainingDivergedError
    from tfq_hybrid.training import train

    def report(line):
        pass

    try:
        metrics = train(
            config, f"{folder}/run", verbose=0, report=report, states=states
        )
    except TrainingDivergedError:
        return {"validation_loss": None, "validation_accuracy": None}
    names = ("validation_loss", "validation_accuracy")
    return {name: metrics[name] for name in names}


def _load_all(arguments, paths):
    """The written parts, whose columns the arguments name."""
    from tfq_hybrid.data import load_dataset
    from tfq_hybrid.training.tasks import relabel

    def load(name) -> "TextDataset":
        return load_dataset(paths[name], **arguments["columns"])

    training = load("training")
    others = (
        relabel(load(name), training.label_names, paths[name])
        for name in ("validation", "test")
    )
    return training, *others


def _majority(arguments, paths):
    """The most frequent label of the training data, for every text."""
    from tfq_hybrid.comparison.work.heads import answer

    training, validation, test = _load_all(arguments, paths)
    label = int(np.argmax(np.bincount(training.labels)))
    found, arrays = answer(np.full(len(test), label), test.labels)
    share = float(np.mean(validation.labels == label))
    found |= {"validation_accuracy": share, "parameters": {"trained": 0}}
    return found, arrays


def _head(arguments: dict[str, Any], seed: int, paths: dict[str, str]):
    """A head of scikit-learn on the embeddings of a preset."""
    from tfq_hybrid.comparison.work.heads import Split, fit_classical
    from tfq_hybrid.comparison.work.texts import embedded

    head = arguments["head"]
    training, validation, test = (
        Split(
            embedded(
                head["preset"],
                part.texts,
                head["pooling"],
                head["sequence_length"],
            ),
            part.labels,
        )
        for part in _load_all(arguments, paths)
    )
    found, arrays = fit_classical(
        head["kind"], training, validation, test, seed
    )
    found["parameters"]["trained"] = found["parameters"]["head"]
    return found, arrays
