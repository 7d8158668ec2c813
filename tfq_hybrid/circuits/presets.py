"""Circuits by name: the table of presets, and `as_circuit`."""

import json

import cirq

from tfq_hybrid.circuits.custom import CustomCircuit, read_cirq
from tfq_hybrid.circuits.spec import CircuitSpec
from tfq_hybrid.errors import UserError, check_choice

# One row a circuit. What the paper leaves open is our choice:
#   qffn  QFFN-BERT, arXiv 2507.02364. The paper gives 4 qubits, RY and RZ on
#         every qubit, alternating entanglement, and no re-uploading. Our
#         choice: RY encoding, pi_tanh scaling, CNOT, Z on each qubit, and
#         entanglement after the rotations.
PRESETS = {
    "qffn": CircuitSpec(
        qubits=4,
        encoding="angle",
        scaling="pi_tanh",
        ansatz=("ry", "rz", "cnot"),
        entanglement="alternating",
        depth=2,
    ),
}


def as_circuit(circuit):
    """Accepts whatever describes a circuit.

    Args:
        circuit: a `CircuitSpec` or `CustomCircuit`, returned as it is; the
            name of a preset; a `cirq.Circuit` whose symbols begin with `x`
            (features) or `w` (weights); a dict from `to_dict()`; or the
            parsed JSON of `cirq.to_json`.

    Returns:
        A `CircuitSpec` or a `CustomCircuit`.

    Raises:
        UserError: nothing of the above, or not a known preset.

    Example:

    >>> as_circuit("qffn").weight_count
    16
    """
    if isinstance(circuit, (CircuitSpec, CustomCircuit)):
        return circuit
    if isinstance(circuit, cirq.Circuit):
        return CustomCircuit(circuit)
    if isinstance(circuit, str):
        check_choice("circuit", circuit, PRESETS)
        return PRESETS[circuit]
    if isinstance(circuit, dict) and "cirq_type" in circuit:
        return as_circuit(read_cirq(json.dumps(circuit)))
    if isinstance(circuit, dict):
        kind = CustomCircuit if "circuit" in circuit else CircuitSpec
        return kind.from_dict(circuit)
    raise UserError(
        "Expected a circuit as a CircuitSpec, a CustomCircuit, a cirq.Circuit, "
        f"a dict or a preset's name. Received: {type(circuit).__name__}"
    )
