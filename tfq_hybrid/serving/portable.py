"""A copy of a model whose circuits run on stock TensorFlow operations."""

import contextlib

import keras

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.layers.circuit_layer import CircuitLayer


def circuit_layers(model):
    """Pairs of a path and a `CircuitLayer`, for all in a model."""
    return [
        (path, layer)
        for path, layer in named_layers(model)
        if isinstance(layer, CircuitLayer)
    ]


@contextlib.contextmanager
def folded(model):
    """Lets graphs that are traced meanwhile hold trained angles as constants.

    The angles of a served model do not change, so the unitaries that only
    they decide do not either: TensorFlow's optimizer of graphs computes them
    once when a signature is first called, and not at every call.

    Args:
        model: a `keras.Model`.
    """
    layers = [layer for _, layer in circuit_layers(model)]
    for layer in layers:
        layer.is_folded = True
    try:
        yield
    finally:
        for layer in layers:
            layer.is_folded = False


def portable_copy(model):
    """A copy of a model with every circuit on the batched engine.

    Args:
        model: a `keras.Model`, its circuits on any engine.

    Returns:
        A model with the same weights. `model` itself where none of its
        circuits runs on TensorFlow Quantum.

    Raises:
        UserError: a circuit cannot run on the batched engine.
    """
    circuits = [layer for _, layer in circuit_layers(model)]
    if all(layer.engine_choice.name == "batched" for layer in circuits):
        return model
    config = _on_batched(keras.saving.serialize_keras_object(model))
    config.pop("compile_config", None)
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(model.get_weights())
    if getattr(model, "preprocessor", None) is not None:
        # A tokenizer's vocabulary is an asset, not a part of its config.
        copy.preprocessor = model.preprocessor
    return copy


def _on_batched(config):
    """Replaces the engine in every config of this package's objects."""
    if isinstance(config, list):
        return [_on_batched(item) for item in config]
    if not isinstance(config, dict):
        return config
    config = {key: _on_batched(value) for key, value in config.items()}
    inner = config.get("config")
    ours = str(config.get("registered_name")).startswith("tfq_hybrid>")
    if ours and isinstance(inner, dict):
        # An adapted model tells of its circuits by its methods.
        methods = inner.get("adaptation", {}).get("methods", {})
        for settings in (inner, *methods.values()):
            if "engine" in settings:
                settings["engine"] = "batched"
    return config
