"""Layers by their path inside a model."""


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
    >>> model = keras.Sequential([keras.layers.TimeDistributed(dense)])
    >>> [path for path, _ in named_layers(model)]
    ['time_distributed', 'time_distributed/dense']
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
