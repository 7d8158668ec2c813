"""The folder of a search, and its results: tables, HParams, the best run."""

import collections
import json
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import (
    check_links,
    check_output_folder,
    replacing,
    write_json,
    write_text,
)
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.reading import read_json
from tfq_hybrid.reports.document import markdown_table
from tfq_hybrid.tuning.learning import idle, remarks_on_search, tied
from tfq_hybrid.tuning.objectives import importance, pareto_front
from tfq_hybrid.tuning.trial import describe_values, read_record

if TYPE_CHECKING:
    from tfq_hybrid.tuning.study import Study


class SearchFolder:
    """Paths of a search.

        study.json     what is searched; the search goes on only as this
        oracle/        keras-tuner's own state
        trials/ID/     trial.json, and a run folder for each seed
        tensorboard/   the values and metrics of all trials (HParams)
        logs/          what chief and workers said
        search.json    the results (screening.json of a screening)
        report.md      the same as a table
        best/          the best trial, a run folder

    Args:
        path: It need not exist.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = pathlib.Path(path)
        self.study_file = self.path / "study.json"
        self.trials = self.path / "trials"
        self.logs = self.path / "logs"
        self.tensorboard = self.path / "tensorboard"
        self.report_file = self.path / "report.md"
        self.best = self.path / "best"

    def study(self) -> dict[str, Any] | None:
        """What is searched here; `None` where there is no search.

        Raises:
            UserError: the file is damaged.
        """
        if not self.study_file.is_file():
            return None
        return read_json(self.study_file, "a whole search")

    def check(self, study: Mapping[str, Any]) -> None:
        """Looks whether a study, as plain JSON types, may go on here.

        Raises:
            UserError: the folder holds something else; the difference is
                named.
        """
        check_output_folder(self.path)
        old = self.study()
        if old is None:
            taken = self.path.is_file() or (
                self.path.exists() and any(self.path.iterdir())
            )
            if taken:
                raise UserError(
                    "Expected a new folder, or that of a "
                    f"search. Received: {self.path}, which holds something "
                    "else"
                )
            return
        check_links(self.path, "a whole search")
        difference = first_difference(old, json.loads(json.dumps(study)))
        if difference:
            where, before, now = difference
            raise UserError(
                f"Expected the study of {self.path}, where {where} is "
                f"{_short(before)}. Received: {where}={_short(now)}. Nothing "
                "was changed there: take another folder."
            )

    def begin(self, study: Mapping[str, Any]) -> None:
        """Writes down what is searched, where it is new."""
        if self.study() is None:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.study_file, study)

    def records(self) -> list[dict[str, Any]]:
        """The records of all trials, in their order."""
        folders = sorted(
            self.trials.glob("*/"), key=lambda path: (len(path.name), path.name)
        )
        records = [read_record(folder) for folder in folders]
        return [record for record in records if record is not None]


def first_difference(
    old: Any, new: Any, where: str = ""
) -> tuple[str, Any, Any] | None:
    """The first place where plain data differ: path, old and new value.

    >>> first_difference({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}})
    ('a.b.1', 2, 3)
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        rows = [(key, old.get(key), new.get(key)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return where, old, new
        rows = list(zip(range(len(old)), old, new, strict=True))
    else:
        return None if old == new else (where, old, new)
    for key, before, now in rows:
        path = f"{where}.{key}" if where else str(key)
        if found := first_difference(before, now, path):
            return found
    return None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}…"


# The parts of a record that `search.json` holds.
SHOWN = (
    "id status values epochs metrics curve predicted seconds parameters reason"
).split()


def summarize(study: "Study", records: list[dict]) -> dict[str, Any]:
    """The content of `search.json`, of the trials' records."""
    objectives = study.objectives
    names = [objective.name for objective in objectives]
    trials: list[dict[str, Any]] = [
        {name: record[name] for name in SHOWN}
        for record in records
        if record["status"] != "running"
    ]
    scored = [
        trial
        for trial in trials
        if trial["status"] == "completed"
        and set(names) <= set(trial["metrics"])
    ]
    points = [[trial["metrics"][name] for name in names] for trial in scored]
    front = pareto_front(points, [str(o.direction) for o in objectives])
    best, shares, equal = None, {}, []
    unlearned = idle(scored)
    if scored:
        scores = [point[0] for point in points]
        top = objectives[0].best(scores)
        best = scored[scores.index(top)]["id"]
        equal = tied([trial["id"] for trial in scored], scores, top)
        if len(unlearned) < len(scored):
            shares = importance([trial["values"] for trial in scored], scores)
    return {
        "kind": "search",
        "objectives": [objective.to_dict() for objective in objectives],
        "space": study.space.to_list(),
        "tuner": study.tuner,
        "seed": study.seed,
        "executions": study.executions,
        "trials": trials,
        "pareto": [scored[index]["id"] for index in front],
        "best": best,  # of several that are tied the first
        "tied": equal,
        "nothing_learned": unlearned,
        "remarks": [*remarks_on_search(names[0], scored, unlearned, equal)],
        "importance": shares,
    }


def write_results(study: "Study", folder: SearchFolder) -> None:
    """Writes `search.json`, `report.md`, HParams and `best/`."""
    records = folder.records()
    result = summarize(study, records)
    write_json(folder.path / "search.json", result)
    write_text(folder.report_file, markdown(result))
    write_hparams(result, folder.tensorboard)
    for record in records:
        if record["id"] == result["best"]:
            _keep_best(study, folder, record)


def _keep_best(
    study: "Study", folder: SearchFolder, record: Mapping[str, Any]
) -> None:
    """Copies the best trial's best run, the very model that was scored.

    Training anew would give another model, whose accuracy nobody measured.
    """
    best, note = record["id"], folder.path / "best.json"
    kept = read_json(note, "a whole note", str) if note.is_file() else None
    if kept == best and folder.best.is_dir():
        return
    objective = study.objectives[0]
    scores = [run.get(objective.name, 0.0) for run in record["runs"]]
    number = scores.index(objective.best(scores))
    with replacing(folder.best) as fresh:
        states = shutil.ignore_patterns("checkpoints")
        run = folder.trials / best / f"run-{number}"
        shutil.copytree(run, fresh, ignore=states)
        write_manifest(fresh)
    write_json(note, best)


def markdown(result: Mapping[str, Any]) -> str:
    """The results as a Markdown text."""
    names = [objective["name"] for objective in result["objectives"]]
    lines = ["# Search", ""]
    counts = collections.Counter(t["status"] for t in result["trials"])
    told = ", ".join(f"{n} {status}" for status, n in counts.items())
    lines += [
        f"{len(result['trials'])} trials ({told or 'none ended'}) by the tuner "
        f"{result['tuner']}; each value is the mean of {result['executions']} "
        "execution(s). The first objective steered the search; the Pareto "
        "front is that of all completed trials. Circuits are simulated.",
        "",
    ]
    for remark in result["remarks"]:
        lines += [remark, ""]
    kept = "Kept as best" if result["remarks"] else "Best"
    lines += [
        f"{kept} by {names[0]}: trial {result['best']}. "
        f"Pareto front: {', '.join(result['pareto']) or 'none'}.",
        "",
    ]
    columns = list(dict.fromkeys([*names, "step_seconds"]))
    rows = []
    for trial in result["trials"]:
        metrics = trial["metrics"]
        needed = trial["predicted"]["bytes"]
        star = "**" if trial["id"] == result["best"] else ""
        rows.append(
            [
                f"{star}{trial['id']}{star}",
                trial["status"],
                describe_values(trial["values"]),
                *(metrics.get(name) for name in columns),
                "" if needed is None else human_bytes(needed),
                round(trial["seconds"]),
            ]
        )
    head = ["trial", "status", "values", *columns, "memory", "s"]
    lines.append(markdown_table(head, rows))
    reasons = [t for t in result["trials"] if t["reason"]]
    if reasons:
        lines += ["", "## Without a result", ""]
        lines += [f"- {t['id']}, {t['status']}: {t['reason']}" for t in reasons]
    if result["importance"]:
        lines += ["", f"## What matters for {names[0]}", ""]
        lines += [
            "Permutation importance under a random forest of the trials above, "
            "as shares. With few trials, a hint and no more.",
            "",
        ]
        shares = sorted(result["importance"].items(), key=lambda item: -item[1])
        rows = [[name, round(share, 2)] for name, share in shares]
        lines.append(markdown_table(["argument", "share"], rows))
    return "\n".join(lines) + "\n"


def write_hparams(result: Mapping[str, Any], folder: pathlib.Path) -> None:
    """Writes TensorBoard's HParams: a row for each completed trial."""
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    def writer(path):
        return tf.summary.create_file_writer(str(path)).as_default()

    shutil.rmtree(folder, ignore_errors=True)
    done = [t for t in result["trials"] if t["status"] == "completed"]
    names = sorted({name for trial in done for name in trial["metrics"]})
    columns = [api.Metric(f"final/{n}", display_name=n) for n in names]
    with writer(folder):
        api.hparams_config(hparams=[], metrics=columns)
    for trial in done:
        values = {k: _flat(v) for k, v in trial["values"].items()}
        with writer(folder / trial["id"]):
            api.hparams(values, trial_id=trial["id"])
            for name, value in trial["metrics"].items():
                tf.summary.scalar(f"final/{name}", value, step=0)


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return "+".join(map(str, value))
    return "none" if value is None else value
