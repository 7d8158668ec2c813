"""The command line: what good and bad input gets."""

import json
from unittest import mock

import click
import pytest
import tensorflow as tf

from tests.cli.conftest import SMALL
from tfq_hybrid.cli.main import main
from tfq_hybrid.cli.train import resumed_config, train
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import RunFolder

pytestmark = pytest.mark.usefixtures("one_block")


def run(capsys, *arguments):
    """Runs a command; returns (exit code, stdout, stderr)."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code or 0
    output = capsys.readouterr()
    return code, output.out, output.err


def test_train_evaluate_export_predict(trained, tmp_path, capsys):
    code, out, _ = run(
        capsys, "evaluate", trained, "--data", "embedded", "--json"
    )
    result = json.loads(out)
    assert code == 0
    assert result["examples"] == 1000
    low, high = result["accuracy_interval"]
    assert low <= result["accuracy"] <= high
    exported = tmp_path / "a folder"
    code, out, _ = run(capsys, "export", trained, "--output", exported)
    assert code == 0
    assert str(exported / "1") in out
    assert f"Next: tfq-hybrid predict '{exported}' " in out
    sentences = ["the plot is good", "the plot is bad"]
    code, out, _ = run(capsys, "predict", exported, *sentences, "--json")
    answers = json.loads(out)
    assert [a["text"] for a in answers] == sentences
    for answer in answers:
        assert answer["label"] in ("negative", "positive")
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    code, out, _ = run(capsys, "predict", exported, *sentences)
    assert code == 0
    assert len(out.splitlines()) == 2
    # A run answers as its export does.
    code, out, _ = run(capsys, "predict", trained, *sentences, "--json")
    assert code == 0
    for of_run, answer in zip(json.loads(out), answers, strict=True):
        assert of_run["label"] == answer["label"]
        assert of_run["probabilities"] == pytest.approx(
            answer["probabilities"], abs=1e-5
        )


def test_gradients_reach_tensorboard(trained):
    files = list((trained / "logs" / "telemetry").iterdir())
    tags = {
        value.tag
        for file in files
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    assert "gradient_norm/classical" in tags
    assert sum(tag.startswith("gradient_norm/quantum/") for tag in tags) == 1


@pytest.mark.long
def test_baselines_and_circuit_files(tmp_path, data_dir, capsys):
    import cirq
    import sympy

    qubit = cirq.LineQubit(0)
    x, w = sympy.symbols("x w")
    circuit = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit))
    cirq.to_json(circuit, tmp_path / "own.json")
    spec = {"qubits": 2, "encoding": "hadamard_angle", "depth": 1}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    common = ["--data", "embedded", "--data-dir", data_dir, "--json"]
    common += ["--limit", 32, "--sequence-length", 8]
    totals = {}
    for name, options in {
        "ffn": ["--baseline", "ffn"],
        "own": ["--circuit", tmp_path / "own.json"],
        "spec": ["--circuit", tmp_path / "spec.json"],
    }.items():
        output = tmp_path / name
        code, out, err = run(
            capsys, "train", *common, *options, "--output", output
        )
        assert code == 0, err
        totals[name] = json.loads(out)["parameters"]
    assert totals["ffn"]["feed_forward"] == 131_712
    assert totals["own"]["circuits"] == 1
    # 128 -> 4 features, 2 observables -> 128, and 4 angles.
    assert totals["spec"]["feed_forward"] == 516 + 384 + 4


def test_unfinished_run_asks(trained, capsys, tmp_path):
    import shutil

    cut = tmp_path / "cut"
    shutil.copytree(trained, cut)
    (cut / "metrics.json").unlink()
    code, _, err = run(capsys, "train", "--output", cut, "--data", "embedded")
    assert code == 2
    assert "--resume to go on or --overwrite" in err
    common = ["train", "--output", trained]
    code, _, err = run(capsys, *common, "--data", "embedded")
    assert code == 2
    assert "--overwrite" in err
    code, _, err = run(capsys, *common, "--resume")
    assert code == 2
    assert "is finished" in err


def test_resume_refuses_other_options(trained, tmp_path, capsys):
    import shutil

    shutil.copytree(trained, tmp_path / "cut")
    (tmp_path / "cut" / "metrics.json").unlink()
    common = ["train", "--resume", "--json", "--output", tmp_path / "cut"]
    code, _, err = run(capsys, *common, "--circuit", "ionq")
    assert code == 2
    assert "--circuit.qubits is 2. Received: --circuit='ionq'" in err
    code, _, err = run(capsys, *common, "--depth", 3)
    assert code == 2
    assert "--circuit.depth is 1. Received: --circuit.depth=3" in err
    code, out, _ = run(capsys, *common, "--depth", 1)
    assert code == 0
    assert json.loads(out)["epochs"] == 1


HYQUT = (
    "--model hyqut --size tiny --layers 0,1 --targets all-attention "
    "--observables Z0,Z1 --differentiator central_difference --seed 3"
).split()


@pytest.mark.parametrize(
    "again,differs",
    [
        (HYQUT, None),
        (["--layers", "0"], "--layers is [0, 1]. Received: --layers='0'"),
        (["--targets", "query"], "--targets is ['"),
        (
            ["--differentiator", "spsa"],
            "--differentiator.name is '",
        ),
        (["--qubits", "1"], "--circuit.qubits is 10"),
        (["--model", "qffn-bert"], "--model is 'hyqut'"),
        (["--tokens", "cls"], "--tokens needs --model qffn-bert"),
    ],
    ids=str,
)
def test_resume_takes_the_words_that_the_run_began_with(
    again, differs, tmp_path, monkeypatch
):
    begun = given(["--data", "a.txt", *HYQUT]).config()
    monkeypatch.setattr(RunFolder, "check_writable", lambda *a, **k: None)
    monkeypatch.setattr(RunFolder, "read", lambda folder: (begun, (), (), []))
    model = [] if "--model" in again else ["--model", "hyqut"]
    if differs is None:
        assert resumed_config(tmp_path, given(again)) == begun
        return
    with pytest.raises((UserError, click.UsageError)) as caught:
        resumed_config(tmp_path, given([*model, *again]))
    assert differs in str(caught.value)


def given(words):
    """What the command makes of its options, a `Given`."""
    found = []
    context = train.make_context("train", ["--output", "run", *words])
    with mock.patch.object(train, "callback", lambda **k: found.append(k)):
        train.invoke(context)
    return found[0]["given"]


TRAIN = ["train", "--output", "OUT", "--data"]
BAD = [
    (["trian"], "Did you mean 'train'"),
    (["train", "--output", "OUT"], "--data"),
    ([*TRAIN, "embedded", "--model", "qfn-bert"], "Did you mean 'qffn-bert'"),
    ([*TRAIN, "embedded", "--preset", "bert_tiny"], "Did you mean 'bert_tiny"),
    ([*TRAIN, "glue/sst22"], "Did you mean 'glue/sst2'"),
    ([*TRAIN, "embeded"], "Did you mean 'embedded'"),
    ([*TRAIN, "embedded", "--text-column", "txt"], "Did you mean 'text'"),
    ([*TRAIN, "embedded", "--qubits", "0"], "nearest valid value is 1"),
    ([*TRAIN, "embedded", "--qubits", "44"], "nearest valid value is"),
    ([*TRAIN, "embedded", "--qubits", "x"], "qubits to be an integer"),
    ([*TRAIN, "embedded", "--qbits", "4"], "--qubits"),
    ([*TRAIN, "embedded", "--entanglement", "rnig"], "Did you mean 'ring'"),
    ([*TRAIN, "embedded", "--ansatz", "ry,cnt"], "Did you mean 'cnot'"),
    ([*TRAIN, "embedded", "--circuit", "ORPHAN"], "other symbols: t"),
    ([*TRAIN, "embedded", "--circuit", "missing.json"], "missing.json"),
    ([*TRAIN, "embedded", "--circuit", "OWN", "--depth", "2"], "no effect"),
    ([*TRAIN, "EMPTY"], "empty"),
    ([*TRAIN, "NOTABS"], "between tabs"),
    ([*TRAIN, "LATIN1"], "UTF-8"),
    ([*TRAIN, "GOOD", "--validation-data", "UNSEEN"], "='maybe'"),
    ([*TRAIN, "GOOD", "--label-column", "lable"], "Did you mean 'label'"),
    (["evaluate", "nowhere", "--data", "embedded"], "folder of a run"),
    (["evaluate", "RUN", "--data", "UNSEEN"], "='maybe'"),
    (["export", "nowhere", "--output", "OUT"], "folder of a run"),
    (["predict", "nowhere", "text"], "folder of an export"),
    (["predict", "nowhere"], "TEXTS"),
    (["predict", "nowhere", "caf\udce9"], "folder of an export"),
    ([*TRAIN, "embedded", "--qubits", "1100"], "nearest valid value is"),
    ([*TRAIN, "embedded", "--seed", "5000000000"], "seed=5000000000"),
    ([*TRAIN, "embedded", "--learning-rate", "1e39"], "learning_rate"),
    ([*TRAIN, "embedded", "--circuit", "JUNK"], "JSON of a Cirq circuit"),
    ([*TRAIN, "embedded", "--circuit", "LISTS"], "encoding"),
    ([*TRAIN, "embedded", "--text-column", "label"], "to be text"),
    ([*TRAIN, "embedded", "--baseline", "ffn", "--depth", "2"], "no effect"),
    ([*TRAIN, "GOOD", "--split", "test"], "no effect"),
    ([*TRAIN, "ONECLASS"], "at least two labels"),
    ([*TRAIN, "GOOD", "--limit", "20"], "at least two labels"),
    ([*TRAIN, "LATE", "--limit", "9", "--validation-data", "LATE"], "='maybe'"),
    ([*TRAIN, "BLANK"], "all blank"),
    (["train", "--data", "GOOD", "--output", "BLOCKED"], "no folder"),
    (["export", "RUN", "--output", "BLOCKED"], "no folder"),
]


@pytest.mark.parametrize("arguments,message", BAD, ids=lambda v: str(v)[-40:])
def test_bad_input(arguments, message, trained, tmp_path, data_dir, capsys):
    import cirq
    import sympy

    files = {
        "EMPTY": b"",
        "NOTABS": b"text label\na 1\n",
        "LATIN1": b"text\tlabel\ncaf\xe9\t1\nbar\t0\n",
        "GOOD": b"text\tlabel\n"
        + b"a fine film\tyes\n" * 20
        + b"a bad one\tno\n" * 20,
        "UNSEEN": b"text\tlabel\na fine film\tmaybe\n",
        "LATE": b"text\tlabel\n" + b"a\tyes\nb\tno\n" * 5 + b"c\tmaybe\n",
        "ONECLASS": b"text\tlabel\na fine film\tyes\na bad one\tyes\n",
        "BLANK": b"text\tlabel\n \tyes\n \tno\n",
        "JUNK": b'{"circuit": "foo"}',
        "LISTS": b'{"encoding": ["angle"]}',
    }
    orphan = cirq.Circuit(cirq.rx(sympy.Symbol("t"))(cirq.LineQubit(0)))
    names = {"OUT": tmp_path / "out", "RUN": trained}
    names["BLOCKED"] = tmp_path / "empty.tsv" / "sub"
    for name, content in files.items():
        names[name] = tmp_path / f"{name.lower()}.tsv"
        names[name].write_bytes(content)
    names["OWN"] = tmp_path / "own.json"
    cirq.to_json(
        cirq.Circuit(cirq.rx(sympy.Symbol("x")).on_each(cirq.LineQubit(0))),
        names["OWN"],
    )
    names["ORPHAN"] = tmp_path / "orphan.json"
    cirq.to_json(orphan, names["ORPHAN"])
    arguments = [names.get(a, a) for a in arguments]
    if "embedded" in arguments and arguments[0] == "train":
        arguments += ["--data-dir", data_dir]
    before = sorted(p.name for p in tmp_path.iterdir())
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in out + err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.long
def test_diverged_training_exits_with_one(tmp_path, data_dir, capsys):
    arguments = ["train", "--data", "embedded", "--data-dir", data_dir]
    arguments += [*SMALL, "--learning-rate", "1e30"]
    arguments += ["--output", tmp_path / "run", "--json"]
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert "is kept in" in err
    assert (tmp_path / "run" / "checkpoints" / "state.json").is_file()


@pytest.mark.parametrize(
    "command", ["", "train", "evaluate", "export", "predict", "demo", "verify"]
)
def test_help_has_examples(command, capsys):
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert "tfq-hybrid" in out
    assert not command or "Example" in out


def test_no_arguments_print_the_help(capsys):
    code, out, _ = run(capsys)
    assert code == 2
    assert "Commands:" in out
    assert len(out.splitlines()) > 10


def test_damaged_runs_are_named(trained, tmp_path, capsys):
    import shutil

    for name in ("model.keras", "metrics.json", "config.json"):
        damaged = tmp_path / name
        shutil.copytree(trained, damaged)
        content = (damaged / name).read_bytes()
        (damaged / name).write_bytes(content[: len(content) // 2])
        code, _, err = run(
            capsys, "export", damaged, "--output", tmp_path / "o"
        )
        assert code == 2
        assert "damaged" in err
        assert len(err.strip().splitlines()) == 1


@pytest.mark.long
def test_evaluate_takes_names_or_values(tmp_path, capsys):
    rows = "a fine film\t1\na bad film\t0\n" * 20
    (tmp_path / "train.tsv").write_text("text\tlabel\n" + rows)
    (tmp_path / "test.jsonl").write_text(
        '{"said": "a fine film", "is": "good"}\n'
    )
    common = ["--sequence-length", 8, "--qubits", 2, "--depth", 1, "--json"]
    code, _, err = run(
        capsys,
        "train",
        "--data",
        tmp_path / "train.tsv",
        *common,
        "--label-names",
        "bad,good",
        "--output",
        tmp_path / "run",
    )
    assert code == 0, err
    columns = ["--text-column", "said", "--label-column", "is"]
    code, out, err = run(
        capsys,
        "evaluate",
        tmp_path / "run",
        "--json",
        *columns,
        "--data",
        tmp_path / "test.jsonl",
    )
    assert code == 0, err
    assert json.loads(out)["examples"] == 1
