"""`TrainConfig`: what it takes, and that it has an effect."""

import pathlib

import pytest

from tests.training.conftest import QUICK
from tfq_hybrid.adapters import METHODS
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.arguments import fields_of_training
from tfq_hybrid.training.build import build_model, compile_model


def test_arguments_have_effect(quick):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    for name, value, read in (
        ("xla", True, lambda model: model.jit_compile),
        ("weight_decay", 0.25, lambda model: model.optimizer.weight_decay),
        ("clipnorm", 0.5, lambda model: model.optimizer.global_clipnorm),
        ("dropout", 0.3, lambda model: model.backbone.dropout),
        ("tokens", "cls", lambda model: model.backbone.tokens),
        ("engine", "tfq", lambda model: model.backbone.engine),
    ):
        config = TrainConfig.from_dict({**quick.to_dict(), name: value})
        model = build_model(config, vocabulary, 2)
        compile_model(model, config, 4)
        assert read(model) == value


def test_paths_are_text_in_a_config():
    config = TrainConfig(pathlib.Path("a.tsv"), data_dir=pathlib.Path("b"))
    assert config == TrainConfig("a.tsv", data_dir="b")


def test_configs_of_older_versions_still_load(quick):
    config = quick.to_dict()
    names = quick.options.names()
    options = {name: config.pop(name) for name in names}
    del config["baseline"]
    old = {**config, "classical": "ffn", "options": options}
    assert TrainConfig.from_dict(old) == quick.replace({"baseline": "ffn"})


def test_an_override_does_not_reset_its_neighbours():
    config = TrainConfig.from_dict(
        {"data": "embedded", "circuit": {"depth": 3, "qubits": 5}}
    )
    changed = config.replace({"circuit.depth": 5, "learning_rate": 0.1})
    assert (changed.circuit.depth, changed.circuit.qubits) == (5, 5)
    assert changed.circuit.entanglement == "alternating"  # the system's own
    assert (changed.learning_rate, changed.epochs) == (0.1, 1)
    assert config.circuit.depth == 3


@pytest.mark.parametrize(
    "method, changes, expected",
    [
        ("LoRA", {"adapter.rank": 2}, {"rank": 2, "alpha": None}),
        ("ReplaceDense", {"adapter.circuit.depth": 7}, {"freeze": False}),
        ("LoRA", {"adapter": {"method": "SoRA"}}, {"threshold": 1e-3}),
    ],
)
def test_adapters_are_nested(method, changes, expected):
    given = {"data": "embedded", "preset": "p", "adapter": method}
    given["adapter.targets"] = ["query"]
    config = TrainConfig.from_dict(given).replace(changes)
    assert TrainConfig.from_dict(config.to_dict()) == config
    stored = config.to_dict()["adapter"]
    assert {k: stored[k] for k in expected} == expected
    if method == "ReplaceDense":
        assert stored["circuit"]["depth"] == 7
        assert stored["circuit"]["entanglement"] == "alternating"
        assert stored["targets"] == ["query"]


def test_a_method_has_a_learning_rate_of_its_own():
    assert TrainConfig("embedded").learning_rate == 1e-3
    assert TrainConfig("embedded", model="qaa").learning_rate == 1e-3
    for name in METHODS:
        adapter = {"method": name}
        if name == "ReplaceDense":
            adapter["targets"] = ["all-ffn"]
        given = {"data": "embedded", "preset": "p", "adapter": adapter}
        config = TrainConfig.from_dict(given)
        trains = name in ("ReplaceDense", "FullFineTuning")
        assert config.learning_rate == (5e-4 if trains else 1e-2)
        assert TrainConfig.from_dict(config.to_dict()) == config
        [field] = [
            field
            for field in fields_of_training(chosen={"adapter": name})
            if field.key == "learning_rate"
        ]
        assert field.default is None and "5e-4" in field.meaning
        config = TrainConfig.from_dict({**given, "learning_rate": 0.25})
        assert config.learning_rate == 0.25
    frozen = {"method": "ReplaceDense", "targets": ["query"], "freeze": True}
    config = TrainConfig.from_dict({**given, "adapter": frozen})
    assert config.learning_rate == 1e-2


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"token": "cls"}, "Did you mean 'tokens'"),
        ({"circuit.dept": 1}, "Did you mean 'depth'"),
        ({"circuit.depth": "2"}, "depth to be an integer"),
        ({"circuit.depth": 2.0}, "depth to be an integer"),
        ({"circuit": {"depth": 1}, "circuit.depth": 2}, "circuit.depth once"),
        ({"circuit": "qfn"}, "Did you mean 'qffn'"),
        ({"circuit": 3}, "circuit"),
        ({"epochs": True}, "epochs to be an integer"),
        ({"epochs": "3"}, "epochs to be an integer"),
        ({"residual": "false"}, "residual to be true or false"),
        ({"learning_rate": "1e-3"}, "learning_rate to be a number"),
        ({"preset": "p", "adapter": "LoRra"}, "Did you mean 'LoRA'"),
        ({"preset": "p", "adapter": {"method": "LoRA", "rnk": 1}}, "'rank'"),
        ({"preset": "p", "adapter": {"rank": 1}}, "method"),
        ({"text_column": 3}, "text_column to be text"),
        ({3: 4}, "keys as text"),
    ],
    ids=str,
)
def test_bad_files(arguments, message):
    with pytest.raises(UserError, match=message):
        TrainConfig.from_dict({"data": "embedded", **arguments})


def test_another_model_needs_another_config():
    with pytest.raises(UserError, match="changes of a config of qffn-bert"):
        TrainConfig("embedded").replace({"model": "hyqut"})


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"model": "qfn_bert"}, "Did you mean 'qffn-bert'"),
        ({"baseline": "fnn"}, "Did you mean 'ffn'"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"options": {"dropout": 1.0}}, "dropout"),
        ({"options": {"circuit": {"qubits": 0}}}, "qubits"),
        ({"options": {"token": "cls"}}, "Did you mean 'tokens'"),
        ({"options": 3}, "QFFNBertOptions or a dict"),
        ({"optimizer": "adma"}, "Did you mean 'adam'"),
        ({"warmup": 1.0}, "warmup"),
        ({"clipnorm": 0.0}, "clipnorm"),
        ({"quantum_learning_rate": -1.0}, "quantum_learning_rate"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        TrainConfig(**{**QUICK, **arguments})
