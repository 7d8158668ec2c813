"""`QuantumDense` and the feed-forward blocks."""

import cirq
import keras
import numpy as np
import pytest
import sympy

from tests.contracts import KerasContract
from tests.reference import cirq_expectations
from tests.tolerances import rounding
from tfq_hybrid.circuits import CircuitSpec, CustomCircuit
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    BottleneckFeedForward,
    QuantumDense,
    QuantumFeedForward,
)

SPEC = CircuitSpec(qubits=2, depth=1)
# The projections, six gates and their sines, the readout: as many operations.
ROUNDING = rounding(64)


class ContractTest(KerasContract):
    """Keras's own contract: config, build, call, fit, mixed precision."""

    def test_quantum_dense(self):
        for engine in ("batched", "tfq"):
            self.run_layer_test(
                QuantumDense,
                init_kwargs={"units": 3, "circuit": SPEC, "engine": engine},
                input_shape=(2, 5, 4),
                expected_output_shape=(2, 5, 3),
                expected_num_trainable_weights=5,
                supports_masking=True,
            )

    def test_quantum_feed_forward(self):
        for tokens in ("all", "cls"):
            self.run_layer_test(
                QuantumFeedForward,
                init_kwargs={"circuit": SPEC, "tokens": tokens},
                input_shape=(2, 5, 4),
                expected_output_shape=(2, 5, 4),
                expected_num_trainable_weights=5,
                supports_masking=True,
            )

    def test_bottleneck_feed_forward(self):
        self.run_layer_test(
            BottleneckFeedForward,
            init_kwargs={"features": 2, "observables": 3},
            input_shape=(2, 5, 4),
            expected_output_shape=(2, 5, 4),
            expected_num_trainable_weights=6,
            supports_masking=True,
        )


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4), (2, 3, 2, 4)])
def test_any_rank(shape):
    layer = QuantumDense(5, SPEC)
    inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
    outputs = layer(inputs)
    assert outputs.shape == (*shape[:-1], 5)
    flat = layer(inputs.reshape(-1, 4))
    found = np.reshape(outputs, (-1, 5))
    np.testing.assert_allclose(found, flat, atol=ROUNDING)


@pytest.mark.parametrize(
    "circuit",
    [
        CircuitSpec(qubits=3, encoding="hadamard_angle", scaling="arctan"),
        # More angles than features.
        CircuitSpec(qubits=4, encoding="iqp"),
        # Features in an order that is not that of their names.
        CustomCircuit(
            cirq.Circuit(
                cirq.rx(sympy.Symbol("x_b"))(cirq.LineQubit(0)),
                cirq.ry(sympy.Symbol("x_a"))(cirq.LineQubit(1)),
                cirq.ZZ(*cirq.LineQubit.range(2)) ** sympy.Symbol("w"),
                cirq.rx(1.0)(cirq.LineQubit(0)),
            ),
            features=("x_b", "x_a"),
            scaling="identity",
        ),
    ],
    ids=["spec", "derived", "custom"],
)
def test_is_projection_circuit_projection(circuit):
    layer = QuantumDense(4, circuit)
    inputs = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    outputs = layer(inputs)
    down, bias = layer.input_projection.get_weights()
    assert down.shape == (5, circuit.feature_count)
    angles = circuit.angles(inputs @ down + bias)
    order = np.argsort(circuit.features)
    expected = cirq_expectations(
        layer.pqc.program, angles[:, order], layer.pqc.get_weights()[0]
    )
    up, bias = layer.output_projection.get_weights()
    np.testing.assert_allclose(outputs, expected @ up + bias, atol=1e-5)


@pytest.mark.parametrize("kind", [QuantumFeedForward, BottleneckFeedForward])
@pytest.mark.parametrize("residual", [True, False])
def test_cls_leaves_the_other_tokens_alone(kind, residual):
    arguments = (SPEC,) if kind is QuantumFeedForward else (2, 2)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    every = kind(*arguments, residual=residual)
    first = kind(*arguments, residual=residual, tokens="cls")
    expected = np.array(every(inputs))
    first.build(inputs.shape)
    first.set_weights(every.get_weights())
    outputs = np.array(first(inputs))
    np.testing.assert_allclose(outputs[:, 0], expected[:, 0], atol=ROUNDING)
    rest = inputs[:, 1:] if residual else np.zeros_like(inputs[:, 1:])
    np.testing.assert_array_equal(outputs[:, 1:], rest)


@pytest.mark.long
def test_saved_between_other_layers(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((6, 8)),
            keras.layers.Dense(8),
            QuantumFeedForward("qffn"),
            QuantumDense(3, SPEC, use_bias=False, engine="tfq"),
            keras.layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 6, 8)), np.ones((4, 6, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    inputs = np.random.default_rng(0).normal(size=(5, 6, 8))
    difference = model.predict(inputs, verbose=0) - restored.predict(
        inputs, verbose=0
    )
    assert np.abs(difference).max() == 0.0
    assert restored.layers[2].engine_choice.name == "tfq"


@pytest.mark.parametrize("noise_model", [None, cirq.depolarize(0.1)])
def test_saved_with_a_subcircuit(noise_model, tmp_path):
    qubit = cirq.LineQubit(0)
    x, w = sympy.symbols("x w")
    inner = cirq.FrozenCircuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit))
    twice = cirq.CircuitOperation(inner, repetitions=2, use_repetition_ids=True)
    layer = QuantumDense(2, cirq.Circuit(twice), noise_model=noise_model)
    inputs = np.random.default_rng(0).normal(size=(5, 3))
    model = keras.Sequential([keras.Input((3,)), layer])
    expected = model.predict(inputs, verbose=0)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored.predict(inputs, verbose=0), expected)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["auto", "tfq"])
def test_fit_under_mixed_precision(engine):
    policy = keras.mixed_precision.DTypePolicy("mixed_bfloat16")
    model = keras.Sequential(
        [keras.Input((4,)), QuantumDense(1, SPEC, engine=engine, dtype=policy)]
    )
    model.compile("adam", "mse")
    losses = model.fit(
        np.ones((8, 4)), np.ones((8, 1)), epochs=5, verbose=0
    ).history["loss"]
    assert losses[-1] < losses[0]
    assert model.layers[0].pqc.parameters.dtype == "float32"


@pytest.mark.long
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_compiled(jit_compile):
    model = keras.Sequential([keras.Input((4,)), QuantumDense(1, SPEC)])
    model.compile("adam", "mse", jit_compile=jit_compile)
    assert model.jit_compile == jit_compile
    losses = model.fit(
        np.ones((5, 4)), np.ones((5, 1)), epochs=5, batch_size=2, verbose=0
    ).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"units": 0, "circuit": SPEC}, "units"),
        ({"units": 1, "circuit": "qfnn"}, "Did you mean 'qffn'"),
        ({"units": 1, "circuit": SPEC, "engine": "tf"}, "mean 'tfq'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        QuantumDense(**arguments)
    with pytest.raises(UserError, match="Did you mean 'cls'"):
        QuantumFeedForward(tokens="clss")
