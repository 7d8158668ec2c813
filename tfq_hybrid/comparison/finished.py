"""What the finished jobs of a comparison found, row by row."""

from collections.abc import Sequence

from tfq_hybrid.comparison.found import Found
from tfq_hybrid.comparison.jobs import Block
from tfq_hybrid.comparison.results import Results


def cost_of(results: Results, block: Block, row: str) -> dict:
    """What a step of a row costs; nothing where it was not measured."""
    for job in block.jobs:
        if job.row == row and results.has(block, job):
            return results.found(block.key(job))
    return {}


def losses_of(
    results: Results, block: Block, row: str
) -> dict[float, float | None]:
    """The validation loss of a row at each rate that was tried."""
    return {
        job.arguments["config"]["learning_rate"]: results.found(block.key(job))[
            "validation_loss"
        ]
        for job in block.jobs
        if job.row == row
    }


def found_of(results: Results, blocks: Sequence[Block], row: str) -> Found:
    """What was found of a row, of the blocks of costs, rates and seeds."""
    costs, rates, seeds = blocks
    arguments = next(job.arguments for job in seeds.jobs if job.row == row)
    jobs = results.all_found(seeds, row)
    cost = cost_of(results, costs, row)
    config = arguments["config"] if arguments["kind"] == "train" else {}
    return Found(
        row,
        arguments["kind"],
        results.all_arrays(seeds, row),
        jobs,
        config.get("learning_rate"),
        losses_of(results, rates, row),
        cost or {"parameters": jobs[0]["parameters"]["trained"]},
    )
