"""`tfq-hybrid diagnose` and `tfq-hybrid report`."""

import json
import os
import signal
import subprocess
import sys
import time

import cirq
import pytest
import sympy

from tests.reports.contents import search
from tfq_hybrid.circuits import ENTANGLEMENTS, PRESETS
from tfq_hybrid.cli.main import main

FEW = "--samples 40 --gradient-samples 40 --resamples 40".split()
COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]


def run(capsys, *arguments):
    """Runs a command; returns (exit code, stdout, stderr)."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code or 0
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.mark.long
def test_writes_everything(tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["diagnose", "--ansatz", "ry,cz", "--entanglement", "ring,none"]
    arguments += ["--qubits", "2:3", "--depth", "1,3", *FEW]
    code, out, err = run(capsys, *arguments, "--output", output)
    assert code == 0, err
    assert "8 circuits to measure: about" in err
    assert f"Page: {output / 'report.html'}" in out
    content = json.loads((output / "diagnosis.json").read_text())
    places = {
        (c["ansatz"], c["qubits"], c["depth"]) for c in content["circuits"]
    }
    assert len(places) == 8
    assert ("ry,cz none", 3, 3) in places
    assert (output / "table.md").read_text() in out + "\n"
    plots = {path.name for path in (output / "plots").iterdir()}
    assert {"expressibility.png", "gradient-variance.svg"} <= plots
    # Called again, it finds all of it.
    code, out, err = run(capsys, *arguments, "--output", output, "--json")
    assert code == 0
    assert json.loads(out) == content
    assert "to measure" not in err


def test_circuits_of_their_own(tmp_path, capsys):
    qubit = cirq.LineQubit(0)
    x, w = sympy.symbols("x w")
    own = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(w)(qubit))
    cirq.to_json(own, tmp_path / "own.json")
    spec = {"qubits": 2, "encoding": "hadamard_angle", "depth": 1}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    arguments = ["diagnose", *FEW, "--json", "--output", tmp_path / "out"]
    for name in (tmp_path / "own.json", tmp_path / "spec.json", "ionq"):
        arguments += ["--circuit", name]
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    found = {c["ansatz"]: c for c in json.loads(out)["circuits"]}
    assert {n: c["qubits"] for n, c in found.items()} == {
        "own": 1,
        "spec": 2,
        "ionq": 4,
    }
    assert found["ionq"]["weights"] == 28
    assert found["own"]["gradient_variance"]["value"] == pytest.approx(
        0.5, abs=0.3
    )


def test_ways_to_start(tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["diagnose", "--ansatz", "ry,cnot,rx", "--mirror", "2"]
    arguments += ["--initialization", "uniform,identity_blocks", *FEW]
    arguments += ["--qubits", "2:3", "--output", output]
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    content = json.loads((output / "diagnosis.json").read_text())
    found = {
        (c["ansatz"], c["qubits"], c["depth"]): c for c in content["circuits"]
    }
    names = ("ry,cnot,rx uniform", "ry,cnot,rx identity_blocks")
    assert {*found} == {
        (n, q, d) for n in names for q in (2, 3) for d in (4, 8)
    }
    uniform, blocks = (found[name, 2, 4] for name in names)
    assert uniform["expressibility"] == blocks["expressibility"]
    assert uniform["gradient_variance"]["value"] > 0.01
    # The features are zero, and Z leaves the zero state as it is.
    assert blocks["gradient_variance"]["value"] == 0
    assert "| zero to rounding | 0.107 |" in out
    assert (output / "plots/starts.svg").is_file()


@pytest.mark.long
def test_goes_on_after_a_kill(tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["diagnose", "--qubits", "2,3", "--depth", "1:3"]
    arguments += ["--output", str(output), "--json", "--samples", "8000"]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    done = output / "circuits"
    while not list(done.glob("*.json")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    kept = {p: p.stat().st_mtime_ns for p in done.glob("*.json")}
    assert 1 <= len(kept) < 6
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    assert len(json.loads(out)["circuits"]) == 6
    assert kept == {p: p.stat().st_mtime_ns for p in kept}


BAD = [
    (["--ansatz", "qfn"], "Did you mean 'qffn'"),
    (["--ansatz", "ry,cnt"], "Did you mean 'cnot'"),
    (["--ansatz", "cnot,cz"], "at least one rotation"),
    (["--ansatz", "ionq"], "ionq on 2 qubits in depth 1"),
    (["--entanglement", "rnig"], "Did you mean 'ring'"),
    (["--qubits", "8:2"], "which is 2 to 8"),
    (["--qubits", "0"], "expected numbers from 1"),
    (["--qubits", "two"], "expected numbers from 1"),
    (["--qubits", "2:3:0"], "expected numbers from 1"),
    (["--qubits", "2:3:1:1"], "expected numbers from 1"),
    (["--qubits", "1:99999999999"], "nearest valid value"),
    (["--qubits", "60"], "nearest valid value"),
    (["--initialization", "unifrom"], "Did you mean 'uniform'"),
    (["--initialization", "identity_blocks"], "mirror of at least 1"),
    (["--mirror", "1"], "entanglers next to their inverses cancel"),
    (["--depth", ""], "expected numbers from 1"),
    (["--samples", "1"], "samples=1"),
    (["--samples", "few"], "not a valid integer"),
    (["--observable", "Z9"], "indices from 0 to 7"),
    (["--observable", "all"], "'Z0' or 'X0*X1'"),
    (["--features", "zeros"], "Did you mean 'zero'"),
    (["--circuit", "nowhere.json"], "nowhere.json"),
    (["--circuit", "qaa", "--depth", "2"], "no --depth with --circuit"),
    (["--circuit", "qaa", "--circuit", "qaa"], "twice qaa"),
    (["--output", "BLOCKED"], "no folder"),
    (["--output", "ELSE"], "something else"),
]


@pytest.mark.parametrize("arguments,message", BAD, ids=lambda v: str(v)[-40:])
def test_bad_input(arguments, message, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    names = {"BLOCKED": tmp_path / "file" / "sub", "ELSE": tmp_path}
    arguments = [names.get(a, a) for a in arguments]
    if "--output" not in arguments:
        arguments += ["--output", tmp_path / "out"]
    code, out, err = run(capsys, "diagnose", *FEW, *arguments)
    assert code == 2
    assert message in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("tfq-hybrid: ") and message in last
    assert "Traceback" not in out + err
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_report(tmp_path, capsys):
    (tmp_path / "search.json").write_text(json.dumps(search()))
    code, out, _ = run(
        capsys, "report", tmp_path, "--output", tmp_path / "p.html"
    )
    assert code == 0
    assert out == f"Page: {tmp_path / 'p.html'}\n"
    code, out, _ = run(capsys, "report", tmp_path, "--json")
    assert code == 0
    content = json.loads(out)
    assert content["table"].endswith("table.md")
    assert len(content["plots"]) == 10
    code, _, err = run(capsys, "report", tmp_path / "plots")
    assert code == 2
    assert "diagnosis.json" in err
    assert len(err.strip().splitlines()) == 1


def test_a_search_without_trials_has_no_plots(tmp_path, capsys):
    content = search(count=0) | {"importance": {}}
    (tmp_path / "search.json").write_text(json.dumps(content))
    code, out, err = run(capsys, "report", tmp_path)
    assert code == 0, err
    assert "Plots" not in out


@pytest.mark.parametrize("command", ["diagnose", "report"])
def test_help_has_examples(command, capsys):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert "Example" in out and f"tfq-hybrid {command}" in out
    if command == "diagnose":
        words = " ".join(out.split())
        for name in (*PRESETS, *ENTANGLEMENTS):
            assert name in words
