"""Whatever ends a training, its last good checkpoint is kept."""

import json
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tfq_hybrid.verify import verify


@pytest.fixture
def data(tmp_path_factory):
    """Sentences in a file, elsewhere than the runs."""
    path = tmp_path_factory.mktemp("data") / "films.tsv"
    rows = ["a fine film\t1", "a bad film\t0"] * 32
    path.write_text("\n".join(["text\tlabel", *rows]))
    return path


SETTINGS = """
    import json, os, resource, sys
    from tfq_hybrid.errors import StorageError, UserError
    from tfq_hybrid.training import TrainConfig, train
    config = TrainConfig(
        data=sys.argv[1], sequence_length=8,
        batch_size=32, vocabulary_size=128, epochs=int(sys.argv[3]),
        patience=1000, options={"circuit": {"qubits": 2, "depth": 1}},
    )
    def run(output, **options):
        train(config, output, verbose=0, report=lambda line: None, **options)
    output = sys.argv[2]
"""


def start(code, *arguments):
    """Starts a Python process that can train by `run`."""
    text = textwrap.dedent(SETTINGS) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


FULL = """
    # One run is begun, and whole so far; then the disk is full. The kernel's
    # limit on the size of a file stands for it.
    class Enough(Exception): pass
    def stop(line): raise Enough
    answers = []
    for number, limit in enumerate(json.loads(sys.argv[4])):
        place = f"{output}-{number}"
        soft = (limit, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        try:
            run(place)
            answers.append("done")
        except StorageError as error:
            answers.append(str(error))
        finally:
            whole = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.setrlimit(resource.RLIMIT_FSIZE, whole)
    # There is room again.
    run(place, resume=True)
    print(json.dumps(answers))
"""


def check_full_disk(tmp_path, data, limits):
    process = start(FULL, data, tmp_path / "run", 2, json.dumps(sorted(limits)))
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    answers = json.loads(output.splitlines()[-1])
    assert len(answers) == len(limits)
    for answer in answers:
        assert answer.startswith("Could not write ")
        assert "File too large" in answer
        assert "\n" not in answer
    for place in tmp_path.glob("run-*"):
        assert verify(place).problem is None
    found = verify(tmp_path / f"run-{len(limits) - 1}")
    assert "metrics.json: 2 epochs" in found.checks
    assert not list(tmp_path.rglob(".partial-*"))


@pytest.mark.long
def test_a_full_disk_is_one_line(tmp_path, data):
    """It is full for the config, for a checkpoint, for the model."""
    check_full_disk(tmp_path, data, [500, 20_000, 1_500_000])


@pytest.mark.long
def test_a_full_disk_at_random_points(tmp_path, data):
    generator = random.Random(0)
    limits = [int(10 ** generator.uniform(1, 6.3)) for _ in range(30)]
    check_full_disk(tmp_path, data, limits)


HOLD = """
    print("ready", flush=True)
    run(output)
"""
RESUME = """
    path = os.path.join(output, "config.json")
    begun = os.path.exists(path)
    state = os.path.join(output, "checkpoints", "state.json")
    done = json.load(open(state))["epoch"] if os.path.exists(state) else 0
    if begun:
        content = json.load(open(path))
        content["config"]["epochs"] = done + 1
        json.dump(content, open(path, "w"))
        from tfq_hybrid.training import RunFolder
        config = RunFolder(output).read()[0]
        run(output, resume=True)
    print(done)
"""


def check_signals(tmp_path, data, count, seed=0):
    """A training goes on after each signal, from where it was."""
    generator = random.Random(seed)
    run = tmp_path / "run"
    before = 0
    for _ in range(count):
        resume = ", resume=True" if (run / "config.json").exists() else ""
        process = start(
            HOLD.replace("run(output)", f"run(output{resume})"),
            data,
            run,
            10_000,
        )
        process.stdout.readline()
        time.sleep(generator.uniform(0, 8))
        number = generator.choice(
            [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
        )
        process.send_signal(number)
        _, errors = process.communicate()
        assert process.returncode == -number or "KeyboardInterrupt" in errors
        if (run / "config.json").exists():
            found = verify(run)
            assert found.problem is None
            state = run / "checkpoints" / "state.json"
            done = (
                json.loads(state.read_text())["epoch"] if state.exists() else 0
            )
            assert done >= before
            before = done
    process = start(RESUME, data, run, 1)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert int(output.split()[-1]) == before
    assert f"metrics.json: {before + 1} epochs" in verify(run).checks
    names = [path.name for path in tmp_path.iterdir()]
    assert names == ["run"]


@pytest.mark.long
def test_signals_at_random_points(tmp_path, data):
    check_signals(tmp_path, data, 20)


@pytest.mark.long
def test_a_second_writer_is_told_and_a_read_only_folder(tmp_path, data):
    code = """
        from tfq_hybrid.files.locks import writing
        with writing(output):
            print("held", flush=True)
            sys.stdin.read()
    """
    text = textwrap.dedent(SETTINGS) + textwrap.dedent(code)
    holder = subprocess.Popen(
        [sys.executable, "-c", text, data, tmp_path / "run", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    from tfq_hybrid.cli.main import main

    arguments = ["train", "--data", str(data)]
    try:
        for options in ([], ["--overwrite"], ["--resume"]):
            with pytest.raises(SystemExit) as stop:
                main([*arguments, *options, "--output", str(tmp_path / "run")])
            assert stop.value.code == 2
        assert not (tmp_path / "run").exists()
    finally:
        holder.communicate("")
    # What the kernel keeps is read-only for root too.
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--output", "/proc/sys/run"])
    assert stop.value.code in (1, 2)
