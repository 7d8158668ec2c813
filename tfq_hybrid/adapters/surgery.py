"""Changing what a built Keras layer holds.

Keras locks the tracking of variables and layers once a layer is built. What
here touches the private tracker that does so, and the private list of what an
export looks up, is the one place that does.
"""

import contextlib

import keras


@contextlib.contextmanager
def unlocked(layer):
    """Lets a built layer take and lose variables and layers for a while.

    Yields:
        A function that makes the layer forget something it tracks.
    """
    tracker = layer._tracker
    was_locked = tracker.locked
    tracker.unlock()
    try:
        yield tracker.untrack
    finally:
        if was_locked:
            tracker.lock()


def forget_attribute(layer, name):
    """Takes an attribute of its own from a layer, where it has that.

    Keras notes the names of lists and dicts, and an export looks them up.
    """
    layer.__dict__.pop(name, None)
    while name in layer._tracked:
        layer._tracked.remove(name)


def replace_sublayer(parent, attribute, layer):
    """Puts `layer` where `parent` holds another one.

    A plain `setattr` would leave the weights of the old layer counted and
    saved.

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
    with unlocked(parent) as forget:
        forget(old)
        setattr(parent, attribute, layer)
    return old
