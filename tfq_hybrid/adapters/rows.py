"""Rows of one batch that different adapters answer."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from tfq_hybrid.adapters.compiling import FUNCTIONS
from tfq_hybrid.adapters.hosts import adaptation_of
from tfq_hybrid.adapters.variables import switch
from tfq_hybrid.errors import UserError, check_choice, check_integer


@contextlib.contextmanager
def using(model: keras.Model, name: str | None) -> Iterator[keras.Model]:
    """Lets a model compute with the adapter of a name, or with none, meanwhile.

    What it has compiled stays, for the adapter that was active.

    Args:
        model: an adapted model.
        name: as given to `adapt`; `None` for the base alone.

    Raises:
        UserError: there is none of that name.
    """
    adaptation = adaptation_of(model)
    if name is not None:
        check_choice("name", name, adaptation.methods)
    active = adaptation.active
    kept = {key: getattr(model, key, None) for key in FUNCTIONS}
    trains = [(v, v.trainable) for v in model.variables]
    try:
        _use(model, adaptation, name, {})
        yield model
    finally:
        _use(model, adaptation, active, kept)
        for variable, value in trains:
            variable.trainable = value


def _use(model, adaptation, name, functions):
    adaptation.active = name
    switch(model, adaptation)
    for key in FUNCTIONS:
        if hasattr(model, key):
            setattr(model, key, functions.get(key))


def predict(
    model: keras.Model,
    x: Any,
    adapter_names: Sequence[str | None],
    batch_size: int = 32,
) -> Any:
    """Predicts each row of a batch with the adapter that is named for it.

    Rows of one adapter are computed together, so that a row runs through the
    base once, whatever the number of adapters. The active adapter, and what
    trains, stay as they are.

    Args:
        model: an adapted model.
        x: its inputs: an array, a list of strings, or a structure of arrays,
            with the rows on the first axis.
        adapter_names: of each row the name of an adapter, `None` for the base.
        batch_size: rows at a time. Defaults to 32.

    Returns:
        What `model.predict` gives, rows in the order of `x`.

    Raises:
        UserError: there is no adapter of a name, or names are not as many as
            the rows.

    Example:

    >>> from tfq_hybrid import adapters
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> for name in ("a", "b"):
    ...     lora = adapters.LoRA(targets="dense", rank=2)
    ...     model = adapters.adapt(model, lora, name)
    >>> adapters.predict(model, np.ones((3, 4)), ["a", "b", None]).shape
    (3, 3)
    """
    check_integer("batch_size", batch_size, minimum=1)
    names = list(adapter_names)
    if isinstance(x, list) and all(isinstance(row, str) for row in x):
        x = np.array(x, object)
    sizes = {len(column) for column in keras.tree.flatten(x)}
    if sizes != {len(names)} or not names:
        raise UserError(
            "Expected a name of an adapter, or None, for each row. Received: "
            f"{len(names)} names for {', '.join(map(str, sorted(sizes)))} rows"
        )
    known = adaptation_of(model).methods
    for name in names:
        if name is not None:
            check_choice("adapter_names", name, known)
    found: Any = None
    for name in dict.fromkeys(names):
        rows = np.flatnonzero([one == name for one in names])
        part = keras.tree.map_structure(lambda a, r=rows: np.asarray(a)[r], x)
        with using(model, name):
            outputs = model.predict(part, batch_size=batch_size, verbose=0)
        if found is None:
            found = keras.tree.map_structure(
                lambda a: np.empty((len(names), *a.shape[1:]), a.dtype), outputs
            )
        _put(found, outputs, rows)
    return found


def _put(found, outputs, rows):
    pairs = zip(
        keras.tree.flatten(found), keras.tree.flatten(outputs), strict=True
    )
    for whole, part in pairs:
        whole[rows] = part
