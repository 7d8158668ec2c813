"""The matrices of all blocks of a plan, computed together.

The slots (`slots`) of all blocks stand in one array, so that a few operations
compute them, however many gates there are: what a graph costs to trace and to
compile is the number of its operations.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.slots import Slot, pack

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


def block_matrices(
    steps: Iterable[BlockStep], values: "Values"
) -> dict[BlockStep, tf.Tensor]:
    """The matrix (d, d) of every block, real where all of its gates are."""
    alike: dict[tuple, list[tuple[BlockStep, list[Slot]]]] = {}
    for step in steps:
        key = (step.is_real, len(step.group))
        alike.setdefault(key, []).append((step, pack(step)))
    result = {}
    for (is_real, _), members in alike.items():
        # Those with most slots first: pairs are multiplied until each block
        # is one matrix, and those that are done stand last.
        members.sort(key=lambda member: len(member[1]), reverse=True)
        left = [len(slots) for _, slots in members]
        dtype = values.dtype if is_real else _complex(values.dtype)
        radix = members[0][0].register.radix
        every = [slot for _, slots in members for slot in slots]
        factors = _factors(every, radix, values, dtype)
        while left:
            done = left.count(1)
            if done:
                left = left[: len(left) - done]
                factors, last = tf.split(factors, [sum(left), done])
                finished = members[len(left) : len(left) + done]
                matrices = tf.unstack(last, num=done)
                for (step, _), matrix in zip(finished, matrices, strict=True):
                    result[step] = matrix
            if left:
                shape = [sum(left) // 2, 2, *factors.shape[1:]]
                first, second = tf.unstack(tf.reshape(factors, shape), axis=1)
                factors = second @ first
                left = [count // 2 for count in left]
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
    if all(symbol is None for run in runs for symbol, *_ in run):
        fixed = np.array([matrix for [(*_, matrix)] in runs])
        return tf.constant(fixed if dtype.is_complex else fixed.real, dtype)
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
        angles = _angles(factors, offsets, values)
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
    angles = _angles([x or {} for x in factors.reshape(-1)], offsets, values)
    waves, bases = [tf.cos(angles), tf.sin(angles)], [cos_basis, sin_basis]
    gates = _combine(waves, bases, dtype)
    first, *rest = tf.unstack(gates, axis=1)  # (slots, qubits, radix, radix)
    for gate in rest:
        first = gate @ first
    return _kron_all(first)


def _kron_all(factors):
    """Products of matrices (slots, qubits, d, d) over the qubits."""
    # Neighbours in pairs, all pairs at once; an odd one out waits.
    waiting = []
    while factors.shape[1] > 1:
        if factors.shape[1] % 2:
            waiting.append(factors[:, -1:])
            factors = factors[:, :-1]
        factors = _kron(factors[:, 0::2], factors[:, 1::2])
    for last in waiting[::-1]:
        factors = _kron(factors, last)
    return factors[:, 0]


def _kron(left, right):
    """Products (slots, count, d, d), as matrix products of all entries."""
    shape, size = left.shape, right.shape[-1]
    columns = tf.reshape(left, [*shape[:2], shape[2] ** 2, 1])
    rows = tf.reshape(right, [*shape[:2], 1, size**2])
    split = [*shape[:2], shape[2], shape[2], size, size]
    product = tf.reshape(columns @ rows, split)
    product = tf.transpose(product, [0, 1, 2, 4, 3, 5])
    return tf.reshape(product, [*shape[:2], shape[2] * size, shape[2] * size])


def _angles(factors, offsets, values):
    """Linear in the weights, shaped like the offsets, which are added."""
    angles = tf.reshape(values.linear(factors), offsets.shape)
    return (
        angles + tf.constant(offsets, angles.dtype) if offsets.any() else angles
    )


def _combine(features, bases, dtype):
    """Sums of bases (..., F, d, d), times features (..., F)."""
    features = features[0] if len(features) == 1 else tf.concat(features, -1)
    if dtype.is_complex:  # a cast's gradient would warn of what it drops
        features = tf.complex(features, tf.zeros_like(features))
    array = np.concatenate(bases, axis=-3)
    array = array if dtype.is_complex else array.real
    *shape, size, _ = array.shape
    flat = tf.constant(array.reshape(*shape, size**2), dtype)
    product = features[..., tf.newaxis, :] @ flat
    return tf.reshape(product, [*shape[:-1], size, size])


def _complex(dtype: tf.DType) -> tf.DType:
    return tf.complex128 if dtype == tf.float64 else tf.complex64
