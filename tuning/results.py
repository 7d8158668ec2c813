"""What a search found: `search.json`, a table, and the best run."""

import shutil

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.files import replacing, write_json, write_text
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.reports.document import markdown_table
from tfq_hybrid.tuning.objectives import importance, pareto_front
from tfq_hybrid.tuning.trial import describe_values, read_record

# The parts of a record that `search.json` holds.
SHOWN = (
    "id",
    "status",
    "values",
    "epochs",
    "metrics",
    "curve",
    "predicted",
    "seconds",
    "parameters",
    "reason",
)


def summarize(study, records):
    """The content of `search.json`.

    Args:
        study: `Study`.
        records: list of dict, those of the trials.

    Returns:
        A dict of plain JSON types.
    """
    objectives = study.objectives
    names = [objective.name for objective in objectives]
    trials = [
        {name: record.get(name) for name in SHOWN}
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
    front = pareto_front(points, [o.direction for o in objectives])
    scores = [point[0] for point in points]
    best = None
    if scored:
        best = scored[scores.index(objectives[0].best(scores))]["id"]
    return {
        "kind": "search",
        "objectives": [objective.to_dict() for objective in objectives],
        "space": study.space.to_list(),
        "tuner": study.tuner,
        "seed": study.seed,
        "executions": study.executions,
        "trials": trials,
        "pareto": [scored[index]["id"] for index in front],
        "best": best,
        "importance": importance([t["values"] for t in scored], scores)
        if scored
        else {},
    }


def write_results(study, folder):
    """Writes `search.json`, `report.md`, HParams and `best/`.

    Args:
        study: `Study`.
        folder: `SearchFolder`.

    Returns:
        The content of `search.json`, a dict.
    """
    records = folder.records()
    with reading("whole trials", folder.trials):
        result = summarize(study, records)
    write_json(folder.path / "search.json", result)
    write_text(folder.report_file, markdown(result))
    write_hparams(result, folder.tensorboard)
    if result["best"] is not None:
        _keep_best(study, folder, result["best"])
    return result


def _keep_best(study, folder, best):
    """Copies the best trial's best run, the very model that was scored.

    Training anew would give another model, whose accuracy nobody measured.
    """
    note = folder.path / "best.json"
    kept = read_json(note, "a whole note", str) if note.is_file() else None
    if kept == best and folder.best.is_dir():
        return
    trial = folder.trials / best
    record = read_record(trial)
    objective = study.objectives[0]
    scores = [run.get(objective.name, 0.0) for run in record["runs"]]
    number = scores.index(objective.best(scores))
    with replacing(folder.best) as fresh:
        states = shutil.ignore_patterns("checkpoints")
        shutil.copytree(trial / f"run-{number}", fresh, ignore=states)
    write_json(note, best)


def markdown(result):
    """The results as a Markdown text."""
    names = [objective["name"] for objective in result["objectives"]]
    lines = ["# Search", ""]
    counts = {}
    for trial in result["trials"]:
        counts[trial["status"]] = counts.get(trial["status"], 0) + 1
    told = ", ".join(f"{n} {status}" for status, n in counts.items())
    lines += [
        f"{len(result['trials'])} trials ({told or 'none ended'}) by the tuner "
        f"{result['tuner']}; each value is the mean of {result['executions']} "
        "execution(s). The first objective steered the search; the Pareto "
        "front is that of all completed trials. Circuits are simulated.",
        "",
        f"Best by {names[0]}: trial {result['best']}. "
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


def write_hparams(result, folder):
    """Writes TensorBoard's HParams: a row for each completed trial."""
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    shutil.rmtree(folder, ignore_errors=True)
    done = [t for t in result["trials"] if t["status"] == "completed"]
    names = sorted({name for trial in done for name in trial["metrics"]})
    columns = [api.Metric(f"final/{n}", display_name=n) for n in names]
    with _writer(folder).as_default():
        api.hparams_config(hparams=[], metrics=columns)
    for trial in done:
        values = {k: _flat(v) for k, v in trial["values"].items()}
        with _writer(folder / trial["id"]).as_default():
            api.hparams(values, trial_id=trial["id"])
            for name, value in trial["metrics"].items():
                tf.summary.scalar(f"final/{name}", value, step=0)


def _writer(path):
    import tensorflow as tf

    return tf.summary.create_file_writer(str(path))


def _flat(value):
    if isinstance(value, list):
        return "+".join(map(str, value))
    return "none" if value is None else value
