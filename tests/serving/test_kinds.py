"""Every kind of export, asked where nothing but TensorFlow is there."""

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.clients import C_API, PYTHON, ask, assert_answers
from tests.serving.zoo import EXAMPLES, PROMPTS
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Predictor
from tfq_hybrid.serving.kinds import KINDS, kind_of
from tfq_hybrid.serving.sampling import pick_tokens

# What a token signature must not need: TensorFlow Quantum's operations,
# those of TensorFlow Text, and calls back into Python.
FOREIGN = ("Tfq", "Wordpiece", "PyFunc", "RegexSplit", "NormalizeUTF8")


@pytest.fixture(scope="module")
def from_python(all_exports):
    return ask(PYTHON, all_exports)


@pytest.mark.long
@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_without_this_package(name, exports, from_python):
    answers, loaded = from_python
    assert loaded == []
    assert_answers(exports[name][1], answers[name])


@pytest.fixture(scope="module")
def from_c(all_exports):
    return ask(C_API, all_exports)


@pytest.mark.long
@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_through_the_c_api(name, exports, from_c):
    answers, loaded = from_c
    assert loaded == []
    assert_answers(exports[name][1], answers[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_token_signature_is_of_stock_operations(name, exports):
    path, _ = exports[name]
    model = tf.saved_model.load(str(path))
    graph = model.signatures["serve_tokens"].graph.as_graph_def()
    nodes = [
        *graph.node,
        *(n for f in graph.library.function for n in f.node_def),
    ]
    used = {node.op for node in nodes}
    assert not [op for op in used if op.startswith(FOREIGN)]


def test_every_kind_is_exported(all_exports):
    found = {kind_of(example.model) for _, example in all_exports.values()}
    assert found == KINDS.keys()


@pytest.mark.long
@pytest.mark.parametrize("name", ["gpt2", "llama3"])
def test_text_does_not_depend_on_the_batch(name, predictor):
    answer = predictor(name)
    options = {"max_length": 20, "top_k": 0, "temperature": 1.5, "seed": 3}
    together = answer(PROMPTS, **options)
    assert together == [answer([p], **options)[0] for p in PROMPTS]
    assert together == answer(PROMPTS, **options)
    other = answer(PROMPTS, **{**options, "seed": 4})
    assert other != together


@pytest.mark.long
def test_rows_have_settings_of_their_own(exports):
    path, example = exports["gpt2"]
    serve = tf.saved_model.load(str(path)).signatures["serve"]
    lengths = [6, 20, 9, 12]
    texts = serve(
        prompt=tf.constant(PROMPTS),
        max_length=tf.constant(lengths),
        temperature=tf.constant([1.0, 0.0, 2.0, 1.0]),
        top_k=tf.constant([1, 0, 1, 1]),
        seed=tf.constant([0, 1, 2, 3]),
    )["text"]
    for prompt, length, text in zip(
        PROMPTS, lengths, texts.numpy(), strict=True
    ):
        expected = example.model.generate(prompt, max_length=length)
        assert text.decode("utf-8", "replace") == expected


def test_tokens_are_drawn_by_their_probabilities():
    logits = np.log([0.05, 0.4, 0.25, 0.3]).astype("float32")
    draws = (np.arange(1000, dtype="float32") + 0.5) / 1000
    rows = tf.constant(np.tile(logits, (1000, 1)))

    def shares(temperature, top_k):
        tokens = pick_tokens(
            rows,
            tf.constant(draws),
            tf.fill([1000], float(temperature)),
            tf.fill([1000], top_k),
        )
        return np.bincount(tokens.numpy(), minlength=4) / 1000

    np.testing.assert_allclose(shares(1, 0), np.exp(logits), atol=2e-3)
    np.testing.assert_allclose(
        shares(1, 2), [0, 0.4 / 0.7, 0, 0.3 / 0.7], atol=2e-3
    )
    squared = np.exp(2 * logits) / np.exp(2 * logits).sum()
    np.testing.assert_allclose(shares(0.5, 9), squared, atol=2e-3)
    np.testing.assert_allclose(shares(0, 0), [0, 1, 0, 0])


def test_settings_are_checked(exports, predictor):
    with pytest.raises(UserError, match="settings that the export takes"):
        predictor("classification")(["a"], seed=1)
    with pytest.raises(UserError, match="takes strings"):
        Predictor(exports["tensors"][0])
    with pytest.raises(UserError, match="takes strings"):
        Predictor.of_model(exports["tensors"][1].model)
    for bad in ({"max_length": 0}, {"top_k": -1}, {"temperature": -1.0}):
        with pytest.raises(UserError, match="Received"):
            predictor("gpt2")(["the"], **bad)
