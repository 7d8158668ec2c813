"""Change what built Keras models hold: sublayers, locks, compiled functions."""

import contextlib
import warnings

import keras

from tfq_hybrid.errors import UserError


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


FUNCTIONS = (
    "train_function",
    "test_function",
    "predict_function",
    "generate_function",
)


def forget_functions(model):
    """Drops compiled functions, which hold the layers as they were."""
    for name in FUNCTIONS:
        if hasattr(model, name):
            setattr(model, name, None)


def compile_again(model):
    """Compiles a compiled model again, with a fresh optimizer.

    An optimizer keeps the variables that it was built for, and a compiled
    function the layers that it was traced with. Where the arguments of
    `compile` cannot be serialised, the model is left uncompiled, and Keras
    says so when it is to train.
    """
    forget_functions(model)
    if not getattr(model, "compiled", False):
        return
    sampler = getattr(model, "sampler", None)
    options = {} if sampler is None else {"sampler": sampler}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said below by Keras's error
            config = keras.saving.deserialize_keras_object(
                model.get_compile_config()
            )
    except (TypeError, ValueError):
        config = None
    if not config:
        model.compiled = False
        return
    model.compile(**config, **options)


def compile_from_config(model, config):
    """Compiles a model as it was when saved, with the optimizer's state.

    The method of that name for a class whose `compile` is its own, as that
    of a keras-hub task is: Keras's own method skips those.
    """
    model.compile(**keras.saving.deserialize_keras_object(config))
    model.optimizer.build(model.trainable_variables)


def check_ready_to_train(model):
    """Raises `UserError` if training would change nothing, or not all.

    Args:
        model: an adapted model, compiled.
    """
    if model.adaptation.active is None:
        names = ", ".join(model.adaptation.methods)
        raise UserError(
            "Expected an active adapter to train: call adapters.activate(model"
            f", name) with a name of: {names}. Received: all disabled"
        )
    if not model.optimizer.built:
        return
    known = {id(v) for v in optimizer_variables(model.optimizer)}
    missing = [v for v in model.trainable_variables if id(v) not in known]
    if missing:
        raise UserError(
            "Expected a model that was compiled after the last change of what "
            f"trains: call compile again. Received: {len(missing)} variables "
            f"that its optimizer does not know, such as {missing[0].path}"
        )


def optimizer_variables(optimizer):
    """The variables that a built optimizer updates, a list."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return optimizer._trainable_variables
