"""From a `TrainConfig` to a compiled model."""

from tfq_hybrid.adapters import named_layers, trainable_parameters
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
    return config.system.build(config.options, config.classical, setting)


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
