"""Tables and pictures of F1."""

from tfq_hybrid.comparison.f1 import AVERAGES, f1_interval
from tfq_hybrid.comparison.reporting.accuracies import (
    drawn_rows,
    has_rates,
)
from tfq_hybrid.comparison.reporting.report import (
    PICKED,
    Section,
    percent,
    picked,
    too_few,
)
from tfq_hybrid.comparison.statistics import share_interval


def f1_comparison(title, block, results, others, columns=()):
    """A section with F1 and accuracy of each row of a block.

    Args:
        title: str.
        block: `Block` whose jobs keep `scores`, `predicted` and `labels`.
        results: `Results`.
        others: dict of a name and what it stands for: a dict of a row and
            the row whose macro-F1 its own is compared with.
        columns: pairs of a column's name and a function from `parameters` of
            the first seed to a str. Defaults to none. Where jobs choose among
            rates, a column of what was picked follows.

    Returns:
        `Section` with a picture of the macro-F1; without a table where fewer
        than `LEAST_SEEDS` seeds are complete.
    """
    if missing := too_few(block, results):
        return Section(title, note=missing)
    seeds = len(results.complete_seeds(block))
    answers = {
        row: results.scores(block, row, "predicted") for row in block.rows
    }
    labels = results.scores(block, block.rows[0], "labels")[0]
    means = {row: f1_interval(found, labels) for row, found in answers.items()}
    differences = {
        (row, name): f1_interval(answers[row], labels, theirs=answers[other])
        for name, pairs in others.items()
        for row, other in pairs.items()
    }
    classes = int(labels.max()) + 1
    rows = []
    for row in block.rows:
        found = results.all_found(block, row)
        against = [differences.get((row, name)) for name in others]
        rows.append(
            (
                row,
                *(str(read(found[0]["parameters"])) for _, read in columns),
                *([picked(found)] if has_rates(block) else []),
                percent(share_interval(results.scores(block, row))),
                *(
                    percent(f1_interval(answers[row], labels, average))
                    for average in AVERAGES
                ),
                ", ".join(
                    f"{100 * f1_interval(answers[row], labels, c).value:.1f}"
                    for c in range(classes)
                ),
                *(percent(d, signed=True) if d else "–" for d in against),
            )
        )
    header = (
        "",
        *(name for name, _ in columns),
        *([PICKED] if has_rates(block) else []),
        f"accuracy, % ({seeds} seeds)",
        *(f"{average} F1, %" for average in AVERAGES),
        "F1 by class, %",
        *(f"macro F1 less that of {name}, points" for name in others),
    )
    first = next(iter(others))
    compared = set(others[first].values())
    picture = drawn_rows(
        block.name,
        title,
        block.rows,
        "macro F1, %",
        [means[row] for row in block.rows],
        f"macro F1 less that of {first}, points",
        [differences.get((row, first)) for row in block.rows],
        means[compared.pop()] if len(compared) == 1 else None,
    )
    return Section(title, header, tuple(rows), picture=picture)


def macro_f1(block, results):
    """A function from a row to its macro-F1 in percent, an `Interval`."""

    def measure(row):
        predicted = results.scores(block, row, "predicted")
        labels = results.scores(block, row, "labels")[0]
        return f1_interval(predicted, labels).scaled(100)

    return measure
