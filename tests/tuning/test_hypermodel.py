import keras_tuner
import pytest

from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.training import Telemetry, TrainConfig
from tfq_hybrid.tuning import QFFNBertHyperModel


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_random_search_runs_and_remembers(tiny_texts, tmp_path):
    config = TrainConfig(
        "embedded",
        sequence_length=8,
        options={
            "circuit": {"qubits": 2, "depth": 1, "entanglement": "linear"}
        },
    )
    hypermodel = QFFNBertHyperModel(
        config,
        learn_vocabulary(tiny_texts.texts, 80),
        classes=2,
        steps_per_epoch=2,
        max_qubits=3,
        max_depth=2,
        max_reuploads=1,
    )

    def make_tuner(**options):
        return keras_tuner.RandomSearch(
            hypermodel,
            objective="val_accuracy",
            max_trials=2,
            seed=0,
            directory=tmp_path,
            project_name="search",
            **options,
        )

    tuner = make_tuner()
    batches = tiny_texts.batches(4)
    # The monitor is copied for each trial.
    tuner.search(
        batches,
        validation_data=batches,
        epochs=1,
        verbose=0,
        callbacks=[Telemetry(tmp_path / "logs", every=1)],
    )
    spaces = [trial.hyperparameters.values for trial in trials_of(tuner)]
    assert len(spaces) == 2
    assert spaces[0] != spaces[1]
    for values in spaces:
        assert 2 <= values["qubits"] <= 3
        assert 1 <= values["depth"] <= 2
        assert 0 <= values["reuploads"] <= 1
    (best,) = tuner.get_best_hyperparameters()
    circuit = hypermodel.build(best).backbone.circuit
    best = best.values
    assert circuit.entanglement == "linear"
    assert (circuit.qubits, circuit.depth, circuit.reuploads) == (
        best["qubits"],
        best["depth"],
        best["reuploads"],
    )
    again = make_tuner(overwrite=False)
    again.reload()
    assert len(trials_of(again)) == 2


def trials_of(tuner):
    return list(tuner.oracle.trials.values())
