"""`search`: all trials of a study, one after the other."""

import contextlib
import os
import sys
import warnings
from typing import TypedDict

import psutil

from tfq_hybrid.durations import duration
from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import SearchStoppedError, UserError, check_integer
from tfq_hybrid.files.locks import writing
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.tuning.folder import SearchFolder
from tfq_hybrid.tuning.results import write_results
from tfq_hybrid.tuning.study import Study
from tfq_hybrid.tuning.tuner import SearchTuner, chief_address
from tfq_hybrid.tuning.workers import WorkerPool, choose_port, joining_lines


def search(study, output, max_trials=30, max_bytes=None, report=print):
    """Searches, or goes on with a search.

    Only what is unfinished runs; a trial that was cut short goes on from its
    last epoch. Results are written after an interrupt too.

    Args:
        study: `Study`.
        output: str or path. The search folder: a new one, or one with the
            same study.
        max_trials: int. Those of earlier calls count. Defaults to 30.
        max_bytes: int. A trial that needs more is infeasible. Defaults to
            `None`: the memory that is free.
        report: function of a str. Defaults to `print`.

    Returns:
        The content of `search.json`, a dict.

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
    study,
    output,
    workers,
    max_trials=30,
    max_bytes=None,
    port=None,
    report=print,
):
    """Searches by a chief and workers, processes of their own.

    Each worker runs trials on cores of its own; one that dies is started
    again with its id and trial.

    Args:
        study: `Study` of a published system.
        output, max_trials, report: as for `search`.
        workers: int, at least 1.
        max_bytes: int. A trial that needs more is infeasible. Defaults to
            `None`: each worker's share of the memory that is free.
        port: int. The chief's, on the loopback address. Defaults to
            `None`: any that is free.

    Returns:
        The content of `search.json`, a dict.

    Raises:
        UserError: the port is in use, or as for `search`; nothing was
            written.
        SearchStoppedError: the chief died, or a worker again and again; what
            is finished is kept.
    """
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
def searching(study, output, max_bytes=None, workers=1):
    """Holds a search folder, and leaves results there, whatever comes.

    Yields:
        A pair of the `SearchFolder` and the bytes that a trial may take.
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


def results(folder):
    """The content of `search.json`, a dict.

    Raises:
        SearchStoppedError: no trial was completed.
    """
    path = folder.path / "search.json"
    result = read_json(path, "a whole search", Found)
    if result["best"] is None:
        reasons = [trial["reason"] for trial in result["trials"]]
        raise SearchStoppedError(
            f"Expected a trial to complete. Received: {len(reasons)} trials, "
            f"the last of which says: {reasons[-1] if reasons else 'nothing'}"
        )
    return result


def join(output, max_trials=30, max_bytes=None, report=print):
    """Is the chief or a worker of a search, as keras-tuner's variables say.

    Args:
        output, max_trials, max_bytes, report: as for `search`.

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


def describe(study, max_trials, workers=1):
    """Lines about a search: what, how many trials, how long at most.

    Args:
        study: `Study`.
        max_trials: int.
        workers: int. Defaults to 1.

    Yields:
        str, a line each. The time is that of the config's own values.
    """
    for row in study.space.to_list():
        values = row.get("values") or [row["low"], row["high"]]
        text = ", ".join(map(str, values))
        if row["type"] == "float":
            text = f"{row['low']:g} to {row['high']:g}, {row['sampling']}"
        under = row["condition"]
        where = ""
        if under:
            where = f" (where {under['name']} is one of "
            where += f"{', '.join(map(str, under['values']))})"
        yield f"  {row['name']}: {text}{where}"
    names = ", ".join(o.name for o in study.objectives)
    prediction = study.trials.predict({"seed": study.seed})
    seconds = prediction.seconds * study.executions
    total = seconds * max_trials / workers
    yield (
        f"At most {max_trials} trials by {study.tuner}, for {names}: about "
        f"{human_bytes(prediction.bytes)} and {duration(seconds)} a "
        f"trial, {duration(total)} in all, as the config stands"
    )


def run_tuner(study, folder, max_trials, max_bytes, report):
    """Runs keras-tuner in this process: alone, or as chief or worker.

    Raises:
        UserError, StorageError, SearchStoppedError: as they come.
    """
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
        tuner = SearchTuner(  # keras-tuner prints as it goes
            study.oracle(max_trials),
            study.trials,
            study.space,
            study.objectives[0],
            folder.path,
            seeds=study.seeds,
            max_bytes=max_bytes,
            report=tell,
        )
        tuner.search()
