"""Methods in the size of a number of parameters."""

import bisect
import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.method import Method
    from tfq_hybrid.adapters.target import Target


class NoSuchSizeError(UserError):
    """No size of a method comes near enough to a number of parameters."""


def nearest(
    method: "Method",
    model: "keras.Model",
    count: int,
    report: Callable[[str], object],
    within: float | None = None,
) -> "Method":
    """The method in the size nearest to so many parameters.

    For the arguments see `Method.for_parameters`.
    """
    check_integer("count", count, minimum=1)
    if within is None:
        found = _nearest_size(method, model, count)
        reached = found.parameters(model)
        report(_said(method, count, reached, found.size_text))
        return found
    head = sum(_head_sizes(method, model))
    if count <= head:
        raise UserError(
            f"Expected more parameters than the {head:,} of the head. "
            f"Received: {count:,}"
        )
    spare = within * (count - head)
    best, text = method, ""
    if method.size is not None:
        best = _nearest_size(method, model, count)
        text = best.size_text
    if abs(best.parameters(model) - count) > spare:
        closest = best.parameters(model)
        fewer = _fewer_matrices(method, model, count - head, spare)
        if fewer is None:
            raise NoSuchSizeError(
                f"Expected a size of {type(method).__name__} within "
                f"{100 * within:g} % of {count - head:,} parameters beside "
                f"{head:,} of the head. Received: none; of all its matrices "
                f"the nearest has {closest - head:,}"
            )
        best = fewer
        size = [] if best.size is None else [best.size_text]
        text = ", ".join([*size, f"targets={','.join(best.targets)}"])
    report(_said(method, count, best.parameters(model), text))
    return best


def _said(method, count, reached, text):
    return (
        f"Asked for {count:,} trainable parameters. The nearest "
        f"{type(method).__name__} has {reached:,}"
        + (f", with {text}." if text else ".")
    )


def _head_sizes(method, model):
    from tfq_hybrid.adapters.layers import head_parameters

    return map(head_parameters, method.places(model)[1])


def _nearest_size(method, model, count):
    def reached(size):
        return method.at_size(size).parameters(model)

    sizes = method.sizes(model)
    if not sizes:
        raise UserError(
            f"Expected targets that a {method.size} of "
            f"{type(method).__name__} fits. Received: none that fits all"
        )
    # The smallest size with at least `count`, and the one before.
    place = bisect.bisect_left(sizes, count, key=reached)
    sizes = sizes[max(place - 1, 0) : place + 1]
    return method.at_size(min(sizes, key=lambda s: abs(reached(s) - count)))


def _fewer_matrices(
    method: "Method", model: "keras.Model", count: int, spare: float
) -> "Method | None":
    """The method in some of its matrices: as many as come near enough.

    Of as many the nearest, of as near the upper ones, of these the smallest
    size. `None` where none is near enough.
    """
    found = method.find(model)
    best: tuple | None = None
    for sized, weights in _sizes_of_each(method, model, found, count + spare):
        for total, chosen in _subsets(weights, count + spare).items():
            error = abs(total - count)
            if error > spare or not chosen:
                continue
            key = (-len(chosen), error, [-place for place in chosen])
            if best is None or key < best[0]:
                best = key, sized, chosen
    if best is None:
        return None
    _, sized, chosen = best
    paths = tuple(found[place].path for place in sorted(chosen))
    return dataclasses.replace(sized, targets=paths, layers=None, exclude=())


def _sizes_of_each(
    method: "Method",
    model: "keras.Model",
    found: "list[Target]",
    most: float,
) -> "Iterator[tuple[Method, dict[int, int]]]":
    """Each size, and its parameters in each target that it fits.

    Sizes that are too large for every target are left out.
    """
    if method.size is None:
        yield (
            method,
            {i: method.parameters_of(row) for i, row in enumerate(found)},
        )
        return
    alone = [
        dataclasses.replace(
            method, targets=(row.path,), layers=None, exclude=()
        ).sizes(model)
        for row in found
    ]
    # Targets of one shape have the same sizes.
    shapes: dict[tuple, list[int]] = {}
    for place, row in enumerate(found):
        shapes.setdefault((row.role, row.sizes), []).append(place)
    sizes: dict[int, dict[int, int]] = {}
    for places in shapes.values():
        row = found[places[0]]

        def parameters(size, row=row):
            return method.at_size(size).parameters_of(row)

        fitting = alone[places[0]]
        end = bisect.bisect_right(fitting, most, key=parameters)
        for size in fitting[:end]:
            for place in places:
                sizes.setdefault(size, {})[place] = parameters(size)
    for size, weights in sizes.items():
        yield method.at_size(size), weights


def _subsets(weights: dict[int, int], most: float) -> dict[int, list[int]]:
    """Of each sum up to `most` the largest choice, of the upper places.

    >>> _subsets({0: 2, 1: 3, 2: 3}, 5)
    {0: [], 3: [2], 2: [0], 5: [2, 0]}
    """
    found: dict[int, list[int]] = {0: []}
    for place in sorted(weights, reverse=True):
        for total, chosen in [*found.items()]:
            larger = total + weights[place]
            known = found.get(larger)
            if larger <= most and (known is None or len(known) <= len(chosen)):
                found[larger] = [*chosen, place]
    return found
