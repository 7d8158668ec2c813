"""Swapping a layer inside a built Keras layer."""

import keras


def replace_sublayer(parent, attribute, layer):
    """Puts `layer` where `parent` holds another one.

    Keras locks the tracking of a built layer, and a plain `setattr` would
    leave the weights of the old layer counted and saved. This is the one
    place that touches the private tracker.

    A compiled model must be compiled again afterwards, else the new weights
    do not train.

    Args:
        parent: a built `keras.layers.Layer`.
        attribute: str. The name under which it holds the layer to replace.
        layer: a built `keras.layers.Layer`.

    Returns:
        The layer that was replaced.

    Raises:
        AttributeError: `parent` holds no layer under that name.

    Example:

    >>> wrapper = keras.layers.TimeDistributed(keras.layers.Dense(2))
    >>> wrapper.build((None, 3, 4))
    >>> wide = keras.layers.Dense(5)
    >>> wide.build((None, 4))
    >>> _ = replace_sublayer(wrapper, "layer", wide)
    >>> wrapper.count_params()
    25
    """
    old = getattr(parent, attribute)
    if not isinstance(old, keras.layers.Layer):
        raise AttributeError(
            f"Expected {attribute!r} of {parent.name!r} to hold a layer. "
            f"Received: {type(old).__name__}"
        )
    tracker = parent._tracker
    tracker.unlock()
    tracker.untrack(old)
    setattr(parent, attribute, layer)
    tracker.lock()
    return old
