"""A symbol of its own for every gate: what parameter shift needs.

The shift rules hold for one gate at a time; a symbol that several gates share
is the sum of their own.
"""

import dataclasses
from typing import NamedTuple

import numpy as np


class Symbols(NamedTuple):
    """Names of fed and trained symbols."""

    fed: tuple
    trained: tuple


class OwnSymbols(NamedTuple):
    """A program's gates, no two of which share a symbol.

    Attributes:
        lowered: list of all gates, in circuit order, with their new symbols.
        symbols: `Symbols`, the new names.
        gates: list of the gates that had a symbol, with the old one, those
            with a fed one first: in the order of the new names.
        fed_mixing, trained_mixing: arrays of shape (symbols, gates), 1 where
            a gate had the symbol.
    """

    lowered: list
    symbols: Symbols
    gates: list
    fed_mixing: np.ndarray
    trained_mixing: np.ndarray


def give_own_symbols(program, gates):
    """Renames the symbol of every gate.

    Args:
        program: `Program`.
        gates: list of what it was lowered to.

    Returns:
        `OwnSymbols`.
    """
    lowered = []
    fed, trained = [], []  # (new name, old gate)
    for place, gate in enumerate(gates):
        if gate.symbol is not None:
            name = f"{gate.symbol}/{place}"
            kind = fed if gate.symbol in program.fed else trained
            kind.append((name, gate))
            gate = dataclasses.replace(gate, symbol=name)
        lowered.append(gate)
    return OwnSymbols(
        lowered,
        Symbols(
            tuple(name for name, _ in fed), tuple(name for name, _ in trained)
        ),
        [gate for _, gate in fed + trained],
        _mixing(program.fed, [gate.symbol for _, gate in fed]),
        _mixing(program.trained, [gate.symbol for _, gate in trained]),
    )


def _mixing(names, symbols):
    return np.array(
        [[float(name == symbol) for symbol in symbols] for name in names]
    ).reshape(len(names), len(symbols))
