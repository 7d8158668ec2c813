"""Tables of held-out losses, beside those of accuracies in `report`."""

import math

import numpy as np

from tfq_hybrid.comparison.reporting.pictures import (
    Line,
    Panel,
    line_picture,
    rows_picture,
)
from tfq_hybrid.comparison.reporting.report import Section, goal, too_few
from tfq_hybrid.comparison.statistics import mean_interval, ratio_interval
from tfq_hybrid.estimate import Estimate


def loss_interval(results, block, row, name="losses", tokens="tokens"):
    """The loss per token of a row over seeds and windows, in nats.

    Args:
        results: `Results`.
        block: `Block`.
        row: str.
        name: str, of the array of the summed loss of each window. Defaults
            to `"losses"`.
        tokens: str, of the array of how many tokens it is of. Defaults to
            `"tokens"`.

    Returns:
        `Estimate`.
    """
    losses = results.scores(block, row, name)
    return ratio_interval(losses, results.scores(block, row, tokens))


def relative_difference(ours, theirs):
    """By how much summed losses of paired windows differ, in percent.

    The ratio of losses per token, less 1: the counts of tokens, which are
    the same for both, cancel out. Lower is better.

    Args:
        ours, theirs: arrays of shape (seeds, windows).

    Returns:
        `Estimate`, in percent of `theirs`.

    Example:

    >>> import numpy as np
    >>> theirs = np.array([[4.0, 2.0], [3.0, 3.0]])
    >>> round(relative_difference(1.02 * theirs, theirs).value, 6)
    2.0
    """
    ratio = ratio_interval(ours, theirs)
    ends = (ratio.value, ratio.low, ratio.high)
    return Estimate(*(100 * (end - 1) for end in ends))


def loss_goal(claim, block, results, ours, theirs, highest):
    """A goal: the whole interval of a relative difference is low enough.

    Args:
        claim: str.
        block, results: see `goal`.
        ours, theirs: str, rows of the block.
        highest: float, in percent of the loss of `theirs`.

    Returns:
        `Goal`.
    """

    def judge():
        losses = (
            results.scores(block, row, "losses") for row in (ours, theirs)
        )
        difference = relative_difference(*losses)
        return f"{points(difference)} %", difference.high <= highest

    return goal(claim, block, results, judge)


def nats(interval, digits=3):
    """An interval of losses as text.

    Example:

    >>> nats(Estimate(4.1234, 4.1, 4.15))
    '4.123 [4.100, 4.150]'
    """
    ends = (interval.value, interval.low, interval.high)
    value, low, high = (f"{end:.{digits}f}" for end in ends)
    return f"{value} [{low}, {high}]"


def points(interval, digits=2):
    """An interval of relative differences as text, with signs.

    Example:

    >>> points(Estimate(0.5, -0.25, 1.25))
    '+0.50 [-0.25, +1.25]'
    """
    ends = (interval.value, interval.low, interval.high)
    value, low, high = (f"{end:+.{digits}f}" for end in ends)
    return f"{value} [{low}, {high}]"


def loss_comparison(
    block, results, baselines, note="", columns=(), own_baselines=None
):
    """A section with the held-out loss of each row, beside its baselines.

    Args:
        block: `Block` whose jobs keep `losses` and `tokens` of each window.
        results: `Results`.
        baselines: rows that the others are compared with.
        note: str. Defaults to `""`.
        columns: pairs of a column's name and a function from what the seeds
            of a row found, a list of dicts, to a str. Defaults to none.
        own_baselines: dict of a row and the row of its own baseline, which no
            other is compared with. Defaults to none.

    Returns:
        `Section`; without a table where fewer than `LEAST_SEEDS` seeds are
        complete.
    """
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    losses = {row: results.scores(block, row, "losses") for row in block.rows}
    means = {row: loss_interval(results, block, row) for row in block.rows}

    def compared(row, baseline):
        if baseline in (None, row):
            return None
        return relative_difference(losses[row], losses[baseline])

    own_baselines = own_baselines or {}
    first = baselines[0]
    pairs = tuple(compared(row, first) for row in block.rows)
    rows = []
    for row, pair in zip(block.rows, pairs, strict=True):
        found = results.all_found(block, row)
        against = [pair, *(compared(row, other) for other in baselines[1:])]
        if own_baselines:
            against.append(compared(row, own_baselines.get(row)))
        rows.append(
            (
                row,
                *(read(found) for _, read in columns),
                nats(means[row]),
                f"{math.exp(min(means[row].value, 700.0)):.1f}",
                *(points(one) if one else "–" for one in against),
            )
        )
    seeds = len(results.complete_seeds(block))
    header = (
        "",
        *(name for name, _ in columns),
        f"held-out loss, nats per token ({seeds} seeds)",
        "perplexity",
        *(f"loss beside {baseline}, %" for baseline in baselines),
        *(["loss beside its own baseline, %"] if own_baselines else []),
    )
    panels = [
        Panel(
            "held-out loss, nats per token",
            tuple(means.values()),
            means[first].value,
        ),
        Panel(f"loss beside {first}, %", pairs, 0.0, is_difference=True),
    ]
    picture = rows_picture(block.name, block.title, block.rows, panels)
    return Section(block.title, header, tuple(rows), note, picture)


def loss_curves(title, block, results):
    """A section with the validation loss along each training.

    Args:
        title: str.
        block: `Block` whose jobs found `curve_steps` and `validation_curve`.
        results: `Results`.

    Returns:
        `Section`; without a picture where fewer than `LEAST_SEEDS` seeds are
        complete.
    """
    if missing := too_few(block, results):
        return Section(title, note=missing)
    lines = []
    for row in block.rows:
        found = results.all_found(block, row)
        # A loss that was not finite is `None`: the line ends before it.
        curves = np.array([one["validation_curve"] for one in found], float)
        ends = np.isfinite(curves).all(axis=0)
        count = len(ends) if ends.all() else int(np.argmin(ends))
        intervals = [
            mean_interval(values[:, None]) for values in curves.T[:count]
        ]
        places = tuple(found[0]["curve_steps"][:count])
        lines.append(Line(row, places, tuple(intervals)))
    picture = line_picture(
        f"{block.name}-curves", title, "steps", "validation loss", lines
    )
    return Section(title, note=_CURVES, picture=picture)


_CURVES = (
    "Nats a token of the validation data, which select; the band is the "
    "interval over seeds."
)


def quoted(title, texts):
    """Samples of text as lines of a Markdown quotation.

    Args:
        title: str, above them.
        texts: dict of a row and its text.

    Returns:
        str.

    Example:

    >>> print(quoted("Samples:", {"quantum": "Once\\nupon"}))
    Samples:
    <BLANKLINE>
    > **quantum**: Once upon
    """
    lines = [title]
    for row, text in texts.items():
        words = " ".join(text.split()).replace("<", "&lt;")
        lines += ["", f"> **{row}**: {words}"]
    return "\n".join(lines)
