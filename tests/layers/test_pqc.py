"""`PQC` and `ControlledPQC` against TensorFlow Quantum's own layers."""

import json
import os
import subprocess
import sys

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC

QUBITS = cirq.GridQubit.rect(1, 3)
# Eleven symbols: their order as strings is not that of their numbers.
SYMBOLS = sympy.symbols("s0:11")


def model_circuit():
    circuit = cirq.Circuit(cirq.H.on_each(*QUBITS))
    for i, symbol in enumerate(SYMBOLS):
        gate = (cirq.X, cirq.Y, cirq.Z)[i % 3]
        circuit += gate(QUBITS[i % 3]) ** symbol
        circuit += cirq.CNOT(QUBITS[i % 3], QUBITS[(i + 1) % 3])
    return circuit


OPERATORS = [cirq.Z(QUBITS[0]), cirq.X(QUBITS[1]) * cirq.Y(QUBITS[2]) + 0.5]
DATA = [
    cirq.Circuit(),
    cirq.Circuit(cirq.X(QUBITS[0])),
    cirq.Circuit(cirq.H(QUBITS[2]), cirq.CNOT(QUBITS[2], QUBITS[0])),
]

# TensorFlow Quantum's layers are written for Keras 2: they run as their
# authors mean them in a process of their own.
TFQ_SCRIPT = """
import json, sys
import cirq, tensorflow as tf, tensorflow_quantum as tfq
task = json.load(sys.stdin)
circuit, operators, data = (
    cirq.read_json(json_text=task[k]) for k in ("circuit", "operators", "data")
)
data = tfq.convert_to_tensor(data)
weights = tf.constant(task["weights"], tf.float32)
pqc = tfq.layers.PQC(circuit, operators)
pqc.set_weights([weights])
with tf.GradientTape() as tape:
    values = pqc(data)
gradient = tape.gradient(values, pqc.trainable_weights)[0]
controlled = tfq.layers.ControlledPQC(circuit, operators)
fed = tf.random.stateless_uniform([3, len(weights)], [0, 1], -1.0, 1.0)
print(json.dumps({
    "symbols": [str(s) for s in pqc.symbols],
    "values": values.numpy().tolist(),
    "gradient": gradient.numpy().tolist(),
    "fed": fed.numpy().tolist(),
    "controlled": controlled([data, fed]).numpy().tolist(),
}))
"""


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(3).uniform(-1, 1, len(SYMBOLS))


@pytest.fixture(scope="module")
def original(weights):
    """What TensorFlow Quantum's own layers return."""
    task = {
        "circuit": cirq.to_json(model_circuit()),
        "operators": cirq.to_json(OPERATORS),
        "data": cirq.to_json(DATA),
        "weights": weights.tolist(),
    }
    done = subprocess.run(
        [sys.executable, "-c", TFQ_SCRIPT],
        input=json.dumps(task),
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("engine", ["auto", "tfq", "batched"])
def test_pqc_is_that_of_tfq(engine, original, weights):
    layer = PQC(model_circuit(), OPERATORS, engine=engine)
    assert [str(s) for s in layer.symbols] == original["symbols"]
    layer.set_weights([weights])
    with tf.GradientTape() as tape:
        values = layer(tfq.convert_to_tensor(DATA))
    gradient = tape.gradient(values, layer.trainable_variables[0].value)
    np.testing.assert_allclose(values, original["values"], atol=1e-5)
    # The adjoint gradient of TensorFlow Quantum differentiates each gate by a
    # finite difference: it is right to a relative 5e-5 itself.
    np.testing.assert_allclose(
        gradient, original["gradient"], rtol=1e-4, atol=1e-4
    )
    assert layer.symbol_values() == pytest.approx(
        dict(zip(layer.symbols, weights, strict=True)), abs=1e-6
    )


@pytest.mark.parametrize("engine", ["auto", "tfq", "batched"])
def test_controlled_pqc_is_that_of_tfq(engine, original):
    layer = ControlledPQC(model_circuit(), OPERATORS, engine=engine)
    fed = np.array(original["fed"], "float32")
    values = layer([tfq.convert_to_tensor(DATA), fed])
    np.testing.assert_allclose(values, original["controlled"], atol=1e-5)
    # Without data circuits it starts from zeros, as the first of them does.
    np.testing.assert_allclose(
        layer(fed)[0], original["controlled"][0], atol=1e-5
    )


@pytest.mark.long
@pytest.mark.parametrize("engine", ["tfq", "batched"])
def test_saved_between_other_layers(engine, tmp_path):
    qubit = QUBITS[0]
    x, w = sympy.symbols("x w")
    circuit = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit))
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(1),
            ControlledPQC(
                circuit,
                cirq.Z(qubit) - 0.5 * cirq.X(qubit),
                trained_symbols=["w"],
                engine=engine,
            ),
            keras.layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    inputs = np.random.default_rng(0).normal(size=(5, 3))
    difference = model.predict(inputs, verbose=0) - restored.predict(
        inputs, verbose=0
    )
    assert np.abs(difference).max() == 0.0


@pytest.mark.long
def test_pqc_in_a_model_of_circuits(tmp_path):
    circuit = cirq.Circuit(cirq.X(QUBITS[0]) ** SYMBOLS[0])
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            PQC(circuit, cirq.Z(QUBITS[0])),
            keras.layers.Dense(1),
        ]
    )
    data = tfq.convert_to_tensor(
        [cirq.Circuit(), cirq.Circuit(cirq.X(QUBITS[0]))]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    targets = np.array([[1.0], [-1.0]])
    losses = model.fit(data, targets, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(data), restored(data))


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("Adjoint", ()),
        ("ParameterShift", ()),
        ("ForwardDifference", (1, 0.01)),
        ("CentralDifference", (4, 0.01)),
    ],
)
def test_differentiators_are_used_and_saved(name, arguments):
    kind = getattr(tfq.differentiators, name)
    circuit = cirq.Circuit(cirq.rx(SYMBOLS[0])(QUBITS[0]))
    layer = ControlledPQC(
        circuit, cirq.Z(QUBITS[0]), differentiator=kind(*arguments)
    )
    assert layer.engine_choice.name == "tfq"
    restored = ControlledPQC.from_config(layer.get_config())
    assert type(restored.differentiator) is kind
    if arguments:
        np.testing.assert_allclose(
            restored.differentiator.perturbations,
            layer.differentiator.perturbations,
        )
    fed = tf.constant([[0.3], [1.2]])
    for each in (layer, restored):
        with tf.GradientTape() as tape:
            tape.watch(fed)
            values = each(fed)
        gradient = tape.gradient(values, fed)
        np.testing.assert_allclose(gradient, -np.sin(fed), atol=1e-2)


def test_shots_are_binomial():
    circuit = cirq.Circuit(cirq.rx(SYMBOLS[0])(QUBITS[0]))
    layer = ControlledPQC(circuit, cirq.Z(QUBITS[0]), repetitions=100)
    values = layer(np.full((400, 1), np.pi / 3, "float32")).numpy()
    # The mean is cos(pi/3); the variance of a mean of 100 signs .75 / 100.
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(0.75 / 100 / 400)
    assert 0.5 < values.var() / (0.75 / 100) < 1.5
    restored = ControlledPQC.from_config(layer.get_config())
    assert restored.repetitions == 100


def test_cirq_back_ends_run_and_refuse_to_be_saved():
    circuit = cirq.Circuit(cirq.rx(SYMBOLS[0])(QUBITS[0]))
    exact = ControlledPQC(
        circuit, cirq.Z(QUBITS[0]), backend=cirq.DensityMatrixSimulator()
    )
    np.testing.assert_allclose(
        exact(np.array([[np.pi / 3]])), [[0.5]], atol=1e-5
    )
    with pytest.raises(UserError, match="DensityMatrixSimulator"):
        exact.get_config()


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16", "float16"])
def test_any_dtype_policy(policy):
    circuit = cirq.Circuit(cirq.rx(SYMBOLS[0])(QUBITS[0]))
    layer = ControlledPQC(circuit, cirq.Z(QUBITS[0]), dtype=policy)
    values = layer(keras.ops.convert_to_tensor([[np.pi / 3]], layer.dtype))
    assert values.dtype == layer.compute_dtype
    tolerance = 1e-12 if policy == "float64" else 1e-2
    assert float(values[0, 0]) == pytest.approx(0.5, abs=tolerance)


CIRCUIT = cirq.Circuit(cirq.rx(SYMBOLS[0])(QUBITS[0]))


@pytest.mark.parametrize("kind", [PQC, ControlledPQC])
@pytest.mark.parametrize(
    "circuit,operators,options,error,message",
    [
        ("x", cirq.Z(QUBITS[0]), {}, TypeError, "cirq.Circuit"),
        (cirq.Circuit(), cirq.Z(QUBITS[0]), {}, ValueError, "Symbols"),
        (CIRCUIT, "z", {}, TypeError, "PauliSum"),
        (CIRCUIT, ["z"], {}, TypeError, "PauliSum"),
        (CIRCUIT, cirq.Z(QUBITS[0]), {"repetitions": 0}, ValueError, "posi"),
        (CIRCUIT, cirq.Z(QUBITS[0]), {"repetitions": "9"}, TypeError, "posi"),
        (CIRCUIT, cirq.Z(QUBITS[0]), {"backend": "noisy"}, ValueError, "Noisy"),
        (CIRCUIT, cirq.Z(QUBITS[0]), {"backend": 3}, TypeError, "backend"),
        (CIRCUIT, cirq.Z(QUBITS[0]), {"engine": "x"}, UserError, "engine"),
    ],
)
def test_bad_arguments(kind, circuit, operators, options, error, message):
    with pytest.raises(error, match=message):
        kind(circuit, operators, **options)


def test_foreign_data_circuits_name_the_way_out():
    layer = PQC(CIRCUIT, cirq.Z(QUBITS[0]), engine="batched")
    foreign = tfq.convert_to_tensor([cirq.Circuit(cirq.X(QUBITS[2]))])
    with pytest.raises(UserError, match="engine='tfq'"):
        layer(foreign)


@pytest.mark.parametrize("engine", ["tfq", "batched"])
def test_values_of_another_width_are_refused(engine):
    x, w = sympy.symbols("x w")
    circuit = cirq.Circuit(cirq.rx(x)(QUBITS[0]), cirq.ry(w)(QUBITS[0]))
    layer = ControlledPQC(
        circuit, cirq.Z(QUBITS[0]), trained_symbols=["w"], engine=engine
    )
    for shape in ((1, 2), (1, 0), (3,)):
        with pytest.raises(UserError, match=r"\(batch, 1\)"):
            layer(np.zeros(shape))


def test_operators_may_measure_the_data_alone():
    layer = PQC(CIRCUIT, [cirq.Z(QUBITS[1])])
    data = tfq.convert_to_tensor([cirq.Circuit(cirq.X(QUBITS[1]))])
    np.testing.assert_allclose(layer(data), [[-1.0]], atol=1e-6)


def test_engine_choice_tells_what_runs():
    assert PQC(CIRCUIT, cirq.Z(QUBITS[0])).engine_choice.name == "batched"
    layer = ControlledPQC(CIRCUIT, cirq.Z(QUBITS[0]))
    layer([tfq.convert_to_tensor([cirq.Circuit()]), np.zeros((1, 1))])
    assert layer.engine_choice.name == "batched"
    assert not layer.supports_jit


@pytest.mark.parametrize("kind", [PQC, ControlledPQC])
def test_initializer_regularizer_constraint(kind):
    x, w = sympy.symbols("x w")
    circuit = cirq.Circuit(cirq.rx(w)(QUBITS[0]))
    options = {}
    if kind is ControlledPQC:
        circuit += cirq.rx(x)(QUBITS[0])
        options["trained_symbols"] = ["w"]
    layer = kind(
        circuit,
        cirq.Z(QUBITS[0]),
        initializer=keras.initializers.Constant(2.0),
        regularizer=keras.regularizers.L2(0.5),
        constraint=keras.constraints.MaxNorm(1.0),
        **options,
    )
    layer = kind.from_config(layer.get_config())
    layer.build((None, 1))
    np.testing.assert_allclose(layer.get_weights()[0], [2.0])
    assert float(layer.losses[0]) == pytest.approx(2.0)
    assert float(layer.parameters.constraint(layer.parameters)[0]) <= 1.0001


def test_trained_symbols_are_checked():
    with pytest.raises(UserError, match="Did you mean 's0'"):
        ControlledPQC(CIRCUIT, cirq.Z(QUBITS[0]), trained_symbols=["s00"])
    with pytest.raises(UserError, match="which is all"):
        ControlledPQC(CIRCUIT, cirq.Z(QUBITS[0]), trained_symbols=["s0"])
