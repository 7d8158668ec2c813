"""Keras layers of methods whose circuits act on weights, without measuring."""

import functools

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.adapters.layers import Adapter
from tfq_hybrid.adapters.linear_layers import Rotation
from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.circuits.ansatz import symbol_names
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.program import Program


def pair_circuit(qubits: int, depth: int) -> cirq.Circuit:
    """RY on all qubits, then layers of CZ and RY on even pairs and odd ones.

    Its angles are the symbols `w_0`, `w_1`, … in that order. Real: the states
    that it makes of real ones are real.

    >>> print(pair_circuit(3, 1))
    (0, 0): ───Ry(w_0)───@───Ry(w_3)─────────────────
                         │
    (0, 1): ───Ry(w_1)───@───Ry(w_4)───@───Ry(w_5)───
                                       │
    (0, 2): ───Ry(w_2)─────────────────@───Ry(w_6)───
    """
    qids = cirq.GridQubit.rect(1, qubits)
    names = iter(symbol_names("w", angle_count(qubits, depth)))

    def turned(chosen):
        return [cirq.ry(sympy.Symbol(next(names)))(qid) for qid in chosen]

    circuit = cirq.Circuit(turned(qids))
    for _ in range(depth):
        for first in (0, 1):
            pairs = [*zip(qids[first::2], qids[first + 1 :: 2], strict=False)]
            circuit.append(cirq.CZ(*pair) for pair in pairs)
            for pair in pairs:
                circuit.append(turned(pair))
    return circuit


def angle_count(qubits: int, depth: int) -> int:
    """Angles of `pair_circuit`.

    >>> angle_count(9, 2)
    41
    """
    return qubits + 2 * depth * (qubits - 1)


@functools.lru_cache(maxsize=32)
def _engine(qubits, depth):
    circuit = pair_circuit(qubits, depth)
    names = symbol_names("w", angle_count(qubits, depth))
    observable = cirq.Z(cirq.GridQubit(0, 0))
    return BatchedEngine(Program(circuit, (observable,), (), names))


def states_of(
    angles: tf.Tensor, qubits: int, depth: int, count: int
) -> tf.Tensor:
    """What `pair_circuit` makes of the first basis states, a row each.

    Returns:
        A real tensor of shape (count, 2**qubits): the first columns of the
        circuit's unitary.
    """
    basis = tf.eye(count, 2**qubits, dtype=angles.dtype)
    none = tf.zeros((count, 0), angles.dtype)
    return tf.math.real(_engine(qubits, depth).state(none, angles, basis))


class WeightCircuits(Adapter):
    """An adapter whose circuits act on weights."""

    @property
    def trained_angles(self) -> list[keras.Variable]:
        """The angles of its circuits that are trained."""
        raise NotImplementedError

    def circuits(self) -> list[cirq.Circuit]:
        """Its circuits, with their trained angles."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("tfq_hybrid")
class CircuitProduct(WeightCircuits):
    """`U diag(s) V^T x` with columns of two unitaries, and `s` 0 at first.

    Args:
        units: outputs.
        rank: columns.
        depth: layers of both circuits.
        scale: of the output. Defaults to 1.
    """

    place = "beside"

    def __init__(
        self, units: int, rank: int, depth: int, scale: float = 1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.units = units
        self.rank = rank
        self.depth = depth
        self.scale = scale

    def build(self, input_shape):
        self.widths = input_shape[-1], self.units
        self.angles = [
            self.add_weight(
                shape=(angle_count(qubits_for(width), self.depth),),
                initializer=keras.initializers.RandomUniform(-np.pi, np.pi),
                dtype="float32",  # as the engine computes
                autocast=False,
                name=f"{name}_angles",
            )
            for name, width in zip(
                ("input", "output"), self.widths, strict=True
            )
        ]
        self.values = self.add_weight(
            shape=(self.rank,), initializer="zeros", name="values"
        )

    @property
    def trained_angles(self):
        return self.angles

    def columns(self) -> list[tf.Tensor]:
        """`V^T` and `U^T`, of shape (rank, width), in float32."""
        return [
            states_of(
                tf.convert_to_tensor(angles),
                qubits_for(width),
                self.depth,
                self.rank,
            )[:, :width]
            for angles, width in zip(self.angles, self.widths, strict=True)
        ]

    def circuits(self) -> list[cirq.Circuit]:
        """The circuits of inputs and outputs, with their trained angles."""
        found = []
        for angles, width in zip(self.angles, self.widths, strict=True):
            values = np.asarray(angles).tolist()
            names = symbol_names("w", len(values))
            circuit = pair_circuit(qubits_for(width), self.depth)
            known = dict(zip(names, values, strict=True))
            found.append(cirq.resolve_parameters(circuit, known))
        return found

    def call(self, inputs):
        v, u = (keras.ops.cast(x, inputs.dtype) for x in self.columns())
        code = keras.ops.matmul(inputs, keras.ops.transpose(v))
        return self.scale * keras.ops.matmul(code * self.values, u)

    def merged(self, kernel, bias):
        v, u = (np.asarray(x).astype("float64") for x in self.columns())
        values = np.asarray(self.values).astype("float64")
        return kernel + self.scale * (v.T * values) @ u, bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "rank": self.rank}
        config |= {"depth": self.depth, "scale": self.scale}
        return {**super().get_config(), **config}


def qubits_for(width: int) -> int:
    """The least number of qubits whose amplitudes hold that many features.

    >>> qubits_for(384), qubits_for(512), qubits_for(1)
    (9, 9, 1)
    """
    return max(1, (width - 1).bit_length())


@functools.lru_cache(maxsize=32)
def _engine_of_blocks(spec):
    """Of circuits with angles of their own for each state."""
    observable = cirq.Z(spec.qids[0])
    return BatchedEngine(Program(spec.circuit, (observable,), spec.weights))


def unitaries_of(spec: CircuitSpec, angles: tf.Tensor) -> tf.Tensor:
    """The unitary of a circuit at each row of angles.

    Returns:
        A complex tensor of shape (rows, 2**qubits, 2**qubits).
    """
    size = 2**spec.qubits
    basis = tf.tile(tf.eye(size, dtype=angles.dtype), (angles.shape[0], 1))
    states = _engine_of_blocks(spec).state(
        tf.repeat(angles, size, axis=0), tf.zeros(0, angles.dtype), basis
    )
    # Row j of a block is what becomes of the basis state j.
    return tf.transpose(tf.reshape(states, (-1, size, size)), (0, 2, 1))


@keras.saving.register_keras_serializable("tfq_hybrid")
class CircuitRotation(Rotation, WeightCircuits):
    """Blocks of features turned by the unitaries of a circuit.

    `C(s + t) C(s)^-1` with angles `s` that are random and stay, and `t`
    trained from zero, so that a block is the identity at first.

    Args:
        circuit: as for `as_circuit`; a spec that starts from amplitudes.
        is_complex: whether the first half of a block are real and the second
            half imaginary parts. Defaults to `False`.
    """

    def __init__(
        self, circuit: CircuitSpec | dict, is_complex: bool = False, **kwargs
    ):
        self.circuit = as_circuit(circuit)
        block = 2 ** (self.circuit.qubits + is_complex)
        super().__init__(block, is_complex, **kwargs)

    def build(self, input_shape):
        shape = (input_shape[-1] // self.block, self.circuit.weight_count)
        options = {"dtype": "float32", "autocast": False}
        self.start = self.add_weight(
            shape=shape,
            initializer=keras.initializers.RandomUniform(-np.pi, np.pi),
            trainable=False,
            name="start",
            **options,
        )
        self.turns = self.add_weight(
            shape=shape, initializer="zeros", name="turns", **options
        )

    @property
    def trained_angles(self):
        return [self.turns]

    def rotations(self):
        start = tf.convert_to_tensor(self.start)
        first = unitaries_of(self.circuit, start)
        last = unitaries_of(self.circuit, start + self.turns)
        # C(w) C(s)^-1, so written that it is the identity bitwise at first.
        change = tf.matmul(last - first, first, adjoint_b=True)
        real, imaginary = tf.math.real(change), tf.math.imag(change)
        if self.is_complex:
            rows = [[real, -imaginary], [imaginary, real]]
            real = tf.concat([tf.concat(row, axis=2) for row in rows], axis=1)
        return tf.eye(self.block) + real

    def circuits(self) -> list[cirq.Circuit]:
        """The circuit of each block, with its trained angles."""
        found = []
        for start, turns in zip(
            np.asarray(self.start), np.asarray(self.turns), strict=True
        ):
            back, there = (
                cirq.resolve_parameters(
                    self.circuit.circuit,
                    dict(zip(self.circuit.weights, row.tolist(), strict=True)),
                )
                for row in (start, start + turns)
            )
            found.append(cirq.inverse(back) + there)
        return found

    def get_config(self):
        config = super().get_config()
        del config["block"]
        return {**config, "circuit": self.circuit.to_dict()}
