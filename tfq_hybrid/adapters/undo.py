"""`unload`: the untouched base back."""

import os

from tfq_hybrid.adapters.compiled import compile_again
from tfq_hybrid.adapters.hosts import adaptation_of, become_plain, is_adapted
from tfq_hybrid.adapters.install import (
    hosts_of,
    kept_weights,
    opened_layers,
    set_trainable,
)
from tfq_hybrid.adapters.opening import close_slot, restore_weights
from tfq_hybrid.adapters.paths import body_of
from tfq_hybrid.adapters.pretrained import as_preset
from tfq_hybrid.adapters.slots import is_slot
from tfq_hybrid.adapters.surgery import unlocked
from tfq_hybrid.adapters.targets import targets
from tfq_hybrid.adapters.variables import base_variables, fingerprint
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset


def unload(model, base=None):
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
        if kept_weights(host) is not None:
            with unlocked(host) as forget:
                forget(host.kept_base)
                del host.kept_base
        if is_adapted(host):
            become_plain(host)
    set_trainable(model, True)
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


def check_same_base(adaptation, base):
    """Raises `UserError` unless a model is the base that was adapted."""
    found = fingerprint(base)
    if found != adaptation.fingerprint:
        raise UserError(
            "Expected the base that was adapted, with fingerprint "
            f"{adaptation.fingerprint[:12]}. Received: another one, with "
            f"fingerprint {found[:12]}"
        )
