"""The circuits of a model that is exported: on stock TensorFlow operations."""

import contextlib
from collections.abc import Iterator

import keras

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.layers.circuit_layer import CircuitLayer


def circuit_layers(model: keras.Model) -> list[tuple[str, CircuitLayer]]:
    """Every `CircuitLayer` in a model, with its path."""
    return [
        (path, layer)
        for path, layer in named_layers(model)
        if isinstance(layer, CircuitLayer)
    ]


@contextlib.contextmanager
def folded(model: keras.Model) -> Iterator[None]:
    """Lets graphs that are traced meanwhile hold trained angles as constants.

    The angles of a served model do not change, so the unitaries that only
    they decide do not either: TensorFlow's optimizer of graphs computes them
    once when a signature is first called, and not at every call.
    """
    layers = [layer for _, layer in circuit_layers(model)]
    for layer in layers:
        layer.is_folded = True
    try:
        yield
    finally:
        for layer in layers:
            layer.is_folded = False


def portable_copy(model: keras.Model) -> keras.Model:
    """A copy of a model with every circuit on the batched engine.

    Args:
        model: Its circuits may be on any engine.

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
