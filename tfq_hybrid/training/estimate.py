"""What a training will take, told before it starts."""

import time

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.engines import estimate_bytes, human_bytes
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.training.build import count_parameters


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
    if layers:
        circuit = layers[0].circuit
        yield circuit.diagram()
        first = getattr(config.options, "tokens", "all") == "cls"
        tokens = 1 if first else config.sequence_length
        needed = estimate_bytes(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            config.batch_size * tokens,
            layers=len(layers),
        )
        yield (
            f"{len(layers)} circuits of {circuit.weight_count} angles, "
            f"engine {layers[0].engine_choice}, about {human_bytes(needed)}"
        )
    steps = -(-len(training) // config.batch_size)
    epochs = config.epochs - first_epoch
    seconds = steps * epochs * _step_seconds(model, config, training)
    yield (
        f"{steps:,} steps an epoch, {epochs} epochs, at most: about "
        f"{_duration(seconds)}"
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


def _duration(seconds):
    """Seconds as a short text: 90 -> '2 min'."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
