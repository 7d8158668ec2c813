"""Any adapter that merges as a LoRA, and several as one."""

import math
from collections.abc import Callable, Mapping

import keras
import numpy as np

from tfq_hybrid.adapters.hosts import adaptation_of
from tfq_hybrid.adapters.layers import HeadCopy
from tfq_hybrid.adapters.lifecycle import adapt
from tfq_hybrid.adapters.merging import opened_by_path, with_adapter
from tfq_hybrid.adapters.methods import LoRA
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    is_number,
)

NOTHING = 1e-9  # of the largest singular value: what rounding leaves


def as_lora(
    model: keras.Model,
    rank: int | None = None,
    name: str = "lora",
    report: Callable[[str], object] = print,
) -> float:
    """Adds the LoRA that is nearest to the active adapter.

    The change of each matrix is cut after its largest singular values, the
    best that its rank allows (Eckart and Young 1936, "The approximation of
    one matrix by another of lower rank"). The LoRA's factor is 1, so that
    nothing is scaled twice. Copies of a head are copied.

    Args:
        model: with an active adapter that `merge` takes.
        rank: of the LoRA. Defaults to `None`: the least that loses nothing.
        name: of the LoRA, which becomes active. Defaults to `"lora"`.
        report: is told what is lost. Defaults to `print`.

    Returns:
        What is lost: the share of the change's Frobenius norm, from 0 to 1.

    Raises:
        UserError: no adapter is active, one is not linear in its input or
            moves a bias, or the name is taken.

    Example:

    >>> from tfq_hybrid import adapters
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> model = adapters.adapt(model, adapters.SoRA(targets="dense", rank=2))
    >>> adapters.as_lora(model, rank=1)
    The LoRA of rank 1 loses 0.0% of what 'default' changes.
    0.0
    """
    active = adaptation_of(model).active
    if active is None:
        raise UserError(
            "Expected an active adapter to make a LoRA of. Received: all "
            "disabled; call adapters.activate first"
        )
    return _add(model, {active: 1.0}, rank, name, report)


def combine(
    model: keras.Model,
    weights: Mapping[str, float],
    rank: int | None = None,
    name: str = "combined",
    report: Callable[[str], object] = print,
) -> float:
    """Adds the LoRA that changes what several adapters change, weighted.

    Each matrix moves by the sum of what the adapters add to it, each times
    its weight; a head, by that of what their copies differ from it.

    Args:
        model: an adapted model.
        weights: of adapters that `merge` takes, by name; also negative.
        rank: of the LoRA. Defaults to `None`: the least that loses nothing.
        name: of the LoRA, which becomes active. Defaults to `"combined"`.
        report: is told what is lost. Defaults to `print`.

    Returns:
        What is lost, as in `as_lora`.

    Raises:
        UserError: as in `as_lora`, or a weight is no number.
    """
    methods = adaptation_of(model).methods
    for key, weight in weights.items():
        check_choice("name", key, methods)
        if not is_number(weight):
            raise UserError(
                f"Expected numbers as weights. Received: {key!r}: {weight!r}"
            )
    if not weights:
        raise UserError("Expected adapters with weights. Received: none")
    return _add(model, weights, rank, name, report)


def _add(model, weights, rank, name, report):
    """Adds a LoRA of weighted adapters, and says what its rank loses."""
    if rank is not None:
        check_integer("rank", rank, minimum=1)
    changes, heads = _changes(model, weights)
    if not changes:
        raise UserError(
            f"Expected adapters in matrices. Received: {', '.join(weights)}, "
            "which train a head alone"
        )
    parts = {
        path: np.linalg.svd(change, full_matrices=False)
        for path, (_, change) in changes.items()
    }
    needed = max(_rank(values) for _, values, _ in parts.values())
    rank = max(needed, 1) if rank is None else rank
    method = LoRA(targets=tuple(changes), rank=rank, train_head=bool(heads))
    adapt(model, method, name)
    lost = 0.0
    for path, (slot, _) in changes.items():
        left, values, right = parts[path]
        lost += np.square(values[rank:]).sum()
        root = np.sqrt(values[:rank])
        adapter = slot.adapters[name]
        for variable, factor in (
            (adapter.a, left[:, :rank] * root),
            (adapter.b, root[:, None] * right[:rank]),
        ):
            whole = np.zeros(variable.shape)
            whole[tuple(map(slice, factor.shape))] = factor
            variable.assign(whole)
    for slot, kernel, bias, moved in heads:
        slot.adapters[name].kernel.assign(kernel)
        if bias is not None:
            slot.adapters[name].bias.assign(bias + moved)
    norm = sum(np.square(values).sum() for _, values, _ in parts.values())
    share = math.sqrt(lost / norm) if norm else 0.0
    names = " and ".join(map(repr, weights))
    report(
        f"The LoRA of rank {rank} loses {share:.1%} of what {names} "
        f"change{'s' if len(weights) == 1 else ''}."
    )
    return share


def _rank(values):
    return int((values > NOTHING * values.max(initial=0)).sum())


def _changes(model, weights):
    """What weighted adapters change: matrices by path, and whole heads."""
    changes, heads = {}, []
    for path, slot in opened_by_path(model):
        found = {k: a for k, a in slot.adapters.items() if k in weights}
        if not found:
            continue
        moved = [0.0, 0.0]
        for key, adapter in found.items():
            before, after = with_adapter(slot, adapter, path)
            for index, (old, new) in enumerate(zip(before, after, strict=True)):
                if old is not None:
                    moved[index] = moved[index] + weights[key] * (new - old)
        if any(isinstance(adapter, HeadCopy) for adapter in found.values()):
            kernel, bias = before
            heads.append((slot, kernel + moved[0], bias, moved[1]))
        elif np.any(moved[1]):
            raise UserError(
                "Expected adapters that leave biases as they are, as a LoRA "
                f"does. Received: one that moves that of {path}"
            )
        else:
            changes[path] = (slot, moved[0])
    return changes, heads
