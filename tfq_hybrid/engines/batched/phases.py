"""Diagonal gates, any number of them at once: one phase for each basis state.

The angle of a basis state is a sum over the gates. Most gates see only one
part of a register that is cut in two or three: the phases of each part, as
many as it has basis states, are computed apart and applied one after the other.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.layout import PLANES, State
from tfq_hybrid.engines.register import Register

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Values


class DiagonalStep:
    """Diagonal unitary gates, with weights, features or without a symbol."""

    def __init__(self, gates: Sequence[TrigGate], register: Register):
        self.gates = list(gates)
        self.is_real = all(gate.is_real for gate in gates)
        self._register = register

    def apply(self, state: State, values: "Values") -> State:
        """The next state."""
        return self._turn(state, values, 1.0)

    def undo(self, state: State, values: "Values") -> State:
        """The state before."""
        return self._turn(state, values, -1.0)

    def _turn(self, state, values, sign):
        cut = _Cut(state)
        sums = [
            _AngleSum(gates, qubits, shape, sign, values)
            for gates, qubits, shape in cut.sort(self.gates)
            if gates
        ]
        batch = tf.shape(state.tensor)[-1]
        entries = tf.reshape(state.tensor, [*cut.shape, batch])
        if self.is_real:
            for one in sums:
                entries *= one.signs()
        else:
            entries = _rotate(entries, sums, cut.planes)
            state = state if not state.is_real else state.with_planes()
        return state.with_tensor(tf.reshape(entries, [-1, batch]))


class _Cut:
    """A state's axes as few: parts of the register, and the planes.

    The register is cut in the middle, and where the planes stand. `shape` is
    of all axes, and `planes` the place of the planes among them.
    """

    def __init__(self, state):
        qubits = state.qubits
        place = 0 if state.is_real else state.axes.index(PLANES)
        ends = sorted({0, len(qubits) // 2, place, len(qubits)})
        self.planes = ends.index(place)
        pairs = itertools.pairwise(ends)
        self._parts = [qubits[first:last] for first, last in pairs]
        self.shape = self._shape([*range(len(self._parts))])
        self.shape[self.planes] = 1 if state.is_real else 2

    def _shape(self, parts):
        """Of some parts: 1 along all other axes."""
        sizes = [2 ** len(qubits) for qubits in self._parts]
        shape = [size if i in parts else 1 for i, size in enumerate(sizes)]
        shape.insert(self.planes, 1)
        return shape

    def sort(self, gates):
        """Gates of each part and across: with their qubits, and a shape."""
        home = {q: i for i, part in enumerate(self._parts) for q in part}
        across = []
        inside = [[] for _ in self._parts]
        for gate in gates:
            first, *others = {home[qubit] for qubit in gate.qubits}
            (across if others else inside[first]).append(gate)
        every = range(len(self._parts))
        return [
            *((inside[i], self._parts[i], self._shape([i])) for i in every),
            (across, [*itertools.chain(*self._parts)], self._shape(every)),
        ]


class _AngleSum:
    """Angles of basis states, linear in the values of symbols.

    `kinds` has, for features and for weights, the values (symbols, batch or 1)
    and the radians per unit of each symbol, an array (symbols, size).
    """

    def __init__(self, gates, qubits, shape, sign, values):
        register = Register(len(qubits))
        self._shape = shape  # 1 along axes where the angles are alike
        self._dtype = values.dtype
        self._offsets = np.zeros(register.size)
        rates = [{}, {}]
        for gate in gates:
            places = [qubits.index(q) for q in gate.qubits]
            local = register.local_index(places)
            slope, offset = _phases(gate)
            self._offsets += sign * offset[local]
            if gate.symbol is not None:
                of_kind = rates[values.is_feature(gate.symbol)]
                total = of_kind.get(gate.symbol, 0)
                of_kind[gate.symbol] = total + sign * slope[local]
        self.kinds = [
            (values.stacked([*found]), np.array([*found.values()]))
            for found in rates
            if found
        ]

    def signs(self):
        """exp(i angle) of real gates, with an axis for the batch."""
        signs = np.round(np.cos(self._offsets)).reshape([*self._shape, 1])
        return tf.constant(signs, self._dtype)

    def phases(self):
        """cos and sin, each with an axis for the batch."""
        total = tf.constant(self._offsets[:, np.newaxis], self._dtype)
        for values, table in self.kinds:
            total += tf.constant(table.T, self._dtype) @ values
        batch = tf.shape(total)[-1]
        both = tf.reshape(tf.stack([tf.cos(total), tf.sin(total)]), [2, -1])
        if not tf.config.list_physical_devices("GPU"):
            # On a processor XLA would compute cosines and sines again for
            # every amplitude that they multiply. It keeps what a product
            # gives, which is exact there.
            both = tf.eye(2, dtype=self._dtype) @ both
        return tf.reshape(both, [2, *self._shape, batch])

    def gradients(self, by_angle):
        """Of the values, from those of the angles of all basis states."""
        alike = [axis for axis, size in enumerate(self._shape) if size == 1]
        by_angle = tf.reduce_sum(by_angle, axis=alike)
        rows = tf.reshape(by_angle, [len(self._offsets), -1])
        result = []
        for values, table in self.kinds:
            of_kind = tf.constant(table, self._dtype) @ rows
            if values.shape[-1] == 1:
                of_kind = tf.reduce_sum(of_kind, axis=1, keepdims=True)
            result.append(of_kind)
        return result


def _phases(gate: TrigGate) -> tuple[np.ndarray, np.ndarray]:
    """Radians per unit of the symbol and at zero, of every entry: (d,).

    At two small values the phase is still unique, so the slope is exact up
    to rounding: rates are a few half turns per unit.
    """
    offset = np.angle(np.diagonal(gate.at(0.0)))
    if gate.symbol is None:
        return np.zeros_like(offset), offset
    step = 1.0 / (1.0 + np.max(np.abs(gate.rates)))
    turned = np.diagonal(gate.at(step)) * np.exp(-1j * offset)
    return np.angle(turned) / step, offset


def _rotate(entries, sums, planes):
    """Multiplies by exp(i angle) of each sum; `planes` is the axis of planes.

    The gradient keeps what comes in, and none of the states in between.
    """
    values = [values for one in sums for values, _ in one.kinds]
    cos, sin = tf.unstack(sums[0].phases())
    for one in sums[1:]:
        c, s = tf.unstack(one.phases())
        cos, sin = cos * c - sin * s, sin * c + cos * s
    minus = np.ones(
        [2 if i == planes else 1 for i in range(len(entries.shape))]
    )
    np.moveaxis(minus, planes, 0)[0] = -1
    minus = tf.constant(minus, entries.dtype)

    def turned(entries, sine):
        if entries.shape[planes] == 1:  # no imaginary part as yet
            return tf.concat([entries * cos, entries * sine], axis=planes)
        other = minus * tf.reverse(entries, [planes])
        return entries * cos + other * sine

    @tf.custom_gradient
    def turn(entries, *values):
        def gradient(upstream):
            back = turned(upstream, -sin)
            real, *rest = tf.unstack(entries, axis=planes)
            to_real, to_imaginary = tf.unstack(back, axis=planes)
            # The derivative of exp(i angle) s by the angle is i times it, so
            # that one product will do for all angles.
            by_angle = to_imaginary * real
            for imaginary in rest:
                by_angle -= to_real * imaginary
            by_angle = tf.expand_dims(by_angle, planes)
            of_values = [x for one in sums for x in one.gradients(by_angle)]
            if not rest:
                back = tf.expand_dims(to_real, planes)
            return [back, *of_values]

        return turned(entries, sin), gradient

    return turn(entries, *values)
