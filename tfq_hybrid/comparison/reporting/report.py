"""The Markdown report of a reproduction."""

import dataclasses

from tfq_hybrid.files import write_text
from tfq_hybrid.reports.document import Picture, markdown_table
from tfq_hybrid.reports.render import save_files

LEAST_SEEDS = 3
GOAL_SEEDS = 5


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a report.

    Args:
        title: str.
        header: tuple of str, the columns of its table. Defaults to none.
        rows: tuple of tuples of str. Defaults to none.
        note: str, above the table. Defaults to `""`.
        picture: `Picture`, drawn beside the report as PNG and SVG. Defaults
            to `None`.
    """

    title: str
    header: tuple = ()
    rows: tuple = ()
    note: str = ""
    picture: Picture | None = None


@dataclasses.dataclass(frozen=True)
class Goal:
    """What the project set out to reach.

    Args:
        claim: str.
        figure: str, what was found.
        is_met: bool or `None`: too few seeds to say.
    """

    claim: str
    figure: str
    is_met: bool | None


def write_report(path, recipe, scale, blocks, results, skipped):
    """Writes the report, and its pictures beside it.

    Args:
        path: path of the Markdown file.
        recipe: `Recipe`.
        scale: `Scale`.
        blocks: list of `Block`.
        results: `Results`.
        skipped: dict of the name of a block and why it was not run.
    """
    lines = [f"# {recipe.title}", ""]
    lines += [
        f"Scale `{scale.name}`, {scale.seeds} "
        f"{'seed' if scale.seeds == 1 else 'seeds'}. Circuits are simulated. "
        "Intervals are 95 %, by a paired bootstrap over seeds and examples; "
        "models are selected on validation data, and each that was selected "
        "answers the test data, once for every way in which it is run.",
        "",
    ]
    if headlines := recipe.headlines(blocks, results):
        header = ("", "circuit", "classical baseline", "difference")
        rows = map(dataclasses.astuple, headlines)
        lines += ["## In short", "", *table(header, rows), ""]
    told = set()
    for section in recipe.sections(blocks, results):
        lines += [f"## {section.title}", ""]
        if section.note:
            lines += [section.note, ""]
        if section.rows:
            lines += [*table(section.header, section.rows), ""]
        if section.picture:
            lines += _shown(section, path.parent, told)
    goals = recipe.goals(blocks, results) if scale.name != "quick" else []
    if goals:
        words = {True: "met", False: "missed", None: "open"}
        rows = [(goal.claim, goal.figure, words[goal.is_met]) for goal in goals]
        lines += ["## Goals", "", *table(("goal", "found", ""), rows), ""]
    if skipped:
        lines += ["## Left out", ""]
        lines += [f"- `{name}`: {why}" for name, why in skipped.items()]
        lines += [""]
    lines += ["## What the paper says", ""]
    lines += [*table(("claim", "figure", "source"), recipe.published), ""]
    lines += ["## Our choices, which the paper does not give", ""]
    lines += [f"- {choice}" for choice in recipe.choices]
    write_text(path, "\n".join(lines) + "\n")


def _shown(section, folder, told):
    """Draws a section's picture; the lines that show it.

    How to read a kind of picture is told once: `told` keeps what was.
    """
    picture = section.picture
    save_files(picture, folder)
    alt = "The table above, drawn." if section.rows else picture.alt
    alt = alt.replace("[", "(").replace("]", ")")
    below = f"[SVG]({picture.name}.svg)"
    if picture.reading not in told:
        told.add(picture.reading)
        below = f"{picture.reading} ({below})"
    return [f"![{alt}]({picture.name}.png)", "", below, ""]


def table(header, rows):
    """A Markdown table as a list of lines.

    Example:

    >>> table(("a", "b"), [("1", "2")])
    ['| a | b |', '|---|---|', '| 1 | 2 |']
    """
    return markdown_table(header, rows).splitlines()


def percent(interval, digits=1, signed=False):
    """An interval of shares as points of percent.

    Example:

    >>> from tfq_hybrid.estimate import Estimate
    >>> percent(Estimate(0.8123, 0.80, 0.825))
    '81.2 [80.0, 82.5]'
    """
    sign = "+" if signed else ""
    value, low, high = (
        f"{100 * x:{sign}.{digits}f}"
        for x in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


PICKED = "picked by validation"  # the column of `picked`


def picked(found):
    """What validation picked for each seed: a rate, or another setting.

    Args:
        found: list of dicts, what the jobs of a row found.

    Returns:
        str.

    Example:

    >>> picked([{"rate": 0.01}, {"setting": 64}])
    '0.01, 64'
    """
    settings = [one.get("rate", one.get("setting")) for one in found]
    return ", ".join("–" if x is None else f"{x:g}" for x in settings)


def goal(claim, block, results, judge):
    """A goal that is judged by an interval, of at least `GOAL_SEEDS` seeds.

    Args:
        claim: str.
        block: `Block` that it is about, or `None`: not run at this scale.
        results: `Results`.
        judge: function without arguments of a pair: what was found, a str,
            and whether it is met.

    Returns:
        `Goal`.
    """
    seeds = len(results.complete_seeds(block)) if block else 0
    if seeds < GOAL_SEEDS:
        return Goal(claim, f"{seeds} of {GOAL_SEEDS} seeds are complete", None)
    return Goal(claim, *judge())


def too_few(block, results):
    """Why a block has no table of results yet, a str; `""` where it has."""
    seeds = len(results.complete_seeds(block))
    if seeds >= LEAST_SEEDS:
        return ""
    return (
        f"{seeds} complete of the {LEAST_SEEDS} seeds that a table of "
        "results takes: none is shown."
    )
