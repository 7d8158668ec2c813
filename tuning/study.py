"""`Study`, which decides a search as plain data, and `search`, its trials."""

import contextlib
import dataclasses
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

import keras_tuner
import psutil

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import (
    SearchStoppedError,
    UserError,
    check_choice,
    check_integer,
)
from tfq_hybrid.estimate import duration
from tfq_hybrid.files.locks import writing
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.shapes import check_shape
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.dimensions import Range, Row
from tfq_hybrid.tuning.objectives import Objective, ObjectiveRow
from tfq_hybrid.tuning.results import SearchFolder, write_results
from tfq_hybrid.tuning.space import Space
from tfq_hybrid.tuning.trials import SystemTrials, Trials
from tfq_hybrid.tuning.tuner import (
    TUNERS,
    SearchTuner,
    chief_address,
    make_oracle,
)


class StudyFile(TypedDict):
    """What is used of the `study.json` of a published system."""

    config: dict
    space: list[Row]
    objectives: list[ObjectiveRow]
    tuner: str
    seed: int
    executions: int


@dataclasses.dataclass(frozen=True)
class Study:
    """What is searched, where, and by what.

    Args:
        trials: What is trained.
        space: What is varied.
        objectives: The first one steers the search. A trial's metrics are
            those of its best epoch, by what the system's task or
            `FunctionTrials` monitors. Defaults to `val_accuracy`.
        tuner: `"hyperband"`, `"bayesian"`, `"random"` or `"grid"`. Defaults
            to `"random"`.
        seed: Of the tuner, and of the first execution of every trial: trials
            differ by their values alone. Defaults to 0.
        executions: Trainings of a trial, with seeds that follow each other;
            its metrics are their means. Defaults to 1.

    Raises:
        UserError: an argument is out of its range.
    """

    trials: Trials
    space: Space
    objectives: Sequence[Objective] = (Objective("val_accuracy"),)
    tuner: str = "random"
    seed: int = 0
    executions: int = 1

    def __post_init__(self):
        object.__setattr__(self, "objectives", tuple(self.objectives))
        check_choice("tuner", self.tuner, TUNERS)
        check_integer("seed", self.seed, 0)
        check_integer("executions", self.executions, 1)
        self.oracle(1)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of every trial's executions."""
        return tuple(range(self.seed, self.seed + self.executions))

    def oracle(self, max_trials: int) -> keras_tuner.Oracle:
        """keras-tuner's oracle of this study."""
        check_integer("max_trials", max_trials, 1)
        return make_oracle(
            self.tuner,
            self.space,
            self.objectives[0],
            max_trials,
            self.trials.epochs,
            self.seed,
        )

    def to_dict(self) -> dict[str, Any]:
        """As `study.json` holds it."""
        return {
            "kind": "search",
            **self.trials.identity(),
            "space": self.space.to_list(),
            "objectives": [o.to_dict() for o in self.objectives],
            "tuner": self.tuner,
            "seed": self.seed,
            "executions": self.executions,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Study":
        """Builds the study of a published system from `to_dict()`.

        Raises:
            UserError: it is that of a function, which no file holds.
            ValueError: it is not as `study.json` holds it.
        """
        if "config" not in content:
            raise UserError(
                "Expected the study of a published system. Received: that of "
                f"{content.get('build', content.get('kind'))}"
            )
        check_shape(content, StudyFile)
        return cls(
            SystemTrials(TrainConfig.from_dict(content["config"])),
            Space.from_list(content["space"]),
            [Objective.from_dict(row) for row in content["objectives"]],
            content["tuner"],
            content["seed"],
            content["executions"],
        )


def search(
    study: Study,
    output: str | os.PathLike[str],
    max_trials: int = 30,
    max_bytes: int | None = None,
    report: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Searches, or goes on with a search.

    Only what is unfinished runs; a trial that was cut short goes on from its
    last epoch. Results are written after an interrupt too.

    Args:
        study: What is searched.
        output: The search folder: a new one, or one with the same study.
        max_trials: Those of earlier calls count. Defaults to 30.
        max_bytes: A trial that needs more is infeasible. Defaults to `None`:
            the memory that is free.
        report: Is called with each line of text. Defaults to `print`.

    Returns:
        The content of `search.json`.

    Raises:
        UserError: the folder holds something else; nothing was written.
        StorageError: the disk is full; what is finished is kept.
        SearchStoppedError: no trial was completed.

    Example:

    >>> import tempfile
    >>> from tfq_hybrid.training import TrainConfig
    >>> from tfq_hybrid.tuning import Study, SystemTrials, space_of
    >>> config = TrainConfig("embedded", limit=32, sequence_length=8)
    >>> space = space_of(config, ["qubits=2,3"], only=True)
    >>> study = Study(SystemTrials(config), space, tuner="grid")
    >>> search(study, tempfile.mkdtemp(), max_bytes=1)
    Traceback (most recent call last):
    ...
    tfq_hybrid.errors.SearchStoppedError: Expected a trial to complete. ...
    """
    study.oracle(max_trials)  # checks it before anything is written
    with searching(study, output, max_bytes) as (folder, limit):
        run_tuner(study, folder, max_trials, limit, report)
    return results(folder)


def search_with_workers(
    study: Study,
    output: str | os.PathLike[str],
    workers: int,
    max_trials: int = 30,
    max_bytes: int | None = None,
    port: int | None = None,
    report: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Searches by a chief and workers, processes of their own.

    Each worker runs trials on cores of its own; one that dies is started
    again with its id and trial.

    Args:
        study: Of a published system.
        output, max_trials, report: As for `search`.
        workers: At least 1.
        max_bytes: A trial that needs more is infeasible. Defaults to `None`:
            each worker's share of the memory that is free.
        port: The chief's, on the loopback address. Defaults to `None`: any
            that is free.

    Returns:
        The content of `search.json`.

    Raises:
        UserError: the port is in use, or as for `search`; nothing was
            written.
        SearchStoppedError: the chief died, or a worker again and again; what
            is finished is kept.
    """
    from tfq_hybrid.tuning.workers import WorkerPool, choose_port, joining_lines

    check_integer("workers", workers, 1, 1024)
    study.oracle(max_trials)
    port = choose_port(port)
    with searching(study, output, max_bytes, workers) as (folder, limit):
        for line in joining_lines(folder.path, port):
            report(line)
        options = ["--max-trials", max_trials, "--max-memory", limit]
        WorkerPool(folder, workers, port, [*map(str, options)], report).run()
    return results(folder)


@contextlib.contextmanager
def searching(
    study: Study,
    output: str | os.PathLike[str],
    max_bytes: int | None,
    workers: int = 1,
) -> Iterator[tuple[SearchFolder, int]]:
    """Holds a search folder, and leaves results there, whatever comes.

    Yields the folder, and the bytes that a trial may take.
    """
    folder = SearchFolder(output)
    content = study.to_dict()
    folder.check(content)
    if max_bytes is None:
        max_bytes = psutil.virtual_memory().available // workers
    with writing(folder.path):
        folder.begin(content)
        try:
            yield folder, max_bytes
        finally:
            write_results(study, folder)


class Reason(TypedDict):
    """What is used of a trial."""

    reason: str | None


class Found(TypedDict):
    """What is used of `search.json`."""

    best: str | None
    trials: list[Reason]


def results(folder: SearchFolder) -> dict[str, Any]:
    """The content of `search.json`, in which a trial must be completed."""
    path = folder.path / "search.json"
    result = read_json(path, "a whole search", Found)
    if result["best"] is None:
        reasons = [trial["reason"] for trial in result["trials"]]
        raise SearchStoppedError(
            f"Expected a trial to complete. Received: {len(reasons)} trials, "
            f"the last of which says: {reasons[-1] if reasons else 'nothing'}"
        )
    return result


def join(
    output: str | os.PathLike[str],
    max_trials: int = 30,
    max_bytes: int | None = None,
    report: Callable[[str], object] = print,
) -> None:
    """Is the chief or a worker of a search, as keras-tuner's variables say.

    Args:
        output, max_trials, max_bytes, report: As for `search`.

    Raises:
        UserError: there is no search, or no address in the environment.
        SearchStoppedError: the chief does not answer.
    """
    folder = SearchFolder(output)
    content = folder.study()
    if content is None:
        raise UserError(
            "Expected the folder of a search, as `tfq-hybrid tune --output` "
            f"makes it. Received: {folder.path}"
        )
    chief_address()
    with reading("a whole search", folder.study_file):
        study = Study.from_dict(content)
    run_tuner(study, folder, max_trials, max_bytes, report)


def describe(study: Study, max_trials: int, workers: int = 1) -> Iterator[str]:
    """Lines about a search: what, how many trials, how long at most.

    Args:
        study: What is searched.
        max_trials: The most trials.
        workers: That share them. Defaults to 1.

    Yields:
        A line each. The time is that of the config's own values.
    """
    for dimension in study.space.dimensions:
        text = ", ".join(map(str, dimension.values))
        if isinstance(dimension, Range):
            low, high = dimension.values
            text = f"{low:g} to {high:g}, {dimension.sampling}"
        if condition := dimension.condition:
            text += f" (where {condition.name} is {condition})"
        yield f"  {dimension.name}: {text}"
    names = ", ".join(o.name for o in study.objectives)
    prediction = study.trials.predict({"seed": study.seed})
    seconds = prediction.seconds * study.executions
    total = seconds * max_trials / workers
    yield (
        f"At most {max_trials} trials by {study.tuner}, for {names}: about "
        f"{human_bytes(prediction.bytes)} and {duration(seconds)} a "
        f"trial, {duration(total)} in all, as the config stands"
    )


def run_tuner(
    study: Study,
    folder: SearchFolder,
    max_trials: int,
    max_bytes: int | None,
    report: Callable[[str], object],
) -> None:
    """Runs keras-tuner in this process: alone, or as chief or worker."""
    stdout = sys.stdout

    def tell(line):
        with contextlib.redirect_stdout(stdout):
            report(line)

    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "(currentThread|getName)")
        # keras-tuner prints as it goes.
        SearchTuner(study, folder.path, max_trials, max_bytes, tell).search()
