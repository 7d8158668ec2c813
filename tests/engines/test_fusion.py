"""Gates of any kind and on any qubits become few steps that mean the same."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.frames import diagonalized
from tfq_hybrid.engines.batched.lowering import lower_operation
from tfq_hybrid.engines.batched.phases import DiagonalStep
from tfq_hybrid.engines.batched.slots import embed
from tfq_hybrid.engines.batched.steps import GateStep

X = sympy.Symbol("x")
PAIR = cirq.LineQubit.range(2)


def crowded(qubits=9, rounds=4):
    """Gates of many kinds on qubits far apart, fed and with weights."""
    generator = np.random.default_rng(0)
    qids = cirq.LineQubit.range(qubits)
    names = {"x": [], "w": []}

    def symbol(kind):
        names[kind].append(f"{kind}{len(names[kind]):03d}")
        return sympy.Symbol(names[kind][-1])

    circuit = cirq.Circuit(cirq.H.on_each(*qids))
    for _ in range(rounds):
        for kind in ("x", "w"):
            a, b, c = (qids[i] for i in generator.permutation(qubits)[:3])
            circuit += [
                cirq.rx(symbol(kind))(a),
                cirq.ZZ(a, c) ** symbol(kind),
                cirq.rz(symbol(kind) + 0.3)(b),
                cirq.CNOT(b, a),
                cirq.ISWAP(a, b) ** symbol(kind),
                cirq.CZ(b, c),
                cirq.T(c),
                cirq.ry(symbol(kind))(c),
                cirq.TOFFOLI(a, b, c),
            ]
    operators = (cirq.Z(qids[0]), cirq.X(qids[3]) * cirq.Z(qids[7]))
    return Program(circuit, operators, tuple(names["x"]), tuple(names["w"]))


def test_crowded_circuits_agree_with_cirq():
    program = crowded()
    generator = np.random.default_rng(1)
    features = generator.normal(size=(2, len(program.features)))
    weights = generator.normal(size=len(program.weights))
    engine = BatchedEngine(program)
    assert not any(isinstance(step, GateStep) for step in engine.plan.steps)
    simulator = cirq.Simulator(dtype=np.complex128)
    for gradient in ("backprop", "adjoint"):
        engine = BatchedEngine(program, gradient=gradient)
        for row in features:
            values = dict(zip(program.features, row.tolist(), strict=True))
            values |= dict(zip(program.weights, weights.tolist(), strict=True))
            expected = simulator.simulate_expectation_values(
                program.circuit, list(program.operators), values
            )
            found = engine(tf.constant(row[np.newaxis]), tf.constant(weights))
            np.testing.assert_allclose(found[0], np.real(expected), atol=1e-10)


@pytest.mark.parametrize("gradient", ["backprop", "adjoint"])
def test_gradients_of_crowded_circuits(gradient):
    program = crowded(rounds=2)
    generator = np.random.default_rng(1)
    inputs = [
        tf.constant(generator.normal(size=(1, len(program.features)))),
        tf.constant(generator.normal(size=len(program.weights))),
    ]
    engine = BatchedEngine(program, gradient=gradient)
    plain = BatchedEngine(program, passes=())
    found, expected = [], []
    for one, results in ((engine, found), (plain, expected)):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.sin(one(*inputs)))
        results += tape.gradient(loss, inputs)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)


@pytest.mark.parametrize(
    "operation",
    [
        cirq.rx(X)(PAIR[0]),
        cirq.Y(PAIR[1]) ** (0.3 * X + 0.1),
        cirq.XX(*PAIR) ** X,
        cirq.ISWAP(*PAIR) ** X,
        cirq.CNOT(*PAIR) ** X,
        cirq.H(PAIR[0]) ** X,
        cirq.rx(X)(PAIR[1]).controlled_by(PAIR[0]),
        cirq.SWAP(*PAIR) ** X,
    ],
    ids=str,
)
def test_fed_gates_are_diagonal_in_a_frame(operation):
    [gate] = lower_operation(operation, PAIR)
    parts = diagonalized(gate)
    assert [part.symbol for part in parts].count("x") == 1
    qubits = sorted(gate.qubits)
    for value in (-2.0, 0.0, 0.7):
        product = np.eye(2 ** len(qubits))
        for part in parts:
            assert part.symbol is None or part.is_diagonal
            places = [qubits.index(q) for q in part.qubits]
            [matrix] = embed(part.at(value)[None], places, len(qubits))
            product = matrix @ product
        [expected] = embed(
            gate.at(value)[None],
            [qubits.index(q) for q in gate.qubits],
            len(qubits),
        )
        np.testing.assert_allclose(product, expected, atol=1e-12)


def test_rotations_about_one_axis_are_one_step():
    qids = cirq.LineQubit.range(8)
    circuit = cirq.Circuit(cirq.H.on_each(*qids), cirq.CZ(qids[0], qids[1]))
    names = []
    for a in range(8):
        for b in range(a):
            names.append(f"x{a}_{b}")
            circuit += cirq.XX(qids[a], qids[b]) ** sympy.Symbol(names[-1])
    program = Program(circuit, tuple(map(cirq.Z, qids)), tuple(names))
    steps = BatchedEngine(program).plan.steps
    phases = [step for step in steps if isinstance(step, DiagonalStep)]
    fed = [sum(g.symbol is not None for g in step.gates) for step in phases]
    assert [count for count in fed if count] == [28]


def test_features_of_a_layer_are_one_step():
    spec = CircuitSpec(qubits=9, depth=1, reuploads=3)
    engine = BatchedEngine(
        Program(spec.circuit, spec.operators, spec.features, spec.weights)
    )
    fed = [
        step
        for step in engine.plan.steps
        if isinstance(step, DiagonalStep)
        and any(gate.symbol in spec.features for gate in step.gates)
    ]
    assert [len(step.gates) >= 9 for step in fed] == [True] * 3


def nodes_of(depth):
    """How many operations the graph of a training step has."""
    spec = CircuitSpec(qubits=8, depth=depth, entanglement="ring")
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    engine = BatchedEngine(program)

    @tf.function(autograph=False)
    def step(features, weights):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = tf.reduce_sum(engine(features, weights))
        return tape.gradient(loss, weights)

    graph = step.get_concrete_function(
        tf.zeros([2, len(program.features)]), tf.zeros([len(program.weights)])
    ).graph
    return len(graph.get_operations())


def test_deeper_circuits_take_few_more_operations():
    # What a first call costs is the number of operations. A layer has 24
    # gates.
    few, many = nodes_of(4), nodes_of(12)
    assert (many - few) / 8 < 4 * 24


def test_no_transpose_has_many_axes():
    # TensorFlow's own takes many times longer from seven axes on.
    program = crowded()
    engine = BatchedEngine(program)
    graph = (
        tf.function(engine, autograph=False)
        .get_concrete_function(
            tf.zeros([2, len(program.features)]),
            tf.zeros([len(program.weights)]),
        )
        .graph
    )
    ranks = [
        len(operation.inputs[0].shape)
        for operation in graph.get_operations()
        if operation.type == "Transpose"
    ]
    assert 3 <= max(ranks) <= 6
