"""What the jobs of `qffn-bert` compute."""

import dataclasses

import numpy as np

from tfq_hybrid.circuits import PRESETS
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
    "0.1 % depolarized": {"noise": 0.001},
    "1 % depolarized": {"noise": 0.01},
    "5 % depolarized": {"noise": 0.05},
    "2 % of bits misread": {"readout_error": 0.02},
}


def perform(arguments, seed, paths, folder):
    """Trains one model, selects on validation, and reads the test once.

    With `measure` it measures a circuit instead; with `executions` the
    trained circuits answer the test data under each of them too.
    """
    if "measure" in arguments:
        return _measure(circuit_of(arguments["measure"]), seed)
    config = _config(arguments, seed, paths, folder)
    test = paths[f"{arguments['task']}_test"]
    found, arrays = train_and_test(config, test, folder)
    for name in arguments.get("executions", ()):
        arrays[f"scores, {name}"] = _under(
            config, test, folder, EXECUTIONS[name], seed
        )
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


def _measure(circuit, seed):
    """Expressibility and entangling capability of the ansatz."""
    from tfq_hybrid.diagnostics import (
        RandomCircuit,
        entangling_capability,
        expressibility,
    )

    random = RandomCircuit(circuit)
    found = {}
    for measure in (expressibility, entangling_capability):
        estimate = measure(random, seed=seed)
        found[measure.__name__] = {
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
        }
    return found, {}


def _under(config, test, folder, execution, seed):
    """The scores of the trained model, its circuits run in another way."""
    import cirq

    from tfq_hybrid.training import load_trained

    model, _ = load_trained(f"{folder}/run")
    noise = execution.get("noise")
    for index, block in enumerate(circuit_blocks(model)):
        run_block(
            block,
            repetitions=execution.get("repetitions"),
            noise_model=cirq.depolarize(noise) if noise else None,
            readout_error=execution.get("readout_error"),
            seed=seed + index,  # layers of one seed would draw the same
        )
    dataset = labelled_test(config, test, folder)
    return np.asarray(read_test(model, dataset)[1]["scores"])


def circuit_blocks(model):
    """The `QuantumFeedForward` of each encoder layer, a list."""
    return [block for block, _ in model.backbone.feed_forward_blocks]


def run_block(block, **execution):
    """Lets the circuit of a block run in another way, its weights kept.

    Args:
        block: a built `QuantumFeedForward`.
        **execution: arguments of `QuantumDense`: `repetitions`,
            `noise_model`, `readout_error`, `seed`.
    """
    from tfq_hybrid.adapters import replace_sublayer
    from tfq_hybrid.layers import QuantumDense

    old = block.dense
    new = QuantumDense(
        old.units,
        old.circuit,
        dtype=old.dtype_policy,
        name=old.name,
        **execution,
    )
    new.build((None, None, old.input_projection.kernel.shape[0]))
    new.set_weights(old.get_weights())
    replace_sublayer(block, "dense", new)
