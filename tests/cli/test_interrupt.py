"""A training that is cut short by a signal, and goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]
SMALL = (
    "--limit 64 --sequence-length 12 --batch-size 16 --qubits 2 --depth 1 "
    "--epochs 400 --patience 400"
).split()


def epochs_done(run):
    state = run / "checkpoints" / "state.json"
    return json.loads(state.read_text())["epoch"] if state.exists() else 0


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_resumes_after_a_signal(kind, tmp_path, data_dir):
    run = tmp_path / "run"
    arguments = [*COMMAND, "train", "--output", str(run)]
    process = subprocess.Popen(
        [*arguments, *SMALL, "--data", "embedded", "--data-dir", data_dir],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while epochs_done(run) < 2 and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    os.kill(process.pid, kind)
    _, errors = process.communicate(timeout=240)
    if kind == signal.SIGINT:
        assert process.returncode == 130
        assert "train --resume" in errors
        assert "Traceback" not in errors
    done = epochs_done(run)
    assert 2 <= done < 400
    # The rest, made short: the stored config says how far it goes.
    config = json.loads((run / "config.json").read_text())
    config["config"]["epochs"] = done + 1
    (run / "config.json").write_text(json.dumps(config))
    result = subprocess.run(
        [*arguments, "--resume", "--json"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["epochs"] == done + 1
