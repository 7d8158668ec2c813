"""The report of a search: what was tried, what was best, and why."""

from collections.abc import Mapping
from typing import Any

from tfq_hybrid.estimate import duration, number, plain
from tfq_hybrid.reports.document import Document, Table, listed
from tfq_hybrid.reports.parallel import parallel
from tfq_hybrid.reports.search_pictures import (
    WITHOUT_LEARNING,
    Trials,
    curves,
    history,
    importance,
    pareto,
)


def document(content: Mapping[str, Any]) -> Document:
    """The report of the content of `search.json`."""
    trials = Trials(content)
    pictures = [
        make(trials) for make in (parallel, importance, pareto, history, curves)
    ]
    facts = [("trials", number(len(trials.all)))]
    for status in ("infeasible", "failed"):
        count = sum(t["status"] == status for t in trials.all)
        if count:
            facts.append((status, number(count)))
    for name, direction in trials.objectives:
        label = "minimised" if direction == "min" else "maximised"
        facts.append((label, plain(name, 40)))
    seconds = [t["seconds"] for t in trials.all if t.get("seconds")]
    if seconds:
        facts.append(("time of all trials", duration(sum(seconds))))
    facts += _without_learning(trials)
    known = (
        *("kind", "trials", "pareto", "best", "importance"),
        *("tied", "nothing_learned", "remarks"),
    )
    return Document(
        f"Search for {plain(trials.objectives[0][0], 60)}",
        _lead(trials),
        facts,
        [picture for picture in pictures if picture is not None],
        [_table(trials)],
        {k: v for k, v in content.items() if k not in known},
    )


def _without_learning(trials: Trials) -> list[tuple[str, str]]:
    """What the trials reach without learning, the largest of several."""
    facts = []
    for name, label in WITHOUT_LEARNING.items():
        found = [trials.metric(trial, name) for trial in trials.done]
        known = [value for value in found if value is not None]
        if known:
            facts.append((label, number(max(known))))
    return facts


def _lead(trials: Trials) -> list[str]:
    if not trials.done:
        return ["No trial was completed; the table says why."]
    lines = [plain(remark, 400) for remark in trials.remarks]
    best = trials.best
    is_open = any(line.startswith("Best:") for line in lines)
    if best is not None and not is_open:
        name, _ = trials.objectives[0]
        values = ", ".join(
            f"{plain(key, 40)} {number(listed(value))}"
            for key, value in best["values"].items()
        )
        lines.append(
            f"The best of {len(trials.done)} completed trials by "
            f"{plain(name, 40)} is trial {plain(best['id'], 40)} with "
            f"{number(trials.metric(best, name))}, at {values}."
        )
    if len(trials.objectives) > 1:
        count = len(trials.pareto)
        verb = "trials are" if count > 1 else "trial is"
        lines.append(
            f"{count} {verb} on the Pareto front: no other is better in one "
            f"of the {len(trials.objectives)} objectives and worse in none."
        )
    count = trials.executions
    each = "one training" if count == 1 else f"{count} trainings, their mean,"
    lines.append(
        f"The metrics of a trial are those of {each} on validation data: "
        "small differences between trials are noise, and the best of many "
        "looks better than it is. Confirm it with other seeds and on test data."
    )
    return lines


def _table(trials: Trials) -> Table:
    metrics = [name for name, _ in trials.objectives]
    metrics += [n for t in trials.all for n in t.get("metrics") or {}]
    metrics = list(dict.fromkeys([*metrics, "parameters"]))
    if "seconds" in metrics:  # a column of its own
        metrics.remove("seconds")
    last = ["seconds", "predicted seconds", "predicted MiB"]
    has_reasons = any(trial.get("reason") for trial in trials.all)
    last += ["reason"] * has_reasons
    rows = []
    for trial in trials.all:
        predicted = trial.get("predicted") or {}
        size = predicted.get("bytes")
        size = None if size is None else round(size / 2**20, 1)
        row = [trial["id"], trial["status"]]
        row += [listed(trial["values"].get(name)) for name in trials.names]
        row += [trials.metric(trial, name) for name in metrics]
        row += [trial.get("seconds"), predicted.get("seconds"), size]
        row += [trial.get("reason")] * has_reasons
        rows.append(row)
    marked = set(trials.pareto)
    if trials.best is not None:
        marked.add(trials.best["id"])
    return Table(
        "Every trial",
        ["trial", "status", *trials.names, *metrics, *last],
        rows,
        "Rows that stand out are the best trial and the Pareto front.",
        [trials.key(t) for t in trials.all],
        frozenset(trials.key(t) for t in trials.all if t["id"] in marked),
    )
