"""The optimizer of a config: Adam or AdamW, warm-up, cosine, angle rate."""

import math

import keras
from keras import ops

# The name of the angles among the variables of every circuit layer.
ANGLES = "parameters"


class _AngleRate:
    """Gives the angles of circuits a learning rate of their own.

    Args:
        angle_rate: float. What the learning rate is multiplied by for them.
            Defaults to 1.
        other_rate: float. What it is multiplied by for all else. Defaults
            to 1.
    """

    def __init__(self, *args, angle_rate=1.0, other_rate=1.0, **kwargs):
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
    """A linear warm-up, then a cosine to 0.

    The numbers are those of Keras's `CosineDecay`, without its condition:
    AdamW asks for the rate once for each variable, and a condition is then
    traced, and run in every step, as often.

    Args:
        start: float. The rate of step 0, where there is a warm-up.
        peak: float. The rate after the warm-up.
        warmup_steps: int.
        decay_steps: int. Steps from the peak to 0.
    """

    def __init__(self, start, peak, warmup_steps, decay_steps):
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


def make_optimizer(config, steps_per_epoch):
    """The optimizer of a config, with its warm-up and cosine decay.

    Args:
        config: `TrainConfig`.
        steps_per_epoch: int.

    Returns:
        A `keras.optimizers.Optimizer`.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
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
