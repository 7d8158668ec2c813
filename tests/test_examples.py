"""The example scripts of the docs reach what their index says."""

import importlib.util
import pathlib

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs/examples"


def run(name, *arguments):
    """The results of a script's `main`."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([*map(str, arguments)])


def test_hello_many_worlds():
    found = run("hello_many_worlds")
    assert found["output_error"] < 0.05
    assert found["operator_error"] < 0.05
    assert found["difference_to_cirq"] < 1e-5


def test_gradients():
    found = run("gradients", "--points", 40)
    assert found["exact/parameter_shift"] < 1e-5
    assert found["exact/adjoint"] < 1e-5
    assert found["second"] < 1e-4
    shift = found["sampled/parameter_shift"]
    assert shift < 0.1 < found["sampled/central_difference 0.01"]


@pytest.mark.long
def test_barren_plateaus():
    found = run("barren_plateaus", "--qubits", 2, 4, 6, "--circuits", 1)
    assert found["random/2"] > found["random/4"] > found["random/6"]
    assert found["identity/6"] > found["random/6"]


@pytest.mark.long
def test_mnist():
    found = run("mnist")
    assert found["circuit"] > found["majority class"] + 0.1


@pytest.mark.long
def test_qcnn():
    found = run("qcnn")
    assert found["QCNN"] > found["majority class"] + 0.2
    assert found["hybrid"] > found["majority class"] + 0.2
