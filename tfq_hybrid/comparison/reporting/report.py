"""What a reproduction found, as the plain data that its page is made of."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfq_hybrid.comparison import found
from tfq_hybrid.reports.document import Picture

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
    picture: Picture | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data, the picture too."""
        picture = self.picture and self.picture.content
        return {**vars(self), "picture": picture}


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


def content_of(
    recipe: "Recipe",
    scale: "Scale",
    blocks: "list[Block]",
    results: "Results",
    skipped: dict[str, str],
) -> dict[str, Any]:
    """The content of `reproduction.json`: questions, goals, claims, choices."""
    return {
        "kind": "reproduction",
        "title": recipe.title,
        "scale": scale.name,
        "seeds": scale.seeds,
        "headlines": recipe.headlines(blocks, results),
        "questions": [_question(block, results) for block in blocks],
        "goals": [goal.row(blocks, results) for goal in recipe.goals],
        "skipped": skipped,
        "published": recipe.published,
        "choices": recipe.choices,
    }


def _question(block, results):
    sections = [s for table in block.tables for s in table(block, results)]
    return {
        "name": block.name,
        "subject": block.subject,
        "seeds": len(results.complete_seeds(block)),
        "is_headline": block.headline is not None,
        "sections": [section.to_dict() for section in sections],
        "comparison": _compared(block, results),
    }


def _compared(block, results):
    """The rows of a block as those of `comparison.json`; `None` if it has none.

    Texts and their classes' names are not among the results.
    """
    from tfq_hybrid.training.tasks import TASKS

    measure = block.measure
    if measure is None or too_few(block, results):
        return None
    size = next(iter(block.counts.values()), "trained")
    rows = []
    for row in block.rows:
        jobs = results.all_found(block, row)
        counts = jobs[0].get("parameters", {})
        cost = {
            "parameters": counts.get(size, 0),
            "circuit_parameters": counts.get("circuits", 0),
        }
        if "curve_steps" in jobs[0]:  # no epochs: the recipe draws them
            jobs = [{**job, "validation_curve": []} for job in jobs]
        answers = results.all_arrays(block, row)
        rows.append(found.Found(row, "train", answers, jobs, None, {}, cost))
    task = TASKS[measure.task]
    has_classes = measure.task == "classification"
    classes = 1 + int(answers[0]["labels"].max()) if has_classes else 0
    about = {
        "test_examples": len(rows[0].scores(task.metrics[0])[0]),
        "label_names": [str(i) for i in range(classes)],
        "size": next(iter(block.counts), "trained parameters"),
    }
    metric = next(m for m in task.metrics if m.name == measure.metric)
    return found.content_of(task, metric, rows, [], about)


def too_few(
    block: "Block", results: "Results", least: int = LEAST_SEEDS
) -> str:
    """Why a block has no table of results yet; `""` where it has.

    Where fewer seeds are planned, as in a quick run, all of them do.
    """
    seeds = len(results.complete_seeds(block))
    least = min(least, len(block.seeds))
    if seeds >= least:
        return ""
    if least <= 1:
        return "Not run."
    return (
        f"{seeds} complete of the {least} seeds that a table of results "
        "takes: none is shown."
    )
