"""keras-tuner's oracles and its search loop, around `run_trial`."""

import os
import pathlib
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import keras
import keras_tuner
from keras_tuner.engine import base_tuner
from keras_tuner.engine.trial import TrialStatus

from tfq_hybrid.errors import (
    SearchStoppedError,
    UserError,
    check_choice,
    choice_error,
)
from tfq_hybrid.files import write_json
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.tuning.objectives import Objective
from tfq_hybrid.tuning.space import Space
from tfq_hybrid.tuning.trial import run_trial

if TYPE_CHECKING:
    from tfq_hybrid.tuning.study import Study

CHIEF = "chief"
PROJECT = "oracle"  # keras-tuner's folder within the search folder
# More than any search has: keras-tuner stops after three failures in a row.
UNLIMITED = 10**9
IDLE_SECONDS = 0.5
CHIEF_SECONDS = 60.0


# What keras-tuner's files name. It would build any class that is registered.
CLASSES = ("Boolean", "Choice", "Fixed", "Float", "Int", "Parent")
_TRIAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_state(path: pathlib.Path) -> None:
    """Looks through a file of keras-tuner's before it reads it.

    Raises:
        UserError: it is damaged, or names what is no hyperparameter, or the
            folder of a trial that is elsewhere.
    """
    expected = "a whole search"
    content = read_json(path, expected)
    with reading(expected, path):
        _check_state(content)


def _check_state(value: Any, key: str = "") -> None:
    if isinstance(value, dict):
        name = value.get("class_name", CLASSES[0])
        if name not in CLASSES or "registered_name" in value:
            raise ValueError(f"it names {str(name)[:60]}")
        for inner, item in value.items():
            _check_state(item, inner)
    elif isinstance(value, list):
        for item in value:
            _check_state(item)
    elif key in ("trial_id", "tuner/trial_id") and not (
        isinstance(value, str) and _TRIAL.fullmatch(value)
    ):
        raise ValueError(f"it names the trial {str(value)[:60]!r}")
    elif (
        isinstance(value, str)
        and key != "class_name"
        and keras.saving.get_registered_object(value) is not None
    ):
        raise ValueError(f"it names {value[:60]}")


class _WholeFiles:
    """Makes an oracle write its files whole, and check what it reads."""

    def reload(self):
        for path in pathlib.Path(self._project_dir).rglob("*.json"):
            check_state(path)
        super().reload()

    def save(self):
        write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial):
        folder = pathlib.Path(self._get_trial_dir(trial.trial_id))
        write_json(folder / "trial.json", trial.get_state())


class _Random(_WholeFiles, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Bayesian(_WholeFiles, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _Grid(_WholeFiles, keras_tuner.Oracle):
    """All combinations, the last argument changing fastest.

    keras-tuner's own grid forgets its queue when it is restarted, and then
    ends at once.
    """

    def populate_space(self, trial_id):
        tried = [t.hyperparameters.values for t in self.trials.values()]
        for values in _combinations(self.get_space().space, {}):
            if values not in tried:
                return {"status": TrialStatus.RUNNING, "values": values}
        if self.ongoing_trials:
            return {"status": TrialStatus.IDLE}
        return {"status": TrialStatus.STOPPED}


def _combinations(dimensions: Sequence, values: dict) -> Iterator[dict]:
    if not dimensions:
        yield values
        return
    first, *rest = dimensions
    if not all(c.is_active(values) for c in first.conditions):
        yield from _combinations(rest, values)
        return
    for value in first.values:
        yield from _combinations(rest, {**values, first.name: value})


class _Hyperband(_WholeFiles, keras_tuner.oracles.HyperbandOracle):
    pass


TUNERS = {
    "hyperband": _Hyperband,
    "bayesian": _Bayesian,
    "random": _Random,
    "grid": _Grid,
}


def make_oracle(
    tuner: str,
    space: Space,
    objective: Objective,
    max_trials: int,
    epochs: int,
    seed: int,
) -> keras_tuner.Oracle:
    """One of `TUNERS`; `epochs` are the most that Hyperband trains."""
    check_choice("tuner", tuner, TUNERS)
    options = {
        "objective": keras_tuner.Objective(objective.name, objective.direction),
        "hyperparameters": space.hyperparameters(grid=tuner == "grid"),
        "tune_new_entries": False,
        "allow_new_entries": False,
        "max_consecutive_failed_trials": UNLIMITED,
        "seed": seed + 1,  # keras-tuner takes 0 for none
    }
    if tuner != "hyperband":
        return TUNERS[tuner](max_trials=max_trials, **options)
    if epochs < 2:
        raise UserError(
            "Expected at least 2 epochs with the tuner hyperband, which "
            f"compares short trainings. Received: epochs={epochs}"
        )
    oracle = _Hyperband(
        max_epochs=epochs, hyperband_iterations=max_trials, **options
    )
    oracle.max_trials = max_trials
    return oracle


class SearchTuner(base_tuner.BaseTuner):
    """The search loop: asks the oracle, runs a trial, tells its objective.

    With `KERASTUNER_TUNER_ID`, `KERASTUNER_ORACLE_IP` and
    `KERASTUNER_ORACLE_PORT` set it is the chief, which answers, or a worker,
    which asks over the network.
    """

    def __init__(
        self,
        study: "Study",
        folder: pathlib.Path,
        max_trials: int,
        max_bytes: int | None,
        report: Callable[[str], object],
    ):
        super().__init__(
            oracle=study.oracle(max_trials),
            directory=str(folder),
            project_name=PROJECT,
        )
        self.study = study
        self.folder = folder
        self.max_bytes = max_bytes
        self.report = report
        self.oracle.verbose = 0
        if not self._is_worker():
            self.save()  # before the first trial, which a kill may end

    def save(self):
        if not self._is_worker():
            self.oracle.save()
        write_json(self._get_tuner_fname(), self.get_state())

    def search(self):
        """Runs trials until the oracle wants no more; the chief answers."""
        if os.environ.get("KERASTUNER_TUNER_ID") == CHIEF:
            super().search()
            return
        while True:
            self._check_chief()
            trial = self.oracle.create_trial(self.tuner_id)
            if trial.status == TrialStatus.STOPPED:
                return
            if trial.status == TrialStatus.IDLE:
                time.sleep(IDLE_SECONDS)  # the oracle waits for others
                continue
            record = self._run(trial)
            self._check_chief()
            if record["status"] == "completed":
                self.oracle.update_trial(trial.trial_id, self._score(record))
                trial.status = TrialStatus.COMPLETED
            else:
                trial.status = TrialStatus.FAILED
                trial.message = record["reason"]
            self.on_trial_end(trial)

    def trial_folder(self, trial_id: str) -> pathlib.Path:
        """The folder of a trial within the search folder."""
        return self.folder / "trials" / trial_id

    def _run(self, trial: Any) -> dict[str, Any]:
        values = trial.hyperparameters.values
        parent = values.get("tuner/trial_id")
        return run_trial(
            self.study.trials,
            trial.trial_id,
            self.study.space.decode(values),
            self.trial_folder(trial.trial_id),
            self.study.seeds,
            self.max_bytes,
            values.get("tuner/epochs"),
            parent and self.trial_folder(parent),
            self.report,
            [objective.name for objective in self.study.objectives],
        )

    def _score(self, record: dict[str, Any]) -> dict[str, float]:
        name = self.study.objectives[0].name
        if name not in record["metrics"]:
            raise choice_error("objective", name, record["metrics"])
        return {name: record["metrics"][name]}

    def _check_chief(self) -> None:
        """Raises where the chief is gone; keras-tuner would wait an hour."""
        if not self._is_worker():
            return
        where = chief_address()
        deadline = time.monotonic() + CHIEF_SECONDS
        while not is_listening(*where):
            if time.monotonic() > deadline:
                raise SearchStoppedError(
                    f"The chief at {where[0]}:{where[1]} does not answer. "
                    "What is finished is kept; the same search goes on when "
                    "it is started again."
                )
            time.sleep(IDLE_SECONDS)


def chief_address() -> tuple[str, int]:
    """Address and port of the chief, as keras-tuner reads them."""
    port = os.environ.get("KERASTUNER_ORACLE_PORT", "")
    if not port.isdecimal():
        raise UserError(
            "Expected KERASTUNER_ORACLE_PORT to be a port. Received: "
            f"KERASTUNER_ORACLE_PORT={port!r}"
        )
    return os.environ["KERASTUNER_ORACLE_IP"], int(port)


def is_listening(address: str, port: int) -> bool:
    """Whether somebody answers at a port."""
    try:
        socket.create_connection((address, port), timeout=2.0).close()
    except OSError:
        return False
    return True
