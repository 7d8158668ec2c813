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

# Runs commands one after the other; prints, as JSON, what each has printed.
PROGRAM = """
import contextlib, io, json, shlex, sys
from tfq_hybrid.cli.main import main
printed = []
for line in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(shlex.split(line))
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A function that runs Python where the package is installed."""
    folder = tmp_path_factory.mktemp("sixth")
    shutil.copytree(SOURCE, folder / "source")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--no-index", "--target"]
    install += [str(folder / "site"), str(folder / "source")]
    subprocess.run(install, check=True)
    for name in ("train.tsv", "test.tsv"):
        lines = ["text\tlabel", *ROWS]
        (folder / name).write_text("\n".join(lines) + "\n")

    def run(*arguments):
        result = subprocess.run(
            [sys.executable, *arguments],
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

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def made(python):
    """The folder of a run and a search, of one process."""
    python(
        *("-c", PROGRAM),
        "train --data train.tsv --model circuit-on-words --output runs/a"
        " --qubits 3 --width 8 --epochs 1",
        "tune --data train.tsv --model circuit-on-words --output runs/t"
        " --max-trials 2 --epochs 1",
    )
    return python.folder


def test_it_is_trained_and_exported(python, made):
    config = json.loads((made / "runs/a/config.json").read_text())
    assert config["config"]["qubits"] == 3
    # Another process has only the run to know the system by.
    printed = python(
        *("-c", PROGRAM),
        "verify runs/a",
        "evaluate runs/a --data test.tsv --json",
        "export runs/a --output saved/a",
        "predict saved/a 'a lovely film'",
    )
    verified, *_, predicted = json.loads(printed)
    assert "all finite" in verified
    assert "film" in predicted


def test_it_is_tuned(made):
    assert "qubits" in (made / "runs/t/table.md").read_text()


@pytest.mark.long
def test_it_is_reproduced(python):
    command = "-m tfq_hybrid reproduce circuit-on-words --quick --workers 1"
    python(*command.split(), "--data", ".")
    folder = python.folder / "results/circuit-on-words-quick"
    assert "A circuit on words" in (folder / "report.md").read_text()
