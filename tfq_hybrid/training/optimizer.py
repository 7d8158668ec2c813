"""The optimizer of a config: Adam or AdamW, warm-up, cosine, angle rate."""

import keras

# The name of the angles among the variables of every circuit layer.
ANGLES = "parameters"


class _AngleRate:
    """Gives the angles of circuits a learning rate of their own.

    Args:
        angle_rate: float. What the learning rate is multiplied by for them.
            Defaults to 1.
    """

    def __init__(self, *args, angle_rate=1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.angle_rate = angle_rate

    def update_step(self, gradient, variable, learning_rate):
        name = variable.name.partition(":")[0]
        if name.rpartition("/")[2] == ANGLES:
            learning_rate = learning_rate * self.angle_rate
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "angle_rate": self.angle_rate}


@keras.saving.register_keras_serializable("tfq_hybrid")
class AngleAdam(_AngleRate, keras.optimizers.Adam):
    """Adam with a learning rate of its own for the angles of circuits."""


@keras.saving.register_keras_serializable("tfq_hybrid")
class AngleAdamW(_AngleRate, keras.optimizers.AdamW):
    """AdamW with a learning rate of its own for the angles of circuits."""


# Of each name: Keras's own class, and the one that knows angles.
OPTIMIZERS = {
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
    plain, with_angles = OPTIMIZERS[config.optimizer]
    options = {"learning_rate": _schedule(config, steps_per_epoch)}
    if config.optimizer == "adamw":
        options["weight_decay"] = config.weight_decay
    if config.clipnorm is not None:
        options["global_clipnorm"] = config.clipnorm
    rate = config.quantum_learning_rate
    if rate is None or rate == config.learning_rate:
        return plain(**options)
    return with_angles(**options, angle_rate=rate / config.learning_rate)


def _schedule(config, steps_per_epoch):
    """A linear warm-up from a hundredth of the rate, then a cosine to 0."""
    steps = config.epochs * steps_per_epoch
    warmup = int(steps * config.warmup)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.01 * config.learning_rate,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
        decay_steps=steps - warmup,
    )
