"""Adapted bases of every family: texts to labels, text to text."""

import dataclasses
import json

import keras
import keras_hub
import numpy as np
import pytest

from tests.adapters import zoo
from tfq_hybrid import adapters, load_model
from tfq_hybrid.adapters import blocks, states
from tfq_hybrid.data import (
    Corpus,
    begin_tokens,
    byte_pair_vocabulary,
    encode_corpus,
)
from tfq_hybrid.encoders.decoders import DecoderTextPreprocessor
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import HyQuTTokenizer
from tfq_hybrid.serving.streaming import TextStream, make_sampler
from tfq_hybrid.training import TrainConfig, evaluate, load_trained, train
from tfq_hybrid.training.frozen import only_learned
from tfq_hybrid.training.generation import loss_reader, measure

MERGES = ["t h", "th e", "Ġ the"]
TURNS = [("user", "the"), ("assistant", "the the")]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A GPT-2 of two blocks and its tokenizer, as a local preset."""
    folder = tmp_path_factory.mktemp("gpt")
    words = {**byte_pair_vocabulary(MERGES)}
    keras.utils.set_random_seed(1)
    keras_hub.models.GPT2Backbone(
        len(words), 2, 2, 8, 16, dropout=0.5, max_sequence_length=12
    ).save_to_preset(str(folder))
    keras_hub.models.GPT2Tokenizer(words, MERGES).save_to_preset(str(folder))
    return folder


def tokens_of(backbone, mask):
    ids = np.random.default_rng(0).integers(5, 30, np.shape(mask))
    inputs = {"token_ids": ids, "padding_mask": np.array(mask)}
    if "segment_ids" in backbone.input:
        inputs["segment_ids"] = 0 * ids
    return inputs


@pytest.mark.parametrize(
    "family", [name for name, row in zoo.ROWS.items() if not row.decoder]
)
def test_a_text_is_read_where_its_family_has_it(family):
    """The mean of an encoder, the last token of a decoder."""
    backbone = zoo.make_backbone(family)
    model = PooledTextClassifier.from_base(backbone, 3)
    inputs = tokens_of(backbone, [[1, 1, 1, 1], [1, 1, 0, 0]])
    outputs = backbone(inputs)
    if isinstance(outputs, dict):
        outputs = outputs["sequence_output"]
    hidden = np.array(outputs)
    is_decoder = family in zoo.DECODERS
    assert model.pooling == ("last" if is_decoder else "mean")
    vectors = {
        "last": [hidden[0, 3], hidden[1, 1]],
        "mean": [hidden[0].mean(axis=0), hidden[1, :2].mean(axis=0)],
    }[model.pooling]
    kernel, bias = map(np.array, model.head.weights)
    np.testing.assert_allclose(
        model(inputs), vectors @ kernel + bias, atol=1e-5
    )
    if not hasattr(backbone, "pooled_dense"):
        with pytest.raises(UserError, match="without a pooler"):
            PooledTextClassifier.from_base(backbone, 3, pooling="pooled")


def test_a_classifier_on_a_decoder_is_saved(preset, tmp_path):
    model = PooledTextClassifier.from_base(
        str(preset), 2, sequence_length=6, dropout=0.0
    )
    adapters.adapt(model, adapters.LoRA(rank=2, layers=1))
    model.compile("adam", "mse", run_eagerly=True)
    texts = ["the", "the the the"]
    model.fit(texts, np.ones((2, 2)), epochs=2, verbose=0)
    expected = model.predict(texts, verbose=0)
    model.save(tmp_path / "model.keras")
    model.save_to_preset(str(tmp_path / "preset"))
    for again in (
        load_model(tmp_path / "model.keras"),
        PooledTextClassifier.from_preset(str(tmp_path / "preset")),
    ):
        assert type(again) is type(model)
        np.testing.assert_array_equal(again.predict(texts, verbose=0), expected)


@pytest.mark.long
def test_both_texts_of_a_pair_are_read():
    """Of 300 and 20 tokens 64 fit; the mask counts what is there."""
    tokenizer = HyQuTTokenizer.from_merges(MERGES)
    prepare = DecoderTextPreprocessor(tokenizer, sequence_length=64)
    found = prepare((["a" * 300, "a"], ["b" * 20, "b"]))
    ids, mask = (np.array(found[k]) for k in ("token_ids", "padding_mask"))
    a, b, line = tokenizer.tokenize("ab\n")
    start = begin_tokens(tokenizer)
    assert mask.sum(axis=1).tolist() == [64, 4]
    assert ids[0].tolist() == [*start, *[a] * 42, line, *[b] * 20]
    assert ids[1, :4].tolist() == [*start, a, line, b]


def language_model(preset):
    """One whose last block alone trains."""
    model = keras_hub.models.CausalLM.from_preset(str(preset))
    return adapters.adapt(model, adapters.LoRA(rank=2, layers=1))


@pytest.fixture
def dialogues():
    """Windows whose assistants say one token or several, or nothing."""
    tokenizer = HyQuTTokenizer.from_merges(MERGES)
    rows = [TURNS, [("user", "the the")], [*TURNS, *TURNS]]
    return encode_corpus(Corpus(rows, "dialogue"), tokenizer, 12, "rows")


@pytest.mark.long
def test_learned_tokens_alone_cost_the_same(preset, dialogues):
    model = language_model(preset)
    [alone] = only_learned(model, [dialogues])
    inputs, targets, weights = next(iter(alone.batches(3)))
    assert len(targets) == len(weights) == dialogues.learned
    logits = np.array(model(dialogues.inputs(3)))
    np.testing.assert_allclose(
        model(inputs), logits[dialogues.weights > 0], atol=1e-5
    )
    # In every way that they are measured.
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(logs, dialogues.targets[..., None], -1)[..., 0]
    losses, counts = loss_reader(model)(dialogues, 2)
    expected = -(chosen * dialogues.weights).sum(axis=1)
    np.testing.assert_allclose(losses, expected, atol=1e-5)
    assert counts.tolist() == dialogues.weights.sum(axis=1).tolist()
    assert counts[1] == 0
    found = measure(model, dialogues, 2)
    assert found["loss"] == pytest.approx(expected.sum() / counts.sum())
    assert found["tokens"] == dialogues.learned


@pytest.mark.long
def test_it_trains_the_same_in_every_way(preset, dialogues):
    """On all tokens, on those that are learned, above frozen blocks."""

    def trained(prepare):
        keras.utils.set_random_seed(3)
        model = language_model(preset)
        data = prepare(model)
        model.preprocessor = None
        model.compile(
            keras.optimizers.Adam(0.05),
            keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="mean_with_sample_weight"
            ),
            run_eagerly=True,
        )
        keras.utils.set_random_seed(5)
        model.fit(data.batches(2), epochs=2, verbose=0)
        return np.array(model(dialogues.inputs(3)))

    def above(model):
        assert blocks.frozen_blocks(model.backbone) == 1
        inputs = dialogues.inputs(3)
        kept = states.states_of(model.backbone, 1, inputs)
        return dialogues.with_inputs({blocks.key_of(1): kept})

    whole = trained(lambda model: dialogues)
    before = np.array(language_model(preset)(dialogues.inputs(3)))
    assert np.abs(whole - before).max() > 1e-2
    for prepare in (
        lambda model: only_learned(model, [dialogues])[0],
        above,
        lambda model: only_learned(model, [above(model)])[0],
    ):
        np.testing.assert_allclose(trained(prepare), whole, atol=1e-5)


def test_padding_may_be_a_token_of_the_text():
    """The mask counts tokens: the end of a text may stand for padding."""
    tokenizer = HyQuTTokenizer.from_merges(MERGES)
    tokenizer.pad_token_id = tokenizer.end_token_id
    corpus = Corpus([TURNS], "dialogue")
    found = encode_corpus(corpus, tokenizer, 12, "rows")
    assert found.padding_mask.sum() == 7  # the end of its answer too
    assert found.learned == 3


@pytest.fixture
def config(preset, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the the the\n" * 40, "utf-8")
    return TrainConfig(
        str(path),
        epochs=2,
        sequence_length=10,
        seed=1,
        options={
            "preset": str(preset),
            "adapter": {"method": "LoRA", "layers": [1], "rank": 2},
        },
    )


@pytest.mark.long
def test_a_run_of_a_language_model(config, tmp_path):
    """The task is that of the data; the tokenizer is the preset's."""
    assert (config.model, config.task) == ("adapted", "generation")
    said = []
    run = tmp_path / "run"
    metrics = train(config, run, verbose=0, report=said.append)
    assert any("lower 1 of 2 blocks are frozen" in line for line in said)
    history = metrics["history"]
    assert history[1]["val_loss"] < history[0]["val_loss"]
    (told,) = (run / "vocabulary.txt").read_text().splitlines()
    assert told.startswith("GPT2Tokenizer ")
    found = evaluate(run, config.data)
    assert found["tokens"] > metrics["validation_tokens"]
    assert found["loss"] == pytest.approx(metrics["validation_loss"], rel=0.5)
    model, _ = load_trained(run)
    stream = TextStream(model, "plain")
    sampler = make_sampler(greedy=True)
    pieces = stream("the", max_new_tokens=3, sampler=sampler)
    said = "".join(piece.text for piece in pieces)
    model.compile(sampler="greedy")
    # Its preprocessor lets the start token count.
    assert "the" + said == model.generate("the", max_length=5)


def test_what_is_refused(config, preset, tmp_path):
    rows = [{"instruction": "a", "output": "b"}] * 4
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    asked = dataclasses.replace(config, data=str(path))
    with pytest.raises(UserError, match="how a dialogue is written"):
        train(asked, tmp_path / "run", verbose=0)
    long = dataclasses.replace(config, sequence_length=13)
    with pytest.raises(UserError, match="at most 12"):
        train(long, tmp_path / "run", verbose=0)
    missing = TrainConfig(config.data, model="adapted")
    with pytest.raises(UserError, match="preset=None"):
        train(missing, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
