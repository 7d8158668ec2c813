"""The Markdown report of a reproduction."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfq_hybrid.comparison.jobs import several
from tfq_hybrid.files import write_text
from tfq_hybrid.reports.document import Picture, markdown_table
from tfq_hybrid.reports.render import save_files

if TYPE_CHECKING:
    from tfq_hybrid.comparison.jobs import Block, Recipe, Scale
    from tfq_hybrid.comparison.results import Results

LEAST_SEEDS = 3
GOAL_SEEDS = 5


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a report: a note, a table, a picture, in this order."""

    title: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    picture: Picture | None = None  # beside the report as PNG and SVG


@dataclasses.dataclass(frozen=True)
class Goal:
    """What the project set out to reach, judged by an interval.

    Of a block of that name and its results, `judge` says what was found and
    whether the goal is met. It takes `GOAL_SEEDS` seeds.
    """

    claim: str
    block: str
    judge: Callable[..., tuple[str, bool]]

    def row(
        self, blocks: "list[Block]", results: "Results"
    ) -> tuple[str, str, str]:
        """A row of a table: the claim, what was found, whether it is met."""
        blocks = [block for block in blocks if block.name == self.block]
        seeds = sum(len(results.complete_seeds(block)) for block in blocks)
        if seeds < GOAL_SEEDS:
            figure = f"{seeds} of {GOAL_SEEDS} seeds are complete"
            return self.claim, figure, "open"
        figure, is_met = self.judge(*blocks, results)
        return self.claim, figure, "met" if is_met else "missed"


def write_report(
    path: pathlib.Path,
    recipe: "Recipe",
    scale: "Scale",
    blocks: "list[Block]",
    results: "Results",
    skipped: dict[str, str],
) -> None:
    """Writes the Markdown report, and its pictures beside it."""
    parts = [
        f"# {recipe.title}",
        f"Scale `{scale.name}`, {several(scale.seeds, 'seed')}. Circuits are "
        "simulated. Intervals are 95 %, paired over seeds and examples, of a "
        "crossed analysis of variance; models are selected on validation "
        "data, and each that was selected answers the test data, once for "
        "every way in which it is run.",
    ]
    if headlines := recipe.headlines(blocks, results):
        header = ("", "circuit", "classical baseline", "difference")
        parts += ["## In short", markdown_table(header, headlines)]
    told: set[str] = set()
    for section in recipe.sections(blocks, results):
        parts.append(f"## {section.title}")
        if section.note:
            parts.append(section.note)
        if section.rows:
            parts.append(markdown_table(section.header, section.rows))
        if section.picture:
            parts += _shown(section, path.parent, told)
    if recipe.goals and scale.name != "quick":
        rows = [goal.row(blocks, results) for goal in recipe.goals]
        parts += ["## Goals", markdown_table(("goal", "found", ""), rows)]
    if skipped:
        lines = [f"- `{name}`: {why}" for name, why in skipped.items()]
        parts += ["## Left out", "\n".join(lines)]
    columns = ("claim", "figure", "source")
    parts += ["## What the paper says"]
    parts += [markdown_table(columns, recipe.published)]
    parts += ["## Our choices, which the paper does not give"]
    parts += ["\n".join(f"- {choice}" for choice in recipe.choices)]
    write_text(path, "\n\n".join(parts) + "\n")


def _shown(section, folder, told):
    """Draws a section's picture; the paragraphs that show it.

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
    return [f"![{alt}]({picture.name}.png)", below]


def too_few(
    block: "Block", results: "Results", least: int = LEAST_SEEDS
) -> str:
    """Why a block has no table of results yet; `""` where it has."""
    seeds = len(results.complete_seeds(block))
    if seeds >= least:
        return ""
    if least == 1:
        return "Not run."
    return (
        f"{seeds} complete of the {least} seeds that a table of results "
        "takes: none is shown."
    )
