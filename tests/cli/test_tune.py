"""`tune` and `screen` on the command line; searches that are cut short."""

import itertools
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tfq_hybrid.cli.main import main
from tfq_hybrid.tuning.workers import (
    LOOPBACK,
    environment,
    joining_lines,
    share_cores,
)

COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]
SMALL = (
    "--data embedded --limit 32 --sequence-length 8 --batch-size 16 "
    "--vocabulary-size 128"
).split()
SPACE = "--space qubits=2,3 --space depth=1,2 --only --tuner grid".split()


def run(capsys, *arguments):
    """Runs a command; returns (exit code, stdout, stderr)."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code or 0
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("--objective val_acc", "Did you mean 'val_accuracy'"),
        ("--objective val_loss,val_loss", "each of them once"),
        ("--tuner hyperbnd", "Did you mean 'hyperband'"),
        ("--tuner hyperband --epochs 1", "at least 2 epochs"),
        ("--space dept=1", "Did you mean 'depth'"),
        ("--space qubits=4:2", "low end"),
        ("--only", "at least one argument"),
        ("--max-trials 0", "max_trials"),
        ("--executions 0", "executions"),
        ("--workers 0", "workers"),
        ("--max-memory lots", "500MB or 4GiB"),
        ("--port 5000", "--workers of at least 2"),
        ("--model qfn-bert", "Did you mean 'qffn-bert'"),
        ("--tokens cl", "Did you mean 'cls'"),
        ("--hidden-size 3", "No such option"),
    ],
)
def test_tune_refuses(arguments, expected, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tfq_hybrid.tuning.describe", lambda *rest: [])
    output = tmp_path / "tune"
    code, out, err = run(
        capsys, "tune", *SMALL, "--output", output, *arguments.split()
    )
    assert (code, out) == (2, "")
    assert expected in err and err.count("\n") == 1
    assert not output.exists()


def test_a_port_in_use(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tfq_hybrid.tuning.describe", lambda *rest: [])
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run(
            capsys,
            *("tune", *SMALL, "--workers", 2, "--port", port),
            *("--output", tmp_path / "tune"),
        )
    assert code == 2
    assert f"Received: port={port}" in err
    assert not (tmp_path / "tune").exists()


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("--factors qubits", "at least 2 factors"),
        ("--factors qubits,dept", "Did you mean 'depth'"),
        ("--factors qubits,depth --levels depth=2", "which is constant"),
        ("--factors qubits,depth --design fractonal", "Did you mean"),
        ("--factors qubits,depth --response loss2", "Did you mean 'loss'"),
        ("--factors qubits,depth --levels qubits=0,2", "qubits=0"),
        ("--factors qubits,depth --hidden-size 3", "No such option"),
    ],
)
def test_screen_refuses(arguments, expected, tmp_path, capsys):
    output = tmp_path / "screen"
    code, out, err = run(
        capsys, "screen", *SMALL, "--output", output, *arguments.split()
    )
    assert (code, out) == (2, "")
    assert expected in err and err.count("\n") == 1
    assert not output.exists()


def test_joining_needs_an_address(tmp_path, capsys, monkeypatch):
    for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT"):
        monkeypatch.delenv(f"KERASTUNER_{name}", raising=False)
    code, _, err = run(capsys, "tune", "--join", "--output", tmp_path)
    assert code == 2 and "no KERASTUNER_TUNER_ID" in err
    for name, value in environment("worker-0", 1).items():
        monkeypatch.setenv(name, value)
    code, _, err = run(capsys, "tune", "--join", "--output", tmp_path)
    assert code == 2 and "folder of a search" in err


def test_the_lines_to_join_by_quote_the_folder():
    *_, line = joining_lines("/shared/a search", 5000)
    assert shlex.split(line)[-1] == "/shared/a search"


def test_workers_have_cores_of_their_own():
    cores = sorted(os.sched_getaffinity(0))
    for workers in range(1, len(cores) + 1):
        shares = share_cores(workers)
        assert sorted(itertools.chain(*shares)) == cores
    assert len(share_cores(len(cores) + 1)) == len(cores) + 1
    variables = environment("worker-1", 5000, [0, 1])
    assert variables["TF_NUM_INTRAOP_THREADS"] == "2"
    assert variables["OMP_NUM_THREADS"] == "2"
    assert variables["KERASTUNER_ORACLE_IP"] == LOOPBACK


@pytest.mark.usefixtures("one_block")
def test_the_best_trial_is_a_run(tmp_path, capsys):
    output = tmp_path / "tune"
    command = ["tune", *SMALL, *SPACE, "--max-trials", 1, "--output", output]
    code, out, _ = run(capsys, *command, "--json")
    result = json.loads(out)
    assert code == 0
    (trial,) = result["trials"]
    assert trial["values"] == {"circuit.qubits": 2, "circuit.depth": 1}
    assert set(trial["predicted"]) == {"bytes", "seconds"}
    code, out, _ = run(
        capsys, "evaluate", output / "best", "--data", "embedded", "--json"
    )
    assert code == 0 and json.loads(out)["examples"] == 1000
    code, out, _ = run(capsys, *command, "--json")
    assert json.loads(out) == result  # nothing ran again
    code, _, err = run(capsys, *command, "--space", "qubits=4", "--json")
    assert code == 2 and "Expected circuit.qubits once" in err
    changed = [word.replace("qubits=2,3", "qubits=2,4") for word in SPACE]
    rest = ["--max-trials", 1, "--output", output]
    code, _, err = run(capsys, "tune", *SMALL, *changed, *rest)
    assert code == 2 and "space.0.values.1 is 3" in err


def ended(folder):
    records = []
    for path in folder.glob("trials/*/trial.json"):
        record = json.loads(path.read_text())
        if record["status"] != "running":
            records.append(record)
    return records


def start(output, *options):
    return subprocess.Popen(
        [*COMMAND, "tune", *SMALL, *SPACE, "--output", str(output), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition, process, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)


def children(process, word):
    """The processes of a search whose id is `word`."""
    found = []
    for child in psutil.Process(process.pid).children():
        if child.environ().get("KERASTUNER_TUNER_ID") == word:
            found.append(child)
    return found


@pytest.mark.long
def test_kill_and_restart(tmp_path):
    output = tmp_path / "tune"
    process = start(output, "--max-trials", "3", "--epochs", "2")
    wait_for(
        lambda: (
            len(ended(output)) == 1
            and any(output.glob("trials/1/run-0/checkpoints/state.json"))
        ),
        process,
    )
    process.kill()
    process.communicate()
    first = (output / "trials" / "0" / "trial.json").read_bytes()
    process = start(output, "--max-trials", "3", "--epochs", "2")
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    assert (output / "trials" / "0" / "trial.json").read_bytes() == first
    result = json.loads((output / "search.json").read_text())
    tried = [tuple(t["values"].values()) for t in result["trials"]]
    assert tried == [(2, 1), (2, 2), (3, 1)]
    record = json.loads((output / "trials" / "1" / "trial.json").read_text())
    assert record["attempts"] == 2


@pytest.mark.long
def test_two_workers_of_which_one_is_killed(tmp_path):
    output = tmp_path / "tune"
    process = start(output, "--max-trials", "4", "--workers", "2")
    wait_for(
        lambda: (
            len(list(output.glob("trials/*/run-0/config.json"))) >= 2
            and bool(children(process, "worker-1"))
        ),
        process,
    )
    (worker,) = children(process, "worker-1")
    worker.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    assert "worker-1 ended with -9; it starts again" in out
    assert "KERASTUNER_ORACLE_PORT=" in out
    assert len(ended(output)) == 4
    assert {r["status"] for r in ended(output)} == {"completed"}
    assert max(r["attempts"] for r in ended(output)) == 2
    # Nobody is left behind, the chief included.
    assert not [
        p
        for p in psutil.process_iter(["cmdline"])
        if str(output) in (p.info["cmdline"] or [])
    ]


@pytest.mark.long
def test_a_dead_chief(tmp_path):
    output = tmp_path / "tune"
    process = start(output, "--max-trials", "4", "--workers", "2")
    wait_for(lambda: len(ended(output)) >= 1, process)
    (chief,) = children(process, "chief")
    chief.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    line = out.strip().splitlines()[-1]
    assert "The chief" in line and "is kept" in line
    result = json.loads((output / "search.json").read_text())
    assert len(result["trials"]) >= 1
    out, _ = start(output, "--max-trials", "4").communicate(timeout=600)
    result = json.loads((output / "search.json").read_text())
    assert len(result["trials"]) == 4, out
    assert {t["status"] for t in result["trials"]} == {"completed"}
