"""One register for the circuits of a batch.

TensorFlow Quantum's operations give wrong values, in silence, for a batch of
circuits with different numbers of qubits.
"""

import functools
from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfq_hybrid.engines.tfq.ops import (
    append_circuit,
    pauli_sum_pb2,
    program_pb2,
    serializer,
    tfq,
)
from tfq_hybrid.errors import UserError


def with_one_register(
    circuits: tf.Tensor, qids: Sequence[cirq.Qid]
) -> tf.Tensor:
    """The circuits, with identities where some act on others than `qids`.

    What follows them must act on all of `qids`.
    """

    def find(strings: np.ndarray):
        others = set(qids).union(*map(_qubits_of, strings.tolist()))
        register = cirq.Circuit(map(cirq.I, sorted(others)))
        [serialised] = tfq.convert_to_tensor([register]).numpy()
        return serialised, len(others) > len(qids)

    unique, _ = tf.unique(circuits)
    register, differ = tf.numpy_function(find, [unique], [tf.string, tf.bool])
    register, differ = (
        tf.ensure_shape(register, []),
        tf.ensure_shape(differ, []),
    )
    return tf.cond(
        differ,
        lambda: append_circuit(circuits, tf.fill(tf.shape(circuits), register)),
        lambda: circuits,
    )


def with_measured_qubits(
    circuits: tf.Tensor, operators: tf.Tensor, shifts: bool = False
) -> tf.Tensor:
    """The circuits, with identities so that all act on the same qubits.

    They are the qubits of the circuits and of the operators, at least one. So
    no circuit is empty, of which TensorFlow Quantum's expectation would be -2,
    its filler.

    Args:
        circuits: string tensor of shape (batch,), of serialised circuits.
        operators: string tensor of serialised Pauli sums.
        shifts: whether gradients are TensorFlow Quantum's parameter shift.
            Defaults to `False`.

    Raises:
        UserError: a coefficient is complex, of which TensorFlow Quantum
            would take the real part; or it would shift a symbol in a
            controlled gate, whose gradient it gets wrong. In a graph it is
            an error of TensorFlow's.
    """

    def find(circuits: np.ndarray, operators: np.ndarray):
        strings = set(circuits.reshape(-1).tolist())
        if shifts and any(map(has_controlled_symbol, strings)):
            raise UserError(
                "Expected no symbol in a controlled gate where TensorFlow "
                "Quantum shifts it, as it gets its gradient wrong. Received: "
                "a circuit with one. Use engine='batched' or "
                "differentiator='central_difference'."
            )
        found = [*map(_qubits_of, strings)]
        measured = map(_qubits_measured, set(operators.reshape(-1).tolist()))
        all_qids = frozenset().union(*found, *measured)
        register = sorted(all_qids) or [cirq.GridQubit(0, 0)]
        circuit = cirq.Circuit(map(cirq.I, register))
        [serialised] = tfq.convert_to_tensor([circuit]).numpy()
        return serialised, not all_qids or any(s != all_qids for s in found)

    if tf.executing_eagerly():  # what it raises is then raised as it is
        register, differ = find(circuits.numpy(), operators.numpy())
    else:
        register, differ = tf.numpy_function(
            find, [circuits, operators], [tf.string, tf.bool]
        )
        register = tf.ensure_shape(register, [])
        differ = tf.ensure_shape(differ, [])
    return tf.cond(
        differ,
        lambda: append_circuit(circuits, tf.fill(tf.shape(circuits), register)),
        lambda: circuits,
    )


@functools.lru_cache(2**14)
def has_controlled_symbol(serialised: bytes) -> bool:
    """Whether a gate of a serialised circuit has controls and a symbol."""
    try:
        program = program_pb2.Program.FromString(serialised)
    except DecodeError:
        return False  # TensorFlow Quantum says so itself
    return any(
        operation.args["control_qubits"].arg_value.string_value
        and any(argument.symbol for argument in operation.args.values())
        for moment in program.circuit.moments
        for operation in moment.operations
    )


@functools.lru_cache(2**14)
def _qubits_measured(serialised: bytes) -> frozenset[cirq.Qid]:
    try:
        operator = pauli_sum_pb2.PauliSum.FromString(serialised)
    except DecodeError:
        return frozenset()  # TensorFlow Quantum says so itself
    for term in operator.terms:
        if abs(term.coefficient_imag) > 1e-9:
            raise UserError(
                "Expected observables with real coefficients. Received: "
                f"{serializer.deserialize_paulisum(operator)}"
            )
    pairs = (pair for term in operator.terms for pair in term.paulis)
    return frozenset(_qid(pair.qubit_id) for pair in pairs)


@functools.lru_cache(2**14)
def _qubits_of(serialised: bytes) -> frozenset[cirq.Qid]:
    try:
        program = program_pb2.Program.FromString(serialised)
    except DecodeError:
        return frozenset()  # TensorFlow Quantum says so itself
    names = set[str]()
    for moment in program.circuit.moments:
        for operation in moment.operations:
            names.update(qubit.id for qubit in operation.qubits)
            controls = operation.args["control_qubits"].arg_value.string_value
            names.update(filter(None, controls.split(",")))
    return frozenset(map(_qid, names))


def _qid(name: str) -> cirq.Qid:
    place = tuple(map(int, name.split("_")))
    kind = cirq.GridQubit if len(place) == 2 else cirq.LineQubit
    return kind(*place)
