"""`tfq-hybrid doctor`: what is there, and what fails by name."""

import importlib.metadata
import json

import pytest

from tests.cli.test_predict import run
from tfq_hybrid import environment


def test_all_that_is_here_works(capsys):
    code, out, err = run(capsys, "doctor", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert None not in found["versions"].values()
    assert found["machine"]["cores"] >= 1
    checks = {check["name"]: check for check in found["checks"]}
    assert {"packages", "engine batched", "engine tfq", "XLA"} <= set(checks)
    assert all(check["is_well"] for check in checks.values())


@pytest.mark.parametrize("missing", ["", "cirq-core"])
def test_what_does_not_work_is_named(missing, capsys, monkeypatch):
    asked = ["no-such-package>=2", "keras"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    monkeypatch.setattr(environment, "ENGINES", ("tensors",))
    version = importlib.metadata.version

    def other(name):
        if name == missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", other)
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "FAILS: missing: no-such-package; install them" in out
    assert "engine tensors" in out and "Expected engine" in out
    assert out.count("missing") == 1 + bool(missing)


def test_an_engine_with_other_values_fails(monkeypatch):
    circuit, operators, values = environment._circuit()
    wrong = (circuit, operators, [values[0] + 0.1, values[1]])
    monkeypatch.setattr(environment, "_circuit", lambda: wrong)
    found = environment._tried("engine", environment._engine("batched"))
    assert not found.is_well
    assert "differs from Cirq by 1.0e-01" in found.found
