import itertools

import cirq
import hypothesis
import numpy as np
import pytest
import sympy
from hypothesis import reject
from hypothesis import strategies as st

from tfq_hybrid.circuits import (
    ANSATZ_GATES,
    ENCODINGS,
    ENTANGLEMENTS,
    SCALINGS,
    CircuitSpec,
    as_circuit,
)
from tfq_hybrid.circuits.counting import circuit_gates
from tfq_hybrid.errors import UserError

WORDS = st.lists(st.sampled_from(ANSATZ_GATES), min_size=1, max_size=4)


@st.composite
def specs(draw):
    """Any valid spec, small enough to build."""
    qubits = draw(st.integers(1, 11))
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    entanglement = draw(st.sampled_from(sorted(ENTANGLEMENTS)))
    arguments = {
        "qubits": qubits,
        "encoding": encoding,
        "entanglement": entanglement,
        "ansatz": draw(WORDS),
        "first_layer": draw(st.just(()) | WORDS),
        "depth": draw(st.integers(1, 3)),
    }
    if encoding != "amplitude":
        arguments["reuploads"] = draw(st.integers(0, 2))
        arguments["share_weights"] = draw(st.booleans())
        arguments["scaling"] = draw(st.sampled_from(sorted(SCALINGS)))
    if entanglement == "long_range":
        arguments["distance"] = draw(st.integers(1, max(1, qubits - 1)))
    if draw(st.booleans()):
        arguments["mirror"] = mirror = draw(st.integers(1, 2))
        arguments["depth"] *= 2 * mirror
        arguments["initialization"] = "identity_blocks"
        for name in ("ansatz", "first_layer"):
            arguments[name] = (
                [*arguments[name], "rx"] if arguments[name] else ()
            )
    try:
        return CircuitSpec(**arguments)
    except UserError as error:
        assert "nothing trains" in str(error)
        reject()


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(specs())
def test_counts_match_the_circuit(spec):
    names = cirq.parameter_names(spec.circuit)
    assert names == {*spec.features, *spec.weights}
    assert len(spec.weights) == spec.weight_count
    if not spec.starts_from_amplitudes:
        features = np.zeros((2, spec.feature_count))
        assert spec.angles(features).shape == (2, len(spec.features))
    assert spec.circuit.all_qubits() == set(spec.qids)
    # TensorFlow Quantum sorts names as strings: theirs is the numeric order.
    assert list(spec.weights) == sorted(spec.weights)
    assert list(spec.features) == sorted(spec.features)
    assert CircuitSpec.from_json(spec.to_json()) == spec


def test_nothing_trains_without_a_rotation_or_a_pair():
    for words, entanglement in itertools.product(
        (("cnot",), ("cnot_ry",), ("cz", "cnot")), ENTANGLEMENTS
    ):
        arguments = {"ansatz": words, "entanglement": entanglement}
        if words == ("cnot_ry",) and entanglement != "none":
            assert CircuitSpec(**arguments).weight_count > 0
            continue
        with pytest.raises(UserError, match="nothing trains"):
            CircuitSpec(**arguments)


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


def test_cnot_ry_turns_the_target():
    spec = CircuitSpec(
        qubits=2,
        ansatz=("cnot_ry",),
        first_layer=("rx", "cnot_ry"),
        entanglement="long_range",
        depth=2,
    )
    qubit, other = spec.qids
    w = [sympy.Symbol(name) for name in spec.weights]
    block = [
        cirq.CNOT(qubit, other),
        cirq.ry(w[2])(other),
        cirq.CNOT(other, qubit),
        cirq.ry(w[3])(qubit),
    ]
    again = [
        cirq.CNOT(qubit, other),
        cirq.ry(w[4])(other),
        cirq.CNOT(other, qubit),
        cirq.ry(w[5])(qubit),
    ]
    rotations = [cirq.rx(w[0])(qubit), cirq.rx(w[1])(other)]
    operations = list(spec.circuit.all_operations())
    assert operations[2:] == rotations + block + again


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
        ("pairwise", 4, 0, [(0, 1), (2, 3)]),
        ("pairwise", 4, 1, [(0, 1), (2, 3)]),
        ("pairwise", 5, 0, [(0, 1), (2, 3)]),
        ("pairwise", 1, 0, []),
        ("brick", 4, 0, [(0, 1), (2, 3), (1, 2)]),
        ("brick", 4, 1, [(0, 1), (2, 3), (1, 2)]),
        ("brick", 5, 0, [(0, 1), (2, 3), (1, 2), (3, 4)]),
        ("brick", 2, 0, [(0, 1)]),
        ("brick", 1, 0, []),
        ("long_range", 4, 0, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("long_range", 2, 1, [(0, 1), (1, 0)]),
        ("long_range", 1, 0, []),
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


def test_long_range_takes_the_distances_in_turn():
    pairs = ENTANGLEMENTS["long_range"](5, 0, distance=2)
    near = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]
    assert pairs == [*near, (0, 2), (1, 3), (2, 4), (3, 0), (4, 1)]


def test_json_round_trip():
    spec = CircuitSpec(
        qubits=3,
        observables=("X0*Z1", "Y2"),
        ansatz=("rx", "cz"),
        first_layer=("cnot_ry",),
        entanglement="long_range",
        distance=2,
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
        ({"scaling": 3}, "scaling"),
        ({"encoding": "amplitude", "scaling": "arctan"}, "no angles"),
        ({"encoding": "amplitude", "reuploads": 1}, "no angles"),
        ({"entanglement": "ring", "distance": 2}, "only with .*long_range"),
        ({"entanglement": "long_range", "distance": 4}, "valid value is 3"),
        ({"entanglement": "long_range", "distance": 0}, "valid value is 1"),
        ({"first_layer": ("cnot-ry",)}, "Did you mean 'cnot_ry'"),
        ({"first_layer": "ry"}, "sequence"),
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


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("entanglement", ENTANGLEMENTS)
def test_gates_are_counted_without_building(encoding, entanglement):
    distance = {"distance": 3} if entanglement == "long_range" else {}
    for qubits, depth in ((4, 1), (5, 4)):
        spec = CircuitSpec(
            qubits=qubits,
            encoding=encoding,
            entanglement=entanglement,
            ansatz=("ry", "cnot", "cnot_ry"),
            first_layer=("rx", "cz"),
            depth=depth,
            **distance,
        )
        operations = list(spec.circuit.all_operations())
        assert circuit_gates(spec) == len(operations)


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"qubits": 2**31 - 1, "observables": ["Z0"]}, "from 1 to 1024"),
        ({"qubits": 10**6, "entanglement": "full"}, "from 1 to 1024"),
        ({"depth": 2**31 - 1}, "at most 1,000,000 gates"),
        ({"reuploads": 2**31 - 1}, "at most 1,000,000 gates"),
        (
            {"qubits": 1024, "entanglement": "full", "depth": 2},
            "at most 1,000,000 gates",
        ),
        (
            {"qubits": 1, "first_layer": ("ry",), "depth": 2**31 - 1}
            | {"ansatz": ("cnot",), "entanglement": "none"},
            "at most 1,000,000 gates",
        ),
        ({"observables": ["Z0"] * 65_537}, "at most 65,536 observables"),
        ({"observables": ["Z" + "9" * 5_000]}, "observable like 'Z0'"),
        ({"observables": ["Z0*" * 10**6 + "Z0"]}, "different qubit indices"),
        ({"observables": [["Z0"]]}, "observables to be a list of texts"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_is_too_large_is_refused_before_it_is_made(arguments, message):
    with pytest.raises(UserError, match=message):
        as_circuit(arguments)


def test_the_largest_circuits_are_accepted():
    spec = CircuitSpec(qubits=1024, entanglement="full")
    assert spec.weight_count == 2048
    deep = CircuitSpec(qubits=1, entanglement="none", depth=300_000)
    assert deep.weight_count == 600_000
