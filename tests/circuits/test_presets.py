"""The published circuits: their arithmetic, and what they compute."""

import collections
import dataclasses

import cirq
import numpy as np
import pytest
import tensorflow as tf

from tests.reference import cirq_expectations
from tfq_hybrid.circuits import PRESETS, CircuitSpec, as_circuit, preset
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.errors import UserError


def gates(spec):
    """How many operations of each kind the built circuit holds."""
    return collections.Counter(
        type(operation.gate).__name__
        for operation in spec.circuit.all_operations()
    )


@pytest.mark.parametrize("depth", range(1, 9))
def test_qffn_has_eight_angles_a_layer(depth):
    # 1,156 + 8 D parameters per block, of which projections hold 1,156.
    assert preset("qffn", depth=depth).weight_count == 8 * depth


@pytest.mark.parametrize("qubits", [2, 4, 6, 8])
def test_hybrid_bert_is_a_brick_wall(qubits):
    spec = preset("hybrid_bert", qubits=qubits)
    assert gates(spec) == {
        "HPowGate": qubits,
        "Ry": qubits + 4 * qubits,
        "CXPowGate": 4 * (qubits - 1),
    }
    # 775 n + 2 parameters of the head: 768 n + n, then 4 n, then 2 n + 2.
    assert spec.weight_count == 4 * qubits
    assert spec.feature_count == len(spec.operators) == qubits
    np.testing.assert_allclose(
        spec.angles(np.full(qubits, 0.3)), np.pi / 2 * np.tanh(0.3)
    )


def test_hybrid_bert_gate_by_gate():
    spec = preset("hybrid_bert", depth=1)
    a, b, c, d = spec.qids
    operations = list(spec.circuit.all_operations())
    assert operations[:4] == [cirq.H(q) for q in spec.qids]
    # Cirq packs gates to the left; on each qubit their order is kept.
    brick = [cirq.CNOT(a, b), cirq.CNOT(c, d), cirq.CNOT(b, c)]
    assert [op for op in operations if len(op.qubits) == 2] == brick


def test_hyqut_has_two_layouts_of_80_gates():
    ring = gates(preset("hyqut_ring"))
    assert ring == {"HPowGate": 10, "Ry": 30, "Rz": 30, "CXPowGate": 20}
    assert ring.total() - ring["HPowGate"] == 80  # the H are not counted
    pairwise = gates(preset("hyqut_pairwise"))
    assert pairwise == {"HPowGate": 10, "Ry": 30, "Rz": 30, "CXPowGate": 10}
    assert pairwise.total() == 80
    for name in ("hyqut_ring", "hyqut_pairwise"):
        spec = preset(name)
        assert spec.weight_count == 40
        assert spec.feature_count == 20
        # CNOT, RZ, RY on each qubit after H, RY, RZ of the encoding.
        last = [op for op in spec.circuit.all_operations()][::-1]
        first_qubit = [op.gate for op in last if spec.qids[0] in op.qubits]
        kinds = [type(gate).__name__ for gate in first_qubit[:3]]
        assert kinds == ["Ry", "Rz", "CXPowGate"]


@pytest.mark.parametrize(
    "qubits,distance,depth", [(4, 2, 3), (4, 3, 1), (10, 1, 2), (5, 4, 2)]
)
def test_ionq_has_qcl_plus_q_angles(qubits, distance, depth):
    spec = preset("ionq", qubits=qubits, distance=distance, depth=depth)
    pairs = qubits * distance * depth
    assert spec.weight_count == pairs + qubits
    assert gates(spec) == {"CXPowGate": pairs, "Ry": pairs + qubits}


def test_ionq_of_figure_3_has_28_angles():
    spec = preset("ionq")
    assert (spec.qubits, spec.distance, spec.depth) == (4, 2, 3)
    assert spec.weight_count == 28
    operations = list(spec.circuit.all_operations())
    # Every CNOT is followed by a rotation of its target.
    for place, operation in enumerate(operations):
        if operation.gate == cirq.CNOT:
            target = operation.qubits[1]
            after = operations[place + 1 :]
            assert next(op for op in after if target in op.qubits).qubits == (
                target,
            )


@pytest.mark.parametrize("qubits", [3, 10])
def test_qaa_has_one_angle_a_qubit(qubits):
    spec = preset("qaa", qubits=qubits)
    assert spec.weight_count == qubits
    assert gates(spec) == {"Rx": qubits, "CXPowGate": qubits - 1}
    assert spec.features == ()
    assert spec.feature_count == 2**qubits
    assert spec.starts_from_amplitudes


@pytest.mark.parametrize("name", PRESETS)
def test_names_weights_and_json(name):
    spec = PRESETS[name]
    names = cirq.parameter_names(spec.circuit)
    assert names == {*spec.features, *spec.weights}
    assert spec.weight_count == len(spec.weights)
    assert as_circuit(name) is spec
    assert CircuitSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("name", PRESETS)
def test_batched_equals_cirq(name):
    spec = PRESETS[name]
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    generator = np.random.default_rng(0)
    trained = generator.uniform(-np.pi, np.pi, spec.weight_count)
    engine = BatchedEngine(program)
    if not spec.starts_from_amplitudes:
        fed = spec.angles(generator.normal(size=(2, spec.feature_count)))
        result = engine(tf.constant(fed), tf.constant(trained))
        expected = cirq_expectations(program, fed, trained)
        np.testing.assert_allclose(result, expected, atol=1e-10)
        return
    states = generator.normal(size=(2, spec.feature_count))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    result = engine(
        tf.zeros([2, 0], tf.float64),
        tf.constant(trained),
        tf.constant(states, tf.complex128),
    )
    expected = [
        cirq.Simulator(dtype=np.complex128).simulate_expectation_values(
            spec.circuit,
            list(spec.operators),
            param_resolver=dict(zip(spec.weights, trained, strict=True)),
            qubit_order=spec.qids,
            initial_state=state.astype(np.complex128),
        )
        for state in states
    ]
    np.testing.assert_allclose(result, np.real(expected), atol=1e-7)


def test_presets_adapt():
    changed = preset("qaa", qubits=7, depth=2)
    assert changed == dataclasses.replace(PRESETS["qaa"], qubits=7, depth=2)
    assert PRESETS["qaa"].qubits == 10
    # The second stage of arXiv 2504.08732 feeds angles to the same blocks.
    angles = preset("ionq", encoding="angle", reuploads=1)
    assert angles.weight_count == 56


@pytest.mark.parametrize(
    "name,changes,message",
    [
        ("qa", {}, "Did you mean 'qaa'"),
        ("qaa", {"qubit": 3}, "Did you mean 'qubits'"),
        ("ionq", {"qubits": 2}, "nearest valid value is 1"),
        (
            "qffn",
            {"encoding": "amplitude", "scaling": "pi_tanh"},
            "scaling 'identity'",
        ),
    ],
)
def test_bad_changes_are_named(name, changes, message):
    with pytest.raises(UserError, match=message):
        preset(name, **changes)


@pytest.mark.parametrize(
    "name, changes, lost",
    [
        ("qffn", {"encoding": "amplitude"}, {"scaling": "identity"}),
        ("qaa", {"encoding": "angle"}, {"scaling": "pi_tanh"}),
        ("ionq", {"entanglement": "ring"}, {"distance": 1}),
        ("ionq", {"entanglement": "long_range"}, {"distance": 2}),
        ("ionq", {"qubits": 5}, {"distance": 2}),
    ],
)
def test_what_loses_its_meaning_goes(name, changes, lost):
    changed = preset(name, **changes)
    for argument, value in {**changes, **lost}.items():
        assert getattr(changed, argument) == value


def test_observables_go_with_other_qubits_unless_they_are_given():
    spec = preset("qffn", observables=("Z0*Z3",))
    assert spec.changed(depth=3).observables == ("Z0*Z3",)
    assert spec.changed(qubits=4).observables == ("Z0*Z3",)
    assert spec.changed(qubits=3).observables == ()
    assert spec.changed(qubits=3, observables=("X0",)).observables == ("X0",)
