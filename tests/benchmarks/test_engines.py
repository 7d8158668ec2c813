"""A real run of the own engines: figures, checks, caps, resume."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from benchmarks.cases import Case, choose_cases
from benchmarks.implementations import choose
from benchmarks.measure import Settings, _Check, measure
from benchmarks.problems import Problem, reference
from benchmarks.results import Results
from benchmarks.run import run, split_hopeless
from tfq_hybrid.errors import UserError

SETTINGS = Settings(rounds=2, turn_seconds=0.01, threads=1)
OWN = ("batched", "stock-tfq")


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """A finished run of one case."""
    folder = tmp_path_factory.mktemp("benchmark")
    cases = choose_cases(qubits=[2], depths=[1], batches=[3])
    run(cases, choose(OWN), SETTINGS, folder)
    return folder


@pytest.mark.long
def test_a_run_measures(output):
    results = Results.read(output / "results.json")
    assert list(results.cases) == ["grid/2x1x3"]
    for name in OWN:
        for mode in ("forward", "gradient"):
            figures = results.figures("grid/2x1x3", name, mode)
            assert figures["status"] == "ok"
            assert len(figures["seconds"]) == 2
            assert 0 < min(figures["seconds"]) < figures["first_seconds"]
            assert figures["difference"] < 1e-3
            # TensorFlow alone takes hundreds of MB.
            assert figures["peak_bytes"] > 2e8
    ratio = results.ratio("grid/2x1x3", "gradient", "stock-tfq", "batched")
    assert ratio["min"] <= ratio["median"] <= ratio["max"]
    assert "2, 1, 3" in (output / "report.md").read_text()
    assert (output / "plot.png").read_bytes().startswith(b"\x89PNG")
    versions = results.cases["grid/2x1x3"]["implementations"]["batched"]
    assert versions["versions"]["tensorflow"].startswith("2.18")


def test_a_finished_case_is_kept(output):
    before = (output / "results.json").read_text()
    cases = choose_cases(qubits=[2], depths=[1], batches=[3])
    lines = []
    run(cases, choose(OWN), SETTINGS, output, report=lines.append)
    assert lines[0].startswith("0 cases")
    assert "(1 there already)" in lines[0]
    assert (output / "results.json").read_text() == before


def test_other_settings_do_not_mix(output):
    other = dataclasses.replace(SETTINGS, threads=2)
    with pytest.raises(UserError, match=r"threads=1 to go on.*threads=2"):
        Results.open(output / "results.json", other)
    assert not Results.open(output / "results.json", other, True).cases


@pytest.mark.parametrize(
    "change, status",
    [
        ({"cap_seconds": 0.01}, "over the cap of 0.01 s"),
        ({"memory_gb": 0.05}, "over the memory"),
    ],
)
def test_caps(change, status):
    case = Case("grid", Problem(2, 1, 1))
    rows = [(row, case.modes) for row in choose(["batched"])]
    settings = dataclasses.replace(SETTINGS, **change)
    measured = measure(case, rows, settings, report=lambda line: None)
    for mode in case.modes:
        assert measured["batched"][mode]["status"].startswith(status)


@pytest.mark.long
def test_a_worker_that_fails_says_why():
    (row,) = choose(["batched"])
    row = dataclasses.replace(row, options={"engine": {"colour": "red"}})
    case = Case("grid", Problem(2, 1, 1), ("forward",))
    measured = measure(
        case, [(row, case.modes)], SETTINGS, report=lambda line: None
    )
    status = measured["batched"]["forward"]["status"]
    assert status.startswith("failed: ")
    assert "colour" in status


def test_wrong_outputs_are_not_timed():
    problem = Problem(3, 2, 6)
    fed, trained = problem.values(seed=0)
    outputs, gradient = reference(problem, fed, trained, list(range(6)))
    check = _Check(problem, fed, trained)
    assert check("forward", [outputs])[0] == "ok"
    status, difference = check("forward", [outputs + 2e-5])
    assert status.startswith("wrong: off by 2.0e-05")
    assert difference == pytest.approx(2e-5)
    loss, weights = np.float32(1), np.ones(12)
    assert check("gradient", [loss, gradient, weights])[0] == "ok"
    for arrays in (
        [loss, -gradient, weights],
        [loss, gradient, weights * 1.01],
        [loss, gradient[:, :2], weights],
        [loss, gradient * np.nan, weights],
    ):
        assert check("gradient", arrays)[0].startswith("wrong")


def test_what_was_over_is_not_tried_larger():
    results = Results({"cases": {}, "settings": {}, "environment": {}})
    over = {"gradient": {"status": "over the cap of 1 s", "seconds": []}}
    results.add(Case("grid", Problem(8, 2, 512)), {"batched": over})
    rows = choose(OWN)
    larger = Case("grid", Problem(8, 4, 512))
    runnable, skipped = split_hopeless(larger, rows, results)
    assert [(row.name, modes) for row, modes in runnable] == [
        ("batched", ("forward",)),
        ("stock-tfq", ("forward", "gradient")),
    ]
    status = skipped["batched"]["gradient"]["status"]
    assert status == "skipped: over at grid/8x2x512"
    for problem in (Problem(6, 4, 4096), Problem(8, 1, 512)):
        _, skipped = split_hopeless(Case("grid", problem), rows, results)
        assert not skipped


@pytest.mark.long
def test_a_killed_run_leaves_no_worker_and_goes_on(tmp_path):
    command = [sys.executable, "-m"]
    command += "benchmarks.engines --qubits 2,3 --depths 1 --batches 2".split()
    command += "--implementations batched --rounds 1".split()
    command += ["--output", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    path = tmp_path / "results.json"
    workers = []
    while not (path.exists() and workers) and time.monotonic() < deadline:
        assert process.poll() is None
        workers = psutil.Process(process.pid).children()
        time.sleep(0.02)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("1 cases")
    assert set(Results.read(path).cases) == {"grid/2x1x2", "grid/3x1x2"}


def test_peers_agree(tmp_path):
    """With `TFQ_HYBRID_PEERS`, the Python of the peers' environment."""
    python = os.environ.get("TFQ_HYBRID_PEERS")
    if not python:
        pytest.skip("TFQ_HYBRID_PEERS names no environment with the peers")
    cases = [
        Case("grid", Problem(4, 2, 3)),
        Case("grid", Problem(6, 1, 3)),
        Case("fed", Problem(3, 2, 3, shared=False)),
    ]
    rows = [row for row in choose() if row.kind in ("peer", "batched")]
    run(cases, rows, SETTINGS, tmp_path, peers=python)
    content = json.loads((tmp_path / "results.json").read_text())
    for key, entry in content["cases"].items():
        for name, measured in entry["implementations"].items():
            for mode in ("forward", "gradient"):
                assert measured[mode]["status"] == "ok", (key, name, mode)
