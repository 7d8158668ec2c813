"""From a `TrainConfig` to a compiled model, and what training it will take."""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from tfq_hybrid.adapters import named_layers, trainable_parameters
from tfq_hybrid.adapters.circuit_layers import WeightCircuits
from tfq_hybrid.engines import estimate_bytes, human_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.estimate import duration
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.systems import Setting
from tfq_hybrid.training.tasks import TASKS


def make_vocabulary(
    config: TrainConfig, texts: Sequence[str | tuple[str, str]]
) -> list[str]:
    """The vocabulary of the preset, or one learned from the texts.

    The texts may be pairs.
    """
    single = [
        text
        for each in texts
        for text in ((each,) if isinstance(each, str) else each)
    ]
    return config.system.vocabulary(
        config.options, single, config.vocabulary_size
    )


def setting_of(
    config: TrainConfig, vocabulary: list[str], classes: int | None = None
) -> Setting:
    """What a system is told of a config; see `build_model`."""
    return Setting(
        vocabulary,
        config.sequence_length,
        config.batch_size,
        classes,
        config.task,
    )


def build_model(
    config: TrainConfig, vocabulary: list[str], classes: int | None = None
) -> keras.Model:
    """The model of a config, from random or preset weights.

    A keras-hub task, not compiled for training yet. `classes` is the number
    of outputs for a text, where the task decides it. A circuit that does not
    fit in memory is a `UserError`.
    """
    setting = setting_of(config, vocabulary, classes)
    model = config.system.build(config.options, config.baseline, setting)
    body = getattr(model, "backbone", None)
    if config.text_columns is not None and getattr(body, "num_segments", 2) < 2:
        raise UserError(
            "Expected a preset that was trained on pairs of texts. Received: "
            "one that tells no second text from a first"
        )
    return model


def compile_model(
    model: keras.Model,
    config: TrainConfig,
    steps_per_epoch: int,
    training: Any = None,
) -> None:
    """Compiles with the config's optimizer, and the loss and metrics.

    The loss is the system's, which may take class weights from the training
    data; without these, and for another task than the system's own, that of
    the task.
    """
    objective = TASKS[config.task].objective()
    is_own = config.task == config.system.task
    if is_own and config.system.loss is not None and training is not None:
        objective["loss"] = config.system.loss(config.options, training)
    model.compile(
        optimizer=make_optimizer(config, steps_per_epoch),
        jit_compile=config.xla,
        **objective,
    )
    # A step that makes variables while it is traced is traced twice.
    model.optimizer.build(model.trainable_variables)


# The name of the angles among the variables of every circuit layer.
ANGLES = "parameters"


class _AngleRate:
    """Gives the angles of circuits a learning rate of their own.

    The optimizer's is multiplied by `angle_rate` for them, and by `other_rate`
    for all else.
    """

    def __init__(
        self, *args, angle_rate: float = 1.0, other_rate: float = 1.0, **kwargs
    ):
        super().__init__(*args, **kwargs)
        self.angle_rate = angle_rate
        self.other_rate = other_rate

    def update_step(self, gradient, variable, learning_rate):
        name = variable.name.partition(":")[0]
        is_angle = name.rpartition("/")[2] == ANGLES
        factor = self.angle_rate if is_angle else self.other_rate
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self):
        return {
            **super().get_config(),
            "angle_rate": self.angle_rate,
            "other_rate": self.other_rate,
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class AngleAdam(_AngleRate, keras.optimizers.Adam):
    """Adam with a learning rate of its own for the angles of circuits."""


@keras.saving.register_keras_serializable("tfq_hybrid")
class AngleAdamW(_AngleRate, keras.optimizers.AdamW):
    """AdamW with a learning rate of its own for the angles of circuits."""


@keras.saving.register_keras_serializable("tfq_hybrid")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up from `start` to `peak`, then a cosine to 0.

    The numbers are those of Keras's `CosineDecay`, without its condition:
    AdamW asks for the rate once for each variable, and a condition is then
    traced, and run in every step, as often. Step 0 without a warm-up is at the
    peak, from which the rate falls for `decay_steps`.
    """

    def __init__(
        self, start: float, peak: float, warmup_steps: int, decay_steps: int
    ):
        super().__init__()
        self.start = start
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.decay_steps = decay_steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        risen = step / max(self.warmup_steps, 1)
        rising = (self.peak - self.start) * risen + self.start
        fallen = ops.minimum((step - self.warmup_steps) / self.decay_steps, 1.0)
        falling = self.peak * 0.5 * (1.0 + ops.cos(math.pi * fallen))
        return ops.where(step < self.warmup_steps, rising, falling)

    def get_config(self):
        names = ("start", "peak", "warmup_steps", "decay_steps")
        return {name: getattr(self, name) for name in names}


# Of each name: Keras's own class, and the one that knows angles.
CLASSES = {
    "adamw": (keras.optimizers.AdamW, AngleAdamW),
    "adam": (keras.optimizers.Adam, AngleAdam),
}


def make_optimizer(
    config: TrainConfig, steps_per_epoch: int
) -> keras.optimizers.Optimizer:
    """The optimizer of a config, with its warm-up and cosine decay.

    >>> config = TrainConfig("embedded", optimizer="adam", epochs=10)
    >>> schedule = make_optimizer(config, 10)._learning_rate
    >>> [round(float(schedule(step)), 5) for step in (0, 10, 55, 100)]
    [1e-05, 0.001, 0.0005, 0.0]
    """
    kind, with_angles = CLASSES[config.optimizer]
    rate, decay, options = config.learning_rate, config.weight_decay, {}
    if config.quantum_learning_rate not in (None, rate):
        kind, angle_rate = with_angles, config.quantum_learning_rate
        if rate > 0:
            options["angle_rate"] = angle_rate / rate
        else:  # the angles alone, and what does not train does not decay
            rate, decay = angle_rate, 0.0
            options["other_rate"] = 0.0
    options["learning_rate"] = _schedule(config, rate, steps_per_epoch)
    if config.optimizer == "adamw":
        options["weight_decay"] = decay
    if config.clipnorm is not None:
        options["global_clipnorm"] = config.clipnorm
    return kind(**options)


def _schedule(config, rate, steps_per_epoch):
    """A warm-up from a hundredth of the rate, then a cosine to 0."""
    steps = config.epochs * steps_per_epoch
    warmup = int(steps * config.warmup)
    return WarmupCosine(0.01 * rate, rate, warmup, steps - warmup)


def circuit_layers(model: keras.Model) -> list[CircuitLayer]:
    """The layers of a model that are circuits."""
    layers = [layer for _, layer in named_layers(model)]
    return [layer for layer in layers if isinstance(layer, CircuitLayer)]


def count_circuit_parameters(model: keras.Model) -> int:
    """The parameters of circuits, of those that act on weights too."""
    angles = [
        angle
        for _, layer in named_layers(model)
        if isinstance(layer, WeightCircuits)
        for angle in layer.trained_angles
    ]
    layers = circuit_layers(model)
    return sum(layer.count_params() for layer in layers) + sum(
        math.prod(angle.shape) for angle in angles
    )


def count_parameters(model: keras.Model, config: TrainConfig) -> dict[str, int]:
    """Parameters in all, in the circuits, and in the parts of the system.

    The parts are those that the system names, such as `feed_forward`, the
    blocks of a `QFFNBert`; where it names none, `trained`, by an adapter.
    """
    counts = {
        "total": model.count_params(),
        "circuits": count_circuit_parameters(model),
    }
    parts = config.system.parts(model)
    if not parts:
        return {**counts, "trained": trainable_parameters(model)}
    for name, layers in parts.items():
        counts[name] = sum(layer.count_params() for layer in layers)
    return counts


def describe(
    model: keras.Model, config: TrainConfig, training: Any, first_epoch: int = 0
) -> Iterator[str]:
    """Lines about a training: parameters, circuit, memory, time.

    The model is compiled, and the training data are encoded; `first_epoch`
    epochs are done already.
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
        idle = sum(len(one.weights_without_effect) for one in circuits)
        note = f" ({idle} in all without effect on the observables)" * (
            idle > 0
        )
        yield (
            f"{len(circuits)} circuits of {' and '.join(map(str, angles))} "
            f"angles{note}, engine {circuits[0].engine_choice}, about "
            f"{human_bytes(needed)}"
        )
    steps = -(-len(training) // config.batch_size)
    epochs = config.epochs - first_epoch
    seconds = steps * epochs * _step_seconds(model, config, training)
    yield (
        f"{steps:,} steps an epoch, {epochs} epochs, at most: about "
        f"{duration(max(1, seconds))}"
    )


def circuit_bytes(model: keras.Model, runs: int) -> int:
    """Bytes that circuits take in a training step that runs each so often."""
    return sum(
        estimate_bytes(
            layer.program.qubits,
            len(layer.program.operators),
            layer.depth,
            runs,
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
