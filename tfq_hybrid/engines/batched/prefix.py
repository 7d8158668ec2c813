"""The leading one-qubit gates of a plan, and the states they are applied to.

Before an entangler has acted the qubits are independent: a gate is a matrix
of two rows, whatever the register.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.states import apply_gate, permute, product_state
from tfq_hybrid.engines.noise.density_matrix import ZERO_STATE

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Plan, Values


def first_state(plan: "Plan", values: "Values") -> tf.Tensor:
    """The product state after the prefix, of shape (P, N, batch)."""
    zero = (1.0, 0.0) if plan.register.radix == 2 else ZERO_STATE
    return product_state(prefix_vectors(plan, values, zero))


def prefix_vectors(
    plan: "Plan", values: "Values", start: Sequence[float]
) -> tf.Tensor:
    """What the prefix makes of `start`, of shape (qubits, P, radix, batch).

    Qubits with the same gates, but for their symbols, are computed together.
    """
    order: list[int] = []
    vectors = []
    alike: dict[tuple, list[int]] = {}
    for qubit, run in enumerate(plan.prefix):
        key = tuple((g.signature(), g.symbol is None) for g in run)
        alike.setdefault(key, []).append(qubit)
    for members in alike.values():
        ones = tf.ones([len(members), values.batch], values.dtype)
        # `None` stands for zeros, which no gate then need multiply.
        rows = [(ones if x else None, None) for x in start]
        for place, gate in enumerate(plan.prefix[members[0]]):
            value = None
            if gate.symbol is not None:
                symbols = [plan.prefix[q][place].symbol for q in members]
                value = values.stacked(symbols)
            rows = apply_gate(rows, gate, value)
        parts = list(zip(*rows, strict=True))
        if all(part is None for part in parts[1]):
            parts.pop()
        zeros = tf.zeros_like(ones)
        stacked = [
            tf.stack([zeros if x is None else x for x in part], axis=1)
            for part in parts
        ]
        order += members
        vectors.append(tf.stack(stacked, axis=1))
    planes = max(part.shape[1] for part in vectors)
    vectors = [
        tf.pad(part, [[0, 0], [0, planes - part.shape[1]], [0, 0], [0, 0]])
        if part.shape[1] < planes
        else part
        for part in vectors
    ]
    if len(vectors) == 1:
        return vectors[0]
    joined = tf.concat(vectors, axis=0)
    return permute(joined[tf.newaxis], np.argsort(order))[0]


def any_state(
    plan: "Plan",
    values: "Values",
    is_product: tf.Tensor,
    factors: tf.Tensor,
    make_states: Callable[[], tf.Tensor],
) -> tf.Tensor:
    """The state (2, N, batch) after the prefix of a plan of qubits.

    It starts from products of `factors`, complex (batch, qubits, 2), or from
    the states (batch, 2**qubits) that are made.
    """
    unitaries = _prefix_unitaries(plan, values)

    def of_factors():
        columns = tf.transpose(tf.cast(factors, unitaries.dtype), [1, 2, 0])
        vectors = _matvec(unitaries, tf.unstack(columns, axis=1))
        return product_state(tf.transpose(_parts(vectors), [1, 0, 2, 3]))

    def of_states():
        state = tf.cast(tf.transpose(make_states()), unitaries.dtype)
        shape = tf.shape(state)
        for qubit, run in enumerate(plan.prefix):
            if run:
                pieces = tf.reshape(state, [2**qubit, 2, -1, shape[1]])
                pieces = tf.unstack(pieces, axis=1)
                state = _matvec(unitaries[qubit], pieces)
                state = tf.reshape(state, shape)
        return _parts(state)

    return tf.cond(is_product, of_factors, of_states)


def _prefix_unitaries(plan, values):
    """The gates of each qubit as one matrix: complex (qubits, 2, 2, batch)."""
    columns = []
    for start in ((1.0, 0.0), (0.0, 1.0)):
        real, *rest = tf.unstack(prefix_vectors(plan, values, start), axis=1)
        imaginary = rest[0] if rest else tf.zeros_like(real)
        columns.append(tf.complex(real, imaginary))
    return tf.stack(columns, axis=2)


def _matvec(unitaries, pieces):
    """Matrices (..., 2, 2, batch) times two rows, stacked as axis 1."""
    rows = [
        unitaries[..., i, 0, :] * pieces[0]
        + unitaries[..., i, 1, :] * pieces[1]
        for i in range(2)
    ]
    return tf.stack(rows, axis=1)


def _parts(state):
    return tf.stack([tf.math.real(state), tf.math.imag(state)])
