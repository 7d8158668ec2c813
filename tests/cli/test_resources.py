"""`tfq-hybrid resources` on a finished run."""

import json

import pytest

from tests.cli.test_predict import run
from tfq_hybrid.cli.resources import resources as command
from tfq_hybrid.hardware import GATESETS
from tfq_hybrid.hardware.counts import CONNECTIVITIES


def test_a_run_as_json_and_as_a_table(capsys, trained):
    options = "--shots 100 --gateset cz --rate 1000 --price 0.01".split()
    code, out, err = run(capsys, "resources", trained, *options, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    # Two qubits and one layer: RY of the encoding, RY, RZ and CX.
    (part,) = found["parts"]
    assert part["counts"][0]["gates"] == {"Ry": 4, "Rz": 2, "CX": 1}
    assert part["counts"][1]["level"] == "in cz"
    assert part["counts"][1]["two_qubit"] == 1
    per_step = part["batch_size"] * (
        1 + part["angle_shifts"] + part["input_shifts"]
    )
    assert found["step"]["circuits"] == per_step
    assert found["step"]["shots"] == 100 * per_step
    assert found["step"]["seconds"] == pytest.approx(per_step / 10)
    assert found["step"]["cost"] == pytest.approx(per_step)
    assert found["steps_per_epoch"] >= 1
    code, out, _ = run(capsys, "resources", trained, "--batch-size", 4)
    assert code == 0
    assert "forward pass of 4" in out
    assert "as written" in out
    assert "in cz" not in out


def test_bad_options_are_refused_in_one_line(capsys, trained, tmp_path):
    for arguments, message in (
        ([trained, "--gateset", "cs"], "Did you mean 'cz'?"),
        ([trained, "--connectivity", "lin"], "Did you mean 'line'?"),
        ([trained, "--shots", "0"], "shots to be an integer"),
        ([tmp_path / "none"], "Received"),
    ):
        code, out, err = run(capsys, "resources", *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1


def test_the_help_lists_every_gate_set():
    options = {option.name: option for option in command.params}
    assert options["gateset"].metavar == f"[{'|'.join(GATESETS)}]"
    names = "|".join(CONNECTIVITIES)
    assert options["connectivity"].metavar == f"[{names}]"
