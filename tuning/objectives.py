"""Objectives of a search, the Pareto front, and what moves them."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import sklearn.ensemble
import sklearn.inspection

from tfq_hybrid.errors import UserError, check_choice, is_number, match_choice

DIRECTIONS = ("max", "min")


def pareto_front(
    points: Sequence[Sequence[float]], directions: Sequence[str]
) -> list[int]:
    """The points that no other point dominates.

    A point dominates another if it is at least as good in every objective
    and better in one. Equal points stand on the front together.

    Args:
        points: One number an objective.
        directions: `"max"` or `"min"`, one an objective.

    Returns:
        The indices of the front, in their order.

    Raises:
        UserError: a direction is none of the two.

    Example:

    >>> pareto_front([(0.8, 10), (0.9, 20), (0.7, 30)], ["max", "min"])
    [0, 1]
    """
    for direction in directions:
        check_choice("direction", direction, DIRECTIONS)
    signs = [1 if direction == "max" else -1 for direction in directions]
    gains = np.reshape(points, (len(points), len(directions))) * signs
    front = []
    for index, gain in enumerate(gains):
        as_good, better = gains >= gain, gains > gain
        if not np.any(as_good.all(axis=1) & better.any(axis=1)):
            front.append(index)
    return front


# What every trial has, beside what its training logs; less is better.
COSTS = ("parameters", "seconds", "step_seconds")
# What is better when it is larger; of all else less is better.
LARGER = (
    "accuracy auc f1 precision recall bleu rouge exact pearson spearman".split()
)


class ObjectiveRow(TypedDict):
    """An objective, as a row of `search.json`."""

    name: str
    direction: str


@dataclasses.dataclass(frozen=True)
class Objective:
    """A metric, and which of its values is best.

    Args:
        name: A metric of the trials.
        direction: `"max"` or `"min"`. Defaults to `None`: what the name
            says.

    Raises:
        UserError: the direction is none of the two.

    Example:

    >>> Objective("val_accuracy").direction, Objective("val_loss").direction
    ('max', 'min')
    """

    name: str
    direction: str | None = None

    def __post_init__(self):
        direction = self.direction
        if direction is None:
            larger = any(word in self.name for word in LARGER)
            direction = "max" if larger else "min"
        check_choice("direction", direction, DIRECTIONS)
        object.__setattr__(self, "direction", direction)

    def best(self, values: Iterable[float]) -> float:
        """The best of some values."""
        return max(values) if self.direction == "max" else min(values)

    def to_dict(self) -> dict[str, Any]:
        """As a row of `search.json`."""
        return {"name": self.name, "direction": self.direction}

    @classmethod
    def from_dict(cls, row: ObjectiveRow) -> "Objective":
        """Builds an objective from `to_dict()`, an `ObjectiveRow`."""
        return cls(row["name"], row["direction"])


def read_objectives(
    words: Iterable[str], known: Sequence[str] | None
) -> list[Objective]:
    """The objectives that words such as `val_accuracy` or `cost:min` name.

    Args:
        words: A metric, with its direction behind a colon or without.
        known: The metrics that trials will have; `None` where they are not
            known yet.

    Returns:
        The objectives, the first of which steers the search.

    Raises:
        UserError: there is none, one twice, or one that no metric has.

    Example:

    >>> [o.name for o in read_objectives(["loss", "parameters"], ["loss"])]
    ['loss', 'parameters']
    """
    objectives = []
    for word in words:
        name, _, direction = word.strip().partition(":")
        if known is not None:
            name = match_choice("objective", name, [*known, *COSTS])
        objectives.append(Objective(name, direction or None))
    names = [objective.name for objective in objectives]
    if not names or len(set(names)) < len(names):
        raise UserError(
            "Expected at least one objective, each of them once. Received: "
            f"{', '.join(names) or 'none'}"
        )
    return objectives


LEAST_TRIALS = 5


def importance(
    values: Sequence[Mapping[str, Any]],
    scores: Sequence[float],
    seed: int = 0,
) -> dict[str, float]:
    """Permutation importance of each argument, under a random forest.

    A forest of 200 trees is fitted to the trials; an argument's importance
    is how much of the fit is lost when its values are shuffled (Breiman
    2001, section 10), as a share of all arguments' losses. With few trials
    it says little; with fewer than five, nothing.

    Args:
        values: The arguments of each trial. One that a trial does not have
            counts as a value of its own.
        scores: The objective of each trial.
        seed: Of the forest and the shuffles. Defaults to 0.

    Returns:
        A share from 0 to 1 of each argument; empty where nothing can be
        said.

    Example:

    >>> trials = [{"depth": i % 5, "seed": i % 3} for i in range(30)]
    >>> shares = importance(trials, [trial["depth"] for trial in trials])
    >>> max(shares, key=shares.get), round(sum(shares.values()), 6)
    ('depth', 1.0)
    """
    names = sorted({name for row in values for name in row})
    if len(values) < LEAST_TRIALS or np.ptp(scores) == 0.0:
        return {}
    table = np.array([_column(values, name) for name in names]).T
    forest = sklearn.ensemble.RandomForestRegressor(200, random_state=seed)
    forest.fit(table, scores)
    losses = sklearn.inspection.permutation_importance(
        forest, table, scores, n_repeats=10, random_state=seed
    ).importances_mean
    losses = np.maximum(losses, 0.0)
    total = losses.sum()
    if total == 0.0:
        return {}
    shares = losses / total
    return {n: float(s) for n, s in zip(names, shares, strict=True)}


def _column(values: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Numbers as they are, all else by its place among what occurs."""
    found: list[Any] = [row.get(name) for row in values]
    if all(isinstance(v, bool) or is_number(v) for v in found):
        return [float(v) for v in found]
    texts = [repr(v) for v in found]
    order = list(dict.fromkeys(texts))
    return [float(order.index(text)) for text in texts]
