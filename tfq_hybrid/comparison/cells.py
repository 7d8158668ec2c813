"""One cell of a comparison: a row from one seed, or a rate to choose from."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.comparison.beside import measure, without_learning
from tfq_hybrid.comparison.costs import measure_costs
from tfq_hybrid.comparison.parts import PARTS, read_from

if TYPE_CHECKING:
    from tfq_hybrid.training import TrainConfig


def perform(
    arguments: dict, seed: int, paths: dict[str, str], folder: str
) -> tuple[dict, dict]:
    """What a cell finds, and its arrays; see `jobs.Recipe`.

    The arguments are the `kind` of the row; its `config`, or that of the data
    where it is no training; its `head`; what is asked `beside`, as of
    `Beside.asked`; and the `aim`: to measure `"cost"`, to try a `"rate"` on the
    validation data, or to answer the `"test"` data, once.
    """
    from tfq_hybrid.training import TrainConfig

    config = TrainConfig.from_dict(arguments["config"])
    config = read_from(config, paths, seed)
    if arguments["kind"] == "floor":
        return _floor(config, paths, arguments.get("beside", {}))
    if arguments["kind"] == "head":
        return _head(arguments, config, seed, paths)
    if arguments["aim"] == "cost":
        return measure_costs(config, paths["states"]), {}
    if arguments["aim"] == "rate":
        return _rate(config, folder, paths["states"]), {}
    return _train_and_test(config, paths, folder, arguments.get("beside", {}))


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
        return {"validation_loss": None}
    return {"validation_loss": metrics["validation_loss"]}


def _train_and_test(
    config: "TrainConfig",
    paths: dict[str, str],
    folder: str,
    beside: dict[str, Any],
) -> tuple[dict, dict[str, np.ndarray]]:
    """Trains in a folder, and answers the test data once."""
    from tfq_hybrid.training import TASKS, train

    run = pathlib.Path(folder) / "run"
    states = paths["states"]
    metrics = train(
        config, run, verbose=0, report=lambda line: None, states=states
    )
    task = TASKS[config.task]
    tested = dataclasses.replace(config, data=paths["test"], split="test")
    curve = [logs[task.monitor] for logs in metrics["history"]]
    found = {
        "validation_curve": curve,
        "best_epoch": metrics["best_epoch"],
        "training_examples": metrics["training_examples"],
        "parameters": metrics["parameters"],
    }
    answers = task.answers(run, tested, states)
    return found, answers | measure(beside, run, config, paths)


def _read_all(config, paths):
    """The written parts, with the labels of training."""
    from tfq_hybrid.training import TASKS

    task = TASKS[config.task]
    parts = [task.read(config, paths[name], name) for name in PARTS]
    training = task.seen(parts[0])
    return (
        task,
        training,
        *(
            task.labelled_as(training, part, paths[name])
            for name, part in zip(PARTS[1:], parts[1:], strict=True)
        ),
    )


def _floor(config, paths, beside):
    """What knows the labels of the training data alone."""
    task, training, _, test = _read_all(config, paths)
    answers = task.without_learning(config, training, test)
    answers |= without_learning(beside, task, config, training, paths)
    return {"parameters": {"trained": 0}}, answers


def _head(
    arguments: dict[str, Any],
    config: "TrainConfig",
    seed: int,
    paths: dict[str, str],
):
    """A head of scikit-learn on the embeddings of a preset."""
    from tfq_hybrid.comparison.work.heads import Split, choose_classical

    head = arguments["head"]
    task, *parts = _read_all(config, paths)
    splits = [Split(_embedded(head, part.texts), part.labels) for part in parts]
    training, validation, test = splits
    model, _, fitted = choose_classical(
        head["kind"], training, validation, seed
    )
    fitted["parameters"]["trained"] = fitted["parameters"]["head"]
    return fitted, task.as_answers(model.predict(test.embeddings), test.labels)


def _embedded(head, texts):
    """Embeddings of texts; of pairs `u, v, |u - v|, u v` of the two.

    As InferSent has it (Conneau et al. 2017, section 3.1).
    """
    from tfq_hybrid.comparison.work.texts import embedded

    names = ("pooling", "sequence_length")
    columns = [texts] if isinstance(texts[0], str) else zip(*texts, strict=True)
    u, *others = (
        embedded(head["preset"], column, *(head[name] for name in names))
        for column in columns
    )
    if not others:
        return u
    (v,) = others
    return np.concatenate([u, v, np.abs(u - v), u * v], axis=1)
