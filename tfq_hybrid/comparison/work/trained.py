"""What every recipe does with a `TrainConfig`: train, then read the test."""

import os
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.comparison.reporting.measured import measure
from tfq_hybrid.comparison.rows import read_row
from tfq_hybrid.comparison.work.executions import executed
from tfq_hybrid.comparison.work.heads import answer
from tfq_hybrid.comparison.work.texts import drawn, write_texts

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.data import TextDataset
    from tfq_hybrid.training import TrainConfig


def perform(
    arguments: dict, seed: int, paths: dict[str, str], folder: str
) -> tuple[dict, dict]:
    """Trains a row of a recipe, selects on validation, reads the test once.

    The arguments of a job:

        row         as in `compare`, such as `"qffn-bert:baseline=ffn"`
        task        whose files are `TASK_train`, `TASK_test` and, if there
                    is one, `TASK_validation`
        limit, epochs, batch_size
                    as for a training; default to `None`, 1 and 64
        shots       train on so many examples of each label, drawn by the seed
        executions  by name: the test data is answered once more, the
                    circuits run as `executed` takes it; arrays `scores, NAME`

    and, instead of all but `row`, `is_measured`: to measure its circuit.
    """
    from tfq_hybrid.training import load_trained

    row = read_row(arguments["row"])
    if arguments.get("is_measured"):
        return measure(row.config({"data": ""}).options.circuit, seed), {}
    task, epochs = arguments["task"], arguments.get("epochs", 1)
    data = paths[f"{task}_train"]
    if "shots" in arguments:
        data = str(few_shot_file(data, arguments["shots"], seed, folder))
    config = row.config(
        {
            "data": data,
            "validation_data": paths.get(f"{task}_validation"),
            "limit": arguments.get("limit"),
            "epochs": epochs,
            "patience": epochs,
            "batch_size": arguments.get("batch_size", 64),
            "seed": seed,
        }
    )
    test = paths[f"{task}_test"]
    found, arrays = train_and_test(config, test, folder)
    for name, execution in arguments.get("executions", {}).items():
        model, _ = load_trained(f"{folder}/run")
        with executed(model, seed, **execution):
            _, answered = read_test(model, labelled_test(config, test, folder))
        arrays[f"scores, {name}"] = answered["scores"]
    return found, arrays


def train_and_test(
    config: "TrainConfig",
    test: str,
    folder: str | os.PathLike[str],
) -> tuple[dict, dict]:
    """Trains a text classifier in a folder and answers the test data once.

    Gives figures of validation and test, as `heads.answer` has them, with the
    counts of parameters; and the arrays `scores`, 1 for each right answer and
    0 for each wrong one, `predicted` and `labels`.
    """
    from tfq_hybrid.training import load_trained, train

    run = pathlib.Path(folder) / "run"
    metrics = train(config, run, verbose=0, report=lambda line: None)
    model, _ = load_trained(run)
    dataset = labelled_test(config, test, folder)
    found, arrays = read_test(model, dataset)
    found |= {
        "validation_accuracy": metrics["validation_accuracy"],
        "validation_curve": [
            logs["val_accuracy"] for logs in metrics["history"]
        ],
        "best_epoch": metrics["best_epoch"],
        "training_examples": metrics["training_examples"],
        "parameters": metrics["parameters"],
    }
    return found, arrays


def labelled_test(
    config: "TrainConfig",
    test: str,
    folder: str | os.PathLike[str],
) -> "TextDataset":
    """The test data, with the labels of the run that was trained."""
    from tfq_hybrid.data import load_dataset
    from tfq_hybrid.training.classification import relabel
    from tfq_hybrid.training.run_folder import RunFolder
    from tfq_hybrid.training.task import columns_of

    run = pathlib.Path(folder) / "run"
    dataset = load_dataset(test, "test", **columns_of(config))
    _, values, _, _ = RunFolder(run).read()
    return relabel(dataset, values, test)


def read_test(
    model: "keras.Model", dataset: "TextDataset"
) -> tuple[dict, dict]:
    """Answers the test data; as `heads.answer`."""
    from tfq_hybrid.training.task import predicted

    logits = predicted(model, dataset)
    return answer(np.argmax(logits, axis=-1), dataset.labels)


def few_shot_file(
    source: str, shots: int, seed: int, folder: str | os.PathLike[str]
) -> pathlib.Path:
    """A `.tsv` file with some examples of each label, drawn by the seed."""
    from tfq_hybrid.data import load_dataset

    dataset = load_dataset(source)
    generator = np.random.default_rng(seed)
    path = pathlib.Path(folder) / "few_shot.tsv"
    write_texts(dataset.pick(drawn(dataset, shots, generator)), path)
    return path
