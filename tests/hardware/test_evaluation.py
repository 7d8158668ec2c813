"""Trained models on devices, and devices by name."""

import importlib.metadata

import cirq
import keras
import numpy as np
import pytest

from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import Device, device_named, evaluate_on, on_backend
from tfq_hybrid.hardware.named import GROUP
from tfq_hybrid.layers import QuantumDense

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
LABELS = np.array([0, 1, 1, 0, 1, 0])


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((3,)), QuantumDense(4, "qffn"), keras.layers.Dense(2)]
    )


def test_a_model_on_a_device(model):
    before = model(X).numpy()
    device = Device(cirq.Simulator(seed=1))
    found = evaluate_on(
        model, (X, LABELS), device, limit=5, repetitions=4_000, batch_size=3
    )
    assert (found.examples, found.jobs, found.shots) == (5, 2, 20_000)
    np.testing.assert_allclose(found.reference, before[:5], atol=1e-6)
    assert 0 < found.largest_difference < 0.2
    share = np.mean(before[:5].argmax(axis=1) == LABELS[:5])
    assert found.reference_accuracy == pytest.approx(share)
    assert 0 <= found.accuracy <= 1
    # The model is as it was.
    np.testing.assert_array_equal(model(X), before)


def test_noise_shows(model):
    clean, noisy = (
        evaluate_on(model, X, device_named(name, seed=1), repetitions=4_000)
        for name in ("simulator", "simulator:depolarize=0.05")
    )
    assert noisy.largest_difference > 2 * clean.largest_difference
    assert noisy.accuracy is noisy.jobs is None


def test_a_failure_leaves_the_model_as_it_was(model):
    [layer] = [one.pqc for one in model.layers if hasattr(one, "pqc")]
    choice = layer.engine_choice
    device = Device(cirq.Simulator(), max_jobs=1)
    with pytest.raises(UserError, match="max_jobs=1"):
        evaluate_on(model, X, device, batch_size=3)
    assert layer.engine_choice is choice


def test_a_model_without_circuits():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with (
        pytest.raises(UserError, match="has none"),
        on_backend(model, cirq.Simulator(), 10),
    ):
        pass


@pytest.mark.parametrize(
    "name, message",
    [
        ("simulatr", "simulator"),
        ("simulator:depolarise=0.1", "depolarize"),
        ("simulator:depolarize=much", "a probability"),
        ("simulator:depolarize=2", "a probability"),
        ("os:system=1", "options of simulator"),
    ],
)
def test_names_that_are_none(name, message):
    with pytest.raises(UserError, match=message):
        device_named(name)


class Entry:
    name = "mine"

    def __init__(self, made):
        self.made = made

    def load(self):
        return lambda: self.made


def test_a_plug_in(monkeypatch):
    sampler = cirq.Simulator()

    def entries(made):
        def entry_points(group):
            assert group == GROUP
            return [Entry(made)]

        return entry_points

    monkeypatch.setattr(importlib.metadata, "entry_points", entries(sampler))
    assert device_named("mine") is sampler
    monkeypatch.setattr(importlib.metadata, "entry_points", entries("text"))
    with pytest.raises(UserError, match=r"a cirq.Sampler. Received: str"):
        device_named("mine")
