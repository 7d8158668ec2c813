"""Rows from words and objects, and what they may not set."""

import pytest

from tfq_hybrid.adapters import LoRA, QuantumAdapter
from tfq_hybrid.comparison.plan import Plan
from tfq_hybrid.comparison.rows import read_rows
from tfq_hybrid.errors import UserError

SHARED = {"data": "reviews.tsv", "preset": "folder", "epochs": 2}


@pytest.mark.parametrize(
    "word", ["quantum-adapter", "QuantumAdapter", "QUANTUM_adapter"]
)
def test_case_and_hyphens_do_not_count(word):
    row, majority = read_rows([word])
    assert (row.name, majority.name) == ("QuantumAdapter", "majority")
    method = row.config(SHARED).options.adapter
    assert isinstance(method, QuantumAdapter)


def test_arguments_of_words():
    words = ["lora:rank=4:learning_rate=0.01", "hybrid-bert:baseline=mlp"]
    lora, head, _ = read_rows([*words, "majority"])
    config = lora.config(SHARED)
    assert (config.options.adapter.rank, config.learning_rate) == (4, 0.01)
    assert (config.options.preset, config.epochs) == ("folder", 2)
    config = head.config(SHARED)
    assert (config.model, config.baseline) == ("hybrid-bert", "mlp")
    assert config.options.preset == "folder"


def test_words_and_methods_have_the_same_config():
    [named, _] = read_rows({"small": LoRA(rank=2, targets=("query",))})
    [word, _] = read_rows(["lora:rank=2:targets=query"])
    assert named.name == "small"
    assert named.config(SHARED) == word.config(SHARED)


@pytest.mark.parametrize(
    ("given", "tried"),
    [
        ("rates-around=0.03", [0.01, 0.03, 0.09]),
        ("learning-rate=0.03", [0.03]),
    ],
)
def test_a_row_names_its_rate_or_the_middle_of_those_tried(given, tried):
    rows = read_rows([f"hybrid-bert:{given}"])
    config = rows[0].config(SHARED)
    plan = Plan(rows, {rows[0].name: config}, config, SHARED, 1, 3, 10)
    assert plan.tried(rows[0]) == tried


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lorra"], "Did you mean 'LoRA'"),
        (["lora:rnk=4"], "Did you mean 'rank'"),
        (["lora:rank"], "KEY=VALUE"),
        (["lora", "LoRA"], "LoRA twice"),
        (["svm:C=2"], "no arguments with svm"),
        (["hybrid-bert:epochs=3"], "epochs"),
        (["lora:rates-around=0"], "positive"),
        (["lora:rates-around=big"], "number"),
        (["lora:rates_around=0.1:learning_rate=1"], "both in LoRA"),
        (["majority"], "methods to compare"),
        ([], "methods to compare"),
    ],
)
def test_bad_words(words, message):
    with pytest.raises(UserError, match=message):
        read_rows(words)


def test_what_rows_share_is_not_a_rows_own():
    with pytest.raises(UserError, match="seed"):
        read_rows({"mine": {"adapter": "LoRA", "seed": 3}})
