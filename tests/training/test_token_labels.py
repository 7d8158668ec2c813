"""Labels of words: the loss, the scores, and a run from a file."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from tests.data.test_conllu import row
from tests.presets import save_bert
from tests.tagged import WORDS, train_tagged, write
from tfq_hybrid.cli.main import main
from tfq_hybrid.data import load_conllu
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import (
    RunFolder,
    TrainConfig,
    evaluate,
    load_trained,
    train,
)
from tfq_hybrid.training.build import build_model
from tfq_hybrid.training.tasks import TASKS
from tfq_hybrid.training.token_labels import (
    entities,
    entity_scores,
    tag_scores,
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """A finished run, and its test data."""
    return train_tagged(tmp_path_factory.mktemp("tokens"))


@pytest.mark.long
def test_a_run(tagged, capsys):
    run, test = tagged
    metrics = RunFolder(run).metrics()
    assert metrics["validation_accuracy"] == pytest.approx(
        metrics["history"][metrics["best_epoch"] - 1]["val_accuracy"]
    )
    found = evaluate(run, str(test))
    assert found["examples"] == 24
    assert found["words"] == load_conllu(test).words
    assert found["missed"] == 0
    assert found["accuracy"] > 0.9
    assert found["macro_f1"] > 0.9
    assert "entity_f1" not in found
    assert RunFolder(run).read()[1] == ("DET", "NOUN", "PRON", "VERB")
    main(["evaluate", str(run), "--data", str(test)])
    assert f"on {found['words']} words" in capsys.readouterr().out


def test_words_that_were_cut_off_are_wrong(tagged, tmp_path, capsys):
    run, _ = tagged
    path = write(tmp_path / "long.conllu", 4, 3, longest=40)
    words = load_conllu(path).words
    found = evaluate(run, str(path))
    assert found["words"] == words
    # 12 tokens hold 10 words of one token each.
    lengths = [len(text) for text in load_conllu(path).texts]
    assert found["missed"] == sum(max(0, n - 10) for n in lengths) > 0
    assert found["accuracy"] <= 1 - found["missed"] / words
    main(["evaluate", str(run), "--data", str(path)])
    assert "cut off" in capsys.readouterr().out


def test_an_argument_that_it_does_not_use(tagged):
    run, test = tagged
    for name in ("text_column", "split"):
        with pytest.raises(UserError, match=f"no {name}"):
            evaluate(run, str(test), **{name: "text"})


def test_padding_changes_no_loss(tmp_path):
    """3 words in 8 and in 16 places; the mean is over words."""
    folder = tmp_path / "bert"
    _, vocabulary = save_bert(folder, " ".join(WORDS), max_sequence_length=16)
    path = tmp_path / "a.conllu"
    path.write_text(
        "\n".join(row(i + 1, w, WORDS[w]) for i, w in enumerate(["he", "sees"]))
        + "\n"
        + row(3, "film", "NOUN")
    )
    sentences = load_conllu(path)
    config = TrainConfig(
        str(path),
        task="tokens",
        baseline="none",
        sequence_length=16,
        options={"preset": str(folder), "dropout": 0.0},
    )
    task = TASKS["tokens"]
    model = build_model(config, vocabulary, 3)
    model.compile("sgd", **task.objective())
    losses, expected = [], None
    shorter = dataclasses.replace(config, sequence_length=8)
    both = [task.encode(sentences, model, c).tokens for c in (shorter, config)]
    with task.fed(model):
        for encoded in both:
            assert encoded.weights.sum() == 3
            inputs, targets, weights = encoded.arrays()
            logits = model(inputs)
            rows = np.array(keras.ops.log_softmax(logits))[0, 1:4]
            expected = -np.mean(rows[range(3), encoded.targets[0, 1:4]])
            loss = model.compute_loss(
                x=inputs, y=targets, y_pred=logits, sample_weight=weights
            )
            losses.append(float(loss))
    assert losses == pytest.approx([expected, expected], abs=1e-6)


@pytest.mark.long
def test_an_adapted_encoder(tmp_path):
    """Its adapters train, and a loaded run answers as the trained one."""
    folder = tmp_path / "bert"
    save_bert(folder, " ".join(WORDS))
    data = write(tmp_path / "a.conllu", 16, 0)
    config = TrainConfig(
        str(data),
        task="tokens",
        sequence_length=12,
        batch_size=8,
        options={"preset": str(folder), "adapter": {"method": "LoRA"}},
    )
    metrics = train(config, tmp_path / "run", verbose=0, report=lambda x: None)
    assert metrics["parameters"]["trained"] > 0
    assert metrics["parameters"]["trained"] < metrics["parameters"]["total"]
    model, _ = load_trained(tmp_path / "run")
    encoded = TASKS["tokens"].encode(
        load_conllu(data).named(("DET", "NOUN", "PRON", "VERB"), ""),
        model,
        config,
    )
    with TASKS["tokens"].fed(model):
        logits = model.predict(encoded.batches(4), verbose=0)
    assert logits.shape == (16, 12, 4)


@pytest.mark.parametrize("model", ["hybrid-bert", "quantum-head"])
def test_systems_with_a_head_for_a_whole_text(model):
    with pytest.raises(UserError, match=f"a task of {model}: classification"):
        TrainConfig("a.conllu", model=model, task="tokens")


class TestScores:
    """Worked by hand."""

    def test_missed_words_are_wrong(self):
        found = tag_scores([[0, 1, 1], [0]], [[0, 1, -1], [1]], ("a", "b"))
        assert (found["words"], found["missed"]) == (4, 1)
        assert found["accuracy"] == found["majority_accuracy"] == 0.5
        # a: 1 hit of 2, none too many; b: 1 hit of 2, 1 too many.
        assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
        with pytest.raises(UserError, match="3 answers"):
            tag_scores([[0, 1, 1]], [[0, 1]], ("a", "b"))

    def test_a_label_that_is_nowhere_counts_0(self):
        found = tag_scores([[0, 1]], [[0, 1]], ("a", "b", "c"))
        assert found["macro_f1"] == pytest.approx(2 / 3)

    @pytest.mark.parametrize(
        "tags, expected",
        [
            ("B-PER I-PER O", {("PER", 0, 2)}),
            ("B-PER B-PER", {("PER", 0, 1), ("PER", 1, 2)}),
            ("O I-PER I-PER", {("PER", 1, 3)}),
            ("B-PER I-LOC", {("PER", 0, 1), ("LOC", 1, 2)}),
            ("B-PER O I-PER", {("PER", 0, 1), ("PER", 2, 3)}),
            ("I-LOC B-LOC I-LOC", {("LOC", 0, 1), ("LOC", 1, 3)}),
            ("B-A-B I-A-B", {("A-B", 0, 2)}),
            ("O O", set()),
        ],
    )
    def test_spans(self, tags, expected):
        assert entities(tags.split()) == expected

    def test_entity_f1(self):
        """2 right of 3 answers and 4 truths; a shorter one is wrong."""
        labels = [
            "B-PER I-PER O B-LOC".split(),
            "B-ORG I-ORG I-ORG B-LOC".split(),
        ]
        predicted = ["B-PER I-PER O B-LOC".split(), "B-ORG I-ORG O O".split()]
        found = entity_scores(labels, predicted)
        assert found["entity_precision"] == pytest.approx(2 / 3)
        assert found["entity_recall"] == pytest.approx(2 / 4)
        assert found["entity_f1"] == pytest.approx(4 / 7)

    def test_a_word_of_two_tokens_is_one_entity(self):
        names = ("B-PER", "I-PER", "O")
        found = tag_scores([[0, 1, 2], [0]], [[0, 1, 2], [-1]], names)
        assert found["entity_recall"] == 0.5
        assert found["entity_precision"] == 1
        none = tag_scores([[2, 2]], [[2, 2]], names)
        assert none["entity_f1"] == 0
        json.dumps(none, allow_nan=False)
