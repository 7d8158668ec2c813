"""The Fubini-Study metric, beside Cirq's states, and the steps it gives."""

import itertools

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines.gradients.parameter_shift import shifted_evaluations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    PQC,
    AmplitudePQC,
    ControlledPQC,
    NoisyPQC,
    QuantumDense,
)
from tfq_hybrid.optimizers import QuantumNaturalGradient, fubini_study_metric

A, B, X = sympy.symbols("a b x")
QUBITS = cirq.LineQubit.range(3)
EMPTY = tfq.convert_to_tensor([cirq.Circuit()])


def reference(circuit, values, start=None, step=1e-5):
    """The metric from differences of Cirq's states in complex128."""
    names = sorted(values)
    simulator = cirq.Simulator(dtype=np.complex128)

    def state(moved):
        result = simulator.simulate(
            circuit,
            cirq.ParamResolver(moved),
            qubit_order=sorted(circuit.all_qubits()),
            initial_state=start,
        )
        return result.final_state_vector

    here = state(values)
    slopes = np.array(
        [
            (
                state({**values, n: values[n] + step})
                - state({**values, n: values[n] - step})
            )
            / (2 * step)
            for n in names
        ]
    )
    along = slopes.conj() @ here
    return (slopes.conj() @ slopes.T - np.outer(along, along.conj())).real


def pqc(circuit, values, **kwargs):
    """A layer with Z on the first qubit and these weights."""
    layer = PQC(circuit, cirq.Z(min(circuit.all_qubits())), **kwargs)
    layer.parameters.assign([values[str(name)] for name in layer.symbols])
    return layer


def test_two_rotations_of_a_qubit():
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.ry(B)(QUBITS[0]))
    for a in (0.0, 0.4, np.pi / 2):
        layer = pqc(circuit, {"a": a, "b": 0.9})
        found = fubini_study_metric(layer, EMPTY)
        wanted = np.diag([0.25, np.cos(a) ** 2 / 4])
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_symbol_in_two_gates_is_one_coordinate():
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.rx(A)(QUBITS[0]))
    found = fubini_study_metric(pqc(circuit, {"a": 0.3}), EMPTY)
    np.testing.assert_allclose(found, [[1.0]], atol=1e-6)


def test_angles_that_are_expressions():
    """Products of weights and of a weight and an input, by the chain rule."""
    p, q, r = QUBITS
    circuit = cirq.Circuit(
        cirq.H.on_each(*QUBITS),
        cirq.ry(A * B)(p),
        cirq.CNOT(p, q),
        cirq.rx(A * X + sympy.sin(B))(q),
        cirq.rz(X)(r),
        cirq.CZ(q, r) ** (B**2),
        cirq.ry(0.5 * B)(r),
    )
    values = {"a": 0.7, "b": 1.3}
    layer = ControlledPQC(
        circuit, cirq.Z(p), trained_symbols=["a", "b"], dtype="float64"
    )
    rows = np.array([[0.4], [-1.1]])
    layer(rows)
    layer.parameters.assign([0.7, 1.3])
    found = fubini_study_metric(layer, rows)
    wanted = np.mean(
        [
            reference(cirq.resolve_parameters(circuit, {"x": x}), values)
            for [x] in rows
        ],
        axis=0,
    )
    np.testing.assert_allclose(found, wanted, atol=1e-8)
    assert np.abs(wanted[0, 1]) > 0.05


def test_a_product_with_the_input_under_fit():
    layer = ControlledPQC(
        cirq.Circuit(cirq.rx(A * X + B)(QUBITS[0])),
        cirq.Z(QUBITS[0]),
        trained_symbols=["a", "b"],
        initializer=keras.initializers.Constant(0.9),
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    x = np.linspace(-1, 1, 16)[:, None].astype("float32")
    model.compile(QuantumNaturalGradient(0.1), "mse")
    model.fit(x, np.cos(1.5 * x + 0.4), epochs=60, verbose=0)
    np.testing.assert_allclose(layer.parameters, [1.5, 0.4], atol=0.02)


def all_gates(names):
    """A circuit of many kinds of gates, symbols shared and scaled."""
    a, b, c = sympy.symbols(names)
    p, q, r = QUBITS
    return cirq.Circuit(
        cirq.rx(a)(p),
        cirq.ry(2 * b + 0.3)(q),
        cirq.X(r) ** c,
        cirq.CNOT(p, q),
        cirq.CZ(q, r) ** b,
        cirq.FSimGate(a, 0.5 * c + 0.1)(p, r),
        cirq.ry(a).controlled()(q, r),
        cirq.PhasedXPowGate(phase_exponent=b, exponent=c)(p),
        cirq.ISWAP(p, q) ** 0.5,
        cirq.rz(c)(q),
    )


@pytest.mark.parametrize("seed", range(3))
def test_as_finite_differences_of_cirq(seed):
    rng = np.random.default_rng(seed)
    values = dict(zip("abc", rng.uniform(0, 6, 3), strict=True))
    circuit = all_gates("a b c")
    layer = pqc(circuit, values, dtype="float64")
    data = cirq.Circuit(cirq.H(QUBITS[0]), cirq.CNOT(*QUBITS[:2]))
    inputs = tfq.convert_to_tensor([cirq.Circuit(), data, data])
    found = fubini_study_metric(layer, inputs)
    wanted = reference(circuit, values) + 2 * reference(data + circuit, values)
    # Data circuits are prepared in single precision.
    np.testing.assert_allclose(found, wanted / 3, atol=3e-6)


def test_inputs_are_averaged_and_no_coordinates():
    qubit = QUBITS[0]
    circuit = cirq.Circuit(cirq.rx(X)(qubit), cirq.ry(A)(qubit))
    layer = ControlledPQC(
        circuit, cirq.Z(qubit), trained_symbols=["a"], dtype="float64"
    )
    inputs = np.array([[0.3], [1.1]])
    wanted = np.mean(np.cos(inputs) ** 2 / 4)
    found = fubini_study_metric(layer, inputs)
    np.testing.assert_allclose(found, [[wanted]], atol=1e-12)


def test_from_amplitudes():
    circuit = cirq.Circuit(cirq.ry(A)(QUBITS[0]), cirq.rx(B)(QUBITS[1]))
    layer = AmplitudePQC(circuit, cirq.Z(QUBITS[0]), dtype="float64")
    vector = np.array([[0.1, 0.5, -0.3, 0.2]])
    found = fubini_study_metric(layer, vector)
    values = {str(k): float(v) for k, v in layer.symbol_values().items()}
    start = (vector[0] / np.linalg.norm(vector)).astype("complex128")
    wanted = reference(circuit, values, start)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_refuses_what_has_no_metric():
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]))
    noisy = NoisyPQC(
        circuit,
        cirq.Z(QUBITS[0]),
        repetitions=10,
        sample_based=False,
        noise_model=cirq.depolarize(0.1),
    )
    with pytest.raises(UserError, match="without noise"):
        fubini_study_metric(noisy, EMPTY)
    with pytest.raises(UserError, match="Received: Dense"):
        fubini_study_metric(keras.layers.Dense(2), np.ones((1, 2)))
    fed = ControlledPQC(circuit, cirq.Z(QUBITS[0]))
    with pytest.raises(UserError, match="trains symbols"):
        fubini_study_metric(fed, np.ones((1, 1)))


def energy(y_true, y_pred):
    """A loss that is the expectation itself."""
    return tf.reduce_mean(y_pred)


@pytest.mark.parametrize("eager", [False, True])
def test_a_step_with_a_singular_metric_is_finite(eager):
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.ry(B)(QUBITS[0]))
    layer = pqc(circuit, {"a": np.pi / 2, "b": 0.5}, engine="batched")
    model = keras.Sequential([keras.Input((), dtype="string"), layer])
    rate, damping = 0.1, 1e-2
    optimizer = QuantumNaturalGradient(rate, damping=damping)
    model.compile(optimizer, energy, run_eagerly=eager)
    before = np.array(layer.parameters)
    model.train_on_batch(EMPTY, np.zeros((1, 1)))
    # <Z> = cos a cos b, whose gradient by a is -sin a cos b.
    moved = np.array(layer.parameters) - before
    wanted = [rate * np.cos(0.5) / (0.25 + damping), 0.0]
    np.testing.assert_allclose(moved, wanted, atol=1e-5)


def two_layers():
    """Two circuits and Dense layers."""
    spec = CircuitSpec(qubits=2, depth=1)
    return keras.Sequential(
        [keras.Input((3,)), QuantumDense(2, spec), QuantumDense(1, spec)]
    )


def chain():
    """A layer with the Ising energy of four qubits, and the lowest energy."""
    qubits = cirq.LineQubit.range(4)
    pairs = list(itertools.pairwise(qubits))
    operator = sum(-1.0 * cirq.X(q) for q in qubits)
    operator += sum(-1.0 * cirq.Z(p) * cirq.Z(q) for p, q in pairs)
    circuit = cirq.Circuit()
    for place in range(3):
        circuit += [cirq.CNOT(*pair) for pair in pairs if place]
        circuit += [
            cirq.ry(sympy.Symbol(f"w{4 * place + q.x:02}"))(q) for q in qubits
        ]
    ground = np.linalg.eigvalsh(operator.matrix(qubits))[0]
    return PQC(circuit, operator, engine="batched"), ground


def test_four_qubits_in_fewer_executions_than_adam():
    """Both by parameter shift: 24 shifted circuits and 1 for the loss."""
    steps = {}
    for name, optimizer in {
        "adam": keras.optimizers.Adam(0.1),
        "natural": QuantumNaturalGradient(0.05),
    }.items():
        layer, ground = chain()
        layer.parameters.assign(np.random.default_rng(2).normal(size=12))
        model = keras.Sequential([keras.Input((), dtype="string"), layer])
        model.compile(optimizer, energy)
        history = model.fit(
            EMPTY, np.zeros((1, 1)), epochs=100, verbose=0
        ).history["loss"]
        reached = np.array(history) < 0.97 * ground
        assert reached.any(), (name, history[-1], ground)
        steps[name] = int(np.argmax(reached)) + 1
    each = 1 + shifted_evaluations(layer.program)
    executions = {name: count * each for name, count in steps.items()}
    print(steps, executions)
    assert each == 25
    assert executions["natural"] < executions["adam"]


def test_a_step_of_a_hybrid_model():
    """Circuits by their metrics, each its own; the rest by the other one."""
    model = two_layers()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 1))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    variables = model.trainable_variables
    wanted = [np.array(v) for v in variables]
    inputs = x
    metrics = {}
    for layer in model.layers:
        key = id(layer.pqc.parameters)
        metrics[key] = fubini_study_metric(layer, inputs)
        inputs = layer(inputs)
    gradients = tape.gradient(loss, [v.value for v in variables])
    for place, (variable, gradient) in enumerate(
        zip(variables, gradients, strict=True)
    ):
        step, rate = gradient.numpy(), 0.5
        if id(variable) in metrics:
            metric = metrics[id(variable)] + 1e-3 * np.eye(len(step))
            step, rate = np.linalg.solve(metric, step), 0.1
        wanted[place] = wanted[place] - rate * step
    optimizer = QuantumNaturalGradient(0.1, keras.optimizers.SGD(0.5))
    model.compile(optimizer, "mse")
    model.fit(x, y, batch_size=5, verbose=0)
    for variable, value in zip(variables, wanted, strict=True):
        np.testing.assert_allclose(np.array(variable), value, atol=2e-4)


def test_saved_and_loaded_it_goes_on(tmp_path):
    model = two_layers()
    x, y = np.ones((4, 3)), np.ones((4, 1))
    optimizer = QuantumNaturalGradient(0.02, examples=3, damping=0.01)
    model.compile(optimizer, "mse")
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    other = keras.models.load_model(tmp_path / "model.keras")
    assert other.optimizer.get_config() == optimizer.get_config()
    for one in (model, other):
        one.fit(x, y, epochs=2, verbose=0)
    for one, two in zip(model.weights, other.weights, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(two), atol=1e-6)


def test_after_predictions_and_validation():
    """Calls without a gradient do not count."""
    model = two_layers()
    optimizer = QuantumNaturalGradient(0.02)
    model.compile(optimizer, "mse", run_eagerly=True)
    x, y = np.ones((4, 3)), np.ones((4, 1))
    model.predict(np.zeros((6, 3)), verbose=0)
    model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0)
    assert not optimizer._calls._heard


def test_refuses_by_name():
    with pytest.raises(UserError, match="damping above 0"):
        QuantumNaturalGradient(damping=0.0)
    with pytest.raises(UserError, match="examples"):
        QuantumNaturalGradient(examples=0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(QuantumNaturalGradient(), "mse")
    with pytest.raises(UserError, match="a circuit that trains"):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
