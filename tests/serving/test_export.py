"""What an export writes, and what it refuses."""

import cirq
import keras
import numpy as np
import pytest
import sympy

from tests.models.test_qffn_bert import make_classifier
from tests.serving.zoo import TEXTS
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC
from tfq_hybrid.serving import Predictor, export, portable_copy, versions


@pytest.mark.long
def test_softmax_outputs_are_probabilities_already(tmp_path):
    from tfq_hybrid.models import QFFNBertTextClassifier

    task = make_classifier()
    model = QFFNBertTextClassifier(
        task.backbone, 2, preprocessor=task.preprocessor, activation="softmax"
    )
    export(model, tmp_path / "name")
    expected = model.predict(np.array(TEXTS), verbose=0)
    answers = Predictor(tmp_path / "name")(TEXTS)
    np.testing.assert_allclose(
        [a["probabilities"] for a in answers], expected, atol=1e-5
    )
    assert {a["label"] for a in answers} <= {"0", "1"}


@pytest.mark.long
def test_versions_count_up(tmp_path):
    model = make_classifier()
    for number in (1, 2):
        assert export(model, tmp_path / "name").name == str(number)
    assert versions(tmp_path / "name") == [1, 2]
    assert Predictor(tmp_path / "name").path.name == "2"
    assert Predictor(tmp_path / "name" / "1").path.name == "1"
    assert {p.name for p in (tmp_path / "name").iterdir()} == {"1", "2"}


@pytest.mark.long
def test_portable_copy_changes_nothing_but_the_engine():
    model = make_classifier(engine="tfq")
    copy = portable_copy(model)
    assert copy.backbone.engine == "batched"
    np.testing.assert_allclose(
        model.predict(np.array(TEXTS), verbose=0),
        copy.predict(np.array(TEXTS), verbose=0),
        atol=1e-5,
    )
    batched = make_classifier(engine="auto")
    assert portable_copy(batched) is batched


def test_bad_input(tmp_path):
    model = make_classifier()
    with pytest.raises(UserError, match="Expected 2 label names"):
        export(model, tmp_path / "name", ["a", "b", "c"])
    unbuilt = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(UserError, match="knows its inputs"):
        export(unbuilt, tmp_path / "name")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="no folder"):
        export(model, tmp_path / "file")
    with pytest.raises(UserError, match="folder of an export"):
        Predictor(tmp_path)
    assert not (tmp_path / "name").exists()
    broken = tmp_path / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(UserError, match="damaged"):
        Predictor(tmp_path / "broken")


@pytest.mark.parametrize("kind", [PQC, ControlledPQC])
def test_circuits_as_inputs_are_refused(kind, tmp_path):
    """No server could read them without TensorFlow Quantum."""
    qubit = cirq.GridQubit(0, 0)
    circuit = cirq.Circuit(cirq.ry(sympy.Symbol("w"))(qubit))
    circuits = keras.Input((), dtype="string")
    inputs, fed = [circuits], circuits
    if kind is ControlledPQC:
        inputs.append(keras.Input((1,)))
        fed = inputs
    outputs = kind(circuit, cirq.Z(qubit))(fed)
    with pytest.raises(UserError, match="without TensorFlow Quantum"):
        export(keras.Model(inputs, outputs), tmp_path / "name")
    assert not (tmp_path / "name").exists()
