"""A copy of a model whose circuits run on stock operations."""

import keras

from tfq_hybrid.serving.folding import circuit_layers


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
