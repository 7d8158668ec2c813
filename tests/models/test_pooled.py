"""The classifier that adapters go into: pooling, dropout, files, pairs."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.presets import save_bert
from tfq_hybrid import adapters, load_model
from tfq_hybrid.adapters.blocks import frozen_layers
from tfq_hybrid.adapters.variables import base_variables
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.encoders.pooling import POOLINGS
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.adapted import system

WORDS = "the plot music is was not good bad"
TEXTS = np.array(["the good plot", "bad music is not good", "was bad"])
LABELS = np.array([1, 0, 0])
METHODS = {
    "LoRA": adapters.LoRA(rank=2, layers=-1),
    "HeadOnly": adapters.HeadOnly(),
    "PrefixTuning": adapters.PrefixTuning(length=2),
    "ReplaceDense": adapters.ReplaceDense(targets="all-ffn", keep_base=True),
    "FullFineTuning": adapters.FullFineTuning(keep_base=True),
}


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A tiny BERT of two blocks, with much dropout, as a local preset."""
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder, WORDS, num_layers=2, dropout=0.5)
    return folder


def make_classifier(preset, **options):
    keras.utils.set_random_seed(3)
    return PooledTextClassifier.from_base(str(preset), 2, **options)


def compiled(model):
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,  # a step takes less than its tracing
    )
    return model


def answers(model):
    return np.array(model(model.preprocessor(TEXTS)))


def by_hand(states, mask, pooler):
    """The three vectors in NumPy."""
    mean = [s[m == 1].mean(axis=0) for s, m in zip(states, mask, strict=True)]
    kernel, bias = map(np.array, pooler.weights)
    first = states[:, 0]
    pooled = np.tanh(first @ kernel + bias)
    last = [s[m == 1][-1] for s, m in zip(states, mask, strict=True)]
    return {
        "cls": first,
        "last": np.stack(last),
        "mean": np.stack(mean),
        "pooled": pooled,
    }


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_vector_is_as_by_hand(pooling, preset):
    model = make_classifier(preset, pooling=pooling)
    inputs = model.preprocessor(TEXTS)
    bert = keras_hub.models.BertBackbone.from_preset(str(preset))
    states = np.array(bert(inputs)["sequence_output"])
    mask = np.array(inputs["padding_mask"])
    assert 0 < mask.mean() < 1
    vector = by_hand(states, mask, bert.pooled_dense)[pooling]
    kernel, bias = map(np.array, model.head.weights)
    np.testing.assert_allclose(
        answers(model), vector @ kernel + bias, atol=1e-5
    )


def test_pooled_is_keras_hubs_own_classifier(preset):
    model = make_classifier(preset, pooling="pooled")
    other = keras_hub.models.BertTextClassifier(
        keras_hub.models.BertBackbone.from_preset(str(preset)),
        num_classes=2,
        preprocessor=model.preprocessor,
    )
    other.output_dense.set_weights(model.head.get_weights())
    np.testing.assert_array_equal(answers(model), answers(other))
    assert adapters.fingerprint(model) == adapters.fingerprint(other)


def test_names_are_those_of_the_option(preset):
    assert tuple(POOLINGS) == system.POOLINGS
    with pytest.raises(UserError, match="Did you mean 'mean'"):
        make_classifier(preset, pooling="meen")


@pytest.mark.long
def test_pairs_have_two_segments(preset):
    model = make_classifier(preset)
    pairs = (TEXTS[:2], TEXTS[1:])
    ids = np.array(model.preprocessor(pairs)["segment_ids"])
    assert set(ids.ravel()) == {0, 1}
    dataset = compiled(model)
    dataset.fit(pairs, LABELS[:2], verbose=0)
    ids = dataset.preprocessor(pairs)
    assert dataset(ids).shape == (2, 2)


@pytest.mark.long
@pytest.mark.parametrize(
    "method, pooling",
    [
        ("LoRA", "mean"),
        ("HeadOnly", "cls"),
        ("ReplaceDense", "cls"),
        ("FullFineTuning", "pooled"),
        pytest.param("PrefixTuning", "mean", marks=pytest.mark.long),
        pytest.param("FullFineTuning", "cls", marks=pytest.mark.long),
    ],
)
def test_adapted_trained_saved_undone(method, pooling, preset, tmp_path):
    model = make_classifier(preset, pooling=pooling, dropout=0.0)
    kind, before, paths = type(model), answers(model), len(model.weights)
    config = METHODS[method]
    count = config.parameters(model)
    compiled(adapters.adapt(model, config))
    assert adapters.trainable_parameters(model) == count
    old = {id(v): np.array(v) for v in model.weights}
    # Two steps: what stands before a zero has no gradient at first. Keras
    # warns of a variable without one, and a warning fails the test.
    model.fit(TEXTS, LABELS, batch_size=2, verbose=0)
    moved = {id(v) for v in model.weights if np.any(np.array(v) != old[id(v)])}
    assert moved <= {id(v) for v in model.trainable_variables}
    pooler = {id(v) for v in model.backbone.pooled_dense.weights}
    trains = pooling == "pooled" and not config.freezes
    assert bool(pooler & moved) == trains
    after = answers(model)
    assert np.abs(after - before).max() > 1e-6

    model.save(tmp_path / "task.keras")
    model.save_to_preset(str(tmp_path / "preset"))
    adapters.save_weights(model, tmp_path / "adapter.h5")
    base = make_classifier(preset, pooling=pooling)
    for again in (
        load_model(tmp_path / "task.keras"),
        PooledTextClassifier.from_preset(str(tmp_path / "preset")),
        adapters.load_weights(base, tmp_path / "adapter.h5"),
    ):
        assert type(again) is type(model)
        assert again.pooling == pooling
        assert adapters.trainable_parameters(again) == count
        np.testing.assert_array_equal(answers(again), after)

    adapters.unload(model)
    assert type(model) is kind
    assert len(model.weights) == paths
    assert len(model.trainable_weights) == paths - 2 * (pooling != "pooled")
    np.testing.assert_array_equal(answers(model), before)


def test_what_nothing_reads_is_no_target(preset):
    found = {t.path for t in adapters.targets(make_classifier(preset))}
    read = adapters.targets(make_classifier(preset, pooling="pooled"))
    assert {t.path for t in read} - found == {"pooled_dense"}
    method = adapters.LoRA(targets="pooled_dense")
    with pytest.raises(UserError, match="matches none"):
        adapters.adapt(make_classifier(preset), method)


def states_of(model, depth, training):
    """The states after so many blocks, as the whole model computes them."""
    bert = model.backbone
    inputs = model.preprocessor(TEXTS)
    seen = {}
    for index, layer in enumerate(bert.transformer_layers[:depth]):
        call = type(layer).call

        def kept(self, *args, index=index, call=call, **kwargs):
            seen[index] = call(self, *args, **kwargs)
            return seen[index]

        layer.call = kept.__get__(layer)
    model(inputs, training=training)
    for layer in bert.transformer_layers[:depth]:
        del layer.call
    return [np.array(seen[index]) for index in range(depth)]


@pytest.mark.parametrize(
    "method, frozen",
    [
        (adapters.HeadOnly(), 2),
        (adapters.LoRA(layers=-1), 1),
        (adapters.FullFineTuning(layers=-1), 1),
        (adapters.LoRA(), 0),
        (adapters.FullFineTuning(), 0),
    ],
    ids=lambda value: getattr(type(value), "__name__", ""),
)
def test_frozen_blocks_run_without_dropout(method, frozen, preset):
    model = adapters.adapt(make_classifier(preset), method)
    calm = states_of(model, 2, training=False)
    for index, states in enumerate(states_of(model, 2, training=True)):
        same = np.abs(states - calm[index]).max() <= 1e-6
        assert same == (index < frozen), index
    names = {layer.name for layer in frozen_layers(model.backbone)}
    assert ("embeddings_dropout" in names) == bool(
        method.freezes or method.layers
    )


@pytest.mark.long
def test_a_step_of_fit_sees_no_dropout_below_what_trains(preset):
    """The head's gradient is that of the vectors computed once."""
    model = adapters.adapt(
        make_classifier(preset, dropout=0.0), adapters.HeadOnly()
    )
    # One head on the model, one on its vectors.
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    inputs = model.preprocessor(TEXTS)
    vectors = model.pool(inputs, model.backbone(inputs))
    head = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    (trained,) = {
        layer
        for _, layer in adapters.named_layers(model)
        if adapters.is_leaf(layer) and layer.trainable_variables
    }
    head.set_weights(trained.get_weights())
    head.compile(keras.optimizers.SGD(0.1), model.loss, run_eagerly=True)
    model.fit(TEXTS, LABELS, epochs=2, shuffle=False, verbose=0)
    head.fit(np.array(vectors), LABELS, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(trained.weights, head.weights, strict=True):
        np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-6)


def test_base_variables_that_train_are_those_that_are_read(preset):
    model = make_classifier(preset)
    every, trained = base_variables(model), base_variables(model, trained=True)
    assert {key.partition("/")[0] for key in every.keys() - trained} == {
        "pooled_dense"
    }
    assert {id(v) for v in trained.values()} == {
        id(v) for v in model.trainable_variables
    }
