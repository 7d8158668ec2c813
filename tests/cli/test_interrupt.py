"""A training that is cut short by a signal, and goes on."""

import gc
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tfq_hybrid.cli.main import main

COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]
SMALL = (
    "--limit 64 --sequence-length 12 --batch-size 16 --qubits 2 --depth 1 "
    "--epochs 400 --patience 400"
).split()


def epochs_done(run):
    state = run / "checkpoints" / "state.json"
    return json.loads(state.read_text())["epoch"] if state.exists() else 0


def cut_short(arguments, run, kind, epochs):
    """Starts a training and sends it a signal after some epochs.

    Returns:
        Its exit status, what it said, and the epochs in its checkpoint.
    """
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 300
    while epochs_done(run) < epochs and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    os.kill(process.pid, kind)
    _, errors = process.communicate(timeout=240)
    return process.returncode, errors, epochs_done(run)


@pytest.mark.long
def test_resumes_after_signals(tmp_path, data_dir, capsys):
    run = tmp_path / "run"
    arguments = [*COMMAND, "train", "--output", str(run)]
    fresh = [*arguments, *SMALL, "--data", "embedded", "--data-dir", data_dir]
    status, errors, done = cut_short(fresh, run, signal.SIGINT, 2)
    assert status == 130
    assert "train --resume" in errors
    assert "Traceback" not in errors
    assert 2 <= done < 400
    again = [*arguments, "--resume"]
    status, _, later = cut_short(again, run, signal.SIGKILL, done + 2)
    assert status == -signal.SIGKILL
    assert done + 2 <= later < 400
    done = later
    # The rest, made short: the stored config says how far it goes.
    config = json.loads((run / "config.json").read_text())
    config["config"]["epochs"] = done + 1
    (run / "config.json").write_text(json.dumps(config))
    main(["train", "--output", str(run), "--resume", "--json"])
    assert json.loads(capsys.readouterr().out)["epochs"] == done + 1


COMMANDS = {
    "train": ["--epochs", "100000", "--patience", "100000"],
    "tune": ["--max-trials", "100000"],
    "screen": ["--factors", "qubits,depth,learning_rate"],
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_that_falls_into_a_callback(command, tmp_path, capsys):
    number = signal.SIGTERM if command == "tune" else signal.SIGINT
    default = signal.getsignal(number)

    def callback(phase, info):
        if signal.getsignal(number) != default:  # the command has begun
            gc.callbacks.remove(callback)
            signal.raise_signal(number)

    data = tmp_path / "data.tsv"
    data.write_text("text\tlabel\n" + "a fine film\t1\na bad film\t0\n" * 20)
    words = ["--data", str(data), "--output", str(tmp_path / "run")]
    words += ["--sequence-length", "6", "--vocabulary-size", "64"]
    gc.callbacks.append(callback)
    with pytest.raises(SystemExit) as stop:
        main([command, *words, *COMMANDS[command]])
    assert stop.value.code == 128 + number
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("tfq-hybrid: ")
    assert ("Terminated." if command == "tune" else "Interrupted.") in said
    assert callback not in gc.callbacks
    assert signal.getsignal(number) == default
    assert not list(tmp_path.glob(".*"))
