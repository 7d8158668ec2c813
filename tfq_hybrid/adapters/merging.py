"""Merge adapters into the weights of their base, and take them out again."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from tfq_hybrid.adapters.adaptation import Adaptation
from tfq_hybrid.adapters.classical_layers import Prefix, open_attention
from tfq_hybrid.adapters.compiling import compile_again
from tfq_hybrid.adapters.hosts import (
    adaptation_of,
    become_adapted,
    become_plain,
    find_adaptation,
)
from tfq_hybrid.adapters.kernels import as_kernel, kernel_of
from tfq_hybrid.adapters.slots import (
    close_slot,
    hold,
    is_slot,
    open_slot,
)
from tfq_hybrid.adapters.target import all_layers
from tfq_hybrid.adapters.variables import (
    KeptWeights,
    hosts_of,
    opened_layers,
    put_kept,
    switch,
    take_kept,
    train_all,
)
from tfq_hybrid.errors import UserError

RECORD = "_merged"  # the attribute of a merged model


@dataclasses.dataclass
class _Merged:
    """What `unmerge` puts back.

    Attributes:
        adaptation: of the model.
        originals: variables of the base, and what they were.
        slots: the layers that held adapters, and those.
        kept: of each host what `keep_base` kept.
        previous: of the merge before, where there was one.
    """

    adaptation: Adaptation
    originals: list[tuple[keras.Variable, np.ndarray]]
    slots: list[tuple[Any, dict[str, keras.Layer]]]
    kept: list[KeptWeights | None]
    previous: "_Merged | None"


def merge(
    model: keras.Model,
    *,
    unload: bool = False,
    safe: bool = True,
    report: Callable[[str], object] = print,
) -> keras.Model:
    """Makes the active adapter a part of the weights of its base.

    The model is changed in place: it has the class, the layers and the
    operations of its base, computes what it did with the adapter, and trains
    as a whole. A model that is merged already stays as it is. Sums are made in
    float64 and rounded once to the type of the base.

    Args:
        model: an adapted model.
        unload: let the adapters and the original weights go, so that
            `unmerge` has nothing to put back. Defaults to `False`: they stay
            in memory, beside the model; a file of it has the merged weights
            alone.
        safe: refuse weights that are not finite. Defaults to `True`.
        report: is told what rounding to 16 bits takes off the adapter.
            Defaults to `print`.

    Returns:
        The model.

    Raises:
        UserError: no adapter is active, one is not linear in its input, such
            as a circuit that is measured, or a weight would not be finite.
            Nothing is changed then.

    Example:

    >>> from tfq_hybrid import adapters
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> model = adapters.adapt(model, adapters.LoRA(targets="dense", rank=2))
    >>> adapters.merge(model).count_params()
    15
    >>> adapters.unmerge(model).count_params()
    29
    """
    if find_adaptation(model) is not None or not hasattr(model, RECORD):
        _merge(model, safe, report)
    if unload:
        object.__delattr__(model, RECORD)
    return model


def unmerge(model: keras.Model) -> keras.Model:
    """Undoes the last `merge`: what it changed is as before, bit for bit.

    Other weights stay as they were trained since.

    Args:
        model: a model that `merge` changed.

    Returns:
        The model, with the adapters that it had.

    Raises:
        UserError: nothing is merged, or the model was adapted again since.
    """
    record = getattr(model, RECORD, None)
    if record is None:
        raise UserError(
            "Expected a model that adapters.merge changed, in this process "
            "and without unload=True. Received: one without what was merged"
        )
    if find_adaptation(model) is not None:
        raise UserError(
            "Expected a model as adapters.merge left it. Received: one with "
            "another adapter: call adapters.unload first"
        )
    for variable, values in record.originals:
        variable.assign(values)
    for layer, inside in record.slots:
        for name, adapter in inside.items():
            opened = (
                open_attention if isinstance(adapter, Prefix) else open_slot
            )
            hold(opened(layer), name, adapter)
    for host, kept in zip(hosts_of(model), record.kept, strict=True):
        become_adapted(host, record.adaptation)
        if kept is not None:
            put_kept(host, kept)
    if record.previous is None:
        object.__delattr__(model, RECORD)
    else:
        object.__setattr__(model, RECORD, record.previous)
    switch(model, record.adaptation)
    compile_again(model)
    return model


def status(model: keras.Model) -> dict[str, Any]:
    """What a model's adapters are, and which of them is in use.

    Returns:
        A dict of `methods` (name to arguments), `active` and `merged`: a name
        or `None`.

    Example:

    >>> status(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
    {'methods': {}, 'active': None, 'merged': None}
    """
    adaptation = find_adaptation(model)
    record = getattr(model, RECORD, None)
    merged = record.adaptation if record else None
    found = adaptation or merged
    methods = found.methods if found else {}
    return {
        "methods": {name: m.to_dict() for name, m in methods.items()},
        "active": adaptation.active if adaptation else None,
        "merged": merged.active if merged else None,
    }


def merged_weights(
    model: keras.Model,
) -> Iterator[tuple[keras.Variable, np.ndarray]]:
    """The weights that the active adapter changes, with it in them.

    Yields:
        Kernels and biases of Dense layers, each with its values in float64.

    Raises:
        UserError: an adapter is not linear in its input.
    """
    for path, slot in opened_by_path(model):
        if slot.adapter is None:
            continue
        if is_slot(slot) and slot.quantization_mode is not None:
            raise UserError(
                "Expected a base in floats to merge, as rounding to codes "
                "again can take the adapter away: load it on the base in "
                f"floats. Received: {path} in {slot.quantization_mode}"
            )
        _, (matrix, bias) = with_adapter(slot, slot.adapter, path)
        yield slot.kernel, as_kernel(slot, matrix)
        if bias is not None:
            yield slot.bias, bias.reshape(slot.bias.shape)


Weights = tuple[np.ndarray, np.ndarray | None]


def opened_by_path(model: keras.Model) -> list[tuple[str, Any]]:
    """The layers that hold adapters, by their paths."""
    paths = {id(layer): path for path, layer in all_layers(model)}
    return [(paths[id(layer)], layer) for layer in opened_layers(model)]


def with_adapter(slot: Any, adapter: Any, path: str) -> tuple[Weights, Weights]:
    """A Dense layer's weights without an adapter, and with it.

    Returns:
        Twice a matrix (inputs, outputs) and a bias (outputs,) or `None`, in
        float64.

    Raises:
        UserError: the adapter is not linear in its input.
    """
    try:
        if not is_slot(slot) or slot.is_dropped:  # there is no matrix
            adapter.merged(None, None)
        kernel = kernel_of(slot)
        bias = None if slot.bias is None else _exact(slot.bias).reshape(-1)
        return (kernel, bias), adapter.merged(kernel, bias)
    except UserError as error:
        raise UserError(f"{error}. It is in {path}") from error


def _exact(variable):
    return keras.ops.convert_to_numpy(variable).astype("float64")


def _merge(model, safe, report):
    adaptation = adaptation_of(model)
    if adaptation.active is None:
        raise UserError(
            "Expected an active adapter to merge. Received: all disabled; "
            "call adapters.activate first"
        )
    weights = _rounded(merged_weights(model), safe, report)
    slots: list[Any] = opened_layers(model)
    record = _Merged(
        adaptation,
        [(v, keras.ops.convert_to_numpy(v)) for v, _ in weights],
        [(slot, dict(slot.adapters)) for slot in slots],
        [take_kept(host) for host in hosts_of(model)],
        getattr(model, RECORD, None),
    )
    for slot in slots:
        close_slot(slot)
    for variable, values in weights:
        variable.assign(values)
    for host in hosts_of(model):
        become_plain(host)
    # Keras would track what is in an attribute of its own.
    object.__setattr__(model, RECORD, record)
    train_all(model)
    compile_again(model)


def _rounded(weights, safe, report):
    """Values in the types of their variables; says what that costs."""
    found = []
    lost = whole = 0.0
    for variable, exact in weights:
        original = keras.ops.convert_to_numpy(variable)
        with np.errstate(over="ignore"):
            values = exact.astype(original.dtype)
        if safe and not np.isfinite(values.astype("float64")).all():
            raise UserError(
                "Expected finite weights after merging. Received: others in "
                f"{variable.path}; safe=False merges all the same"
            )
        if original.dtype.itemsize < 4:
            lost += np.square(values.astype("float64") - exact).sum()
            whole += np.square(exact - original.astype("float64")).sum()
        found.append((variable, values))
    if lost:
        share = np.sqrt(lost / whole) if whole else np.inf
        report(
            f"Rounding to 16 bits takes {share:.2%} off what the adapter adds."
        )
    return found
