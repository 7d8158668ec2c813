"""`resolved_circuit` against the layer, by Cirq's own simulators."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow_quantum as tfq

from tfq_hybrid.circuits import CustomCircuit, preset
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    PQC,
    AmplitudePQC,
    ControlledPQC,
    NoisyControlledPQC,
    QuantumDense,
)

A, B = cirq.GridQubit.rect(1, 2)
W, X, Y = sympy.symbols("w x a")
TRAINED = cirq.Circuit(cirq.ry(W)(A), cirq.CNOT(A, B), cirq.rx(2 * X)(B))
OPERATORS = [cirq.Z(A), 0.5 * cirq.X(A) * cirq.Y(B) + cirq.Z(B) + 2]
START = keras.initializers.RandomUniform(-3, 3, seed=1)


def expectations(circuits, operators=OPERATORS):
    """Of one circuit or several, a row each."""
    if isinstance(circuits, cirq.Circuit):
        circuits = [circuits]
    for circuit in circuits:
        assert not cirq.is_parameterized(circuit)
    sums = [cirq.PauliSum.wrap(operator) for operator in operators]
    return [
        np.real(
            cirq.Simulator().simulate_expectation_values(
                circuit,
                sums,
                qubit_order=sorted({A, B} | circuit.all_qubits()),
            )
        )
        for circuit in circuits
    ]


def assert_equal(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_pqc():
    layer = PQC(TRAINED, OPERATORS, initializer=START)
    data = [cirq.Circuit(cirq.H(A), cirq.rx(0.3)(B)), cirq.Circuit(cirq.X(B))]
    tensor = tfq.convert_to_tensor([cirq.Circuit(), *data])
    expected = layer(tensor)
    assert_equal(expectations(layer.resolved_circuit()), expected[:1])
    assert_equal(expectations(layer.resolved_circuit(data)), expected[1:])
    assert_equal(expectations(layer.resolved_circuit(data[0])), expected[1:2])
    assert_equal(expectations(layer.resolved_circuit(tensor)), expected)
    with pytest.raises(UserError, match=r"without symbols\. Received: one"):
        layer.resolved_circuit(cirq.Circuit(cirq.rx(Y)(A)))
    with pytest.raises(UserError, match="Received: int"):
        layer.resolved_circuit(3)


def test_controlled_pqc():
    circuit = TRAINED + cirq.Circuit(cirq.rz(Y)(A), cirq.H(A))
    layer = ControlledPQC(
        circuit, OPERATORS, trained_symbols=[W], initializer=START
    )
    with pytest.raises(UserError, match="has been built"):
        layer.resolved_circuit([0.1, 0.2])
    rows = np.array([[0.1, 0.2], [1.5, -0.7]], "float32")  # of a, x
    expected = layer(rows)
    assert_equal(expectations(layer.resolved_circuit(rows)), expected)
    assert_equal(expectations(layer.resolved_circuit(rows[0])), expected[:1])
    assert_equal(expectations(layer.resolved_circuit(rows[:1])), expected[:1])
    data = [cirq.Circuit(cirq.H(A)), cirq.Circuit(cirq.X(B))]
    tensor = tfq.convert_to_tensor(data)
    expected = layer([tensor, rows])
    for given in (data, tensor):
        found = layer.resolved_circuit([given, rows])
        assert_equal(expectations(found), expected)
    for wrong in (None, [0.1], np.zeros((1, 3)), np.zeros((0, 2))):
        with pytest.raises(UserError, match=r"symbols a, x, of shape"):
            layer.resolved_circuit(wrong)
    with pytest.raises(UserError, match="NaN"):
        layer.resolved_circuit([np.nan, 0])


def test_subcircuits_are_unrolled():
    inner = cirq.CircuitOperation(
        TRAINED.freeze(), repetitions=2, use_repetition_ids=False
    )
    layer = ControlledPQC(cirq.Circuit(inner), OPERATORS)
    row = np.array([[0.4, 0.9]], "float32")
    found = layer.resolved_circuit(row)
    assert len(list(found.all_operations())) == 6
    assert_equal(expectations(found), layer(row))


def test_amplitude_pqc():
    layer = AmplitudePQC(TRAINED, OPERATORS, initializer=START)
    rows = np.array([[3, 4, 0.5], [0, 0, 0]], "float32")
    expected = layer(rows)
    assert_equal(expectations(layer.resolved_circuit(rows)), expected)
    with pytest.raises(UserError, match="Expected"):
        layer.resolved_circuit(np.ones(5))


def test_a_noisy_layer_has_its_channels():
    layer = NoisyControlledPQC(
        TRAINED,
        OPERATORS,
        repetitions=10,
        sample_based=False,
        noise_model=cirq.depolarize(0.05),
    )
    row = np.array([[0.4, 0.9]], "float32")
    found = layer.resolved_circuit(row)
    state = cirq.DensityMatrixSimulator().simulate(found, qubit_order=[A, B])
    expected = [
        cirq.PauliSum.wrap(operator)
        .expectation_from_density_matrix(
            state.final_density_matrix, {A: 0, B: 1}
        )
        .real
        for operator in OPERATORS
    ]
    assert_equal([expected], layer(row))


@pytest.mark.parametrize(
    "circuit",
    [
        preset("qffn", qubits=3),
        preset("qffn", encoding="iqp", qubits=3),
        preset("ionq"),
        CustomCircuit(
            cirq.Circuit(cirq.ry(X)(A), cirq.rx(Y)(B), cirq.CNOT(A, B)),
            features=("x", "a"),
        ),
    ],
    ids=["angle", "iqp", "amplitude", "own"],
)
@pytest.mark.parametrize("readout", ["plain", "standardised"])
def test_quantum_dense(circuit, readout):
    keras.utils.set_random_seed(0)
    layer = QuantumDense(3, circuit, readout=readout)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    with pytest.raises(UserError, match="has been built"):
        layer.resolved_circuit(inputs)
    seen = []
    layer.build(inputs.shape)
    layer.pqc.observer = lambda fed, states, result: seen.append(result)
    layer(inputs)
    (expected,) = seen
    found = layer.resolved_circuit(inputs)
    operators = circuit.operators
    assert_equal(expectations(found, operators), expected)
    one = layer.resolved_circuit(inputs[1, 2])
    assert_equal(expectations(one, operators), expected[-1:])
    if layer.input_projection is not None:
        with pytest.raises(UserError, match=r"\(rows, 5\)"):
            layer.resolved_circuit(np.ones(4))
