"""Tables and pictures of accuracies and F1, beside the baselines'."""

from tfq_hybrid.comparison.reporting.pictures import (
    Line,
    Panel,
    line_picture,
    rows_picture,
)
from tfq_hybrid.comparison.reporting.report import (
    PICKED,
    Section,
    percent,
    picked,
    too_few,
)
from tfq_hybrid.comparison.statistics import (
    AVERAGES,
    f1_interval,
    paired_difference,
    share_interval,
)


def has_rates(block):
    """Whether a job of a block picks among rates, or other settings."""
    return any(len(job.arguments.get("rates", ())) > 1 for job in block.jobs)


def comparison(
    title, block, results, baselines, note="", columns=(), is_drawn=True
):
    """A section with a row for each row of a block, beside its baselines.

    Args:
        title: str.
        block: `Block` whose jobs keep `scores`, 0 or 1 for each example.
        results: `Results`.
        baselines: rows that the others are compared with.
        note: str.
        columns: pairs of a column's name and a function from `parameters`
            of the first seed to a str. Defaults to none. Where jobs choose
            among rates, a column of what was picked follows.
        is_drawn: bool. Whether it has a picture: the accuracies, and the
            differences to the first baseline. Defaults to `True`.

    Returns:
        `Section`; without a table where fewer than `LEAST_SEEDS` seeds are
        complete.
    """
    if missing := too_few(block, results):
        return Section(title, note=missing)
    scores = {row: results.scores(block, row) for row in block.rows}
    cells = {}
    for row in block.rows:
        found = results.all_found(block, row)
        sizes = found[0]["parameters"]
        cells[row] = [(name, str(read(sizes))) for name, read in columns]
        if has_rates(block):
            cells[row].append((PICKED, picked(found)))
    picture = block.name if is_drawn else None
    return compared(title, scores, baselines, note, cells, picture)


def compared(title, scores, baselines, note="", cells=None, picture=None):
    """A section with accuracies and their paired differences.

    Args:
        title: str.
        scores: dict of a row and its array (seeds, examples), 0 or 1.
        baselines: rows that the others are compared with.
        note: str.
        cells: dict of a row and pairs of a column and its text, which stand
            before the accuracy. Defaults to `None`: no such columns.
        picture: str, the stem of the picture's files. Defaults to `None`: no
            picture.

    Returns:
        `Section`.
    """
    cells = cells or {row: [] for row in scores}
    means = {row: share_interval(values) for row, values in scores.items()}
    differences = {
        (row, baseline): paired_difference(scores[row], scores[baseline])
        for row in scores
        for baseline in baselines
        if row != baseline
    }
    rows = []
    for row in scores:
        against = [differences.get((row, baseline)) for baseline in baselines]
        rows.append(
            (
                row,
                *(text for _, text in cells[row]),
                percent(means[row]),
                *(percent(d, signed=True) if d else "–" for d in against),
            )
        )
    seeds = len(next(iter(scores.values())))
    header = (
        "",
        *(name for name, _ in next(iter(cells.values()))),
        f"accuracy, % ({seeds} seeds)",
        *(f"difference to {baseline}, points" for baseline in baselines),
    )
    if picture is not None:
        against = baselines[0]
        pairs = [differences.get((row, against)) for row in scores]
        picture = drawn_rows(
            picture,
            title,
            list(scores),
            "accuracy, %",
            [means[row] for row in scores],
            f"difference to {against}, points",
            pairs,
            means[against],
        )
    return Section(title, header, tuple(rows), note, picture)


def drawn_rows(
    name, title, rows, label, means, difference, differences, baseline
):
    """A picture of shares in percent, and of differences in points.

    Args:
        name: str, the stem of the picture's files.
        title: str.
        rows: list of str.
        label, difference: str, of the two axes.
        means: list of `Estimate`.
        differences: list of `Estimate`, or `None` for the baseline's own.
        baseline: `Estimate`, where the line of the means stands, or `None`:
            rows are compared with several.

    Returns:
        `Picture`.
    """
    return rows_picture(
        name,
        title,
        rows,
        [
            Panel(
                label,
                tuple(mean.scaled(100) for mean in means),
                baseline and 100 * baseline.value,
            ),
            Panel(
                difference,
                tuple(pair and pair.scaled(100) for pair in differences),
                0.0,
                is_difference=True,
            ),
        ],
    )


def curves(
    name,
    title,
    block,
    results,
    x_label,
    places,
    is_log=False,
    y_label="accuracy, %",
    measure=None,
    reference=None,
):
    """A section with a picture over a number that rows differ in.

    Args:
        name: str, the stem of the picture's files.
        title: str.
        block: `Block`.
        results: `Results`.
        x_label, y_label: str.
        places: dict of a row and its pair (line, number).
        is_log: bool. Whether the axis is logarithmic. Defaults to `False`.
        measure: function from a row to an `Estimate`. Defaults to `None`: of
            the mean of `scores`, in percent.
        reference: row whose measure is a line across. Defaults to `None`.

    Returns:
        `Section`; without a picture where fewer than `LEAST_SEEDS` seeds are
        complete.
    """
    if missing := too_few(block, results):
        return Section(title, note=missing)
    if measure is None:

        def measure(row):
            return share_interval(results.scores(block, row)).scaled(100)

    lines = {}
    for row, (line, place) in places.items():
        lines.setdefault(line, []).append((place, measure(row)))
    drawn = [
        Line(line, *zip(*sorted(points, key=lambda p: p[0]), strict=True))
        for line, points in lines.items()
    ]
    if reference is not None:
        reference = (reference, measure(reference).value)
    picture = line_picture(
        name, title, x_label, y_label, drawn, is_log, reference
    )
    return Section(title, picture=picture)


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
    """A function from a row to its macro-F1 in percent, an `Estimate`."""

    def measure(row):
        predicted = results.scores(block, row, "predicted")
        labels = results.scores(block, row, "labels")[0]
        return f1_interval(predicted, labels).scaled(100)

    return measure
