"""A diagnosis over a grid: what it holds, resumption, its folder."""

import importlib
import json

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import CircuitSpec, CustomCircuit, preset
from tfq_hybrid.diagnostics import (
    DiagnosisSettings,
    Subject,
    diagnose,
    grid,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.locks import writing

diagnose_module = importlib.import_module("tfq_hybrid.diagnostics.diagnose")
FEW = DiagnosisSettings(samples=40, gradient_samples=60, resamples=50)
QFFN = preset("qffn")


def test_content(tmp_path):
    lines, shares = [], []
    content = diagnose(
        grid("qffn", QFFN, [2, 3], [1, 2]),
        tmp_path / "out",
        FEW,
        report=lines.append,
        advance=lambda subject, share: shares.append(share),
    )
    assert json.loads((tmp_path / "out/diagnosis.json").read_text()) == content
    assert content["kind"] == "diagnosis"
    assert content["settings"]["samples"] == 40
    assert content["settings"]["ansatz"]["qffn"]["encoding"] == "angle"
    assert len(lines) == 1 and "4 circuits" in lines[0]
    assert sum(shares) == pytest.approx(1)
    places = [(c["qubits"], c["depth"]) for c in content["circuits"]]
    assert places == [(2, 1), (2, 2), (3, 1), (3, 2)]
    for circuit in content["circuits"]:
        assert circuit["weights"] == 2 * circuit["qubits"] * circuit["depth"]
        for name in (
            "expressibility",
            "entangling_capability",
            "gradient_variance",
        ):
            found = circuit[name]
            assert found["low"] <= found["value"] <= found["high"]
        assert "replicates" not in circuit["gradient_variance"]
    assert [fit["depth"] for fit in content["decay"]] == [1, 2]
    for fit in content["decay"]:
        assert fit["low"] <= fit["rate"] <= fit["high"]
        assert fit["qubits"] == [2, 3]


@pytest.mark.long
def test_side_by_side_it_is_the_same(tmp_path):
    subjects = grid("qffn", QFFN, [2, 3], [1])
    found = []
    for workers in (1, 2):
        content = diagnose(
            subjects, tmp_path / str(workers), FEW, workers=workers
        )
        for circuit in content["circuits"]:
            del circuit["seconds"]
        found.append(content)
    assert found[0] == found[1]


def test_known_plateau(tmp_path):
    """RY on each qubit, Z on all: the variance is (1/2)**n at depth 1."""
    spec = CircuitSpec(ansatz=("ry",), entanglement="none")
    settings = DiagnosisSettings(
        samples=20, gradient_samples=3000, observable="global"
    )
    content = diagnose(
        grid("ry", spec, [1, 2, 4], [1]), tmp_path / "o", settings
    )
    [fit] = content["decay"]
    assert fit["low"] < 1 < fit["high"]
    assert fit["high"] - fit["low"] < 0.2
    assert fit["intercept"] == pytest.approx(0, abs=0.15)


def test_goes_on_where_it_stopped(tmp_path, monkeypatch):
    subjects = grid("qffn", QFFN, [2, 3], [1, 2])
    whole = diagnose(subjects, tmp_path / "whole", FEW)
    measured = []
    measure = diagnose_module.measure

    def cut(circuit, settings):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(circuit.qubits)
        return measure(circuit, settings)

    monkeypatch.setattr(diagnose_module, "measure", cut)
    with pytest.raises(KeyboardInterrupt):
        diagnose(subjects, tmp_path / "cut", FEW)
    assert not (tmp_path / "cut/diagnosis.json").exists()
    measured.clear()
    lines = []
    again = diagnose(subjects, tmp_path / "cut", FEW, report=lines.append)
    assert len(measured) == 2
    assert "2 circuits to measure, 2 are there" in lines[0]
    for content in (whole, again):
        for circuit in content["circuits"]:
            del circuit["seconds"]
    assert again == whole
    # More circuits: only they are measured. Nothing left: no estimate.
    measured.clear()
    wider = grid("qffn", QFFN, [2, 3, 4], [1])
    assert len(diagnose(wider, tmp_path / "cut", FEW)["circuits"]) == 3
    assert measured == [4]
    lines.clear()
    diagnose(wider, tmp_path / "cut", FEW, report=lines.append)
    assert not lines


@pytest.fixture
def done(tmp_path):
    diagnose(grid("qffn", QFFN, [2], [1]), tmp_path / "done", FEW)
    (tmp_path / "else").mkdir()
    (tmp_path / "else/letter.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    return tmp_path


OTHER = DiagnosisSettings(samples=41, gradient_samples=60, resamples=50)
LINE = cirq.LineQubit(0)
FIXED = CustomCircuit(cirq.Circuit(cirq.rx(sympy.Symbol("x"))(LINE)))


@pytest.mark.parametrize(
    "subjects,folder,settings,message",
    [
        ([Subject("qffn", QFFN)], "done", OTHER, "samples is 40"),
        ([Subject("qffn", QFFN)], "else", FEW, "something else"),
        ([Subject("qffn", QFFN)], "file/x", FEW, "no folder"),
        ([Subject("qffn", QFFN)] * 2, "new", FEW, "twice qffn-q04-d02"),
        ([], "new", FEW, "none"),
        ([Subject("own", FIXED)], "new", FEW, "own: Expected weights"),
        (
            grid("qffn", preset("qffn", entanglement="ring"), [2], [1]),
            "done",
            FEW,
            "another one of that name",
        ),
        (
            [Subject("big", preset("qffn", qubits=60))],
            "new",
            FEW,
            "big: .*nearest valid",
        ),
        (
            grid("qffn", QFFN, [2], [1]),
            "new",
            DiagnosisSettings(observable="Z2"),
            "indices from 0 to 1",
        ),
    ],
)
def test_bad_input_writes_nothing(done, subjects, folder, settings, message):
    before = sorted(done.rglob("*"))
    with pytest.raises(UserError, match=message):
        diagnose(subjects, done / folder, settings)
    assert sorted(done.rglob("*")) == before


def test_overwrite(done):
    subjects = grid("qffn", QFFN, [3], [1])
    content = diagnose(subjects, done / "done", OTHER, overwrite=True)
    assert content["settings"]["samples"] == 41
    assert len(list((done / "done/circuits").iterdir())) == 1


def test_one_writer_at_a_time(done):
    subjects = grid("qffn", QFFN, [2, 3], [1])
    with writing(done / "done"), pytest.raises(UserError, match="is writing"):
        diagnose(subjects, done / "done", FEW)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: json.dumps(stored)[:6],
        lambda stored: json.dumps({"circuit": stored["circuit"]}),
        lambda stored: json.dumps({**stored, "result": {}}),
    ],
    ids=["half", "no result", "no variance"],
)
def test_damaged_file_is_named(done, damage):
    file = done / "done/circuits/qffn-q02-d01.json"
    file.write_text(damage(json.loads(file.read_text())))
    with pytest.raises(UserError, match="json, damaged"):
        diagnose(grid("qffn", QFFN, [2], [1]), done / "done", FEW)


def test_grid_names_the_size_that_fails():
    with pytest.raises(UserError, match="ionq on 2 qubits in depth 1"):
        grid("ionq", preset("ionq"), [4, 2], [1])


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"samples": 1}, "samples=1"),
        ({"features": "none"}, "features"),
        ({"observable": "Q0"}, "Q0"),
        ({"seed": -1}, "seed=-1"),
        ({"resamples": 3}, "nearest valid value is 40"),
    ],
)
def test_settings_are_checked(arguments, message):
    with pytest.raises(UserError, match=message):
        DiagnosisSettings(**arguments)


def test_circuits_draw_from_their_own_streams(tmp_path):
    """The numbers of a circuit do not depend on the others, the seed does."""
    alone = diagnose(grid("qffn", QFFN, [3], [2]), tmp_path / "alone", FEW)
    both = diagnose(grid("qffn", QFFN, [2, 3], [2]), tmp_path / "both", FEW)
    value = alone["circuits"][0]["entangling_capability"]
    assert both["circuits"][1]["entangling_capability"] == value
    other = DiagnosisSettings(40, 60, resamples=50, seed=1)
    third = diagnose(grid("qffn", QFFN, [3], [2]), tmp_path / "third", other)
    assert third["circuits"][0]["entangling_capability"] != value


def test_decay_from_files_is_that_of_the_estimates(tmp_path):
    subjects = grid("qffn", QFFN, [2, 4], [2])
    content = diagnose(subjects, tmp_path / "out", FEW)
    kept = {}
    for subject in subjects:
        file = tmp_path / "out/circuits" / f"{subject.name}.json"
        result = json.loads(file.read_text())["result"]["gradient_variance"]
        kept[subject.qubits] = np.log2(result["replicates"])
    slopes = -(kept[4] - kept[2]) / 2
    [fit] = content["decay"]
    assert fit["low"] == pytest.approx(np.quantile(slopes, 0.025))
    assert fit["high"] == pytest.approx(np.quantile(slopes, 0.975))
