"""Configs from files, the environment and the command line, in that order."""

import json

import click
import pytest

from tests.cli.test_main import given, run
from tfq_hybrid.circuits import PRESETS
from tfq_hybrid.cli.given import to_yaml
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.yaml_reader import parse_yaml
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.systems import SYSTEMS

ADAPTED = ["--preset", "p", "--adapter", "QuantumAdapter"]


@pytest.fixture
def file(tmp_path):
    """Writes a YAML file; returns the words that name it."""

    def write(text):
        path = tmp_path / "run.yaml"
        path.write_text(text, encoding="utf-8")
        return ["--config", str(path)]

    return write


def test_a_flag_wins_over_the_environment_over_the_file(file, monkeypatch):
    words = file(
        "data: embedded\n"
        "epochs: 7\n"
        "seed: 7\n"
        "circuit:\n"
        "  depth: 3\n"
        "  qubits: 5\n"
    )
    monkeypatch.setenv("TFQ_HYBRID_TRAIN_SEED", "6")
    monkeypatch.setenv("TFQ_HYBRID_TRAIN_CIRCUIT_QUBITS", "6")
    found = given([*words, "--circuit.depth", "5", "--seed", "5"])
    config = found.config()
    assert (config.circuit.depth, config.circuit.qubits) == (5, 6)
    assert (config.seed, config.epochs) == (5, 7)
    assert config.circuit.entanglement == "alternating"  # the system's own
    sources = found.sources_of(config)
    assert sources == {
        "data": words[1],
        "epochs": words[1],
        "seed": "--seed",
        "circuit.depth": "--circuit.depth",
        "circuit.qubits": "TFQ_HYBRID_TRAIN_CIRCUIT_QUBITS",
    }
    # The order of the words does not matter.
    assert given(["--seed", "5", "--depth", "5", *words]).config() == config


@pytest.mark.parametrize(
    "text, read",
    [
        ("learning_rate: 1e-3", lambda c: c.learning_rate == 0.001),
        ("learning_rate: 1E-3", lambda c: c.learning_rate == 0.001),
        ("warmup: .5", lambda c: c.warmup == 0.5),
        ("learning_rate: 1", lambda c: c.learning_rate == 1.0),
        ("text_column: no", lambda c: c.text_column == "no"),
        ("text_column: on", lambda c: c.text_column == "on"),
        ("label_names: [no, yes]", lambda c: c.label_names == ("no", "yes")),
        ("xla: true", lambda c: c.xla is True),
        ("circuit: ionq", lambda c: c.circuit.distance == 2),
        ("circuit.depth: 3", lambda c: c.circuit.depth == 3),
        ("circuit: {preset: ionq, depth: 2}", lambda c: c.circuit.depth == 2),
        (
            "preset: p\nadapter: {method: LoRA, rank: 2, targets: query}",
            lambda c: c.options.adapter.rank == 2,
        ),
    ],
)
def test_yaml_is_read_as_it_is_written(text, read, file):
    assert read(given(file(f"data: embedded\n{text}\n")).config())


@pytest.mark.parametrize(
    "text, message",
    [
        ("epochs: 1\nepochs: 2", "line 3: the key 'epochs' is there twice"),
        ("circuit: {depth: 1}\ncircuit.depth: 2", "circuit.depth once"),
        ("xla: yes", "xla to be true or false"),
        ('epochs: "3"', "epochs to be an integer"),
        ("epochs: 010", None),
        ("epochs: 1_0", "epochs to be an integer"),
        ("circuit: {dept: 1}", "Did you mean 'depth'"),
        ("adapter: {class_path: os.system}", "method"),
        ("circuit: !!python/object:os.system {}", "tag"),
        ("model: qfn-bert", "Did you mean 'qffn-bert'"),
    ],
)
def test_bad_files_get_a_line(text, message, file, tmp_path, capsys):
    words = file(f"data: embedded\n{text}\n")
    command = ["train", *words, "--print-config"]
    code, out, err = run(capsys, *command)
    if message is None:  # an integer, in YAML 1.2
        assert code == 0 and "epochs: 10" in out
        return
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "value, expected", [("false", False), ("true", True), ("0", False)]
)
def test_a_bool_of_the_environment(value, expected, monkeypatch):
    monkeypatch.setenv("TFQ_HYBRID_TRAIN_XLA", value)
    config = given(["--data", "embedded"]).config()
    assert config.xla is expected


def test_no_wins_over_true_in_the_file(file):
    words = file("data: embedded\nxla: true\ncircuit: {share_weights: true}")
    config = given([*words, "--no-xla", "--no-share-weights"]).config()
    assert (config.xla, config.circuit.share_weights) == (False, False)
    assert given(words).config().xla is True


def test_none_clears_a_value_of_the_file(file):
    words = file("data: embedded\nvalidation_data: dev.tsv\nlimit: 3")
    config = given([*words, "--validation-data", "none", "--limit", "none"])
    config = config.config()
    assert (config.validation_data, config.limit) == (None, None)


def test_what_belongs_to_another_class_is_left_out(file, capsys):
    full = TrainConfig("embedded", epochs=4).to_dict()
    words = file(to_yaml(full))
    config = given([*words, "--model", "hybrid-bert"]).config()
    assert config.circuit.depth == 4 and config.epochs == 4
    assert "Left out of" in capsys.readouterr().err
    config = given([*words, "--circuit", "ionq", "--depth", "2"]).config()
    assert (config.circuit.distance, config.circuit.depth) == (2, 2)
    words = file("data: embedded\npreset: p\nadapter: {method: LoRA, rank: 2}")
    config = given([*words, "--adapter", "SoRA"]).config()
    assert config.options.adapter.rank == 8
    assert given([*words, "--rank", "3"]).config().options.adapter.rank == 3
    words = file(
        "data: embedded\npreset: p\n"
        "adapter: {method: QuantumAdapter, circuit: ionq}"
    )
    config = given([*words, "--circuit.depth", "5"]).config()
    assert config.circuit.depth == 5 and config.circuit.distance == 2


def test_another_circuit_of_an_adapter_leaves_nothing_of_the_old(file, capsys):
    method = {"method": "ReplaceDense", "targets": ["ffn"]}
    options = {"preset": "p", "adapter": {**method, "circuit": "hybrid_bert"}}
    full = TrainConfig("embedded", options=options).to_dict()
    found = given([*file(to_yaml(full)), "--circuit", "qffn"])
    assert found.config().circuit == PRESETS["qffn"]
    assert found.config().options.adapter.targets == ("ffn",)
    sources = found.sources_of(found.config())
    assert sources["adapter.circuit.depth"] == "--adapter.circuit"
    assert sources["adapter.targets"] == found.path
    assert capsys.readouterr().err.count("Left out of") == 1  # said once


def test_the_name_in_a_file_is_the_source_of_its_values(file):
    words = file("data: embedded\ncircuit: ionq")
    found = given([*words, "--depth", "2"])
    sources = found.sources_of(found.config())
    assert sources["circuit.distance"] == words[1]
    assert sources["circuit.depth"] == "--circuit.depth"
    assert "circuit.preset" not in sources


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_printed_config_is_read_back(system, file, capsys):
    data = "a.txt" if SYSTEMS[system].task == "generation" else "embedded"
    words = ["--model", system, "--data", data, "--learning-rate", "1e-05"]
    code, out, _ = run(capsys, "train", *words, "--print-config")
    assert code == 0
    assert "learning_rate: 1e-05  # --learning-rate" in out
    [config] = {given(words).config()}
    assert TrainConfig.from_dict(parse_yaml(out)) == config
    assert given(file(out)).config() == config


def test_texts_that_look_like_something_else_survive():
    values = {"a": ["1e-3", "no", "null", "x: y", "#", "a b", ""]}
    values |= {f"k{i}": value for i, value in enumerate(values["a"])}
    assert parse_yaml(to_yaml(values)) == values


@pytest.mark.long
@pytest.mark.usefixtures("one_block")
def test_the_run_says_where_its_values_came_from(
    file, tmp_path, data_dir, capsys
):
    words = file("limit: 16\nsequence_length: 8\ncircuit: {qubits: 2}")
    common = ["--data", "embedded", "--data-dir", data_dir, "--depth", 1]
    output = tmp_path / "run"
    code, _, err = run(
        capsys, "train", *words, *common, "--json", "--output", output
    )
    assert code == 0, err
    stored = json.loads((output / "config.json").read_text())
    assert stored["config"]["circuit"]["qubits"] == 2
    assert stored["sources"]["circuit.qubits"] == words[1]
    assert stored["sources"]["circuit.depth"] == "--circuit.depth"
    assert "circuit.ansatz" not in stored["sources"]


@pytest.mark.parametrize(
    "words, message",
    [
        (
            ["--rank", "4"],
            "--rank needs --adapter LoRA or LoRA_XS or QuantumPEFT or SoRA or "
            "VeRA.",
        ),
        (["--place", "both"], "--place needs --model qaa."),
        (
            [*ADAPTED, "--circuit", "ionq", "--depth", "2"],
            "ambiguous: --adapter.circuit.depth or --adapter.depth.",
        ),
        (
            ["--adapter", "LoRA", "--depth", "2"],
            "--depth needs --adapter QuantumAdapter or QuantumPEFT or "
            "ReplaceDense.",
        ),
        (
            ["--model", "qffn-bert", "--adapter", "LoRA"],
            "--adapter needs --model adapted.",
        ),
        (["--hidden-size", "3"], "No such option"),
    ],
)
def test_options_of_other_classes(words, message):
    with pytest.raises((click.UsageError, UserError)) as caught:
        given(["--data", "embedded", *words])
    text = getattr(caught.value, "message", None) or caught.value
    assert message in str(text)
