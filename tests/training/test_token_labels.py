"""Labels of words: the loss, the scores, and a run from a file."""

import dataclasses
import io
import json
import sys

import keras
import keras_hub
import numpy as np
import pytest

from tests.data.test_conllu import row
from tests.presets import one_block, save_bert
from tests.training.conftest import QUICK
from tfq_hybrid.cli.main import main
from tfq_hybrid.data import load_conllu
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Answer, Predictor, answer_of
from tfq_hybrid.serving.server import Limits, bodies
from tfq_hybrid.serving.server.servable import Servable
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

SMALL = {**QUICK, "batch_size": 8}
WORDS = {"he": "PRON", "she": "PRON", "runs": "VERB", "sees": "VERB"}
WORDS |= {"a": "DET", "the": "DET", "film": "NOUN", "dog": "NOUN"}


def write(path, count, seed, longest=6):
    generator = np.random.default_rng(seed)
    lines = []
    for _ in range(count):
        words = generator.choice(list(WORDS), generator.integers(2, longest))
        for place, word in enumerate(words, start=1):
            lines.append(row(place, word, WORDS[word]))
        lines.append("")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """A finished run, and its test data."""
    folder = tmp_path_factory.mktemp("tokens")
    config = TrainConfig(
        **{**SMALL, "data": str(write(folder / "a.conllu", 64, 0))},
        validation_data=str(write(folder / "b.conllu", 24, 1)),
        task="tokens",
        baseline="none",
        epochs=3,
        learning_rate=0.002,
    )
    with one_block():
        train(config, folder / "run", verbose=0, report=lambda line: None)
    return folder / "run", write(folder / "test.conllu", 24, 2)


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


TEXTS = ["he sees the film", "", "The dog... runs!"]


@pytest.fixture(scope="module")
def asked(tagged):
    """The model of that run, as `predict` asks it."""
    model, names = load_trained(tagged[0])
    return Predictor.of_model(model, names, answer=answer_of(tagged[0]))


@pytest.fixture(scope="module")
def exported(tagged, tmp_path_factory):
    """The folder of its export."""
    path = tmp_path_factory.mktemp("saved") / "tags"
    main(["export", str(tagged[0]), "--output", str(path)])
    return path


def close(answers, others):
    for answer, other in zip(answers, others, strict=True):
        assert answer.keys() == other.keys()
        numbers = answer["probabilities"], other["probabilities"]
        assert numbers[0] == pytest.approx(numbers[1], abs=1e-5)
        for name in answer.keys() - {"probabilities"}:
            assert answer[name] == other[name]


@pytest.mark.long
def test_labels_of_a_text(asked):
    first, empty, signs = asked(TEXTS)
    assert first["words"] == ["he", "sees", "the", "film"]
    assert first["labels"] == ["PRON", "VERB", "DET", "NOUN"]
    assert all(0.25 < p <= 1 for p in first["probabilities"])
    assert empty == {
        "text": "",
        "words": [],
        "labels": [],
        "probabilities": [],
        "missed": 0,
    }
    assert signs["words"] == ["The", "dog", ".", ".", ".", "runs", "!"]
    # The words of a text, as they are, have the same answers.
    close(asked([a["words"] for a in asked(TEXTS[:1])]), [first])


def test_predict_agrees_with_evaluate(tagged, asked):
    run, test = tagged
    sentences = load_conllu(test)
    answers = asked(sentences.texts)
    hits = [
        label == sentences.label_names[place]
        for answer, row in zip(answers, sentences.labels, strict=True)
        for label, place in zip(answer["labels"], row, strict=True)
    ]
    found = evaluate(run, str(test))
    assert np.mean(hits) == pytest.approx(found["accuracy"])


@pytest.mark.long
def test_an_export_answers_as_the_run(asked, exported, capsys):
    loaded = Predictor(exported)
    expected = asked(TEXTS)
    close(loaded(TEXTS), expected)
    # Whatever else is in the batch.
    for text, answer in zip(TEXTS, expected, strict=True):
        close(loaded([text]), [answer])
    words = [("he", "sees"), ("a", "dog", "runs")]
    close(loaded(words), asked(words))
    main(["verify", str(exported)])
    assert "serve_tokens, serve_words" in capsys.readouterr().out
    card = (exported / "1" / "MODEL_CARD.md").read_text()
    assert "exported for tokens" in card
    for wrong in (["a", ("b",)], [("a", 1)], [1]):
        with pytest.raises(UserError, match="lists of words"):
            loaded(wrong)
    with pytest.raises(UserError, match="UTF-8"):
        loaded([("a", "\ud800")])


@pytest.mark.long
def test_the_server_answers_as_the_run(asked, exported):
    servable = Servable(exported / "1")
    servable.warm_up()
    expected = asked(TEXTS)
    body = json.dumps({"instances": TEXTS}).encode()
    call = bodies.parse(body, servable.signatures, Limits())
    told = json.loads(bodies.answer(call.signature(call.arrays), True))
    for found, other in zip(told["predictions"], expected, strict=True):
        assert len(found["words"]) == 10  # 12 tokens, without both ends
        count = len(other["words"])
        assert found["words"] == other["words"] + [""] * (10 - count)
        assert found["labels"][:count] == other["labels"]
        assert found["probabilities"][:count] == pytest.approx(
            other["probabilities"], abs=1e-5
        )
        assert found["missed"] == 0
    rows = {"signature_name": "serve_words", "instances": [["he", ""]]}
    call = bodies.parse(
        json.dumps(rows).encode(), servable.signatures, Limits()
    )
    [found] = json.loads(bodies.answer(call.signature(call.arrays), True))[
        "predictions"
    ]
    assert found["labels"] == ["PRON", ""]


@pytest.mark.long
def test_a_text_that_is_too_long(asked, exported, tmp_path, capsys):
    """12 tokens hold 10 words: the others are counted, and it is said."""
    text = " ".join(["he runs"] * 7)
    loaded = Predictor(exported)
    for ask in (asked, loaded):
        [found] = ask([text])
        assert found["missed"] == 4
        assert found["words"] == ["he", "runs"] * 5
        assert None not in found["labels"]
        [found] = ask([text.split()])
        assert found["missed"] == 4
        assert found["labels"][10:] == [None] * 4
        assert found["probabilities"][10:] == [0] * 4
        assert len(found["words"]) == 14
    main(["predict", str(exported), text, "a film"])
    told = capsys.readouterr().out.splitlines()
    assert told[10].startswith("4 words without a label")
    assert [line.split()[-1] for line in told[12:]] == ["a", "film"]
    output = tmp_path / "answers.jsonl"
    main(["predict", str(exported), text, "--output", str(output)])
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("1 answers (") and "VERB 5" in told[0]
    assert told[1].startswith("4 words without a label")
    [line] = output.read_text().splitlines()
    assert json.loads(line)["missed"] == 4


@pytest.mark.long
def test_the_words_of_a_file(
    tagged, asked, exported, tmp_path, capsys, monkeypatch
):
    run, _ = tagged
    path = tmp_path / "a.conllu"
    lines = [row(1, "he", "PRON"), row(2, "see-saws", "_"), ""]
    path.write_text("\n".join([*lines, row(1, "dog", "_"), ""]))
    main(["predict", str(run), str(path), "--json"])
    first, second = json.loads(capsys.readouterr().out)
    assert first["words"] == ["he", "see-saws"]  # which a text would part
    assert first["expected"] == ["PRON", None]
    assert "expected" not in second
    close([second], asked([("dog",)]))
    main(["predict", str(exported), str(path)])
    told = capsys.readouterr().out.splitlines()
    assert told[0].split()[0::2] == ["PRON", "he"]
    assert told[0].endswith("[PRON]")
    assert told[2] == ""
    # Texts are read as any other.
    table = tmp_path / "rows.csv"
    table.write_text("text\nhe runs\n")
    main(["predict", str(exported), str(table), "--json"])
    close(json.loads(capsys.readouterr().out), asked(["he runs"]))
    stream = io.TextIOWrapper(io.BytesIO(b"he runs\n"), "utf-8")
    monkeypatch.setattr(sys, "stdin", stream)
    main(["predict", str(exported), "-", "--json"])
    close(json.loads(capsys.readouterr().out), asked(["he runs"]))


@pytest.mark.parametrize(
    "words, message",
    [
        (["a.conllu", "--text-column", "text"], "no effect"),
        (["a.conllu", "--delimiter", ","], "no effect"),
        (["b.conllu"], "which is not there"),
        (["bad.conllu"], "10 columns"),
        (["he runs", "--top-k", "3"], "top_k"),
    ],
)
def test_what_predict_refuses(
    exported, tmp_path, capsys, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.conllu").write_text(row(1, "he", "PRON"))
    (tmp_path / "bad.conllu").write_text("1\the")
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(exported), *words])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_answers_for_other_models(tagged):
    model, names = load_trained(tagged[0])
    with pytest.raises(UserError, match="task='tokens' of a model"):
        Predictor.of_model(model, names, answer=Answer("classification"))
    with pytest.raises(UserError, match="4 label names"):
        Predictor.of_model(model, names[:3])
    bert = keras_hub.models.BertBackbone(10, 1, 2, 16, 32)
    other = keras_hub.models.BertTextClassifier(bert, num_classes=2)
    with pytest.raises(UserError, match="a model that labels words"):
        Predictor.of_model(other, answer=Answer("tokens"))


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
