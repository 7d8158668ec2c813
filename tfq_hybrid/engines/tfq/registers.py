"""One register for the data circuits of a batch.

TensorFlow Quantum's operations give wrong values, in silence, for a batch of
circuits with different numbers of qubits.
"""

from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfq_hybrid.engines.tfq.ops import append_circuit, program_pb2, tfq


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


def _qubits_of(serialised: bytes) -> set[cirq.Qid]:
    try:
        program = program_pb2.Program.FromString(serialised)
    except DecodeError:
        return set()  # TensorFlow Quantum says so itself
    names = set[str]()
    for moment in program.circuit.moments:
        for operation in moment.operations:
            names.update(qubit.id for qubit in operation.qubits)
            controls = operation.args["control_qubits"].arg_value.string_value
            names.update(filter(None, controls.split(",")))
    places = [tuple(map(int, name.split("_"))) for name in names]
    return {
        cirq.GridQubit(*place) if len(place) == 2 else cirq.LineQubit(*place)
        for place in places
    }
