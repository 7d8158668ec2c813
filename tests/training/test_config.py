"""`TrainConfig`: what it takes, and that it has an effect."""

import pathlib

import pytest

from tests.training.conftest import QUICK
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig
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


def test_configs_of_version_0_1_still_load(quick):
    config = quick.to_dict()
    flat = {**config, **config.pop("options")}
    del flat["options"]
    assert TrainConfig.from_dict(flat) == quick
    with pytest.raises(UserError, match="Did you mean 'tokens'"):
        TrainConfig.from_dict({**flat, "token": "cls"})


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"model": "qffn_bert"}, "Did you mean 'qffn-bert'"),
        ({"classical": "fnn"}, "Did you mean 'ffn'"),
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
