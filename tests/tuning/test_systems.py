"""Trials of a published system: run folders, estimated and gone on with."""

import json

import pytest

from tests.cli.test_adapter import preset  # noqa: F401
from tfq_hybrid.engines import estimate_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import ProbabilityMSE
from tfq_hybrid.training import RunFolder, TrainConfig
from tfq_hybrid.training.build import describe
from tfq_hybrid.training.systems import SYSTEMS, Setting
from tfq_hybrid.tuning import SystemTrials, run_trial
from tfq_hybrid.tuning.trial import PARAMETER_BYTES

VALUES = {
    "circuit.qubits": 2,
    "circuit.depth": 1,
    "learning_rate": 0.002,
}


@pytest.mark.long
@pytest.mark.usefixtures("one_block")
def test_a_trial_and_one_that_goes_on_from_it(tmp_path, data_dir):
    config = TrainConfig(
        "embedded",
        limit=32,
        sequence_length=8,
        batch_size=16,
        vocabulary_size=128,
        data_dir=str(data_dir),
    )
    trials = SystemTrials(config)
    lines = []
    parent = tmp_path / "0"
    record = run_trial(trials, "0", VALUES, parent, report=lines.append)
    assert record["status"] == "completed", record["reason"]
    assert record == json.loads((parent / "trial.json").read_text())
    # What it takes was told before it ran.
    assert "parameters, about" in lines[0] and len(lines) == 2
    assert record["predicted"]["bytes"] > PARAMETER_BYTES * record["parameters"]
    run = RunFolder(parent / "run-0")
    stored, *_ = run.read()
    assert stored.options.circuit.qubits == 2
    assert stored.learning_rate == 0.002
    metrics = run.metrics()
    assert record["metrics"]["val_accuracy"] == metrics["validation_accuracy"]
    assert record["parameters"] == metrics["parameters"]["total"]
    child = run_trial(
        trials,
        "1",
        VALUES,
        tmp_path / "1",
        epochs=2,
        parent=parent,
        report=lines.append,
    )
    history = RunFolder(tmp_path / "1" / "run-0").metrics()["history"]
    assert len(history) == 2
    assert history[0] == metrics["history"][0]
    assert len(child["curve"]["loss"]) == 2
    small = run_trial(
        trials, "2", VALUES, tmp_path / "2", max_bytes=1000, report=lines.append
    )
    assert small["status"] == "infeasible"
    assert not (tmp_path / "2" / "run-0").exists()
    none = run_trial(
        trials, "3", {"circuit.qubits": 0}, tmp_path / "3", report=lines.append
    )
    assert none["status"] == "infeasible"


@pytest.mark.long
@pytest.mark.parametrize(
    "model, options, sizes",
    [
        # Qubits, operators and layers of each circuit; one run for a text.
        ("hybrid-bert", {"circuit": {"qubits": 5, "depth": 2}}, [(5, 5, 2)]),
        (
            "quantum-head",
            {"qubits": 4, "encoders": 2, "depth": 1, "reuploads": 2},
            [(3, 2, 2), (3, 2, 2), (4, 1, 6)],
        ),
    ],
)
def test_a_circuit_that_runs_once_for_a_text(
    model,
    options,
    sizes,
    preset,  # noqa: F811
    data_dir,
):
    config = TrainConfig(
        "embedded",
        model=model,
        options={"preset": str(preset), **options},
        limit=16,
        sequence_length=8,
        batch_size=16,
        data_dir=str(data_dir),
    )
    trials = SystemTrials(config)
    predicted = trials.predict({})
    circuits = predicted.bytes - PARAMETER_BYTES * predicted.parameters
    assert circuits == sum(estimate_bytes(*size, 16) for size in sizes)
    built, training = trials.build({}), trials.training
    lines = "\n".join(describe(built, config, training))
    assert f"\n{len(sizes)} circuits of " in lines


def test_a_model_that_is_built_has_the_loss_of_its_system(
    preset,  # noqa: F811
    data_dir,
):
    config = TrainConfig(
        "embedded",
        model="hybrid-bert",
        options={"preset": str(preset), "loss": "mse"},
        limit=16,
        sequence_length=8,
        data_dir=str(data_dir),
    )
    model = SystemTrials(config).build({"circuit.qubits": 2})
    assert type(model.loss) is ProbabilityMSE


@pytest.mark.parametrize("model", ["hybrid-bert", "quantum-head"])
def test_circuits_beyond_memory_are_not_built(model, preset):  # noqa: F811
    system = SYSTEMS[model]
    options = system.options(preset=str(preset))
    with pytest.raises(UserError, match="circuits that fit in memory"):
        system.build(options, None, Setting(["a"], 8, 10**9, 2))
