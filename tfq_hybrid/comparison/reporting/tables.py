"""How a report shows a block: tables beside baselines, curves, samples.

Each function returns what `Block.tables` takes.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.comparison.jobs import several
from tfq_hybrid.comparison.reporting.measures import ACCURACY, Measure, shown
from tfq_hybrid.comparison.reporting.report import (
    LEAST_SEEDS,
    Goal,
    Section,
    too_few,
)
from tfq_hybrid.comparison.statistics import mean_interval
from tfq_hybrid.reports.document import one_line
from tfq_hybrid.reports.pictures import (
    Line,
    Panel,
    line_picture,
    rows_picture,
)

if TYPE_CHECKING:
    from tfq_hybrid.comparison.jobs import Block
    from tfq_hybrid.comparison.results import Results


@dataclasses.dataclass(frozen=True)
class Table:
    """A part of a report, where enough seeds of its block are complete.

    Args:
        make: function `(title, block, Results)` of a `Section`, or a list.
        title: in place of the block's; `{}` is its subject.
        least: seeds that it takes.
    """

    make: Callable[..., Section | list[Section]]
    title: str | None = None
    least: int = LEAST_SEEDS

    def __call__(self, block: "Block", results: "Results") -> list[Section]:
        title = block.title
        if self.title is not None:
            title = self.title.format(block.subject)
        if missing := too_few(block, results, self.least):
            return [Section(title, note=missing)]
        made = self.make(title, block, results)
        return made if isinstance(made, list) else [made]


def part(title: str, rows: Collection[str], table: Callable) -> Callable:
    """A table of some rows of a block, under a title of its own."""

    def sections(block, results):
        jobs = tuple(job for job in block.jobs if job.row in rows)
        return table(
            dataclasses.replace(block, title=title, jobs=jobs), results
        )

    return sections


PICKED = "picked by validation"  # the column of `picked`


def picked(found: list[dict]) -> str:
    """What validation picked for each seed: a rate, or another setting.

    >>> picked([{"rate": 0.01}, {"setting": 64}])
    '0.01, 64'
    """
    settings = [one.get("rate", one.get("setting")) for one in found]
    return ", ".join("–" if x is None else f"{x:g}" for x in settings)


def comparison(
    measure: Measure,
    against: Sequence,
    columns: Sequence = (),
    note: str | Callable = "",
    is_drawn: bool = True,
) -> Table:
    """A row for each row of a block, beside its baselines.

    Args:
        measure: what rows are compared by.
        against: see `compared`; what is not in the block is left out.
        columns: pairs of a column's name and a function from what the first
            seed found to a text. The counts of the block's parameters stand
            before them, what validation picked, if it did, behind.
        note: a text, or a function `(block, Results)` to one.
        is_drawn: whether it has a picture.
    """

    def make(title, block, results):
        has_rates = any(
            len(job.arguments.get("rates", ())) > 1 for job in block.jobs
        )
        scores, cells = {}, {}
        for row in block.rows:
            scores[row] = measure.read(results, block, row)
            found = results.all_found(block, row)
            cells[row] = [
                (label, f"{found[0]['parameters'][name]:,}")
                for label, name in block.counts.items()
            ]
            cells[row] += [(name, read(found[0])) for name, read in columns]
            if has_rates:
                cells[row].append((PICKED, picked(found)))
        text = note(block, results) if callable(note) else note
        picture = block.name if is_drawn else None
        return compared(title, scores, measure, against, text, cells, picture)

    return Table(make)


def compared(
    title: str,
    scores: Mapping[str, tuple],
    measure: Measure,
    against: Sequence,
    note: str = "",
    cells: Mapping[str, list[tuple[str, str]]] | None = None,
    picture: str | None = None,
) -> Section:
    """A measure of some rows, and their paired differences.

    Args:
        title: of the section.
        scores: the arrays of each row, as `Measure.read` gives them.
        measure: what rows are compared by.
        against: rows that all others are compared with, and pairs: a name, and
            a dict of a row and the one that it is compared with.
        note: above the table.
        cells: pairs of a column and its text, which stand before the measure
            of each row.
        picture: the stem of the picture's files: the means, and the
            differences to the first of `against`.
    """
    others = {}
    for one in against:
        if isinstance(one, str):
            one = one, {row: one for row in scores if row != one}
        others[one[0]] = {
            row: other
            for row, other in one[1].items()
            if row in scores and other in scores
        }
    others = {name: pairs for name, pairs in others.items() if pairs}
    means = {row: measure.mean(*arrays) for row, arrays in scores.items()}
    differences = {
        (row, name): measure.difference(scores[row], scores[other])
        for name, pairs in others.items()
        for row, other in pairs.items()
    }
    rows = []
    for row, arrays in scores.items():
        beside = [differences.get((row, name)) for name in others]
        rows.append(
            (
                row,
                *(text for _, text in (cells or {}).get(row, ())),
                *measure.cells(means[row], *arrays),
                *(shown(d, measure.change) if d else "–" for d in beside),
            )
        )
    seeds = several(len(next(iter(scores.values()))[0]), "seed")
    header = (
        "",
        *(name for name, _ in next(iter((cells or {}).values()), ())),
        f"{measure.columns[0]} ({seeds})",
        *measure.columns[1:],
        *(measure.beside.format(name) for name in others),
    )
    drawn = None
    if picture is not None:
        first = next(iter(others))
        compared_with = set(others[first].values())
        panels = [
            Panel(
                measure.label,
                tuple(means.values()),
                means[compared_with.pop()].value
                if len(compared_with) == 1
                else None,
            ),
            Panel(
                measure.beside.format(first),
                tuple(differences.get((row, first)) for row in scores),
                0.0,
                is_difference=True,
            ),
        ]
        drawn = rows_picture(picture, title, list(scores), panels)
    return Section(title, header, tuple(rows), note, drawn)


def by_execution(note: str = "") -> Table:
    """One training, its test data answered in several ways; accuracies."""

    def make(title, block, results):
        [row] = block.rows
        names = block.jobs[0].arguments["executions"]
        scores = {
            name: ACCURACY.read(results, block, row, way)
            for name, way in {row: None, **{n: n for n in names}}.items()
        }
        return compared(title, scores, ACCURACY, [row], note, picture="noise")

    return Table(make)


def curves(
    name: str,
    title: str | None,
    x_label: str,
    places: Mapping[str, tuple[str, float]],
    measure: Measure = ACCURACY,
    is_log: bool = False,
    reference: str | None = None,
    note: Callable | None = None,
) -> Table:
    """A picture over a number that rows differ in.

    Args:
        name: the stem of the picture's files.
        title: in place of the block's.
        x_label: of the number.
        places: the line and the number of each row.
        measure: what is drawn.
        is_log: whether the axis is logarithmic.
        reference: row whose measure is a line across.
        note: a function `(block, Results)` to a text.
    """

    def make(title, block, results):
        def mean(row):
            return measure.mean(*measure.read(results, block, row))

        lines = {}
        for row, (line, place) in places.items():
            lines.setdefault(line, []).append((place, mean(row)))
        drawn = [
            Line(line, *zip(*sorted(points, key=lambda p: p[0]), strict=True))
            for line, points in lines.items()
        ]
        across = reference and (reference, mean(reference).value)
        picture = line_picture(
            name, title, x_label, measure.label, drawn, is_log, across
        )
        text = note(block, results) if note else ""
        return Section(title, note=text, picture=picture)

    return Table(make, title)


def _along_training(title: str, block: "Block", results: "Results") -> Section:
    lines = []
    for row in block.rows:
        found = results.all_found(block, row)
        # A loss that was not finite is `None`: the line ends before it.
        values = np.array([one["validation_curve"] for one in found], float)
        ends = np.isfinite(values).all(axis=0)
        number = len(ends) if ends.all() else int(np.argmin(ends))
        intervals = [mean_interval(v[:, None]) for v in values.T[:number]]
        places = tuple(found[0]["curve_steps"][:number])
        lines.append(Line(row, places, tuple(intervals)))
    picture = line_picture(
        f"{block.name}-curves", title, "steps", "validation loss", lines
    )
    note = (
        "Loss in nats per token on the validation data, used for selection; "
        "the band is the interval over seeds."
    )
    return Section(title, note=note, picture=picture)


# The validation loss along each training, where jobs found `curve_steps` and
# `validation_curve`.
along_training = Table(_along_training, "{}: along the training")


def samples(block: "Block", results: "Results") -> list[Section]:
    """What the models of the first seed write, where jobs found a `sample`."""
    seeds = results.complete_seeds(block)
    if not seeds:
        return []
    rows = [
        (row, one_line(results.all_found(block, row)[0]["sample"]))
        for row in block.rows
    ]
    header = ("", f"the likeliest token each time, seed {seeds[0]}")
    return [Section(f"{block.subject}: samples", header, tuple(rows))]


def goal_beside(
    claim: str,
    block: str,
    measure: Measure,
    ours: str,
    theirs: str,
    is_met: Callable,
) -> Goal:
    """A goal: the difference of two rows, its interval where it should be."""

    def judge(block, results):
        scores = (measure.read(results, block, row) for row in (ours, theirs))
        difference = measure.difference(*scores)
        return f"{shown(difference, '+.2f')} {measure.unit}", is_met(difference)

    return Goal(claim, block, judge)
