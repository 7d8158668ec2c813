"""Dialogues compared: the task of the data, methods beside the unigrams."""

import json

import numpy as np
import pytest

from tests.bases.test_written import llama
from tests.comparison.inside import compare
from tests.presets import save_bert
from tfq_hybrid.adapters import trainable_parameters
from tfq_hybrid.comparison.beside import WINDOWS, Beside
from tfq_hybrid.comparison.parts import make_parts
from tfq_hybrid.comparison.rows import read_rows
from tfq_hybrid.comparison.trainings import configs_of, matched, task_of
from tfq_hybrid.comparison.work.language import windows_at
from tfq_hybrid.data import load_corpus
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TASKS, TrainConfig
from tfq_hybrid.training.build import build_model
from tfq_hybrid.training.generation import loss_reader


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
def test_what_was_forgotten_and_what_is_answered(dialogues, preset, tmp_path):
    save_bert(tmp_path / "bert", "the 1 2 3", max_sequence_length=128)
    other = tmp_path / "other.txt"
    other.write_text("the cat sat on the mat\n" * 2000, "utf-8")
    shared = {"preset": str(preset), "sequence_length": 80, "batch_size": 4}
    beside = Beside(
        other_data=str(other),
        answers=4,
        answer_tokens=6,
        answer_encoder=str(tmp_path / "bert"),
    )
    found = compare(
        ["lora:learning-rate=0.1", "lora:learning-rate=0"],
        shared,
        tmp_path / "found",
        data=dialogues,
        rates=1,
        seeds=2,
        beside=beside,
    )
    names = [metric.name for metric in beside.metrics]
    rows = {row["name"]: row["metrics"] for row in found.content["rows"]}
    for metrics in rows.values():
        assert [*metrics] == ["loss", "perplexity", *names]
    trained, base, floor = rows.values()
    assert trained["other-loss"]["value"] != base["other-loss"]["value"]
    assert {floor[name]["value"] for name in names[1:]} == {0.0}
    # Uncertain over as many windows as the models read, not over all of them.
    [first, *_] = (tmp_path / "found" / "jobs").glob("seeds-unigram-*.npz")
    read = np.load(first)
    assert len(read["other_tokens"]) == len(read["other_losses"]) == WINDOWS
    assert 0 < trained["token-f1"]["value"] <= 100
    # The base reads the other text as it is read without a comparison.
    config = TrainConfig.from_dict(
        {**shared, "data": str(other), "adapter": "LoRA", "task": "generation"}
    )
    model = build_model(config, None)
    tokens = TASKS["generation"].encode(load_corpus(other), model, config)
    places = np.linspace(0, len(tokens) - 1, WINDOWS).round().astype(int)
    losses, counts = loss_reader(model)(windows_at(tokens, places), 4)
    assert base["other-loss"]["value"] == pytest.approx(
        losses.sum() / counts.sum(), rel=1e-4
    )
    assert "BLEU" in found.table() and "loss on other text" in found.table()


def test_a_language_model_is_adapted_in_the_size_asked_for(dialogues, preset):
    shared = {"preset": str(preset), "sequence_length": 80, "batch_size": 4}
    shared |= {"data": str(dialogues), "task": "generation"}
    rows = read_rows(["lora:layers=1:rank=1"], "generation", "unigram")
    configs = configs_of(rows, shared)
    parts = make_parts(configs["LoRA:layers=1:rank=1"])
    lines = []
    sized, unsized = matched(configs, 400, parts, lines.append)
    assert not unsized and "The nearest LoRA has" in lines[0]
    model = build_model(sized["LoRA:layers=1:rank=1"], None)
    assert trainable_parameters(model) == pytest.approx(400, rel=0.05)


def test_texts_with_classes_are_asked_no_answers(tmp_path):
    table = tmp_path / "reviews.tsv"
    rows = "".join(f"good {n}\t1\nbad {n}\t0\n" for n in range(40))
    table.write_text(f"text\tlabel\n{rows}")
    with pytest.raises(UserError, match="task generation alone"):
        compare(
            ["qffn-bert"],
            {},
            tmp_path / "found",
            data=table,
            beside=Beside(answers=3),
        )
    assert not (tmp_path / "found").exists()


def test_an_encoder_too_short_for_answers_is_refused_at_once(
    dialogues, preset, tmp_path
):
    save_bert(tmp_path / "bert", "the")
    with pytest.raises(UserError, match="of at most 12"):
        compare(
            ["lora"],
            {"preset": str(preset)},
            tmp_path / "found",
            data=dialogues,
            beside=Beside(answers=3, answer_encoder=str(tmp_path / "bert")),
        )
    assert not (tmp_path / "found").exists()


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
