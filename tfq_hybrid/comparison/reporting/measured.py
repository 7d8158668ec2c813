"""Measures of circuits against the accuracy of the models around them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.comparison.reporting.measures import ACCURACY, shown
from tfq_hybrid.comparison.reporting.report import Section, too_few
from tfq_hybrid.comparison.reporting.tables import Table
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.reports.pictures import Point, cloud_picture

if TYPE_CHECKING:
    from tfq_hybrid.circuits import CircuitSpec
    from tfq_hybrid.comparison.jobs import Block

# What a job finds, and how an axis is labelled.
MEASURES = {
    "expressibility": "expressibility (nats): the lower, the more expressive",
    "entangling_capability": "entangling capability",
}
# Nats: below it a divergence is not told from zero by thousands of pairs.
FLOOR = 2e-3


def measure(circuit: "CircuitSpec", seed: int) -> dict[str, dict]:
    """The estimate of each of `MEASURES` of an ansatz, as dicts."""
    from tfq_hybrid import diagnostics

    random = diagnostics.RandomCircuit(circuit)
    found = {}
    for name in MEASURES:
        estimate = getattr(diagnostics, name)(random, seed=seed)
        found[name] = {
            key: getattr(estimate, key) for key in ("value", "low", "high")
        }
    return found


def measured(trained: "Sequence[Block]", note: str) -> Table:
    """A table of what `measure` found, and clouds of the accuracies over it.

    The circuits are trained in the rows of the other blocks.
    """

    def make(title, block, results):
        accuracies, groups = {}, {}
        for other in trained:
            if not too_few(other, results):
                for row in other.rows:
                    arrays = ACCURACY.read(results, other, row)
                    accuracies[row] = ACCURACY.mean(*arrays)
                    groups[row] = other.name
        rows, clouds = [], {name: [] for name in MEASURES}
        for row in block.rows:
            [found] = results.all_found(block, row)
            cells = [row]
            for name, points in clouds.items():
                estimate = Estimate(**found[name])
                cells.append(shown(estimate, ".3f"))
                if row in accuracies:
                    if name == "expressibility":
                        parts = (estimate.value, estimate.low, estimate.high)
                        estimate = Estimate(*(max(p, FLOOR) for p in parts))
                    points.append(
                        Point(row, estimate, accuracies[row], groups[row])
                    )
            accuracy = accuracies.get(row)
            cells.append(f"{accuracy.value:.1f}" if accuracy else "–")
            rows.append(tuple(cells))
        header = (
            "circuit",
            "expressibility, nats (0: as random states)",
            "entangling capability",
            "accuracy, %",
        )
        text = (
            "Both are measured on the ansatz alone (Sim et al. 2019), 5,000 "
            f"pairs of random angles. {note} The picture takes a divergence "
            f"below {FLOOR:g} for {FLOOR:g}: so few pairs do not tell it from "
            "zero."
        )
        return [
            Section(title, header, tuple(rows), text),
            *(_cloud(n, points) for n, points in clouds.items() if points[2:]),
        ]

    return Table(make, least=1)


def _cloud(name: str, points: list[Point]) -> Section:
    """The accuracies over a measure, and how the orders agree."""
    from scipy.stats import spearmanr

    title = f"Accuracy against {name.replace('_', ' ')}"
    picture = cloud_picture(
        name.replace("_", "-"),
        title,
        MEASURES[name],
        ACCURACY.label,
        points,
        is_log=name == "expressibility",
    )
    rho = spearmanr([p.x.value for p in points], [p.y.value for p in points])
    note = (
        f"Spearman's rank correlation over these {len(points)} circuits is "
        f"{rho.statistic:+.2f}; so few of them say little."
    )
    return Section(title, note=note, picture=picture)
