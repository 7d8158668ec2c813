"""`tfq-hybrid evaluate --device` on a finished run."""

import json

import pytest

from tests.cli.test_predict import run

ON = ["--data", "embedded", "--device", "simulator:seed=1"]


def test_a_run_on_a_device(capsys, trained):
    code, out, err = run(
        capsys, "evaluate", trained, *ON, "--limit", 8, "--shots", 50, "--json"
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["examples"] == len(found["outputs"]) == 8
    assert found["jobs"] == 1
    assert found["shots"] % (8 * 50) == 0
    assert found["largest_difference"] > 0
    assert 0 <= found["accuracy"] <= 1
    code, out, _ = run(capsys, "evaluate", trained, *ON, "--limit", 2)
    assert code == 0
    assert "On simulator:seed=1: accuracy" in out
    assert "Jobs: 1; " in out


@pytest.mark.parametrize(
    "options, message",
    [
        (["--device", "simulatr"], "Did you mean 'simulator'?"),
        (["--limit", "3"], "--device"),
        (["--device", "simulator", "--limit", "0"], "limit to be an integer"),
        (["--device", "simulator", "--shots", "0"], "repetitions"),
    ],
)
def test_bad_options_are_refused_in_one_line(capsys, trained, options, message):
    code, out, err = run(
        capsys, "evaluate", trained, "--data", "embedded", *options
    )
    assert (code, out) == (2, "")
    assert message in err
