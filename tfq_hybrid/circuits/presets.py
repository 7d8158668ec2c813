"""Circuits by name: the table of presets, `preset`, and `as_circuit`."""

from typing import TYPE_CHECKING, Annotated, Any

from tfq_hybrid.circuits.spec import CircuitSpec
from tfq_hybrid.config.fields import Nested
from tfq_hybrid.errors import UserError, check_choice

if TYPE_CHECKING:
    from tfq_hybrid.circuits.custom import CustomCircuit

# One row a circuit: what is the paper's, and what is our choice. Tags as in
# "paper" (its text or figures), "author code" (a notebook of an author),
# "secondary" (a review or another team's reading), "inferred" (arithmetic
# that fits the published figures).
PRESETS = {
    # QFFN-BERT, arXiv 2507.02364. Paper: RY and RZ on every qubit,
    # alternating entanglement. Secondary: 4 qubits, no re-uploading.
    # Inferred: the pairs, Z on each qubit. Our choice: RY encoding, pi_tanh,
    # CNOT, entanglement after the rotations, depth 2.
    "qffn": CircuitSpec(
        qubits=4,
        encoding="angle",
        scaling="pi_tanh",
        ansatz=("ry", "rz", "cnot"),
        entanglement="alternating",
        depth=2,
    ),
    # Hybrid BERT, arXiv 2511.17677. Author code: all of it; 2, 4, 6 and 8
    # qubits were run, and 4 as the default is our choice.
    "hybrid_bert": CircuitSpec(
        qubits=4,
        encoding="hadamard_ry",
        scaling="half_pi_tanh",
        ansatz=("cnot", "ry"),
        entanglement="brick",
        depth=4,
    ),
    # HyQuT, arXiv 2511.10653. Paper: 10 qubits, 80 gates. Secondary: H, RY,
    # RZ encoding; layers of CNOT, RZ, RY; 2 layers. Inferred: two layouts of
    # 80 gates and 40 angles: a ring with the 10 H not counted, or open pairs
    # with them. Our choice: pi_tanh, Z on each qubit.
    "hyqut_ring": CircuitSpec(
        qubits=10,
        encoding="hadamard_angle",
        scaling="pi_tanh",
        ansatz=("cnot", "rz", "ry"),
        entanglement="ring",
        depth=2,
    ),
    "hyqut_pairwise": CircuitSpec(
        qubits=10,
        encoding="hadamard_angle",
        scaling="pi_tanh",
        ansatz=("cnot", "rz", "ry"),
        entanglement="pairwise",
        depth=2,
    ),
    # Quantum LLM fine-tuning, arXiv 2504.08732, the circuit of Fig. 3.
    # Paper: amplitudes, 4 qubits, 3 layers, C = 2; CNOT and RY on its target
    # around the ring at distances 1 to C, a column of RY after the leading
    # block, Z. Inferred: 28 = Q C L + Q angles. Our choice: every pair of a
    # distance before the next distance, Z on each qubit.
    "ionq": CircuitSpec(
        qubits=4,
        encoding="amplitude",
        ansatz=("cnot_ry",),
        first_layer=("cnot_ry", "ry"),
        entanglement="long_range",
        distance=2,
        depth=3,
    ),
    # QAA, arXiv 2509.16244. Secondary: amplitudes on ceil(log2 d) qubits,
    # d = 768; RX on each qubit, CNOT on adjacent qubits, Z on each. Inferred:
    # one layer (10 angles). Our choice: an open line, RX first.
    "qaa": CircuitSpec(
        qubits=10,
        encoding="amplitude",
        ansatz=("rx", "cnot"),
        entanglement="linear",
        depth=1,
    ),
}


def preset(name: str, **changes: Any) -> CircuitSpec:
    """A preset circuit, with other values for some of its arguments.

    Args:
        name: a name in `PRESETS`.
        **changes: arguments of `CircuitSpec`.

    Raises:
        UserError: the name or an argument is not known, or a value is out
            of its range.

    Example:

    >>> preset("qaa", qubits=7).weight_count
    7
    """
    check_choice("circuit", name, PRESETS)
    return PRESETS[name].changed(**changes)


def as_circuit(circuit: Any) -> "CircuitSpec | CustomCircuit":
    """Accepts whatever describes a circuit.

    Args:
        circuit: a `CircuitSpec` or `CustomCircuit`, returned as it is; the
            name of a preset; a `cirq.Circuit` whose symbols begin with `x`
            (features) or `w` (weights); a dict from `to_dict()`; or the
            parsed JSON of `cirq.to_json`.

    Raises:
        UserError: nothing of the above, or not a known preset.

    Example:

    >>> as_circuit("qffn").weight_count
    16
    """
    if isinstance(circuit, CircuitSpec):
        return circuit
    if isinstance(circuit, str):
        check_choice("circuit", circuit, PRESETS)
        return PRESETS[circuit]
    if isinstance(circuit, dict) and "preset" in circuit:
        changes = {k: v for k, v in circuit.items() if k != "preset"}
        return preset(circuit["preset"], **changes)
    if isinstance(circuit, dict) and not {"circuit", "cirq_type"} & {*circuit}:
        return CircuitSpec.from_dict(circuit)
    import cirq  # here, so that a spec does without it

    from tfq_hybrid.circuits.custom import CustomCircuit

    if isinstance(circuit, CustomCircuit):
        return circuit
    if isinstance(circuit, cirq.Circuit):
        return CustomCircuit(circuit)
    if isinstance(circuit, dict) and "cirq_type" in circuit:
        return CustomCircuit.from_dict({"circuit": circuit})
    if isinstance(circuit, dict):
        return CustomCircuit.from_dict(circuit)
    raise UserError(
        "Expected a circuit as a CircuitSpec, a CustomCircuit, a cirq.Circuit, "
        f"a dict or a preset's name. Received: {type(circuit).__name__}"
    )


def changed_circuit(
    circuit: "CircuitSpec | CustomCircuit | None", changes: Any
) -> "CircuitSpec | CustomCircuit":
    """A circuit after an override: another one, or one with other arguments.

    `changes` is what `as_circuit` accepts, or a dict with some arguments of
    `CircuitSpec`; it may name a `preset` that they change.

    >>> changed_circuit(PRESETS["ionq"], {"depth": 2}).distance
    2
    """
    named = ("preset", "circuit", "cirq_type")
    if not isinstance(changes, dict) or any(key in changes for key in named):
        return as_circuit(changes)
    if isinstance(circuit, CircuitSpec):
        return circuit.changed(**CircuitSpec.checked(changes))
    if circuit is None or {*changes} >= {*CircuitSpec.names()}:
        return CircuitSpec.from_dict(changes)
    raise UserError(
        "Expected a CircuitSpec, whose arguments can be changed. Received: "
        f"{', '.join(changes)} for a {type(circuit).__name__}"
    )


def _open(circuit: Any) -> CircuitSpec | None:
    """The spec whose arguments follow on a circuit, or `None`."""
    if circuit is None:
        return None
    circuit = as_circuit(circuit)
    return circuit if isinstance(circuit, CircuitSpec) else None


# The annotation of an argument that is a circuit.
Circuit = Annotated[object, Nested(PRESETS, _open)]
