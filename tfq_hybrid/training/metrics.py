"""`Metric`: what rows are compared by, as a mean of contributions of examples.

An accuracy is a mean over examples; an F1, a correlation and a loss per token
are none, but smooth functions of means. Each is here a mean of contributions:
its value plus its empirical influence function, which says how it moves where
an example weighs more (Jaeckel 1972, "The infinitesimal jackknife"; Efron and
Tibshirani 1993, "An introduction to the bootstrap", chapter 21). Their
spread gives the interval of every metric alike, without a resampling.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfq_hybrid.estimate import Estimate

ROUNDING = 8 * float(np.finfo("float32").eps)

Arrays = Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric of a task.

    Args:
        name: as an option has it.
        label: in tables and sentences.
        contributions: function from the arrays of `Task.answers` to a float64
            array of shape (examples,), whose mean is the metric.
        unit: of the metric. Defaults to `""`: none.
        change: the unit of a difference. Defaults to that of the metric.
        scale: a factor to that unit. Defaults to 1.
        digits: behind the point. Defaults to 3.
        sign: 1 where more is better, -1 where less is. Defaults to 1.
        limits: the ends of its range, in its unit. Defaults to 0 and infinity.

    Example:

    >>> hits = percent("accuracy", "accuracy", lambda answers: answers["hits"])
    >>> hits.axis, hits.best, hits.shown(Estimate(81.26, 80, 83))
    ('accuracy, %', 'highest', '81.3 %')
    """

    name: str
    label: str
    contributions: Callable[[Arrays], np.ndarray]
    unit: str = ""
    change: str | None = None
    scale: float = 1.0
    digits: int = 3
    sign: int = 1
    limits: tuple[float, float] = (0.0, math.inf)

    @property
    def axis(self) -> str:
        """The label with the unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    @property
    def change_unit(self) -> str:
        """The unit of a difference; empty where there is none."""
        return self.unit if self.change is None else self.change

    @property
    def best(self) -> str:
        """What the best value is called."""
        return "highest" if self.sign > 0 else "lowest"

    def shown(self, estimate: Estimate) -> str:
        """A value with its unit."""
        return f"{estimate.value:.{self.digits}f} {self.unit}".rstrip()

    def shown_change(self, estimate: Estimate) -> str:
        """A difference and its interval, with the unit."""
        ends = (estimate.value, estimate.low, estimate.high)
        value, low, high = (f"{end:+.{self.digits}f}" for end in ends)
        return f"{value} [{low}, {high}] {self.change_unit}".rstrip()

    def is_better(self, difference: Estimate) -> bool:
        """Whether a difference is on the better side with all its interval."""
        if difference.low is None or difference.high is None:
            return False
        return difference.low > 0 if self.sign > 0 else difference.high < 0

    def to_dict(self) -> dict[str, Any]:
        """What a page needs to know, as plain JSON types."""
        return {
            "name": self.name,
            "label": self.label,
            "axis": self.axis,
            "change": self.change_unit,
            "digits": self.digits,
            "sign": self.sign,
        }


def percent(
    name: str, label: str, contributions: Callable[[Arrays], np.ndarray]
) -> Metric:
    """A `Metric` between 0 and 1, in percent."""
    return Metric(
        name, label, contributions, "%", "points", 100, 1, limits=(0, 100)
    )


def ratio(above: Any, below: Any) -> np.ndarray:
    """Contributions to a ratio of sums over examples.

    Args:
        above, below: arrays of shape (examples, ...).

    Returns:
        An array of that shape; 0 where the sum below is 0.

    >>> ratio([1.0, 2.0], [2.0, 2.0]).mean()
    np.float64(0.75)
    """
    above, below = np.asarray(above, float), np.asarray(below, float)
    mean = below.mean(axis=0)
    is_there = mean > 0
    safe = np.where(is_there, mean, 1.0)
    value = above.mean(axis=0) / safe
    return np.where(is_there, value + (above - value * below) / safe, 0.0)


def f1_by_class(hits: Any, said: Any, there: Any) -> np.ndarray:
    """Contributions to the F1 of each class.

    Args:
        hits: how often an example is rightly given a class, of shape
            (examples, classes).
        said: how often it is given the class.
        there: how often it has the class.

    Returns:
        An array of that shape; 0 for a class neither there nor said.
    """
    return ratio(2 * np.asarray(hits, float), np.add(said, there, dtype=float))


def is_constant(numbers: np.ndarray) -> bool:
    """Whether numbers differ by no more than float32 rounds."""
    return bool(np.ptp(numbers) <= ROUNDING * np.abs(numbers).max())


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Contributions to Pearson's correlation, by its influence function.

    That is `u v - r (u**2 + v**2) / 2` of the standardised numbers (Devlin,
    Gnanadesikan and Kettenring 1975). Without a correlation, of constant
    numbers, all are 0.

    >>> x = np.array([0.0, 1.0, 2.0, 4.0])
    >>> round(pearson(x, -x).mean(), 6)
    np.float64(-1.0)
    """
    if is_constant(x) or is_constant(y):
        return np.zeros(len(x))
    u, v = _standardised(x), _standardised(y)
    r = np.mean(u * v)
    return r + u * v - r * (u**2 + v**2) / 2


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Contributions to Spearman's correlation, by its influence function.

    It is Pearson's of the ranks, ties at their mean; that ranks move too where
    an example weighs more gives further terms (Croux and Dehon 2010,
    "Influence functions of the Spearman and Kendall correlation measures").
    Without a correlation, of constant numbers, all are 0.

    >>> x = np.array([0.0, 1.0, 2.0, 4.0])
    >>> round(spearman(x, x**3).mean(), 6)
    np.float64(1.0)
    """
    if is_constant(x) or is_constant(y):
        return np.zeros(len(x))
    ranks = _ranks(x), _ranks(y)
    u, v = map(_standardised, ranks)
    r = np.mean(u * v)
    direct = u * v - r * (u**2 + v**2) / 2
    moved = _above(x, v - r * u) / ranks[0].std()
    moved = moved + _above(y, u - r * v) / ranks[1].std()
    return r + direct + moved - moved.mean()


def _standardised(x):
    return (x - x.mean()) / x.std()


def _ranks(x):
    """The share of the numbers below each, ties by half."""
    _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - counts / 2) / len(x))[places]


def _above(x, values):
    """For each number the mean over all of the values above, ties by half."""
    _, places = np.unique(x, return_inverse=True)
    sums = np.bincount(places, values)
    above = sums.sum() - np.cumsum(sums) + sums / 2
    return above[places] / len(x)
