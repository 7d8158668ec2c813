"""Putting an adaptation into a model, and what trains then."""

from tfq_hybrid.adapters.paths import all_layers, body_of, named_layers
from tfq_hybrid.adapters.slots import Opened
from tfq_hybrid.adapters.surgery import unlocked
from tfq_hybrid.adapters.variables import (
    KeptWeights,
    base_variables,
    own_variables,
)


def hosts_of(model):
    """The models that carry the adaptation: the body, and one around it."""
    body = body_of(model)
    return [body] if body is model else [body, model]


def opened_layers(model):
    """The layers that hold adapters, a list."""
    return [x for _, x in all_layers(model) if isinstance(x, Opened)]


def install(model, adaptation, strict=True):
    """Puts all methods of an adaptation into a model that may have some.

    Args:
        model: a backbone, or a model around one.
        adaptation: `Adaptation`.
        strict: bool. Whether every target must be there. A backbone on its
            own lacks those in a head.
    """
    for name, method in adaptation.methods.items():
        method.attach(model, name, strict)
    switch(model, adaptation)
    for method in adaptation.methods.values():
        if method.keep_base:
            keep_base(model, method.trained_base(model))


def switch(model, adaptation):
    """Uses the active method's adapters, and trains what it trains."""
    active, method = adaptation.active, adaptation.method
    begins = method.trained_base(model) if method else ()
    set_trainable(model, True)
    hosts = hosts_of(model)
    for path, layer in all_layers(model):
        if not any(layer is host for host in hosts):
            trains = bool(begins) and f"{path}/".startswith(begins)
            set_trainable(layer, trains)
    for layer in opened_layers(model):
        layer.active = active
        for name, adapter in layer.adapters.items():
            set_trainable(adapter, name == active)
    for variable in _unused(model):
        variable.trainable = False


def set_trainable(layer, value):
    """Sets whether a layer, and all in it, trains.

    TensorFlow's tracking takes an attribute that is set to what it is for
    no change, and would leave what is inside as it was.
    """
    layer.trainable = not value
    layer.trainable = value


def trainable_parts(model):
    """The layers and variables of a model, each with whether it trains."""
    layers = [model, *(layer for _, layer in named_layers(model))]
    return [(part, part.trainable) for part in (*layers, *model.weights)]


def _unused(model):
    """The kept variables of Dense layers that something else stands for."""
    return [
        variable
        for layer in opened_layers(model)
        if layer.adapter and layer.adapter.place in ("instead", "carrier")
        for variable in own_variables(layer).values()
    ]


def keep_base(model, begins):
    """Copies what moves of the base, to undo with; once for each host."""
    body, *around = hosts_of(model)
    unused = {id(v) for v in _unused(model)}
    found = {
        key: variable
        for key, variable in base_variables(model).items()
        if begins and key.startswith(begins) and id(variable) not in unused
    }
    in_head = {k: v for k, v in found.items() if k.startswith("head/")}
    in_body = {k: v for k, v in found.items() if k not in in_head}
    for host, variables in zip(
        [body, *around], [in_body, in_head], strict=False
    ):
        if variables and kept_weights(host) is None:
            with unlocked(host):
                host.kept_base = KeptWeights(variables, name="kept_base")


def kept_weights(host):
    """The `KeptWeights` of a host, or `None`."""
    return getattr(host, "kept_base", None)
