"""Adapt a model, activate or disable its adapter, and unload it again."""

import os
import re
import warnings
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import keras_hub

from tfq_hybrid.adapters.adaptation import Adaptation
from tfq_hybrid.adapters.compiling import compile_again, forget_functions
from tfq_hybrid.adapters.families import BUILT_IN
from tfq_hybrid.adapters.hosts import (
    adaptation_of,
    become_adapted,
    become_plain,
    check_host,
    find_adaptation,
    is_adapted,
)
from tfq_hybrid.adapters.method import Method
from tfq_hybrid.adapters.slots import (
    close_slot,
    is_slot,
    restore_weights,
    take_out,
)
from tfq_hybrid.adapters.target import all_layers, body_of, targets
from tfq_hybrid.adapters.variables import (
    attach,
    base_variables,
    fingerprint,
    hosts_of,
    kept_weights,
    opened_layers,
    set_trainable,
    settle,
    switch,
    take_kept,
    train_all,
    trainable_parts,
)
from tfq_hybrid.bases import as_preset
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files.presets import from_preset

if TYPE_CHECKING:
    import keras


def adapt(
    model: "keras.Model", method: Method, name: str = "default"
) -> "keras.Model":
    """Puts adapters into a model, or circuits in place of its Dense layers.

    The model is changed in place: it and the returned one are the same. Its
    weights are not copied. If it was compiled, it is compiled again in the
    same way, with a fresh optimizer.

    Args:
        model: a keras-hub backbone or task of a known family, or a Keras
            `Functional` or `Sequential` model.
        method: `Method`, such as `ReplaceDense` or `QuantumAdapter`.
        name: several additive methods can share a model, each by its name; the
            last one is active. Defaults to `"default"`.

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
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == BUILT_IN:
        raise UserError(
            "Expected name to be of letters, digits, - and _, and not "
            f"{BUILT_IN!r}. Received: "
            f"name={name!r}"
        )
    check_host(model)
    hosts = hosts_of(model)
    for host in hosts:
        check_host(host)
    previous = find_adaptation(model)
    if previous is not None:
        _check_addition(previous, method, name)
    adaptation = previous or Adaptation.of(model)
    found, head = adaptation.places(method, model)  # before any change
    active, parts = adaptation.active, trainable_parts(model)
    adaptation.methods[name] = method
    adaptation.active = name
    try:
        attach(method, name, found, head)
        settle(model, adaptation)
    except Exception:
        _take_back(model, adaptation, name, active, parts)
        raise
    for host in hosts:
        become_adapted(host, adaptation)
    compile_again(model)
    _warn_of_frozen_heads(model, method)
    return model


def _warn_of_frozen_heads(model, method):
    """Names what a user put behind a backbone and nothing trains."""
    if isinstance(model, keras_hub.models.Task) or method.train_head is False:
        return
    layers = dict(all_layers(model))
    places = dict.fromkeys(
        path.rpartition("/")[0]
        for path, variable in base_variables(model, trained=True).items()
        if path.startswith("head/") and not variable.trainable
    )
    frozen = [x for x in places if not getattr(layers[x], "adapter", None)]
    if frozen:
        warnings.warn(
            f"These layers behind the backbone stay frozen: {', '.join(frozen)}"
            "; pass train_head=False if they are meant to",
            stacklevel=3,
        )


def _check_addition(adaptation: Adaptation, method: Method, name: str) -> None:
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


def activate(model: "keras.Model", name: str) -> None:
    """Uses and trains the adapter of a name.

    Args:
        model: an adapted model.
        name: as given to `adapt`.

    Raises:
        UserError: there is none of that name.
    """
    adaptation = adaptation_of(model)
    check_choice("name", name, adaptation.methods)
    if adaptation.active != name:
        adaptation.active = name
        switch(model, adaptation)
        compile_again(model)


def disable(model: "keras.Model") -> "AbstractContextManager[keras.Model]":
    """Switches all adapters off: the model computes what its base does.

    Args:
        model: a model with additive or prefix methods only.

    Returns:
        A context manager: `with disable(model): …` switches back on at its
        end. Without `with`, `activate` does.

    Raises:
        UserError: a method in the model changed the base itself.
    """
    adaptation = adaptation_of(model)
    for name, method in adaptation.methods.items():
        if not method.is_additive:
            raise UserError(
                "Expected methods that leave the base whole, to disable. "
                f"Received: {type(method).__name__} as {name!r}"
            )
    return _Disabled(model, adaptation)


class _Disabled:
    """Switched off from its making on, until the end of its `with`."""

    def __init__(self, model, adaptation):
        self._model = model
        self._adaptation = adaptation
        self._active = adaptation.active
        self._switch(None)

    def __enter__(self):
        return self._model

    def __exit__(self, *_):
        self._switch(self._active)

    def _switch(self, name):
        self._adaptation.active = name
        switch(self._model, self._adaptation)
        forget_functions(self._model)


def clone(model: "keras.Model") -> "keras.Model":
    """A copy of an adapted model, with its weights in variables of its own.

    Args:
        model: an adapted model.

    Returns:
        A model of the same class, not compiled by the arguments of this one.
    """
    adaptation_of(model)
    copy = model.made_anew()
    copy.set_weights(model.get_weights())
    return copy


def unload(
    model: "keras.Model",
    base: "keras.Model | str | os.PathLike[str] | None" = None,
) -> "keras.Model":
    """Takes all adapters out and gives the untouched base back.

    The model is changed in place, and all of it trains again.

    Args:
        model: an adapted model.
        base: the model that was adapted, or what `as_preset` takes: a preset
            of its backbone, str or path. For methods that changed the base
            and did not keep it. From a backbone alone a head around it cannot
            be undone, and stays as it was trained. Defaults to `None`.

    Returns:
        The model, of the class that it had.

    Raises:
        UserError: a method changed the base and neither kept it
            (`keep_base=True`) nor is `base` given, or that is another one.
    """
    adaptation = adaptation_of(model)
    values = _base_values(model, adaptation, base)
    for layer in opened_layers(model):
        if is_slot(layer):
            restore_weights(layer)
    variables = base_variables(model)
    for key, value in values.items():
        variables[key].assign(value)
    for layer in opened_layers(model):
        close_slot(layer)
    for host in hosts_of(model):
        take_kept(host)
        if is_adapted(host):
            become_plain(host)
    train_all(model)
    compile_again(model)
    return model


def _base_values(model, adaptation, base):
    """The values that undo what was done to the base, by path."""
    changed = [m for m in adaptation.methods.values() if not m.is_additive]
    if not changed:
        return {}
    if base is not None:
        if isinstance(base, (str, os.PathLike)):
            base = from_preset(body_of(model).adapted_from, as_preset(base))
        check_same_base(adaptation, base)
        known = base_variables(model)
        dropped = tuple(
            f"{target.path}/"
            for target in targets(model)
            if getattr(target.layers.get(target.role), "is_dropped", False)
        )
        return {
            key: value
            for key, value in base_variables(base).items()
            if key in known or key.startswith(dropped)
        }
    if not changed[0].keep_base:
        name = type(changed[0]).__name__
        raise UserError(
            f"Expected base=, the model or preset that was adapted, as {name} "
            "changed it and did not keep it (keep_base=True). Received: None"
        )
    values = {}
    for host in hosts_of(model):
        if kept_weights(host) is not None:
            values.update(host.kept_base.values)
    return values


def check_same_base(adaptation: Adaptation, base: "keras.Model") -> None:
    """Raises `UserError` unless a model is the base that was adapted."""
    found = fingerprint(base)
    if found != adaptation.fingerprint:
        raise UserError(
            "Expected the base that was adapted, with fingerprint "
            f"{adaptation.fingerprint[:12]}. Received: another one, with "
            f"fingerprint {found[:12]}"
        )
