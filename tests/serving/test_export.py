"""Exports, loaded where nothing but TensorFlow is there."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.models.test_qffn_bert import make_classifier
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Predictor, export, portable_copy, versions

TEXTS = ["a good film", "the bad plot", "good unknownword é", ""]

# Loads an export where the listed packages cannot be imported.
CLIENT = """
import importlib.abc, importlib.machinery, importlib.util, json, sys
BANNED = {"tensorflow_quantum", "cirq", "keras", "tf_keras", "keras_hub",
          "keras_nlp", "tfq_hybrid"}
class Ban(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    # TensorFlow asks where Keras is, without importing it.
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BANNED:
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        raise ImportError("banned: " + spec.name)
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Ban())
import pathlib
import tensorflow as tf
# The Python side of TensorFlow Text imports Keras; its operations do not.
text_spec = importlib.util.find_spec("tensorflow_text")
for library in pathlib.Path(text_spec.origin).parent.rglob("ops/_*.so"):
    tf.load_op_library(str(library))
task = json.load(sys.stdin)
model = tf.saved_model.load(task["path"])
serve = model.signatures["serve"](text=tf.constant(task["texts"]))
tokens = {k: tf.constant(v, tf.int32) for k, v in task["tokens"].items()}
from_tokens = model.signatures["serve_tokens"](**tokens)
function = model.signatures["serve_tokens"].graph
print(json.dumps({
    "probabilities": serve["probabilities"].numpy().tolist(),
    "label": [label.decode() for label in serve["label"].numpy()],
    "from_tokens": from_tokens["probabilities"].numpy().tolist(),
    "operations": sorted({
        node.op
        for graph in [function.as_graph_def()]
        for nodes in [graph.node, *(f.node_def for f in graph.library.function)]
        for node in nodes
    }),
    "loaded": sorted(BANNED & {name.split(".")[0] for name in sys.modules}),
}))
"""


def ask_client(path, texts, tokens):
    task = {
        "path": str(path),
        "texts": texts,
        "tokens": {k: np.array(v).tolist() for k, v in tokens.items()},
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("engine", ["batched", "tfq"])
def test_serves_without_this_package(engine, tmp_path):
    model = make_classifier(engine=engine)
    model.fit(np.array(TEXTS), np.array([1, 0, 1, 0]), verbose=0)
    version = export(model, tmp_path / "name", ["bad", "good"])
    assert version == tmp_path / "name" / "1"
    expected = keras.ops.softmax(model.predict(np.array(TEXTS), verbose=0))
    tokens = model.preprocessor(np.array(TEXTS))
    tokens = {k: np.array(v).astype("int32") for k, v in tokens.items()}
    answer = ask_client(version, TEXTS, tokens)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    np.testing.assert_allclose(answer["from_tokens"], expected, atol=1e-5)
    winners = np.argmax(expected, axis=-1)
    assert answer["label"] == [["bad", "good"][i] for i in winners]
    assert answer["loaded"] == []
    # The token signature is of stock operations.
    assert not [op for op in answer["operations"] if "Tfq" in op]
    assert not [op for op in answer["operations"] if "Wordpiece" in op]
    assert not [op for op in answer["operations"] if "Py" in op]


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


def test_versions_count_up(tmp_path):
    model = make_classifier()
    for number in (1, 2):
        assert export(model, tmp_path / "name").name == str(number)
    assert versions(tmp_path / "name") == [1, 2]
    assert Predictor(tmp_path / "name").path.name == "2"
    assert Predictor(tmp_path / "name" / "1").path.name == "1"
    assert {p.name for p in (tmp_path / "name").iterdir()} == {"1", "2"}


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
