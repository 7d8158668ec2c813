"""What a training will take, told before it starts."""

import time

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.durations import duration
from tfq_hybrid.engines import estimate_bytes, human_bytes
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.training.build import circuit_layers, count_parameters


def describe(model, config, training, first_epoch=0):
    """Lines about a training: parameters, circuit, memory, time.

    Args:
        model: built, and compiled.
        config: `TrainConfig`.
        training: the encoded training data.
        first_epoch: int. Epochs that are done. Defaults to 0.

    Yields:
        str, a line each.
    """
    yield from _parameters(model, config)
    layers = [
        layer
        for _, layer in named_layers(model)
        if isinstance(layer, QuantumDense)
    ]
    for layer in layers[:1]:
        yield layer.circuit.diagram()
    circuits = circuit_layers(model)
    if circuits:
        angles = dict.fromkeys(len(one.program.trained) for one in circuits)
        needed = circuit_bytes(model, config.circuit_runs)
        yield (
            f"{len(circuits)} circuits of {' and '.join(map(str, angles))} "
            f"angles, engine {circuits[0].engine_choice}, about "
            f"{human_bytes(needed)}"
        )
    steps = -(-len(training) // config.batch_size)
    epochs = config.epochs - first_epoch
    seconds = steps * epochs * _step_seconds(model, config, training)
    yield (
        f"{steps:,} steps an epoch, {epochs} epochs, at most: about "
        f"{duration(max(1, seconds))}"
    )


def circuit_bytes(model, runs):
    """Bytes that the circuits of a model take in a training step, an int.

    Args:
        model: a built `keras.Model`.
        runs: int. How often each circuit runs in a step.
    """
    return sum(
        estimate_bytes(
            layer.program.qubits, len(layer.operators), layer.depth, runs
        )
        for layer in circuit_layers(model)
    )


def _parameters(model, config):
    counts = count_parameters(model, config)
    total = f"{counts.pop('total'):,} parameters"
    counts.pop("circuits")
    adapter = getattr(config.options, "adapter", None)
    for name, count in counts.items():
        if adapter:
            what = adapter["method"]
        else:
            what = f"{config.classical or 'quantum'} {name.replace('_', ' ')}"
        yield f"{what}: {count:,} of {total}"


def _step_seconds(model, config, training):
    """A rough time for a step: three forward passes on the first batch."""
    batch = training.inputs(config.batch_size)
    model.predict_on_batch(batch)  # traces
    began = time.perf_counter()
    model.predict_on_batch(batch)
    return 3 * (time.perf_counter() - began)
