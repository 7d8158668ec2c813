"""Dialogues compared: the task of the data, methods beside the unigrams."""

import json

import pytest

from tests.bases.test_written import llama
from tests.comparison.inside import compare
from tests.presets import save_bert
from tfq_hybrid.comparison.trainings import task_of
from tfq_hybrid.errors import UserError


@pytest.fixture(scope="module")
def dialogues(tmp_path_factory):
    path = tmp_path_factory.mktemp("dialogues") / "talk.jsonl"
    rows = [
        {"instruction": f"the {number}?", "output": f"the {number} the"}
        for number in range(40)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def preset(dialogues):
    folder = dialogues.parent / "llama"
    llama().save_to_preset(str(folder))
    return folder


def test_the_task_is_that_of_the_data(dialogues, tmp_path):
    table = tmp_path / "reviews.tsv"
    table.write_text("text\tlabel\ngood\t1\n")
    for methods in (["lora", "ia3:layers=0"], {"small": {"adapter": "LoRA"}}):
        assert task_of(methods, dialogues, None) == "generation"
        assert task_of(methods, "a.txt", None) == "generation"
        assert task_of(methods, table, None) == "classification"
        assert task_of(methods, dialogues, "output") == "classification"
    # A published system has its own.
    assert task_of(["lora", "hyqut:size=tiny"], table, None) == "generation"
    assert task_of(["qffn-bert"], dialogues, None) == "classification"


@pytest.mark.long
def test_methods_on_a_language_model(dialogues, preset, tmp_path):
    shared = {"preset": str(preset), "sequence_length": 80, "batch_size": 4}
    methods = ["lora:layers=1", "quantum-adapter:layers=1"]
    methods += ["lora:learning-rate=0"]
    found = compare(
        methods, shared, tmp_path / "found", data=dialogues, rates=1
    )
    names = [row["name"] for row in found.content["rows"]]
    assert {*names} == {
        "LoRA:layers=1",
        "QuantumAdapter:layers=1",
        "LoRA:learning-rate=0",
        "unigram",
    }
    for row in found.content["rows"]:
        assert [*row["metrics"]] == ["loss", "perplexity"]
    assert "nats per token" in found.table()


def test_an_encoder_learns_no_dialogues(dialogues, tmp_path):
    save_bert(tmp_path / "bert", "the")
    with pytest.raises(UserError, match="how a dialogue is written"):
        compare(
            ["lora"],
            {"preset": str(tmp_path / "bert")},
            tmp_path / "found",
            data=dialogues,
            rates=1,
        )
    assert not (tmp_path / "found").exists()


def test_a_language_model_has_no_new_head(dialogues, preset, tmp_path):
    with pytest.raises(UserError, match="method for generation"):
        compare(
            ["lora", "head-only"],
            {"preset": str(preset)},
            tmp_path / "found",
            data=dialogues,
        )
