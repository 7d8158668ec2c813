"""Exports of which each row is answered by an adapter of its own."""

import functools
import json

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from tests.adapters.zoo import stir
from tests.serving.local import serving
from tests.serving.zoo import EXAMPLES, PROMPTS, TEXTS
from tfq_hybrid import adapters
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Predictor, export
from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import load_servables

NAMES = ("lora", "circuit")
METHODS = {
    "lora": adapters.LoRA(rank=2),
    "circuit": adapters.UnitaryAdapter(qubits=2),
}
KINDS = (
    "classification",
    pytest.param("tokens", marks=pytest.mark.long),
    pytest.param("embeddings", marks=pytest.mark.long),
    "gpt2",
    pytest.param("llama3", marks=pytest.mark.long),
)
ROWS = {
    "gpt2": PROMPTS,
    "llama3": PROMPTS,
    "tokens": ["a good film", "bad", "the"],
}


def make_classifier():
    """A classifier without adapters, and how it is exported."""
    words = EXAMPLES["tokens"]().model
    model = keras_hub.models.BertTextClassifier(
        words.backbone, num_classes=2, preprocessor=words.preprocessor
    )
    return model, {"label_names": ["bad", "good"]}


def make_example(kind):
    """A model with the two adapters, and how it is exported."""
    if kind == "classification":
        model, options = make_classifier()
    else:
        example = EXAMPLES[kind]()
        model, options = example.model, example.options
    for name, method in METHODS.items():
        adapters.adapt(model, method, name)
        stir(model)
    return model, options


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A function from a kind to its texts, its export, and what is right.

    That is a dict of the name of an adapter and the answers of the model with
    this adapter alone.
    """

    @functools.cache
    def get(kind):
        model, options = make_example(kind)
        texts = ROWS.get(kind, TEXTS)
        expected = {}
        for name in NAMES:
            with adapters.using(model, name):
                expected[name] = Predictor.of_model(model, **options)(texts)
        folder = tmp_path_factory.mktemp(kind) / "served"
        path = export(model, folder, adapter_names=NAMES, **options)
        weights = sum(np.prod(v.shape) for v in model.variables)
        return texts, path, expected, weights

    return get


def check_equal(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if key in ("embedding", "probabilities"):
            np.testing.assert_allclose(found[key], value, atol=1e-5)
        else:
            assert found[key] == value


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_answered_by_its_adapter(exported, kind):
    texts, path, expected, _ = exported(kind)
    ask = Predictor(path)
    mixed = [NAMES[row % 2] for row in range(len(texts))]
    for names in (mixed, *NAMES):
        answers = ask(texts, adapter=names)
        for row, answer in enumerate(answers):
            name = names if isinstance(names, str) else names[row]
            check_equal(answer, expected[name][row])


def test_the_adapters_answer_differently(exported):
    for kind in ("gpt2", "classification"):
        _, _, expected, _ = exported(kind)
        assert expected["lora"] != expected["circuit"]


def test_the_base_is_in_the_export_once(exported):
    _, path, _, weights = exported("gpt2")
    loaded = tf.saved_model.load(str(path))
    size = sum(np.prod(v.shape) for v in loaded.variables)
    assert size <= 1.01 * weights


def test_the_card_names_them(exported):
    _, path, _, _ = exported("classification")
    card = (path / "MODEL_CARD.md").read_text("utf-8")
    assert "`lora` (LoRA), `circuit` (UnitaryAdapter)" in card


def test_the_server_takes_one_for_each_row(exported):
    _, path, expected, _ = exported("classification")
    _, versions = load_servables(path)
    rows = [{"text": TEXTS[0], "adapter": name} for name in NAMES]
    with serving(Limits(), make_app("m", versions)) as server:
        status, answer = server.ask({"instances": rows})
        assert status == 200
        for found, row in zip(answer["predictions"], rows, strict=True):
            right = expected[row["adapter"]][0]
            check_equal({"text": row["text"], **found}, right)
        rows[1]["adapter"] = "third"
        status, answer = server.ask({"instances": rows})
        assert status == 400 and "lora, circuit" in answer["error"]
        status, answer = server.ask({"instances": [{"text": TEXTS[0]}]})
        assert status == 400 and "adapter" in answer["error"]


def test_the_command_takes_one_for_all_rows(exported, capsys):
    _, path, expected, _ = exported("classification")
    asked = ["predict", str(path), "--json", TEXTS[0]]
    main([*asked, "--adapter", "lora"])
    (answer,) = json.loads(capsys.readouterr().out)
    check_equal(answer, expected["lora"][0])
    with pytest.raises(SystemExit, match="2"):
        main(asked)
    assert "adapter" in capsys.readouterr().err


def test_an_export_of_unknown_adapters_is_refused(tmp_path):
    model, options = make_example("embeddings")
    with pytest.raises(UserError, match="third"):
        export(
            model,
            tmp_path / "served",
            adapter_names=["lora", "third"],
            **options,
        )
    assert not (tmp_path / "served").exists()
