import cirq
import pytest
import sympy

from tfq_hybrid.circuits import (
    ENCODINGS,
    ENTANGLEMENTS,
    PRESETS,
    CircuitSpec,
    as_circuit,
)
from tfq_hybrid.errors import UserError


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
@pytest.mark.parametrize("qubits", [1, 2, 3, 4, 11])
@pytest.mark.parametrize("reuploads,share", [(0, False), (2, False), (2, True)])
def test_counts_match_the_circuit(
    encoding, entanglement, qubits, reuploads, share
):
    spec = CircuitSpec(
        qubits=qubits,
        encoding=encoding,
        entanglement=entanglement,
        depth=2,
        reuploads=reuploads,
        share_weights=share,
    )
    names = cirq.parameter_names(spec.circuit)
    assert names == {*spec.features, *spec.weights}
    assert len(spec.features) == spec.feature_count
    assert len(spec.weights) == spec.weight_count
    assert spec.circuit.all_qubits() == set(spec.qids)
    # TensorFlow Quantum sorts names as strings: theirs is the numeric order.
    assert list(spec.weights) == sorted(spec.weights)


def test_gates_come_in_the_stated_order():
    spec = CircuitSpec(
        qubits=2, ansatz=("cnot", "rz", "rx"), entanglement="linear"
    )
    qubit, other = spec.qids
    w = [sympy.Symbol(name) for name in spec.weights]
    assert list(spec.circuit.all_operations())[2:] == [
        cirq.CNOT(qubit, other),
        cirq.rz(w[0])(qubit),
        cirq.rz(w[1])(other),
        cirq.rx(w[2])(qubit),
        cirq.rx(w[3])(other),
    ]


def test_hadamard_angle_takes_two_features_a_qubit():
    spec = CircuitSpec(qubits=2, encoding="hadamard_angle")
    qubit, other = spec.qids
    x = [sympy.Symbol(name) for name in spec.features]
    assert list(spec.circuit.all_operations())[:6] == [
        cirq.H(qubit),
        cirq.H(other),
        cirq.ry(x[0])(qubit),
        cirq.ry(x[1])(other),
        cirq.rz(x[2])(qubit),
        cirq.rz(x[3])(other),
    ]


@pytest.mark.parametrize(
    "pattern,qubits,layer,pairs",
    [
        ("none", 4, 0, []),
        ("linear", 4, 0, [(0, 1), (1, 2), (2, 3)]),
        ("ring", 4, 0, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("ring", 2, 0, [(0, 1)]),
        ("ring", 1, 0, []),
        ("alternating", 4, 0, [(0, 1), (2, 3)]),
        ("alternating", 4, 1, [(1, 2), (3, 0)]),
        ("alternating", 4, 2, [(0, 1), (2, 3)]),
        ("alternating", 5, 0, [(0, 1), (2, 3)]),
        ("alternating", 5, 1, [(1, 2), (3, 4)]),
        ("alternating", 2, 1, [(1, 0)]),
        ("alternating", 1, 0, []),
        ("full", 3, 0, [(0, 1), (0, 2), (1, 2)]),
    ],
)
def test_entanglement(pattern, qubits, layer, pairs):
    assert ENTANGLEMENTS[pattern](qubits, layer) == pairs


def test_shared_weights_repeat_the_block():
    spec = CircuitSpec(qubits=2, reuploads=1, share_weights=True)
    operations = list(spec.circuit.all_operations())
    half = len(operations) // 2
    assert operations[:half] == operations[half:]


@pytest.mark.parametrize("depth", range(1, 9))
def test_qffn_has_eight_angles_a_layer(depth):
    # PAPERS: 1,156 + 8 D per block; the projections hold 1,156.
    spec = CircuitSpec(**{**PRESETS["qffn"].to_dict(), "depth": depth})
    assert spec.weight_count == 8 * depth


def test_json_round_trip():
    spec = CircuitSpec(
        qubits=3, observables=("X0*Z1", "Y2"), ansatz=("rx", "cz")
    )
    assert CircuitSpec.from_json(spec.to_json()) == spec
    assert as_circuit(spec.to_dict()) == spec


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"qubits": 0}, "nearest valid value is 1"),
        ({"qubits": True}, "qubits"),
        ({"depth": 0}, "depth"),
        ({"reuploads": -1}, "reuploads"),
        ({"encoding": "angel"}, "Did you mean 'angle'"),
        ({"entanglement": "rings"}, "Did you mean 'ring'"),
        ({"scaling": "pi_tan"}, "Did you mean 'pi_tanh'"),
        ({"ansatz": ("ry", "cnott")}, "Did you mean 'cnot'"),
        ({"ansatz": "ry"}, "sequence"),
        ({"ansatz": ()}, "nothing trains"),
        ({"observables": "Z0"}, "sequence"),
        ({"encoding": ["angle"]}, "encoding"),
        ({"ansatz": ("cnot",)}, "nothing trains"),
        ({"observables": ("Z9",)}, "from 0 to 3"),
        ({"observables": ("Z0*X0",)}, "different"),
        ({"observables": ("Q0",)}, "like 'Z0'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        CircuitSpec(**arguments)


def test_unknown_key_is_named():
    with pytest.raises(UserError, match="Did you mean 'qubits'"):
        CircuitSpec.from_dict({"qubit": 3})
