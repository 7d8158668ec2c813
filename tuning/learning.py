"""Which trials have learned something, and whether one of them is best.

Where nothing was learned, or trials are equal, their order is that of chance,
and the effects of factors are those of noise.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfq_hybrid.errors import listed
from tfq_hybrid.training.baselines import ADVICE, COUNTERPARTS, has_learned
from tfq_hybrid.tuning.objectives import COSTS

PREFIX = "val_"
EQUAL = 1e-6  # relative: Keras counts in single precision


def without_learning(metrics: Mapping[str, Any]) -> dict[str, float]:
    """What the metrics of a trial say is reached without learning.

    >>> without_learning({"val_loss": 4.0, "val_unigram_loss": 5.0})
    {'val_unigram_loss': 5.0}
    """
    names = [PREFIX + name for _, name, *_ in COUNTERPARTS]
    return {name: metrics[name] for name in names if name in metrics}


def idle(trials: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of the trials that have learned nothing.

    Args:
        trials: with `id` and `metrics`.
    """
    return [
        trial["id"]
        for trial in trials
        if has_learned(trial["metrics"], PREFIX) is False
    ]


def tied(ids: Sequence[str], scores: Sequence[float], best: float) -> list[str]:
    """The trials whose score is the best one.

    >>> tied("abc", [0.5, 0.75, 0.75], 0.75)
    ['b', 'c']
    """
    return [
        name
        for name, score in zip(ids, scores, strict=True)
        if math.isclose(score, best, rel_tol=EQUAL)
    ]


def remarks_on_search(
    objective: str,
    scored: Sequence[Mapping[str, Any]],
    unlearned: Sequence[str],
    equal: Sequence[str],
) -> Iterator[str]:
    """Lines about trials that learned nothing, and a best that is none.

    Args:
        objective: the name of the first objective.
        scored: the completed trials, with their `metrics`.
        unlearned: the ids of those that have learned nothing.
        equal: the ids of those with the best score.

    Example:

    >>> metrics = {"val_accuracy": 0.75, "val_majority_accuracy": 0.5}
    >>> trials = [{"id": name, "metrics": metrics} for name in "ab"]
    >>> [*remarks_on_search("val_accuracy", trials, [], ["a", "b"])]
    ['Best: not determined: val_accuracy is the same in the trials a, b.']
    """
    found = [trial["metrics"] for trial in scored]
    yield from _nothing_learned(len(unlearned), found, "trials")
    if objective in COSTS:
        return
    if scored and len(unlearned) == len(scored):
        yield f"Best: not determined, as no trial has learned. {ADVICE}"
    elif len(equal) > 1:
        yield (
            f"Best: not determined: {objective} is the same in the trials "
            f"{listed(equal)}."
        )


def remarks_on_screening(
    runs: Sequence[Mapping[str, Any]], response: str
) -> Iterator[str]:
    """Lines about runs that learned nothing, and effects that are noise.

    Args:
        runs: completed, with `response`, `learned` and what
            `without_learning` gives.
        response: its name.
    """
    unlearned = sum(run["learned"] is False for run in runs)
    yield from _nothing_learned(unlearned, runs, "runs")
    if effects_are_noise(runs, response):
        reason = f"as {response} is the same in all runs."
        if unlearned == len(runs):
            reason = f"as no run has learned. {ADVICE}"
        yield f"Effects: not determined, {reason}"


def effects_are_noise(runs: Sequence[Mapping[str, Any]], response: str) -> bool:
    """Whether the runs of a screening cannot tell the effects of factors.

    That is where no run has learned anything, or a metric of a training is
    the same in all runs.

    Args:
        runs: completed, with `response` and `learned`.
        response: its name. What a run costs has effects in any case.

    Example:

    >>> runs = [{"response": 0.6, "learned": None}] * 2
    >>> effects_are_noise(runs, "val_loss"), effects_are_noise(runs, "seconds")
    (True, False)
    """
    if response in COSTS:
        return False
    first = runs[0]["response"]
    return all(run["learned"] is False for run in runs) or all(
        math.isclose(run["response"], first, rel_tol=EQUAL) for run in runs
    )


def _nothing_learned(unlearned, found, what):
    if not unlearned:
        return
    reference = next(
        words
        for _, name, words, _ in COUNTERPARTS
        if any(PREFIX + name in metrics for metrics in found)
    )
    yield (
        f"Nothing was learned in {unlearned} of {len(found)} {what}: no better "
        f"than {reference}."
    )
