"""The matrices of all blocks of a plan, computed together.

A block's matrix is a product of slots, each a layer of one-qubit gates and
then one wider gate. The slots of all blocks stand in one array, so that a few
operations compute them, however many gates there are: what a graph costs to
trace and to compile is the number of its operations.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.gates import TrigGate

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


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


class _Slot:
    """One-qubit gates on each qubit of a group, then one matrix for all.

    The matrix is a sum of waves: rows of (symbol or `None`, rate, offset,
    whether a sine, basis).
    """

    def __init__(self, size: int):
        self.local: list[list[TrigGate]] = [[] for _ in range(size)]
        self.waves: list[tuple[Any, float, float, bool, np.ndarray]] = []

    @property
    def takes_weight(self) -> bool:
        """Whether its matrix is, as yet, the same at all values."""
        return all(symbol is None for symbol, *_ in self.waves)

    def multiply(self, gate: TrigGate, targets: list[int], radix: int) -> None:
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


def _slots(step: BlockStep) -> list[_Slot]:
    """The gates of a block, packed from the first on."""
    size, radix = len(step.group), step.register.radix
    slots = [_Slot(size)]
    for gate in step.gates:
        targets = [step.group.index(qubit) for qubit in gate.qubits]
        last = slots[-1]
        if len(targets) == 1 and not last.waves:
            last.local[targets[0]].append(gate)
        elif gate.symbol is None or (len(targets) > 1 and last.takes_weight):
            last.multiply(gate, targets, radix)
        else:
            slots.append(_Slot(size))
            if len(targets) == 1:
                slots[-1].local[targets[0]].append(gate)
            else:
                slots[-1].multiply(gate, targets, radix)
    return slots


def block_matrices(
    steps: Iterable[BlockStep], values: "Values"
) -> dict[BlockStep, tf.Tensor]:
    """The matrix (d, d) of every block, real where all of its gates are."""
    alike: dict[tuple, list[tuple[BlockStep, list[_Slot]]]] = {}
    for step in steps:
        slots = _slots(step)
        levels = (len(slots) - 1).bit_length()
        key = (step.is_real, len(step.group), levels)
        alike.setdefault(key, []).append((step, slots))
    result = {}
    for (is_real, size, levels), members in alike.items():
        dtype = values.dtype if is_real else _complex(values.dtype)
        rows = [slots for _, slots in members]
        radix = members[0][0].register.radix
        for slots in rows:
            slots += [_Slot(size) for _ in range(2**levels - len(slots))]
        factors = _factors([s for row in rows for s in row], radix, values, dtype)
        for _ in range(levels):
            first, second = tf.unstack(
                tf.reshape(factors, [-1, 2, *factors.shape[1:]]), axis=1
            )
            factors = second @ first
        matrices = tf.unstack(factors, num=len(members))
        for (step, _), matrix in zip(members, matrices, strict=True):
            result[step] = matrix
    return result


def _factors(slots, radix, values, dtype):
    """The matrices of slots: (slots, d, d)."""
    local = wide = None
    if any(run for slot in slots for run in slot.local):
        local = _local(slots, radix, values, dtype)
    if any(slot.waves for slot in slots):
        wide = _wide(slots, radix, values, dtype)
    if local is None or wide is None:
        return wide if local is None else local
    return wide @ local


def _wide(slots, radix, values, dtype):
    size = radix ** len(slots[0].local)
    # Waves of the identity where a slot has no matrix.
    runs = [slot.waves or [(None, 0.0, 0.0, 0, np.eye(size))] for slot in slots]
    features, bases = [], []
    for is_sine in range(2):
        some = [[wave for wave in run if wave[3] == is_sine] for run in runs]
        width = max(map(len, some))
        if not width:
            continue
        factors: list[dict[str, float]] = []
        offsets = np.zeros((len(slots), width))
        basis = np.zeros((len(slots), width, size, size), np.complex128)
        for i, run in enumerate(some):
            for k, (symbol, rate, offset, _, matrix) in enumerate(run):
                factors.append({symbol: rate} if symbol is not None else {})
                offsets[i, k], basis[i, k] = offset, matrix
            factors += [{}] * (width - len(run))
        angles = tf.reshape(values.linear(factors), offsets.shape)
        angles += tf.constant(offsets, angles.dtype)
        features.append(tf.sin(angles) if is_sine else tf.cos(angles))
        bases.append(basis)
    return _combine(features, bases, dtype)


def _local(slots, radix, values, dtype):
    """The layers of one-qubit gates of all slots at once.

    The gates on a qubit are padded with identities to one length R and
    to one number of frequencies F, so that a single set of operations of
    shape (slots, R, qubits, F) computes all of them.
    """
    runs = [run for slot in slots for run in slot.local]
    depth = max(map(len, runs))
    width = max(len(g.rates) for run in runs for g in run)
    shape = (len(slots), depth, len(slots[0].local), width)
    factors = np.empty(shape, object)
    offsets = np.zeros(shape)
    cos_basis = np.zeros((*shape, radix, radix), np.complex128)
    sin_basis = np.zeros((*shape, radix, radix), np.complex128)
    cos_basis[..., 0, :, :] = np.eye(radix)
    for i, slot in enumerate(slots):
        for q, run in enumerate(slot.local):
            for r, gate in enumerate(run):
                size = len(gate.rates)
                cos_basis[i, r, q, :size] = gate.cos_basis
                sin_basis[i, r, q, :size] = gate.sin_basis
                offsets[i, r, q, :size] = gate.offsets
                if gate.symbol is not None:
                    factors[i, r, q, :size] = [
                        {gate.symbol: rate} for rate in gate.rates
                    ]
    angles = values.linear([x or {} for x in factors.reshape(-1)])
    angles = tf.reshape(angles, shape) + tf.constant(offsets, angles.dtype)
    waves, bases = [tf.cos(angles), tf.sin(angles)], [cos_basis, sin_basis]
    gates = _combine(waves, bases, dtype)
    first, *rest = tf.unstack(gates, axis=1)  # (slots, qubits, radix, radix)
    for gate in rest:
        first = gate @ first
    result, *rest = tf.unstack(first, axis=1)  # (slots, radix, radix)
    for q, factor in enumerate(rest, start=1):
        size = radix ** (q + 1)
        result = tf.einsum("aij,akl->aikjl", result, factor)
        result = tf.reshape(result, [-1, size, size])
    return result


def _combine(features, bases, dtype):
    """Sums of bases (..., F, d, d), times features (..., F)."""
    features = tf.concat(features, axis=-1)
    if dtype.is_complex:  # a cast's gradient would warn of what it drops
        features = tf.complex(features, tf.zeros_like(features))
    array = np.concatenate(bases, axis=-3)
    array = array if dtype.is_complex else array.real
    bases = tf.constant(array, dtype)
    return tf.einsum("...f,...fij->...ij", features, bases)


def _complex(dtype: tf.DType) -> tf.DType:
    return tf.complex128 if dtype == tf.float64 else tf.complex64
