"""Circuits in the configs of layers: read by kind, refused in one line."""

import json
import zipfile

import cirq
import keras
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import CustomCircuit
from tfq_hybrid.circuits.cirq_json import write_cirq
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import ControlledPQC, NoisyControlledPQC, QuantumDense

A, B = cirq.GridQubit.rect(1, 2)
X = sympy.Symbol("x")
CIRCUIT = cirq.Circuit(cirq.ry(X)(A), cirq.CNOT(A, B))
PREPENDED = cirq.ConstantQubitNoiseModel(cirq.bit_flip(0.1), prepend=True)
GATE, QUBIT = cirq.to_json(cirq.X), cirq.to_json(A)
NOISY = {"repetitions": 9, "sample_based": False}
INNER = cirq.FrozenCircuit(cirq.rx(X)(A))
TWICE = cirq.CircuitOperation(INNER, repetitions=2, use_repetition_ids=False)


def layers():
    return {
        "controlled": ControlledPQC(CIRCUIT, cirq.Z(B)),
        "noisy": NoisyControlledPQC(
            CIRCUIT, cirq.Z(B), noise_model=PREPENDED, **NOISY
        ),
        "dense": QuantumDense(1, CustomCircuit(CIRCUIT), noise_model=PREPENDED),
    }


@pytest.mark.parametrize(
    "name,key,value,message",
    [
        ("controlled", "model_circuit", "[]", "Cirq circuit"),
        ("controlled", "model_circuit", "3", "Cirq circuit"),
        ("controlled", "model_circuit", 3, "Cirq circuit"),
        ("controlled", "model_circuit", None, "Cirq circuit"),
        ("controlled", "model_circuit", GATE, "_PauliX where a circuit"),
        ("controlled", "operators", "[3]", "Cirq operators"),
        ("controlled", "operators", f"[{GATE}]", "where an operator"),
        ("noisy", "model_circuit", "[]", "Cirq circuit"),
        ("noisy", "noise_model", "[]", "Cirq noise model"),
        ("noisy", "noise_model", QUBIT, "where a noise model"),
        ("dense", "noise_model", QUBIT, "where a noise model"),
        ("dense", "circuit", {"circuit": "[]"}, "Cirq circuit"),
        ("dense", "circuit", {"circuit": GATE}, "where a circuit"),
        ("dense", "circuit", {"qubits": 2**31 - 1}, "from 1 to 1024"),
    ],
)
def test_another_kind_is_refused(name, key, value, message):
    layer = layers()[name]
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    with pytest.raises(UserError, match=message) as raised:
        type(layer).from_config({**config, key: value})
    assert "\n" not in str(raised.value)


def test_a_keras_file_with_another_kind_is_refused(tmp_path):
    good, bad = tmp_path / "good.keras", tmp_path / "bad.keras"
    keras.Sequential([keras.Input((1,)), layers()["controlled"]]).save(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                layer = config["config"]["layers"][1]["config"]
                layer["model_circuit"] = GATE
                content = json.dumps(config).encode()
            target.writestr(name, content)
    with pytest.raises(Exception, match="_PauliX where a circuit belongs"):
        keras.models.load_model(bad)


def test_noise_and_subcircuits_are_the_same_after_loading(tmp_path):
    circuit = CIRCUIT + cirq.Circuit(TWICE, cirq.H(B))
    layer = NoisyControlledPQC(
        circuit, [cirq.Z(B), cirq.X(A)], noise_model=PREPENDED, **NOISY
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    values = np.array([[0.3], [1.2]])
    np.testing.assert_array_equal(loaded(values), model(values))


class Own(cirq.Gate):
    def _num_qubits_(self):
        return 1

    def _unitary_(self):
        return np.eye(2)


def test_what_cannot_be_saved_names_gate_and_layer(tmp_path):
    circuit = CIRCUIT + cirq.Circuit(Own()(A))
    layer = ControlledPQC(circuit, cirq.Z(B), name="mine")
    model = keras.Sequential([keras.Input((1,)), layer])
    with pytest.raises(UserError, match=r"layer 'mine'.*Own"):
        model.save(tmp_path / "model.keras")
    model = cirq.devices.noise_model.GateSubstitutionNoiseModel(lambda op: op)
    layer = NoisyControlledPQC(CIRCUIT, cirq.Z(B), noise_model=model, **NOISY)
    with pytest.raises(UserError, match=r"Substitution.*with_noise\(noise"):
        layer.get_config()


def test_a_text_of_cirqs_own_writer_is_read():
    config = layers()["controlled"].get_config()
    config["model_circuit"] = cirq.to_json(CIRCUIT)
    layer = ControlledPQC.from_config(config)
    assert layer.model_circuit == CIRCUIT
    assert layer.get_config()["model_circuit"] == write_cirq(CIRCUIT)
