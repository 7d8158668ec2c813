"""Labels of words by `predict`, from an export, and by the server."""

import io
import json
import sys

import keras_hub
import numpy as np
import pytest

from tests.data.test_conllu import row
from tests.tagged import train_tagged
from tfq_hybrid.cli.main import main
from tfq_hybrid.data import load_conllu
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Answer, Predictor, answer_of
from tfq_hybrid.serving.server import Limits, bodies
from tfq_hybrid.serving.server.servable import Servable
from tfq_hybrid.training import (
    evaluate,
    load_trained,
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """A finished run, and its test data."""
    return train_tagged(tmp_path_factory.mktemp("tokens"))


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
