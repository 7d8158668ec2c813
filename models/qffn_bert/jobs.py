"""What the jobs of `qffn-bert` compute."""

import dataclasses

from tfq_hybrid.circuits import PRESETS
from tfq_hybrid.comparison.reporting.measured import measure
from tfq_hybrid.comparison.work.executions import executed
from tfq_hybrid.comparison.work.trained import (
    few_shot_file,
    labelled_test,
    read_test,
    train_and_test,
)

# How a circuit that was trained exactly runs on the test data.
EXECUTIONS = {
    "1,024 shots": {"repetitions": 1024},
    "128 shots": {"repetitions": 128},
    "0.1 % depolarized": {"depolarizing": 0.001},
    "1 % depolarized": {"depolarizing": 0.01},
    "5 % depolarized": {"depolarizing": 0.05},
    "2 % of bits misread": {"readout_error": 0.02},
}


def perform(arguments, seed, paths, folder):
    """Trains one model, selects on validation, and reads the test once.

    With `measure` it measures a circuit instead; with `executions` the
    trained circuits answer the test data under each of them too.
    """
    from tfq_hybrid.training import load_trained

    if "measure" in arguments:
        return measure(circuit_of(arguments["measure"]), seed), {}
    config = _config(arguments, seed, paths, folder)
    test = paths[f"{arguments['task']}_test"]
    found, arrays = train_and_test(config, test, folder)
    for name in arguments.get("executions", ()):
        model, _ = load_trained(f"{folder}/run")
        with executed(model, seed, **EXECUTIONS[name]):
            _, answered = read_test(model, labelled_test(config, test, folder))
        arrays[f"scores, {name}"] = answered["scores"]
    return found, arrays


def circuit_of(changes):
    """The paper's circuit with other values for some of its arguments."""
    changes = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in changes.items()
    }
    return dataclasses.replace(PRESETS["qffn"], **changes)


def _config(arguments, seed, paths, folder):
    from tfq_hybrid.training import TrainConfig

    task, model = arguments["task"], arguments["model"]
    data = paths[f"{task}_train"]
    if "shots" in arguments:
        data = few_shot_file(data, arguments["shots"], seed, folder)
    options = {}
    if model not in ("ffn", "none"):
        changes = dict(arguments.get("circuit", {}))
        options = {
            "residual": changes.pop("residual", True),
            "circuit": circuit_of(changes),
            "tokens": arguments.get("tokens", "all"),
        }
    return TrainConfig(
        data=str(data),
        validation_data=paths.get(f"{task}_validation"),
        baseline=None if model == "quantum" else model,
        options=options,
        limit=arguments.get("limit"),
        epochs=arguments.get("epochs", 1),
        batch_size=arguments.get("batch_size", 64),
        patience=arguments.get("epochs", 1),
        seed=seed,
    )
