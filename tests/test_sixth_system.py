"""A system that another package brings is trained, tuned, reproduced, exported.

Nothing in this project names it.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(__file__).parent / "sixth_system"
ROWS = [
    f"{text} {number}\t{label}"
    for number in range(20)
    for text, label in (("a lovely film", 1), ("a dull film", 0))
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs a command where the package is installed."""
    folder = tmp_path_factory.mktemp("sixth")
    shutil.copytree(SOURCE, folder / "source")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--no-index", "--target"]
    install += [str(folder / "site"), str(folder / "source")]
    subprocess.run(install, check=True)
    for name in ("train.tsv", "test.tsv"):
        lines = ["text\tlabel", *ROWS]
        (folder / name).write_text("\n".join(lines) + "\n")

    def command(*arguments):
        result = subprocess.run(
            [sys.executable, "-m", "tfq_hybrid", *arguments],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{os.getcwd()}",
            },
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    command.folder = folder
    return command


def test_it_is_trained_and_exported(run):
    run(
        *"train --data train.tsv --model circuit-on-words --output runs/a"
        " --qubits 3 --width 8 --epochs 1".split()
    )
    config = json.loads((run.folder / "runs/a/config.json").read_text())
    assert config["config"]["qubits"] == 3
    assert "all finite" in run("verify", "runs/a")
    run("evaluate", "runs/a", "--data", "test.tsv", "--json")
    run("export", "runs/a", "--output", "saved/a")
    assert "film" in run("predict", "saved/a", "a lovely film")


def test_it_is_tuned(run):
    run(
        *"tune --data train.tsv --model circuit-on-words --output runs/t"
        " --max-trials 2 --epochs 1".split()
    )
    table = (run.folder / "runs/t/table.md").read_text()
    assert "qubits" in table


def test_it_is_reproduced(run):
    run(*"reproduce circuit-on-words --quick --data .".split())
    folder = run.folder / "results/circuit-on-words-quick"
    assert "A circuit on words" in (folder / "report.md").read_text()
