"""`adapt` a model."""

import re

from tfq_hybrid.adapters.adaptation import Adaptation
from tfq_hybrid.adapters.compiled import compile_again
from tfq_hybrid.adapters.hosts import (
    become_adapted,
    check_host,
    find_adaptation,
)
from tfq_hybrid.adapters.install import (
    hosts_of,
    install,
    opened_layers,
    set_trainable,
    switch,
    trainable_parts,
)
from tfq_hybrid.adapters.method import Method
from tfq_hybrid.adapters.opening import take_out
from tfq_hybrid.adapters.variables import fingerprint
from tfq_hybrid.errors import UserError


def adapt(model, method, name="default"):
    """Puts adapters into a model, or circuits in place of its Dense layers.

    The model is changed in place: it and the returned one are the same. Its
    weights are not copied. If it was compiled, it is compiled again in the
    same way, with a fresh optimizer.

    Args:
        model: a keras-hub backbone or task of a known family, or a Keras
            `Functional` or `Sequential` model.
        method: `Method`, such as `ReplaceDense` or `QuantumAdapter`.
        name: str. Several additive methods can share a model, each by its
            name; the last one is active. Defaults to `"default"`.

    Returns:
        The model, of a registered subclass of its class, so that `.keras`
        files and presets restore it.

    Raises:
        UserError: the model or the method cannot be used, a target matches
            nothing, or the name is taken.

    Example:

    >>> import keras
    >>> from tfq_hybrid.adapters import LoRA
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> model = adapt(model, LoRA(targets="dense", rank=2))
    >>> model.count_params(), sum(w.shape[0] for w in model.trainable_weights)
    (29, 6)
    """
    if not isinstance(method, Method):
        raise UserError(
            "Expected a method of adaptation, such as adapters.LoRA(). "
            f"Received: {method!r}"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UserError(
            "Expected name to be of letters, digits, - and _. Received: "
            f"name={name!r}"
        )
    hosts = hosts_of(model)
    for host in hosts:
        check_host(host)
    previous = find_adaptation(model)
    if previous is not None:
        _check_addition(previous, method, name)
    method.find(model)  # before anything is changed
    adaptation = previous or Adaptation(fingerprint(model))
    active, parts = adaptation.active, trainable_parts(model)
    adaptation.methods[name] = method
    adaptation.active = name
    try:
        install(model, adaptation)
    except Exception:
        _take_back(model, adaptation, name, active, parts)
        raise
    for host in hosts:
        become_adapted(host, adaptation)
    compile_again(model)
    return model


def _check_addition(adaptation, method, name):
    methods = adaptation.methods
    if name in methods:
        raise UserError(
            "Expected a name that is not taken. Received: "
            f"name={name!r}, where the model has: {', '.join(methods)}"
        )
    for other in (method, *methods.values()):
        if not other.is_additive:
            raise UserError(
                f"Expected {type(other).__name__} to be alone in a model, as "
                "it changes the base: call adapters.unload first. Received: a "
                f"model with {', '.join(methods)}, and {name!r}"
            )


def _take_back(model, adaptation, name, active, parts):
    """Leaves no half of a method behind."""
    del adaptation.methods[name]
    adaptation.active = active
    for layer in opened_layers(model):
        take_out(layer, name)
    switch(model, adaptation)
    for part, trains in parts:
        set_trainable(part, trains)
