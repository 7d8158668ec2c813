"""Keras's own savers keep the file of before; its loaders find our classes."""

import errno
import inspect

import cirq
import keras
import numpy as np
import pytest
import sympy
from keras.src.legacy.saving import legacy_h5_format
from keras.src.saving import object_registration, saving_lib

from tests.files.saving import assert_same
from tfq_hybrid.errors import StorageError, UserError
from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.layers import ControlledPQC

A, B = cirq.LineQubit.range(2)


class Flip(cirq.Gate):
    """A gate that no file can name."""

    def _num_qubits_(self):
        return 1

    def _unitary_(self):
        return np.array([[0, 1], [1, 0]])


class FullDisk(ControlledPQC):
    """A layer whose variables find no room."""

    def save_own_variables(self, store):
        raise OSError(errno.ENOSPC, "no space")


def make_model(gate=cirq.X, kind=ControlledPQC, nested=False):
    circuit = cirq.Circuit(
        cirq.ry(sympy.Symbol("x"))(A), cirq.rz(sympy.Symbol("y"))(A), gate(B)
    )
    layer = kind(circuit, cirq.Z(A))
    model = keras.Sequential([keras.Input((2,)), layer])
    return keras.Sequential([keras.Input((2,)), model]) if nested else model


def save(model, path):
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_gate_that_cannot_be_saved_costs_no_file(name, nested, tmp_path):
    path = tmp_path / name
    save(make_model(), path)
    before = path.read_bytes()
    with pytest.raises(UserError, match="Flip"):
        save(make_model(Flip(), nested=nested), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_full_disk_costs_no_file(name, tmp_path):
    path = tmp_path / name
    save(make_model(), path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match=f"{name}.*previous version"):
        save(make_model(kind=FullDisk), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_saved_again_is_loaded(tmp_path):
    first, second = make_model(), make_model(cirq.H)
    path = tmp_path / "m.keras"
    first.save(str(path))
    second.save(path)
    assert_same(keras.models.load_model(path), second)
    weights = tmp_path / "m.weights.h5"
    second.save_weights(weights)
    second.save_weights(weights)
    first.load_weights(weights)


def test_other_forms_are_left_to_keras(tmp_path):
    """Folders, shards, and models that hold nothing of this package."""
    model = make_model()
    model.save(tmp_path / "folder", zipped=False)
    assert (tmp_path / "folder" / "config.json").is_file()
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=0.1)
    assert (tmp_path / "m.weights.json").is_file()
    plain = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    with pytest.raises(FileNotFoundError):
        plain.save(tmp_path / "none" / "m.keras")
    with pytest.raises(StorageError, match="No such file"):
        model.save(tmp_path / "none" / "m.keras")
    assert not list(tmp_path.rglob(".partial-*"))


def test_what_keras_and_keras_hub_call():
    """Fails where Keras renames what is wrapped, or no longer calls it."""
    extend_keras()
    for module, name, argument in (
        (saving_lib, "save_model", "zipped"),
        (saving_lib, "save_weights_only", "max_shard_size"),
        (legacy_h5_format, "save_model_to_hdf5", "filepath"),
    ):
        function = getattr(module, name)
        original = function.__wrapped__
        assert not hasattr(original, "__wrapped__")  # wrapped once
        assert argument in inspect.signature(original).parameters
    for module in (object_registration, keras.saving):
        find = module.get_registered_object
        assert find("tfq_hybrid>HyQuTBackbone").__name__ == "HyQuTBackbone"
        assert find("tfq_hybrid>Unknown") is None
        assert find("os>system") is None
        assert find("relu") is find(None) is None
