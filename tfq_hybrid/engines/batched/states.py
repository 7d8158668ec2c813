"""States as tensors; gates applied to them by stock TensorFlow operations.

A state is a real tensor of shape (P, N, batch): P is 1 while all entries are
known to be real and 2 for a real and an imaginary part, N = radix**qubits
with the first qubit as the leading digit, and the batch comes last so that a
gate is a matrix product or a few long vector operations.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.register import Register
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.gates import TrigGate

# A complex number: the real and the imaginary part, `None` where it is zero.
Entry = tuple[Any, Any]


def trig_features(
    rates: np.ndarray | float, offsets: np.ndarray | float, values: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """cos and sin of `rates * values + offsets`, broadcast."""
    rates = tf.constant(rates, values.dtype)
    angles = rates * values
    if np.any(offsets):
        angles += tf.constant(offsets, values.dtype)
    return tf.cos(angles), tf.sin(angles)


def apply_gate(
    parts: Sequence[Entry], gate: "TrigGate", values: tf.Tensor | None
) -> list[Entry]:
    """Applies a gate with one value for each example along a list of rows.

    The rows of the states are pairs (real, imaginary) of tensors (..., batch),
    `None` where a part is zero. The values of the gate's symbol broadcast
    against a row.
    """
    entries = _entries(gate, values)
    rows = []
    for i in range(len(parts)):
        row = (None, None)
        for j, amplitude in enumerate(parts):
            row = _add(row, _multiply(entries[i][j], amplitude))
        rows.append(row)
    return rows


def _entries(gate: "TrigGate", values: tf.Tensor | None) -> list[list[Entry]]:
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


def _scaled(coefficient: float, feature: tf.Tensor) -> tf.Tensor:
    if coefficient == 1.0:
        return feature
    return -feature if coefficient == -1.0 else coefficient * feature


def _sum(a, b):
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _product(a, b):
    return None if a is None or b is None else a * b


def _multiply(a: Entry, b: Entry) -> Entry:
    """Product of two complex numbers whose parts may be `None` for zero."""
    minus = _product(a[1], b[1])
    real = _sum(_product(a[0], b[0]), None if minus is None else -minus)
    return real, _sum(_product(a[0], b[1]), _product(a[1], b[0]))


def _add(a: Entry, b: Entry) -> Entry:
    return _sum(a[0], b[0]), _sum(a[1], b[1])


def apply_gate_to_state(
    parts: Sequence[tf.Tensor],
    gate: "TrigGate",
    values: tf.Tensor | None,
    places: Sequence[int],
    register: Register,
) -> list[tf.Tensor]:
    """Applies a gate with values (batch,) or (1,) to a whole state.

    Args:
        parts: the real and, if there is one, the imaginary part, (N, batch).
        gate: of any number of qubits.
        values: of its symbol.
        places: where its qubits stand among the state's digits.
        register: of the state.

    Returns:
        The parts of the next state.
    """
    planes = [split_digits(part, places, register) for part in parts]
    if len(planes) == 1:
        planes.append([None] * len(planes[0]))
    rows = apply_gate(list(zip(*planes, strict=True)), gate, values)
    template = next(x for row in rows for x in row if x is not None)
    zeros = tf.zeros_like(template)
    is_real = all(row[1] is None for row in rows)
    return [
        join_digits([zeros if x is None else x for x in part], places, register)
        for part in list(zip(*rows, strict=True))[: 1 if is_real else 2]
    ]


def split_digits(
    plane: tf.Tensor, places: Sequence[int], register: Register
) -> list[tf.Tensor]:
    """Splits a plane (N, batch) by the digits at some places.

    The radix**len(qubits) pieces stand the leading digit first.
    """
    ordered = sorted(places)
    shape, last = [], -1
    for place in ordered:
        shape += [register.radix ** (place - last - 1), register.radix]
        last = place
    shape += [register.radix ** (register.qubits - 1 - last)]
    pieces = [tf.reshape(plane, [*shape, tf.shape(plane)[-1]])]
    taken: list[int] = []
    for place in places:
        earlier = sum(other < place for other in taken)
        axis = 2 * ordered.index(place) + 1 - earlier
        pieces = [x for piece in pieces for x in tf.unstack(piece, axis=axis)]
        taken.append(place)
    return pieces


def join_digits(
    pieces: Sequence[tf.Tensor], places: Sequence[int], register: Register
) -> tf.Tensor:
    """The inverse of `split_digits`."""
    ordered, radix = sorted(places), register.radix
    taken = list(places)
    while taken:
        place = taken.pop()
        earlier = sum(other < place for other in taken)
        axis = 2 * ordered.index(place) + 1 - earlier
        pieces = [
            tf.stack(pieces[i : i + radix], axis=axis)
            for i in range(0, len(pieces), radix)
        ]
    plane = pieces[0]
    return tf.reshape(plane, [register.size, tf.shape(plane)[-1]])


def permute(state: tf.Tensor, permutation: np.ndarray) -> tf.Tensor:
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


def product_state(vectors: tf.Tensor) -> tf.Tensor:
    """The state (P, N, batch) of independent qubits.

    Args:
        vectors: of each qubit, of shape (qubits, P, radix, batch).
    """
    # Neighbours in pairs, all pairs at once; an odd one out waits.
    waiting = []
    while vectors.shape[0] > 1:
        if vectors.shape[0] % 2:
            waiting.append(vectors[-1:])
            vectors = vectors[:-1]
        vectors = _kron(vectors[0::2], vectors[1::2])
    for last in waiting[::-1]:
        vectors = _kron(vectors, last)
    return vectors[0]


def _kron(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Products of states (count, P, N, batch), one by one."""
    pair_a = _pair(tf.expand_dims(a, 3))
    pair_b = _pair(tf.expand_dims(b, 2))
    planes = [x for x in _multiply(pair_a, pair_b) if x is not None]
    shape = [*a.shape[:2], a.shape[2] * b.shape[2], tf.shape(a)[-1]]
    return tf.reshape(tf.stack(planes, axis=1), shape)


def _pair(state: tf.Tensor) -> Entry:
    planes = tf.unstack(state, axis=1)
    return planes[0], planes[1] if len(planes) > 1 else None


def check_width(width: int, qubits: int) -> None:
    """Raises `UserError` unless a vector fits into the amplitudes."""
    if width > 2**qubits:
        needed = (width - 1).bit_length()
        raise UserError(
            f"Expected at most 2**{qubits} = {2**qubits} amplitudes for "
            f"{qubits} qubits. Received: vectors of {width} numbers. The "
            f"nearest valid value is qubits={needed}."
        )


def amplitude_states(vectors: tf.Tensor, qubits: int) -> tf.Tensor:
    """Vectors (batch, width), padded to 2**qubits and divided by their norm.

    A vector of zeros has no direction: its state is |0...0>, and its
    gradient is zero.

    >>> vectors = tf.constant([[3.0, 0.0, 4.0], [0, 0, 0]])
    >>> amplitude_states(vectors, 2).numpy().round(4)
    array([[0.6, 0. , 0.8, 0. ],
           [1. , 0. , 0. , 0. ]], dtype=float32)
    """
    width = vectors.shape[1]
    check_width(width, qubits)
    # Dividing by the largest entry first keeps squares in range.
    largest = tf.reduce_max(tf.abs(vectors), axis=1, keepdims=True)
    is_zero = tf.equal(largest, 0)
    scale = tf.where(is_zero, tf.ones_like(largest), largest)

    @tf.custom_gradient
    def normalise(vectors):
        # Few passes over the batch: in memory it is what costs.
        scaled = vectors / scale
        squares = tf.reduce_sum(tf.square(scaled), axis=1, keepdims=True)
        factor = tf.where(is_zero, squares, tf.math.rsqrt(squares))
        unit = scaled * factor

        def gradient(upstream):
            along = tf.reduce_sum(unit * upstream, axis=1, keepdims=True)
            return (upstream - along * unit) * (factor / scale)

        return unit, gradient

    unit = normalise(vectors)
    ground = tf.cast(is_zero, unit.dtype)
    return tf.concat(
        [
            unit[:, :1] + ground,
            unit[:, 1:],
            tf.zeros([tf.shape(unit)[0], 2**qubits - width], unit.dtype),
        ],
        axis=1,
    )
