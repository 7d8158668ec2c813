"""An export is kept only if it answers as the model in memory does."""

import re

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from tests.serving.zoo import CIRCUIT
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.serving import Predictor, export, versions
from tfq_hybrid.serving.server.batching import _refusal
from tfq_hybrid.serving.server.servable import Servable


class OfBatch(keras.layers.Layer):
    """Does something else where the number of rows is not known."""

    def call(self, inputs):
        return inputs * (2.0 if inputs.shape[0] is None else 1.0)


class OfLength(keras.layers.Layer):
    """Does something else where the length is not known."""

    def call(self, inputs):
        return inputs + (1e-2 if inputs.shape[1] is None else 0.0)


class Traced(keras.layers.Layer):
    """Takes from Python what a graph keeps for good."""

    def call(self, inputs):
        return inputs * float(tf.executing_eagerly())


class Positive(keras.layers.Layer):
    """Refuses most inputs that one could make up."""

    def call(self, inputs):
        tf.debugging.assert_positive(inputs)
        return tf.math.log(inputs)


def model_of(*layers, shape=(3,), dtype=None):
    inputs = keras.Input(shape, name="features", dtype=dtype)
    outputs = inputs
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize(
    "layer, shape, seen",
    [
        (OfBatch(), (3,), "outputs differs by"),
        (OfLength(), (None, 3), "outputs differs by 0.01"),
        (Traced(), (3,), r"features \(1, 3\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_graph_does_otherwise_is_refused(layer, shape, seen, tmp_path):
    path = tmp_path / "name"
    with pytest.raises(UserError, match=seen):
        export(model_of(layer, shape=shape), path)
    assert not list(tmp_path.iterdir())
    export(model_of(keras.layers.ReLU(), shape=shape), path)
    with pytest.raises(UserError, match="in memory"):
        export(model_of(layer, shape=shape), path)
    assert versions(path) == [1]
    assert [p.name for p in path.iterdir()] == ["1"]


def test_inputs_that_no_one_could_make_up_are_given(tmp_path):
    model = model_of(Positive())
    with pytest.raises(UserError, match="examples="):
        export(model, tmp_path / "name")
    with pytest.raises(UserError, match="names features"):
        export(model, tmp_path / "name", examples=[{"x": [[1.0, 2.0, 3.0]]}])
    export(model, tmp_path / "name", examples=[{"features": np.ones((2, 3))}])
    with pytest.raises(UserError, match="in memory"):
        export(
            model_of(OfBatch()),
            tmp_path / "name",
            examples=[{"features": np.ones((2, 3))}],
        )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_models_of_any_precision_are_exported(dtype, tmp_path):
    layers = keras.layers.Dense(4, dtype=dtype), OfBatch(dtype=dtype)
    export(model_of(layers[0]), tmp_path / "name")
    with pytest.raises(UserError, match="in memory"):
        export(model_of(*layers), tmp_path / "name")


def test_answers_of_shots_need_not_be_the_same(tmp_path):
    layer = QuantumDense(2, CIRCUIT, repetitions=10)
    export(model_of(layer), tmp_path / "name")
    assert versions(tmp_path / "name") == [1]


def test_other_types_of_inputs(tmp_path):
    inputs = [
        keras.Input((None,), dtype="int32", name="ids"),
        keras.Input((2,), dtype="bool", name="flags"),
        keras.Input((), dtype="string", name="words"),
    ]
    hashed = keras.layers.Hashing(2)(inputs[2])
    outputs = [
        keras.layers.Embedding(2, 3)(inputs[0]),
        keras.ops.cast(inputs[1], "int32"),
        hashed,
    ]
    path = export(keras.Model(inputs, outputs), tmp_path / "name")
    card = (path / "MODEL_CARD.md").read_text("utf-8")
    assert "`ids` int32 (?, ≤ 4096)" in card
    assert "`flags` bool (?, 2), `words` string (?)" in card


@pytest.mark.parametrize(
    "options, longest",
    [({}, 5), ({"max_length": 3}, 3), ({"max_length": 9}, 5)],
)
def test_a_model_without_a_fixed_length_is_bounded(options, longest, tmp_path):
    """By what its positions allow, or by less."""
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=8,
        num_layers=1,
        num_heads=2,
        hidden_dim=4,
        intermediate_dim=8,
        max_sequence_length=5,
    )
    path = export(backbone, tmp_path / "name", **options)
    card = (path / "MODEL_CARD.md").read_text("utf-8")
    assert f"`token_ids` int32 (?, ≤ {longest})" in card
    serve = Servable(path).signatures["serve_tokens"]

    def tokens(length):
        return {k: np.ones([1, length], "int32") for k in serve.inputs}

    found = serve(tokens(longest))["hidden_states"]
    assert found.shape == (1, longest, 4)
    message = f"Expected at most {longest} entries in .*60000"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message) as raised:
        serve(tokens(60_000))
    answer = _refusal(raised.value)
    assert answer.status_code == 400
    seen = r"refuses the values: \[Expected at most .*60000"
    assert re.search(seen, answer.detail)


def test_a_bound_is_checked(tmp_path):
    with pytest.raises(UserError, match="max_length"):
        export(model_of(), tmp_path / "name", max_length=0)
    fixed = export(model_of(), tmp_path / "name", max_length=2)
    assert "≤" not in (fixed / "MODEL_CARD.md").read_text("utf-8")


@pytest.fixture(scope="module")
def of_pairs(tmp_path_factory):
    """A classifier whose answer depends on the second text, and its export."""
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a fine bad film".split()
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=len(words),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=8,
        max_sequence_length=12,
    )
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        keras_hub.models.BertTokenizer(words, lowercase=True),
        sequence_length=12,
    )
    model = keras_hub.models.BertTextClassifier(
        backbone, num_classes=2, preprocessor=preprocessor
    )
    generator = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(generator.normal(size=variable.shape))
    return model, export(model, tmp_path_factory.mktemp("pairs") / "name")


@pytest.mark.long
def test_pairs_are_asked_as_pairs(of_pairs):
    model, path = of_pairs
    pairs = [("a fine film", "a bad film"), ("a film", ""), ("", "fine")]
    columns = tuple(np.array(column) for column in zip(*pairs, strict=True))
    logits = model.predict(columns, verbose=0)
    expected = np.array(keras.ops.softmax(logits))
    for ask in (Predictor(path), Predictor.of_model(model)):
        answers = ask(pairs)
        found = [answer["probabilities"] for answer in answers]
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert [(a["text"], a["second_text"]) for a in answers] == pairs
        alone = ask([first for first, _ in pairs])
        alone = [answer["probabilities"] for answer in alone]
        assert np.abs(np.array(alone) - expected).max() > 1e-3
        for wrong in (["a", ("a", "b")], [("a",)], [("a", 1)]):
            with pytest.raises(UserError, match="pairs of texts"):
                ask(wrong)
        with pytest.raises(UserError, match="UTF-8"):
            ask([("a", "\udcff")])
    card = (path / "MODEL_CARD.md").read_text("utf-8")
    assert "`text` string (?), `second_text` string (?)" in card


def test_only_classifiers_take_pairs(of_pairs):
    model, _ = of_pairs
    ask = Predictor.of_model(model.backbone, preprocessor=model.preprocessor)
    with pytest.raises(UserError, match="pairs of texts"):
        ask([("a", "b")])
