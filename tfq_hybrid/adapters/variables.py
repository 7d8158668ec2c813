"""The variables of a model: the base's, each adapter's, and what trains."""

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import keras
import numpy as np

from tfq_hybrid.adapters.slots import Opened, put_head_copy, unlocked
from tfq_hybrid.adapters.target import (
    all_layers,
    body_of,
    named_layers,
    targets,
    unread_layers,
)

if TYPE_CHECKING:
    from tfq_hybrid.adapters.adaptation import Adaptation
    from tfq_hybrid.adapters.method import Method
    from tfq_hybrid.adapters.target import Target

SAMPLES = 256


@keras.saving.register_keras_serializable("tfq_hybrid")
class KeptWeights(keras.layers.Layer):
    """Copies of variables by a key, never trained, saved with the model."""

    def __init__(self, variables: dict[str, keras.Variable], **kwargs):
        super().__init__(**kwargs)
        self.values = {
            key: self.add_weight(
                shape=variable.shape,
                dtype=variable.dtype,
                initializer="zeros",
                trainable=False,
                name=f"kept_{index}",
            )
            for index, (key, variable) in enumerate(variables.items())
        }
        for key, variable in variables.items():
            self.values[key].assign(variable)
        self.built = True

    def save_own_variables(self, store):
        for index, value in enumerate(self.values.values()):
            store[str(index)] = keras.ops.convert_to_numpy(value)

    def load_own_variables(self, store):
        for index, value in enumerate(self.values.values()):
            value.assign(store[str(index)])


def size_of(variable: keras.Variable) -> int:
    """How many values a variable has."""
    return math.prod(variable.shape)


def own_variables(
    layer: keras.Layer, trained: bool = False
) -> dict[str, keras.Variable]:
    """The variables that a layer holds itself, by name.

    Not those of the layers inside it, and no random state.
    """
    inside = {id(v) for child in layer._layers for v in child.weights}
    if trained:
        inside |= {id(v) for v in layer._non_trainable_variables}
    found = {}
    for variable in layer.weights:
        if id(variable) not in inside:
            name = variable.name
            while name in found:
                name += "_"
            found[name] = variable
    return found


def base_variables(
    model: keras.Model, trained: bool = False
) -> dict[str, keras.Variable]:
    """The variables of the base by path: all but the adapters'.

    The weights of the head are under `head/`. `trained` leaves out those that
    no training moves by gradients, such as the averages of a batch
    normalisation, and those of layers that nothing reads.
    """
    return {
        key: variable
        for key, variable, adapter in _all_variables(model, trained)
        if adapter is None
    }


def adapter_variables(
    model: keras.Model, name: str
) -> dict[str, keras.Variable]:
    """The variables of the adapter of a name, by path without that name."""
    return {
        key: variable
        for key, variable, adapter in _all_variables(model)
        if adapter == name
    }


def _all_variables(
    model: keras.Model, trained: bool = False
) -> Iterator[tuple[str, keras.Variable, str | None]]:
    """Path, variable, and the name of the adapter or `None`."""
    # Of the layers in an adapter: its name, and their path without that.
    owners: dict[int, tuple[str | None, str]] = {}
    left_out = {id(x) for x in unread_layers(model)} if trained else set()
    for path, layer in all_layers(model):
        if isinstance(layer, KeptWeights) or id(layer) in left_out:
            continue
        adapter, place = owners.get(id(layer), (None, path))
        for name, variable in own_variables(layer, trained).items():
            yield f"{place}/{name}", variable, adapter
        for name, inner in getattr(layer, "adapters", {}).items():
            owners[id(inner)] = (name, path)
            for rest, part in named_layers(inner):
                owners[id(part)] = (name, f"{path}/{rest}")


def fingerprint(model: keras.Model) -> str:
    """A short text that tells one base from another.

    SHA-256 over path, shape and evenly spaced values of each variable of the
    backbone: all of a small one, else 256 to 511. They are rounded to bfloat16,
    so that a base has one fingerprint in bfloat16, float32 and float64. A head
    is left out, which differs by task.

    Args:
        model: a model whose base is whole.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for key, variable in base_variables(model).items():
        if key.startswith("head/"):
            continue
        values = keras.ops.reshape(variable, (-1,))
        step = max(1, size_of(variable) // SAMPLES)
        values = keras.ops.cast(values[::step], "bfloat16")
        values = keras.ops.cast(values, "float32")
        digest.update(f"{key} {tuple(variable.shape)} ".encode())
        digest.update(np.asarray(values).tobytes())
    return digest.hexdigest()


def hosts_of(model: keras.Model) -> list[keras.Model]:
    """The models that carry the adaptation: the body, and one around it."""
    body = body_of(model)
    return [body] if body is model else [body, model]


def opened_layers(model: keras.Model) -> list[Opened]:
    """The layers that hold adapters."""
    return [x for _, x in all_layers(model) if isinstance(x, Opened)]


def install(
    model: keras.Model, adaptation: "Adaptation", strict: bool = True
) -> None:
    """Puts all methods of an adaptation into a model that may have some.

    A backbone on its own lacks the targets in a head: then not `strict`.
    """
    for host in hosts_of(model):
        host.adaptation = adaptation
    for name, method in adaptation.methods.items():
        # A backbone that was restored has its adapters, its task not yet.
        found, head = (
            [target for target in targets if not target.has(name)]
            for targets in adaptation.places(method, model, strict)
        )
        attach(method, name, found, head)
    settle(model, adaptation)


def attach(
    method: "Method", name: str, found: "list[Target]", head: "list[Target]"
) -> None:
    """Puts the adapters of a method into the places that it found."""
    method.attach(found, name)
    for target in head:
        put_head_copy(target, name)


def settle(model: keras.Model, adaptation: "Adaptation") -> None:
    """Uses what is active, and keeps what moves of the base."""
    switch(model, adaptation)
    for method in adaptation.methods.values():
        if method.keep_base:
            keep_base(model, method.trained_base(model))


def switch(model: keras.Model, adaptation: "Adaptation") -> None:
    """Uses the active method's adapters, and trains what it trains."""
    active, method = adaptation.active, adaptation.method
    begins = method.trained_base(model) if method else ()
    set_trainable(model, True)
    hosts = hosts_of(model)
    for path, layer in all_layers(model):
        if not any(layer is host for host in hosts):
            trains = bool(begins) and f"{path}/".startswith(begins)
            set_trainable(layer, trains or path in adaptation.own)
    for layer in opened_layers(model):
        layer.active = active
        layer.adaptation = adaptation
        for name, adapter in layer.adapters.items():
            set_trainable(adapter, name == active)
    for variable in _unused(model):
        variable.trainable = False


def set_trainable(layer: keras.Layer, value: bool) -> None:
    """Sets whether a layer, and all in it, trains.

    TensorFlow's tracking takes an attribute that is set to what it is for
    no change, and would leave what is inside as it was.
    """
    layer.trainable = not value
    layer.trainable = value


def trainable_parts(
    model: keras.Model,
) -> list[tuple[keras.Layer | keras.Variable, bool]]:
    """The layers and variables of a model, each with whether it trains."""
    layers = [model, *(layer for _, layer in named_layers(model))]
    return [(part, part.trainable) for part in (*layers, *model.weights)]


def _unused(model):
    """Base weights that a replacing adapter, or the model, does not use."""
    replaced = [
        layer
        for layer in opened_layers(model)
        if layer.adapter and layer.adapter.place in ("instead", "carrier")
    ]
    return [
        variable
        for layer in (*replaced, *unread_layers(model))
        for variable in own_variables(layer).values()
    ]


def train_all(model: keras.Model) -> None:
    """Makes everything train whose outputs something reads."""
    set_trainable(model, True)
    for layer in unread_layers(model):
        set_trainable(layer, False)


def keep_base(model: keras.Model, begins: tuple[str, ...]) -> None:
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
            put_kept(host, KeptWeights(variables, name="kept_base"))


def put_kept(host: keras.Model, kept: KeptWeights) -> None:
    """Lets a host hold its `KeptWeights`."""
    with unlocked(host):
        host.kept_base = kept


def take_kept(host: keras.Model) -> KeptWeights | None:
    """Takes a host's `KeptWeights` out of it, where it has some."""
    kept = kept_weights(host)
    if kept is not None:
        with unlocked(host) as forget:
            forget(kept)
            del host.kept_base
    return kept


def kept_weights(host: keras.Model) -> KeptWeights | None:
    """The `KeptWeights` of a host, where it has some."""
    return getattr(host, "kept_base", None)


def trainable_parameters(model: keras.Model) -> int:
    """How many parameters train."""
    return sum(size_of(v) for v in model.trainable_variables)


def print_trainable_parameters(
    model: keras.Model, report: Callable[[str], object] = print
) -> None:
    """Says how many parameters train, of how many, and in what.

    Args:
        model: adapted or not.
        report: is given each line. Defaults to `print`.
    """
    count, total = trainable_parameters(model), model.count_params()
    report(f"{count:,} of {total:,} parameters train ({count / total:.4%}).")
    calls = {t.calls for t in targets(model)}
    if max(calls, default=1) > 1:
        report(
            f"The blocks of {body_of(model).name} share their weights: what "
            f"is in a block is one set of parameters, used {max(calls)} times."
        )
