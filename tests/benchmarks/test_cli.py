"""`python -m benchmarks.engines`: bad input, and the choice of cases."""

import sys

import pytest

from benchmarks import peers
from benchmarks.cases import GROUPS, choose_cases
from benchmarks.engines import engines
from benchmarks.implementations import of_kind
from tfq_hybrid.cli.run import run_command
from tfq_hybrid.errors import UserError


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        run_command(engines, arguments, "benchmarks.engines")
    return stop.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--groups", "gird"], "Did you mean 'grid'"),
        (["--implementations", "bached"], "Did you mean 'batched'"),
        (["--implementations", "pyqtorch"], "Expected implementation"),
        (["--qubits", "4,x"], "expected integers"),
        (["--qubits", "1"], "nearest valid value is 2"),
        (["--groups", "fed", "--qubits", "4"], "only with the group grid"),
        (["--quick", "--qubits", "4"], "--quick excludes"),
        (["--rounds", "0"], "--rounds"),
        (["--cap-seconds", "-1"], "--cap-seconds to be above 0"),
        (["--memory-gb", "nan"], "--memory-gb to be above 0"),
        (["--peers", "nowhere/python"], "benchmarks.peers"),
        (["--peers", sys.executable], "without"),
        (["--output", "/dev/null/x"], "Expected a folder"),
    ],
)
def test_bad_input_ends_with_2(arguments, message, capsys, tmp_path):
    if "--output" not in arguments:
        arguments = [*arguments, "--output", str(tmp_path)]
    code, error = run(capsys, *arguments)
    assert code == 2
    assert message in error
    assert len(error.splitlines()) == 1


def test_the_grid_is_whole():
    grid = choose_cases(["grid"])
    assert len(grid) == len({case.key for case in grid}) == 6 * 3 * 3
    assert len(choose_cases()) == 54 + 3 + 1 + 2 + 1 + 1
    assert [c.key for c in choose_cases(["large"])] == [
        "large/14x2x32",
        "large/16x2x32",
        "large/18x2x32",
    ]
    assert set(GROUPS) >= {"fed", "memory", "training-step"}


@pytest.mark.long
def test_install_that_fails_says_so(tmp_path, monkeypatch):
    broken = tmp_path / "requirements.txt"
    broken.write_text("numpy==none\n")
    monkeypatch.setattr(peers, "REQUIREMENTS", broken)
    with pytest.raises(UserError, match="Expected the peers to install"):
        peers.install_peers(tmp_path / "venv", report=lambda line: None)


def test_every_peer_is_pinned():
    pinned = peers.pins()
    assert {"pennylane", "tensorcircuit-ng", "pyqtorch"} <= set(pinned)
    assert all(version[0].isdigit() for version in pinned.values())
    assert len(of_kind("peer")) == 5
