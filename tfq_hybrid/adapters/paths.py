"""Layers by their path inside a model."""

import keras_hub


def named_layers(layer, prefix=""):
    """Walks all layers inside a layer or model, depth first.

    The path is made of the layers' names. It does not depend on where a
    layer was built, as the paths of its variables do.

    Args:
        layer: `keras.layers.Layer` or `keras.Model`.
        prefix: str. The path of `layer` itself. Defaults to `""`.

    Yields:
        Pairs `(path, layer)`; a shared layer only where it is met first.

    Example:

    >>> import keras
    >>> dense = keras.layers.Dense(2, name="dense")
    >>> each = keras.layers.TimeDistributed(dense, name="each")
    >>> model = keras.Sequential([each])
    >>> [path for path, _ in named_layers(model)]
    ['each', 'each/dense']
    """
    yield from _walk(layer, prefix, {id(layer)})


def is_leaf(layer):
    """Whether a layer holds no other layers."""
    return not layer._layers


def _walk(layer, prefix, seen):
    for child in layer._layers:
        if id(child) in seen:
            continue
        seen.add(id(child))
        path = f"{prefix}/{child.name}" if prefix else child.name
        yield path, child
        yield from _walk(child, path, seen)


def body_of(model):
    """The part that adapters go into: the backbone, else the model itself."""
    if isinstance(model, keras_hub.models.Backbone):
        return model
    if isinstance(model, keras_hub.models.Task):
        return model.backbone
    inner = [
        layer
        for _, layer in named_layers(model)
        if isinstance(layer, keras_hub.models.Backbone)
    ]
    return inner[0] if len(inner) == 1 else model


def all_layers(model):
    """All layers by path: the body's, then those of the head around it.

    Yields:
        Pairs `(path, layer)`; paths in the head begin with `head/`.
    """
    body = body_of(model)
    inside = {id(body)}
    for path, layer in named_layers(body):
        inside.add(id(layer))
        yield path, layer
    if body is not model:
        for path, layer in named_layers(model, "head"):
            if id(layer) not in inside:
                yield path, layer
