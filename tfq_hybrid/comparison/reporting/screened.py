"""A designed experiment among the jobs of a recipe."""

import functools
from collections.abc import Mapping

from tfq_hybrid.comparison.reporting.report import Section
from tfq_hybrid.comparison.reporting.tables import Table
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.reports.pictures import Panel, rows_picture


def design_rows(factors: Mapping[str, tuple]) -> list[tuple[dict, dict]]:
    """The rows of a Plackett-Burman design: levels, -1 or 1, and values.

    Each factor has a low and a high value.

    >>> rows = design_rows({"depth": (1, 3), "qubits": (4, 8)})
    >>> len(rows), rows[0]
    (4, ({'depth': -1, 'qubits': -1}, {'depth': 1, 'qubits': 4}))
    """
    from tfq_hybrid.tuning.designs import make_design

    rows = []
    for line in make_design("plackett-burman", len(factors)):
        levels = dict(zip(factors, map(int, line), strict=True))
        values = {n: factors[n][level > 0] for n, level in levels.items()}
        rows.append((levels, values))
    return rows


def screening(factors: Mapping[str, tuple], response: str, label: str) -> Table:
    """The main effects of factors with a low and a high value, as a table.

    Jobs have `levels` of them among their arguments, and found a `response`.
    """
    return Table(functools.partial(_section, factors, response, label))


def _section(factors, response, label, title, block, results):
    from tfq_hybrid.reports.screening import is_clear, signed
    from tfq_hybrid.tuning.designs import estimate_effects

    seeds = results.complete_seeds(block)
    runs = [
        {
            "levels": job.arguments["levels"],
            "response": results.found(block.key(job))[response],
            "seed": job.seed,
        }
        for job in block.jobs
        if job.seed in seeds
    ]
    found = estimate_effects(
        [[run["levels"][name] for name in factors] for run in runs],
        [run["response"] for run in runs],
        list(factors),
        [run["seed"] for run in runs],
    )
    largest_first = sorted(found.rows, key=lambda row: -abs(row["effect"]))
    rows = [
        (
            row["factor"],
            *(f"{level:g}" for level in factors[row["factor"]]),
            signed(row),
            "yes" if is_clear(row) else "no",
        )
        for row in largest_first
    ]
    panel = Panel(
        f"change of {label}, from low to high",
        tuple(
            Estimate.of(row, "effect") if row["low"] is not None else None
            for row in largest_first
        ),
        0.0,
        is_difference=True,
    )
    names = [row["factor"] for row in largest_first]
    picture = rows_picture("effects", title, names, [panel])
    note = (
        f"A Plackett-Burman design of {len(block.rows)} rows, each from "
        f"{len(seeds)} seeds. An effect is the mean {label} at the high level "
        "less that at the low one, seeds taken out as blocks, its interval "
        "Student's. Main effects are mixed up with interactions of two "
        "factors."
    )
    header = ("factor", "low", "high", f"effect on {label}", "clear of 0")
    return Section(title, header, tuple(rows), note, picture)
