"""From a `TrainConfig` to a compiled model, and what training it will take."""

import time

from tfq_hybrid.adapters import named_layers, trainable_parameters
from tfq_hybrid.durations import duration
from tfq_hybrid.engines import estimate_bytes, human_bytes
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.training.optimizer import make_optimizer
from tfq_hybrid.training.systems import Setting
from tfq_hybrid.training.tasks import TASKS


def make_vocabulary(config, texts):
    """The vocabulary of the preset, or one learned from the texts."""
    return config.system.vocabulary(
        config.options, texts, config.vocabulary_size
    )


def build_model(config, vocabulary, classes=None):
    """The model of a config, from random or preset weights.

    Args:
        config: `TrainConfig`.
        vocabulary: list of str, from `make_vocabulary`.
        classes: int. The number of labels, where the task has some.
            Defaults to `None`.

    Returns:
        A keras-hub task, not compiled for training yet.

    Raises:
        UserError: the circuit does not fit in memory.
    """
    setting = Setting(
        vocabulary, config.sequence_length, config.batch_size, classes
    )
    return config.system.build(config.options, config.baseline, setting)


def compile_model(model, config, steps_per_epoch, training=None):
    """Compiles with the config's optimizer, and the loss and metrics.

    Args:
        model: from `build_model`.
        config: `TrainConfig`.
        steps_per_epoch: int. The learning rate follows it.
        training: the training data, which a loss may take class weights
            from. Defaults to `None`: the loss of the task, whatever the
            system's.
    """
    objective = TASKS[config.system.task].objective()
    if config.system.loss is not None and training is not None:
        objective["loss"] = config.system.loss(config.options, training)
    model.compile(
        optimizer=make_optimizer(config, steps_per_epoch),
        jit_compile=config.xla,
        **objective,
    )
    # A step that makes variables while it is traced is traced twice.
    model.optimizer.build(model.trainable_variables)


def circuit_layers(model):
    """The layers of a model that are circuits, a list of `CircuitLayer`."""
    layers = [layer for _, layer in named_layers(model)]
    return [layer for layer in layers if isinstance(layer, CircuitLayer)]


def count_parameters(model, config):
    """Parameters in all, in the circuits, and in the parts of the system.

    The parts are those that the system names, such as `feed_forward`, the
    blocks of a `QFFNBert`; where it names none, `trained`, by an adapter.
    """
    circuits = circuit_layers(model)
    counts = {
        "total": model.count_params(),
        "circuits": sum(circuit.count_params() for circuit in circuits),
    }
    parts = config.system.parts(model)
    if not parts:
        return {**counts, "trained": trainable_parameters(model)}
    for name, layers in parts.items():
        counts[name] = sum(layer.count_params() for layer in layers)
    return counts


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
        angles = dict.fromkeys(len(one.program.weights) for one in circuits)
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
        if adapter is not None:
            what = type(adapter).__name__
        else:
            what = f"{config.baseline or 'quantum'} {name.replace('_', ' ')}"
        yield f"{what}: {count:,} of {total}"


def _step_seconds(model, config, training):
    """A rough time for a step: three forward passes on the first batch."""
    batch = training.inputs(config.batch_size)
    model.predict_on_batch(batch)  # traces
    began = time.perf_counter()
    model.predict_on_batch(batch)
    return 3 * (time.perf_counter() - began)
