"""What a reproduction found, in a line for each of its main questions."""

import dataclasses

from tfq_hybrid.comparison.reporting.losses import (
    loss_interval,
    nats,
    points,
    relative_difference,
)
from tfq_hybrid.comparison.reporting.report import percent, too_few
from tfq_hybrid.comparison.statistics import (
    f1_interval,
    paired_difference,
    share_interval,
)


@dataclasses.dataclass(frozen=True)
class Headline:
    """A circuit beside a classical baseline.

    Args:
        measure: str, of what data, with its unit.
        circuit: str, what it reached.
        baseline: str, what that reached, and its name.
        difference: str, of the circuit to the baseline.
    """

    measure: str
    circuit: str
    baseline: str
    difference: str


def of_accuracy(measure, ours, baseline, theirs):
    """Of arrays of scores.

    Args:
        measure: str.
        ours, theirs: arrays of shape (seeds, examples), 0 or 1.
        baseline: str, its name.

    Returns:
        `Headline`.
    """
    return Headline(
        f"{measure}, accuracy in %",
        percent(share_interval(ours)),
        f"`{baseline}`: {percent(share_interval(theirs))}",
        f"{percent(paired_difference(ours, theirs), signed=True)} points",
    )


def of_accuracies(measure, block, results, ours, baselines):
    """Of a row of a block beside others, a list of `Headline`.

    Returns:
        A list; empty where fewer than `LEAST_SEEDS` seeds are complete.
    """
    if too_few(block, results):
        return []
    scores = results.scores(block, ours)
    return [
        of_accuracy(measure, scores, baseline, results.scores(block, baseline))
        for baseline in baselines
    ]


def of_f1(measure, block, results, ours, baselines):
    """As `of_accuracies`, of the macro-F1."""
    if too_few(block, results):
        return []
    labels = results.scores(block, ours, "labels")[0]
    answers = results.scores(block, ours, "predicted")
    made = []
    for baseline in baselines:
        theirs = results.scores(block, baseline, "predicted")
        difference = f1_interval(answers, labels, theirs=theirs)
        made.append(
            Headline(
                f"{measure}, macro F1 in %",
                percent(f1_interval(answers, labels)),
                f"`{baseline}`: {percent(f1_interval(theirs, labels))}",
                f"{percent(difference, signed=True)} points",
            )
        )
    return made


def of_losses(measure, block, results, ours, baselines):
    """As `of_accuracies`, of the held-out loss; lower is better."""
    if too_few(block, results):
        return []
    losses = results.scores(block, ours, "losses")
    made = []
    for baseline in baselines:
        difference = relative_difference(
            losses, results.scores(block, baseline, "losses")
        )
        made.append(
            Headline(
                f"{measure}, held-out loss in nats",
                nats(loss_interval(results, block, ours)),
                f"`{baseline}`: "
                f"{nats(loss_interval(results, block, baseline))}",
                f"{points(difference)} %",
            )
        )
    return made
