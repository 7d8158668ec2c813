"""`Slot`: gates of a block whose matrices are computed in one go.

A layer of one-qubit gates and then one wider gate: the matrix of a block is
a product of a few of them. Gates without a symbol cost nothing: they are
multiplied into their neighbours beforehand.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.gates import TrigGate


def embed(
    matrices: np.ndarray, targets: Sequence[int], qubits: int, radix: int = 2
) -> np.ndarray:
    """Embeds matrices (F, d, d) into the space of a group of qubits.

    The targets are positions within the group, the leading digit first.
    """
    others = [q for q in range(qubits) if q not in targets]
    eye = np.eye(radix ** len(others))
    full = np.einsum("fij,kl->fikjl", matrices, eye)
    full = full.reshape([len(matrices)] + [radix] * (2 * qubits))
    place = np.argsort([*targets, *others])
    axes = [0, *(1 + place), *(1 + qubits + place)]
    return full.transpose(axes).reshape(len(matrices), radix**qubits, -1)


class Slot:
    """One-qubit gates on each qubit of a group, then one matrix for all.

    The matrix is a sum of waves: rows of (symbol or `None`, rate, offset,
    whether a sine, basis).
    """

    def __init__(self, size: int):
        self.local: list[list[TrigGate]] = [[] for _ in range(size)]
        self.waves: list[tuple[Any, float, float, bool, np.ndarray]] = []

    def takes(self, gate: TrigGate) -> bool:
        """Whether a gate that comes next finds room."""
        if gate.symbol is None or not self.waves:
            return True
        is_constant = all(symbol is None for symbol, *_ in self.waves)
        return len(gate.qubits) > 1 and is_constant

    def add(self, gate: TrigGate, targets: list[int], radix: int) -> None:
        """Adds a gate on some of the group's qubits."""
        if len(targets) > 1 or self.waves:
            self._multiply(gate, targets, radix)
            return
        run = self.local[targets[0]]
        # What has no symbol is a factor of the gate before or after it.
        if run and None in (gate.symbol, run[-1].symbol):
            last = run.pop()
            if gate.symbol is None:
                after = gate.matrix
                gate = _multiplied(last, lambda basis: after @ basis)
            else:
                gate = _multiplied(gate, lambda basis: basis @ last.matrix)
        run.append(gate)

    def _multiply(self, gate, targets, radix):
        """Multiplies the matrix from the left; one factor has no symbol."""
        size = len(self.local)
        waves = [
            (gate.symbol, rate, offset, is_sine, full)
            for is_sine, bases in enumerate([gate.cos_basis, gate.sin_basis])
            for rate, offset, basis, full in zip(
                gate.rates,
                gate.offsets,
                bases,
                embed(bases, targets, size, radix),
                strict=True,
            )
            if np.any(basis)
        ]
        if not self.waves:
            self.waves = waves
        elif gate.symbol is None:
            [(*_, left)] = waves
            self.waves = [(*wave, left @ right) for *wave, right in self.waves]
        else:
            [(*_, right)] = self.waves
            self.waves = [(*wave, left @ right) for *wave, left in waves]


def _multiplied(gate, multiply):
    """A gate with another matrix multiplied into it at all values."""
    return dataclasses.replace(
        gate,
        cos_basis=multiply(gate.cos_basis),
        sin_basis=multiply(gate.sin_basis),
    )


def pack(step: BlockStep) -> list[Slot]:
    """The gates of a block in as few slots as they allow; 2**k of them."""
    size, radix = len(step.group), step.register.radix
    slots, left = [], step.gates
    while left:
        slot = Slot(size)
        # First one-qubit gates, as many as wait for no wider one.
        for is_local in (True, False):
            blocked: set[int] = set()
            waiting = []
            for gate in left:
                fits = len(gate.qubits) == 1 if is_local else slot.takes(gate)
                if fits and blocked.isdisjoint(gate.qubits):
                    targets = [step.group.index(q) for q in gate.qubits]
                    slot.add(gate, targets, radix)
                else:
                    blocked.update(gate.qubits)
                    waiting.append(gate)
            left = waiting
        slots.append(slot)
    padding = 2 ** (len(slots) - 1).bit_length() - len(slots)
    return slots + [Slot(size) for _ in range(padding)]
