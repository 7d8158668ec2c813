"""Standardised readouts of `QuantumDense`: what they do, and their files."""

import keras
import numpy as np
import pytest

from tests.contracts import KerasContract
from tests.reference import cirq_expectations
from tests.tolerances import rounding
from tfq_hybrid import adapters, load_model
from tfq_hybrid.circuits import CircuitSpec, preset
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense

SPEC = CircuitSpec(qubits=2, depth=1)
CIRCUITS = {
    "qffn": "qffn",
    "hyqut_ring": "hyqut_ring",
    "qaa": preset("qaa", qubits=6),
}
WIDTH, SAMPLES = 48, 400


class ContractTest(KerasContract):
    """Keras's own contract: config, build, call, fit, mixed precision."""

    def test_standardised(self):
        self.run_layer_test(
            QuantumDense,
            init_kwargs={
                "units": 3,
                "circuit": SPEC,
                "readout": "standardised",
            },
            input_shape=(2, 5, 4),
            expected_output_shape=(2, 5, 3),
            expected_num_trainable_weights=5,
            expected_num_non_trainable_weights=1,
            supports_masking=True,
        )


def inputs_of(seed=1):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(SAMPLES, WIDTH)).astype("float32")


def readouts(layer, inputs):
    """What the last projection reads."""
    seen = []
    call = layer.output_projection.call
    layer.output_projection.call = lambda x: seen.append(x) or call(x)
    layer(inputs)
    return np.array(seen[-1])


def pair(circuit, units=16, **options):
    """The same layer with plain and with standardised readouts."""
    layers = []
    for readout in ("plain", "standardised"):
        keras.utils.set_random_seed(2)
        layer = QuantumDense(units, circuit, readout=readout, **options)
        layer.build((None, WIDTH))
        layers.append(layer)
    return layers


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_keeps_variance_as_dense_does(circuit):
    plain, standard = pair(circuit)
    for a, b in zip(
        plain.trainable_weights, standard.trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(a, b)  # nothing else is drawn
    raw, scaled = readouts(plain, inputs_of()), readouts(standard, inputs_of())
    means, gains = np.array(standard.readout_statistics)
    np.testing.assert_allclose(scaled, (raw - means) * gains, atol=1e-5)
    # On inputs that it was not standardised on: of unit variance, and centred
    # to five standard errors of both means.
    error = np.sqrt(1 / SAMPLES + 1 / 256)
    assert np.var(scaled, axis=0).mean() == pytest.approx(1, abs=0.25)
    assert np.abs(scaled.mean(axis=0)).max() < 5 * error * scaled.std()
    assert np.var(raw, axis=0).mean() < 0.2


def test_the_statistics_are_those_of_cirq():
    _, layer = pair(SPEC)
    means, gains = np.array(layer.readout_statistics)
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(256, WIDTH)).astype("float32")
    values = cirq_expectations(
        layer.pqc.program,
        np.array(layer.angles(inputs)),
        np.array(layer.pqc.parameters),
    )
    np.testing.assert_allclose(means, values.mean(axis=0), atol=1e-4)
    deviation = np.sqrt(np.var(values, axis=0).mean())
    np.testing.assert_allclose(gains, 1 / deviation, rtol=1e-3)


def test_shots_and_noise_take_the_exact_statistics():
    same = {  # a layer with shots draws a seed too
        "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
        "angle_initializer": keras.initializers.RandomUniform(seed=1),
    }
    _, exact = pair(SPEC, **same)
    _, noisy = pair(SPEC, repetitions=10, readout_error=0.1, **same)
    np.testing.assert_array_equal(
        exact.readout_statistics, noisy.readout_statistics
    )


def test_a_circuit_that_answers_the_same_is_not_amplified():
    class Zeros(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.zeros(shape, dtype)

    layer = QuantumDense(
        2, SPEC, kernel_initializer=Zeros(), readout="standardised"
    )
    layer.build((None, WIDTH))
    means, gains = np.array(layer.readout_statistics)
    np.testing.assert_array_equal(gains, 1)
    assert np.isfinite(means).all()


def test_built_inside_a_function_and_saved(tmp_path):
    class Outer(keras.layers.Layer):
        """Builds what is in it only when it is called."""

        def __init__(self):
            super().__init__()
            self.dense = QuantumDense(3, SPEC, readout="standardised")

        def call(self, inputs):
            return self.dense(inputs)

    inputs = keras.Input((WIDTH,))
    model = keras.Model(inputs, Outer()(inputs))
    statistics = np.array(model.layers[-1].dense.readout_statistics)
    assert statistics.shape == (2, 2) and (statistics[1] > 1).all()

    layer = QuantumDense(3, SPEC, readout="standardised")
    model = keras.Sequential([keras.Input((WIDTH,)), layer])
    # Statistics stay those of the start, wherever training goes.
    layer.pqc.parameters.assign_add(np.ones(layer.pqc.parameters.shape))
    before = np.array(layer.readout_statistics)
    expected = model.predict(inputs_of(), verbose=0)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.layers[0].readout_statistics, before)
    np.testing.assert_array_equal(
        again.predict(inputs_of(), verbose=0), expected
    )
    model.export(tmp_path / "saved", verbose=False)
    served = keras.layers.TFSMLayer(tmp_path / "saved", "serve")
    np.testing.assert_allclose(
        served(inputs_of()), expected, atol=rounding(256)
    )


def test_an_adapter_keeps_them_in_its_file(tmp_path):
    def base():
        keras.utils.set_random_seed(3)
        dense = keras.layers.Dense(8, name="dense")
        return keras.Sequential([keras.Input((8,)), dense])

    method = adapters.QuantumAdapter(targets="dense", readout="standardised")
    model = adapters.adapt(base(), method)
    count = adapters.trainable_parameters(model)
    assert count == method.parameters(base())
    adapter = model.layers[0].adapter.dense
    adapter.output_projection.kernel.assign(
        np.ones(adapter.output_projection.kernel.shape)
    )
    adapters.save_weights(model, tmp_path / "adapter.h5")
    other = base()
    keras.utils.set_random_seed(9)  # other angles, other statistics
    again = adapters.load_weights(other, tmp_path / "adapter.h5")
    inputs = inputs_of()[:, :8]
    np.testing.assert_array_equal(
        again.predict(inputs, verbose=0), model.predict(inputs, verbose=0)
    )


def test_bad_arguments():
    with pytest.raises(UserError, match="Did you mean 'standardised'"):
        QuantumDense(2, SPEC, readout="standardized")
    with pytest.raises(UserError, match="Did you mean 'plain'"):
        adapters.QuantumAdapter(readout="plan")
