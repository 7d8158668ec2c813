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


@pytest.mark.long
def test_noise():
    found = run("noise")
    assert found["channel error"] < 1e-6
    assert found["energy error"] < 1e-3
    assert found["head alone"] > found["majority class"] + 0.3
    assert found["exact"] > found["majority class"] + 0.2
    assert found["exact"] > found["noisy"] + 0.05
    assert found["noisy"] > found["majority class"] + 0.05


def test_quantum_data():
    found = run("quantum_data")
    assert found["PQK"] > found["majority class"] + 0.2
    assert found["PQK"] > found["raw"] + 0.1


@pytest.mark.long
def test_quantum_reinforcement_learning():
    found = run("quantum_reinforcement_learning")
    assert found["circuit"] > 4 * found["random"]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:(currentThread|getName)")
def test_research_tools(tmp_path):
    found = run("research_tools", "--log_dir", tmp_path, "--trials", 3)
    assert found["KL after"] < 0.05 * found["KL before"]
    assert found["KL after"] < 0.01
    assert found["best depth"] > 0
    assert [*tmp_path.rglob("telemetry.csv")]


@pytest.mark.parametrize("name", ["mnist", "quantum_data"])
def test_a_failed_download_ends_in_one_line(name, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(*arguments, **options):
        raise ConnectionError("no network")

    monkeypatch.setattr(tfds, "load", fail)
    with pytest.raises(SystemExit, match="mnist cannot be loaded: no network"):
        run(name, "--data", "mnist")
