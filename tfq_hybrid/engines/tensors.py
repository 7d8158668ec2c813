"""Tensor programs for states and gates, of stock TensorFlow operations.

A state is a real tensor of shape (P, N, batch): P is 1 while all amplitudes
are known to be real and 2 for a real and an imaginary part, N = 2**qubits
with the first qubit as the leading bit, and the batch comes last so that a
gate is a matrix product or a few long vector operations.
"""

import itertools

import numpy as np
import tensorflow as tf


def trig_features(rates, offsets, values):
    """cos and sin of `rates * values + offsets`, broadcast.

    Args:
        rates, offsets: float64 arrays.
        values: real tensor that broadcasts against them.

    Returns:
        A pair of tensors of the dtype of `values`.
    """
    rates = tf.constant(rates, values.dtype)
    angles = rates * values
    if np.any(offsets):
        angles += tf.constant(offsets, values.dtype)
    return tf.cos(angles), tf.sin(angles)


def apply_gate(parts, gate, values):
    """Applies a gate with one value for each example along a list of rows.

    Args:
        parts: list of d states' rows, each a pair (real, imaginary) of
            tensors of shape (..., batch); the imaginary part may be `None`.
        gate: `TrigGate` of dimension d.
        values: tensor of shape (..., batch) that broadcasts against a row,
            the value of the gate's symbol; `None` without a symbol.

    Returns:
        A list like `parts`.
    """
    entries = _entries(gate, values)
    rows = []
    for i in range(len(parts)):
        row = (None, None)
        for j, amplitude in enumerate(parts):
            row = _add(row, _multiply(entries[i][j], amplitude))
        rows.append(row)
    return rows


def _entries(gate, values):
    """The gate's matrix as a nested list of (real, imaginary) entries.

    An entry's part is `None` where it is zero at every value, a Python float
    where the gate has no symbol, else a tensor shaped like `values`.
    """
    dimension = gate.cos_basis.shape[-1]
    if gate.symbol is None:
        features = [(1.0, gate.cos_basis[0])]
    else:
        features = []
        for rate, offset, cos_basis, sin_basis in zip(
            gate.rates,
            gate.offsets,
            gate.cos_basis,
            gate.sin_basis,
            strict=True,
        ):
            cos, sin = trig_features(rate, offset, values)
            features += [(cos, cos_basis), (sin, sin_basis)]

    def entry(i, j, part):
        total = None
        for feature, basis in features:
            coefficient = float(getattr(basis[i, j], part))
            if abs(coefficient) > 1e-12:
                total = _sum(total, _scaled(coefficient, feature))
        return total

    return [
        [(entry(i, j, "real"), entry(i, j, "imag")) for j in range(dimension)]
        for i in range(dimension)
    ]


def _scaled(coefficient, feature):
    if coefficient == 1.0:
        return feature
    return -feature if coefficient == -1.0 else coefficient * feature


def _sum(a, b):
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _product(a, b):
    return None if a is None or b is None else a * b


def _multiply(a, b):
    """Product of two complex numbers whose parts may be `None` for zero."""
    minus = _product(a[1], b[1])
    real = _sum(_product(a[0], b[0]), None if minus is None else -minus)
    return real, _sum(_product(a[0], b[1]), _product(a[1], b[0]))


def _add(a, b):
    return _sum(a[0], b[0]), _sum(a[1], b[1])


def stack_rows(rows, axis):
    """Joins `apply_gate`'s rows into one tensor (P, ...) along `axis`."""
    template = next(x for row in rows for x in row if x is not None)
    zeros = tf.zeros_like(template)
    planes = [
        tf.stack([zeros if x is None else x for x in part], axis=axis)
        for part in zip(*rows, strict=True)
        if any(x is not None for x in part)
    ]
    if all(row[1] is None for row in rows):
        planes = planes[:1]
    elif len(planes) == 1:  # every real part vanished
        planes = [tf.zeros_like(planes[0]), planes[0]]
    return tf.stack(planes)


def split_rows(state, axis):
    """The inverse of `stack_rows`: a list of pairs along `axis`."""
    planes = [tf.unstack(plane, axis=axis) for plane in tf.unstack(state)]
    if len(planes) == 1:
        planes.append([None] * len(planes[0]))
    return list(zip(*planes, strict=True))


def apply_fed_gate(state, gate, values, qubits):
    """Applies a gate with one value for each example to a state.

    Args:
        state: tensor of shape (P, N, batch).
        gate: `TrigGate` on k qubits.
        values: tensor of shape (batch,), or `None` without a symbol.
        qubits: int. The number of qubits of the state.

    Returns:
        A tensor of shape (P', N, batch).
    """
    shape, order = _front_axes(gate.qubits, qubits)
    planes, _, batch = tf.unstack(tf.shape(state))
    view = tf.reshape(state, [planes, *shape, batch])
    last = len(shape) + 1
    view = tf.transpose(view, [0, *(1 + a for a in order), last])
    gate_dim = 2 ** len(gate.qubits)
    rest = 2**qubits // gate_dim
    view = tf.reshape(view, [state.shape[0], gate_dim, rest, -1])
    rows = apply_gate(split_rows(view, axis=0), gate, values)
    view = stack_rows(rows, axis=0)
    moved = [shape[a] for a in order]
    view = tf.reshape(view, [view.shape[0], *moved, batch])
    inverse = [int(a) for a in np.argsort(order)]
    view = tf.transpose(view, [0, *(1 + a for a in inverse), last])
    return tf.reshape(view, [view.shape[0], 2**qubits, -1])


def _front_axes(targets, qubits):
    """Axes that bring `targets` to the front, runs of others kept whole."""
    shape, labels = [], []
    for is_target, run in itertools.groupby(
        range(qubits), lambda q: q in targets
    ):
        run = list(run)
        shape += [2] * len(run) if is_target else [2 ** len(run)]
        labels += run if is_target else [None]
    front = [labels.index(q) for q in targets]
    return shape, front + [a for a in range(len(shape)) if a not in front]


def permute(state, permutation):
    """Relabels basis states: `result[:, i] = state[:, permutation[i]]`.

    The gradient gathers by the inverse permutation: TensorFlow's own
    gradient of a gather is a scatter, many times slower.
    """
    inverse = np.argsort(permutation)

    @tf.custom_gradient
    def gather(x):
        def gradient(upstream):
            return tf.gather(upstream, inverse, axis=1)

        return tf.gather(x, permutation, axis=1), gradient

    return gather(state)


def product_state(vectors):
    """The state of independent qubits.

    Args:
        vectors: list of tensors of shape (P, 2, batch), one for each qubit.

    Returns:
        A tensor of shape (P', 2**len(vectors), batch).
    """
    states = list(vectors)
    # Pairwise, so that the large products are few.
    while len(states) > 1:
        pairs = [
            _kron(states[i], states[i + 1])
            for i in range(0, len(states) - 1, 2)
        ]
        states = pairs + states[len(pairs) * 2 :]
    return states[0]


def _kron(a, b):
    pair_a = _pair(tf.expand_dims(a, 2))
    pair_b = _pair(tf.expand_dims(b, 1))
    planes = [x for x in _multiply(pair_a, pair_b) if x is not None]
    size = a.shape[1] * b.shape[1]
    return tf.stack([tf.reshape(plane, [size, -1]) for plane in planes])


def _pair(state):
    planes = tf.unstack(state)
    return planes[0], planes[1] if len(planes) > 1 else None
