"""`resources` against counts by hand, Cirq and the layers themselves."""

import json

import cirq
import keras
import networkx
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import (
    CircuitSpec,
    CustomCircuit,
    Probabilities,
    preset,
)
from tfq_hybrid.circuits.drawing import _place
from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import (
    GATESETS,
    count_circuit,
    in_gateset,
    resources,
    shots_for_error,
)
from tfq_hybrid.hardware.counts import CONNECTIVITIES, connectivity_named
from tfq_hybrid.layers import (
    PQC,
    AmplitudePQC,
    ControlledPQC,
    NoisyControlledPQC,
    QuantumDense,
)

A, B, C, D = cirq.LineQubit.range(4)
W, X = sympy.symbols("w x")


def test_a_condition_takes_a_moment_of_its_own():
    circuit = cirq.Circuit(
        cirq.measure(A, key="m"), cirq.Z(B).with_classical_controls("m")
    )
    counts = count_circuit(circuit)
    assert counts.depth == 2
    assert counts.gates == {"Z": 1, "measure": 1}
    assert counts.two_qubit == 0
    drawn = _place(circuit, sorted(circuit.all_qubits()))
    assert len(drawn) == counts.total
    compiled = resources(circuit, gateset="cz").counts[1]
    assert compiled.level == "in cz"
    assert compiled.depth == 2


def test_subcircuits_count_whole():
    inner = cirq.FrozenCircuit(
        cirq.ry(X)(A), cirq.CNOT(A, B), cirq.CCX(A, B, C)
    )
    repeated = cirq.CircuitOperation(
        inner, repetitions=5, use_repetition_ids=False
    )
    circuit = cirq.Circuit(repeated, cirq.X(A).controlled_by(C, B, D))
    counts = count_circuit(circuit)
    assert counts.gates == {"CCX": 5, "CX": 5, "Ry": 5, "CCCX": 1}
    assert (counts.two_qubit, counts.depth) == (5, 16)
    assert resources(circuit).angle_shifts == 10


def test_kinds_have_short_names():
    circuit = cirq.Circuit(
        cirq.X(A),
        cirq.H(A),
        cirq.rz(X)(A),
        cirq.ISWAP(A, B) ** W,
        cirq.ControlledGate(cirq.ry(W))(A, B),
        cirq.depolarize(0.1)(A),
        cirq.reset(B),
        cirq.global_phase_operation(1j),
    )
    assert count_circuit(circuit).gates == {
        "CRy": 1,
        "Depolarizing": 1,
        "H": 1,
        "ISwap": 1,
        "Rz": 1,
        "X": 1,
        "reset": 1,
    }


@pytest.mark.parametrize("gateset", GATESETS)
def test_the_gate_set_makes_the_same_circuit(gateset):
    circuit = cirq.Circuit(
        cirq.rx(0.3)(A), cirq.CCX(A, B, C), cirq.ISWAP(A, B) ** 0.3
    )
    compiled = in_gateset(circuit, gateset)
    cirq.testing.assert_allclose_up_to_global_phase(
        compiled.unitary(), circuit.unitary(), atol=1e-5
    )
    assert all(len(op.qubits) < 3 for op in compiled.all_operations())
    counts = count_circuit(compiled)
    assert counts.depth == len(compiled)
    assert counts.two_qubit == sum(
        len(op.qubits) == 2 for op in compiled.all_operations()
    )


def test_routing_keeps_to_the_connectivity():
    circuit = cirq.Circuit(
        cirq.CZ(A, B),
        cirq.CZ(A, C),
        cirq.CZ(A, D),
        cirq.rx(X)(A),
        cirq.CZ(B, D),
    )
    line = networkx.path_graph(cirq.LineQubit.range(4))
    routed = in_gateset(circuit, "cz", line)
    for operation in routed.all_operations():
        if len(operation.qubits) == 2:
            assert line.has_edge(*operation.qubits)
    found = resources(circuit, connectivity=line)
    written, compiled = found.counts
    assert written.level == "as written"
    assert compiled.level == "in cz, routed"
    assert compiled.two_qubit > written.two_qubit == 4
    small = networkx.path_graph(cirq.LineQubit.range(2))
    with pytest.raises(UserError, match="fits the connectivity"):
        resources(circuit, connectivity=small)


def test_circuits_of_a_step_by_parameter_shift():
    circuit = cirq.Circuit(
        cirq.ry(X)(A),
        cirq.ry(W)(A),
        cirq.ry(W)(B),
        cirq.CNOT(A, B),
        cirq.ControlledGate(cirq.rx(sympy.Symbol("v")))(A, B),
    )
    # Two bases: Z on both, and X on the second.
    operators = [cirq.Z(A), cirq.Z(A) * cirq.Z(B), cirq.X(B)]
    layer = ControlledPQC(circuit, operators, trained_symbols=["w", "v"])
    found = resources(
        layer, shots=200, batch_size=8, steps_per_epoch=10, rate=100, price=0.1
    )
    assert found.bases == 2
    assert found.angle_shifts == 2 + 2 + 4
    assert found.input_shifts == 0
    assert found.forward.circuits == 2 * 8
    assert found.step.circuits == 2 * 8 * (1 + 8)
    assert found.epoch.circuits == 10 * found.step.circuits
    assert found.epoch.shots == 200 * found.epoch.circuits
    assert found.epoch.seconds == pytest.approx(found.epoch.shots / 100)
    assert found.epoch.cost == pytest.approx(found.epoch.shots / 10)
    layer.trainable = False
    assert resources(layer).angle_shifts == 0


def test_inputs_are_shifted_where_a_projection_trains():
    layer = QuantumDense(3, preset("qffn", qubits=2, depth=1))
    alone = resources(layer)
    assert alone.input_shifts == 2 * 2
    amplitudes = QuantumDense(3, "ionq")
    assert resources(amplitudes).input_shifts == 0
    assert resources(amplitudes).counts[0].gates == {"CX": 24, "Ry": 28}


def test_a_model_sums_its_layers():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            QuantumDense(4, preset("qffn", qubits=2), name="first"),
            keras.layers.Dense(4),
            QuantumDense(2, "ionq", name="second"),
        ]
    )
    found = resources(model, gateset="cz")
    parts = [resources(layer, gateset="cz") for layer in model.layers[::2]]
    assert [part.name for part in found.parts] == ["first/pqc", "second/pqc"]
    assert found.step.circuits == sum(part.step.circuits for part in parts)
    assert found.counts[1].total == sum(part.counts[1].total for part in parts)
    assert found.counts[0].depth == max(part.counts[0].depth for part in parts)
    assert json.loads(json.dumps(found.to_dict()))["parts"][0]["bases"] == 1
    text = str(found)
    for words in ("second/pqc: 4 qubits", "as written", "in cz", "Shifts of"):
        assert words in text
    assert max(map(len, text.split("\n"))) < 120
    with pytest.raises(UserError, match="a model with circuits"):
        resources(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))


def test_symbols_in_a_circuit_that_measures():
    circuit = cirq.Circuit(
        cirq.ry(W)(A),
        cirq.measure(A, key="m"),
        cirq.rx(X)(B).with_classical_controls("m"),
        cirq.measure(B, key="n"),
    )
    assert resources(circuit).angle_shifts == 4


def test_many_qubits_take_no_long():
    spec = CircuitSpec(qubits=40, depth=1)
    found = resources(spec, shots=10)
    assert found.counts[0].qubits == 40
    assert found.angle_shifts == 2 * spec.weight_count


@pytest.mark.parametrize(
    "options, message",
    [
        ({"shots": 0}, "shots to be an integer"),
        ({"rate": 0}, "rate to be a positive number"),
        ({"price": -1}, "price to be a positive number"),
        ({"batch_size": 0}, "batch_size"),
        ({"steps_per_epoch": 0}, "steps_per_epoch"),
        ({"gateset": "cs"}, "Did you mean 'cz'"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        resources("qffn", **options)


def test_shots_for_an_error_against_samples():
    """A sampler's estimates scatter by the error that was asked for."""
    a, b = cirq.GridQubit.rect(1, 2)
    circuit = cirq.Circuit(cirq.ry(X)(a), cirq.CNOT(a, b), cirq.ry(W)(b))
    operator = 0.7 * cirq.Z(a) - 0.4 * cirq.Z(a) * cirq.Z(b) + cirq.X(a) + 3
    layer = ControlledPQC(circuit, [operator, cirq.Z(b)])
    row = np.array([[0.4, 1.1]])
    shots = shots_for_error(layer, row, error=0.1)
    resolved = layer.resolved_circuit(row)
    rng = np.random.RandomState(0)
    means = []
    state = cirq.Simulator(seed=rng)
    for _ in range(300):
        z = state.run(
            resolved + cirq.Circuit(cirq.measure(a, b, key="m")),
            repetitions=shots,
        ).measurements["m"]
        x = state.run(
            resolved + cirq.Circuit(cirq.H(a), cirq.measure(a, key="m")),
            repetitions=shots,
        ).measurements["m"]
        z, x = 1 - 2.0 * z, 1 - 2.0 * x
        value = 0.7 * z[:, 0] - 0.4 * z[:, 0] * z[:, 1]
        means.append(value.mean() + x.mean())
    assert np.std(means) == pytest.approx(0.1, rel=0.15)
    assert shots_for_error(layer, row, error=0.01) == pytest.approx(
        100 * shots, rel=0.01
    )


def test_shots_for_an_error_of_each_layer():
    qubit = cirq.GridQubit(0, 0)
    circuit = cirq.Circuit(cirq.ry(X)(qubit))
    one = ControlledPQC(circuit, cirq.Z(qubit))
    assert shots_for_error(one, [[0.0]], 0.1) == 1
    assert shots_for_error(one, [[np.pi / 2]], 0.1) == 100
    noisy = NoisyControlledPQC(
        circuit,
        cirq.Z(qubit),
        repetitions=9,
        sample_based=False,
        noise_model=cirq.depolarize(0.75),  # nothing is left
    )
    assert shots_for_error(noisy, [[0.0]], 0.1) == 100
    trained = PQC(circuit, cirq.Z(qubit), initializer="zeros")
    assert shots_for_error(trained, None, 0.1) == 1
    vector = AmplitudePQC(circuit, cirq.Z(qubit), initializer="zeros")
    vector.build((None, 2))
    assert shots_for_error(vector, [1.0, 1.0], 0.1) == 100
    dense = QuantumDense(2, preset("qffn", qubits=2))
    dense.build((None, 3))
    assert 1 <= shots_for_error(dense, np.ones((4, 3)), 0.1) <= 100
    with pytest.raises(UserError, match="error to be a number above 0"):
        shots_for_error(one, [[0.0]], 0)


def coupled(circuit):
    return {
        frozenset(op.qubits)
        for op in circuit.all_operations()
        if len(op.qubits) == 2
    }


@pytest.mark.parametrize("name", CONNECTIVITIES)
def test_routed_circuits_use_coupled_pairs_alone(name):
    qubits = cirq.LineQubit.range(5)
    pairs = [(p, q) for p in qubits for q in qubits if p < q]
    circuit = cirq.Circuit(cirq.CZ(*pair) for pair in pairs)
    graph = connectivity_named(name, 5)
    routed = in_gateset(circuit, "cz", name)
    allowed = {frozenset(edge) for edge in graph.edges}
    assert coupled(routed) <= allowed
    found = resources(circuit, connectivity=name)
    assert found.counts[1].level == "in cz, routed"
    # The SWAPs are 3 CZ each.
    assert found.counts[1].two_qubit > len(pairs)


def test_resources_of_outputs_beyond_pauli_sums():
    circuit = cirq.Circuit(cirq.rx(X)(A), cirq.ry(W)(B), cirq.CNOT(A, B))
    own = CustomCircuit(circuit, [Probabilities([A, B])])
    assert resources(own).bases == 1  # words of Z share their shots
    both = CustomCircuit(circuit, [Probabilities([A, B]), cirq.X(A)])
    assert resources(both).bases == 2
