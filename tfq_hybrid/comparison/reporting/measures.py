"""What models are compared by: accuracy, macro-F1, held-out loss."""

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfq_hybrid.comparison.statistics import (
    f1_interval,
    paired_difference,
    ratio_interval,
    share_interval,
)
from tfq_hybrid.estimate import Estimate

if TYPE_CHECKING:
    import numpy as np

    from tfq_hybrid.comparison.jobs import Block
    from tfq_hybrid.comparison.results import Results


def shown(estimate: Estimate, form: str = ".1f") -> str:
    """An estimate and its interval as text.

    >>> shown(Estimate(81.23, 80.0, 82.5)), shown(Estimate(1, -1, 3), "+.2f")
    ('81.2 [80.0, 82.5]', '+1.00 [-1.00, +3.00]')
    """
    parts = (estimate.value, estimate.low, estimate.high)
    value, low, high = (f"{part:{form}}" for part in parts)
    return f"{value} [{low}, {high}]"


@dataclasses.dataclass(frozen=True)
class Measure:
    """A measure of the test data, over seeds and examples.

    Args:
        task, metric: what the rows are compared by on a page.
        label: of an axis, with its unit.
        brief: in the report's first table.
        beside: of a difference to `{}`, with its unit.
        unit: of a difference.
        form, change: the formats of a mean and of a difference.
        arrays: the names of what jobs keep, of shape (seeds, examples).
        mean: function of those arrays.
        difference: function of two tuples of them.
        columns: of a table.
        cells: function of the mean and the arrays to the texts in them.
    """

    task: str
    metric: str
    label: str
    brief: str
    beside: str
    unit: str
    form: str
    change: str
    arrays: tuple[str, ...]
    mean: Callable[..., Estimate]
    difference: Callable[..., Estimate]
    columns: tuple[str, ...]
    cells: Callable[..., tuple[str, ...]]

    def read(
        self,
        results: "Results",
        block: "Block",
        row: str,
        way: str | None = None,
    ) -> "tuple[np.ndarray, ...]":
        """The arrays of a row, those of a name `ARRAY, WAY` where given."""
        names = [f"{n}, {way}" if way else n for n in self.arrays]
        return tuple(results.scores(block, row, name) for name in names)

    def headline(
        self, subject: str, ours: tuple, baseline: str, theirs: tuple
    ) -> tuple[str, ...]:
        """A row of the report's first table: the circuit beside a baseline."""
        return (
            f"{subject}, {self.brief}",
            shown(self.mean(*ours), self.form),
            f"`{baseline}`: {shown(self.mean(*theirs), self.form)}",
            f"{shown(self.difference(ours, theirs), self.change)} {self.unit}",
        )


def _accuracy(scores):
    return share_interval(scores).scaled(100)


def _accuracy_difference(ours, theirs):
    return paired_difference(*ours, *theirs).scaled(100)


ACCURACY = Measure(
    task="classification",
    metric="accuracy",
    label="accuracy, %",
    brief="accuracy in %",
    beside="difference to {}, points",
    unit="points",
    form=".1f",
    change="+.1f",
    arrays=("scores",),
    mean=_accuracy,
    difference=_accuracy_difference,
    columns=("accuracy, %",),
    cells=lambda mean, scores: (shown(mean),),
)


def _macro_f1(predicted, labels, scores):
    return f1_interval(predicted, labels[0]).scaled(100)


def _f1_difference(ours, theirs):
    return f1_interval(ours[0], ours[1][0], theirs=theirs[0]).scaled(100)


def _f1_cells(mean, predicted, labels, scores):
    labels = labels[0]
    weighted = f1_interval(predicted, labels, "weighted").scaled(100)
    by_class = (
        f1_interval(predicted, labels, kind).scaled(100).value
        for kind in range(int(labels.max()) + 1)
    )
    return (
        shown(_accuracy(scores)),
        shown(mean),
        shown(weighted),
        ", ".join(f"{value:.1f}" for value in by_class),
    )


MACRO_F1 = Measure(
    task="classification",
    metric="macro-f1",
    label="macro F1, %",
    brief="macro F1 in %",
    beside="macro F1 less that of {}, points",
    unit="points",
    form=".1f",
    change="+.1f",
    arrays=("predicted", "labels", "scores"),
    mean=_macro_f1,
    difference=_f1_difference,
    columns=("accuracy, %", "macro F1, %", "weighted F1, %", "F1 by class, %"),
    cells=_f1_cells,
)


def relative_difference(ours, theirs):
    """By how much summed losses of paired windows differ, in percent of theirs.

    The ratio of losses per token, less 1: the counts of tokens, which are
    the same for both, cancel out. Lower is better. The first array of each
    are the losses, of shape (seeds, windows).

    >>> import numpy as np
    >>> theirs = np.array([[4.0, 2.0], [3.0, 3.0]])
    >>> round(relative_difference([1.02 * theirs], [theirs]).value, 6)
    2.0
    """
    ratio = ratio_interval(ours[0], theirs[0])
    ends = (ratio.value, ratio.low, ratio.high)
    return Estimate(*(100 * (end - 1) for end in ends))


def _loss_cells(mean, losses, tokens):
    return shown(mean, ".3f"), f"{math.exp(min(mean.value, 700.0)):.1f}"


LOSS = Measure(
    task="generation",
    metric="loss",
    label="held-out loss, nats per token",
    brief="held-out loss in nats",
    beside="loss beside {}, %",
    unit="%",
    form=".3f",
    change="+.2f",
    arrays=("losses", "tokens"),
    mean=ratio_interval,
    difference=relative_difference,
    columns=("held-out loss, nats per token", "perplexity"),
    cells=_loss_cells,
)
