"""Run the jobs of a recipe side by side, within a budget, resumably."""

import math
import pkgutil
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfq_hybrid.estimate import duration
from tfq_hybrid.startup import quiet_imports

if TYPE_CHECKING:
    from tfq_hybrid.cluster import Cluster
    from tfq_hybrid.comparison.jobs import Block
    from tfq_hybrid.comparison.results import Results


def perform(
    function: str, arguments: dict, seed: int, paths: dict[str, str]
) -> tuple[dict, dict, float]:
    """What a job finds, its arrays by name, and the seconds it takes.

    The function is named as `"module:NAME"`.
    """
    quiet_imports()
    import keras

    began = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        found, arrays = pkgutil.resolve_name(function)(
            arguments, seed, paths, folder
        )
    return found, arrays, time.perf_counter() - began


def run(
    processes: "Cluster",
    function: Callable,
    blocks: "list[Block]",
    paths: dict[str, str],
    results: "Results",
    minutes: float | None,
    workers: int,
    report: Callable[[str], object],
    status: Callable[[str], object],
) -> dict[str, str]:
    """Runs what is not finished yet; why a block of a name was not run.

    A block, or each seed of one that goes seed by seed, is begun only where
    all of it fits into what is left of the budget of so many minutes, judged
    by how the jobs so far took, on so many workers, against what was expected.
    `function` is what a `Recipe` performs. `report` is given lines that stay,
    `status` those that the next one replaces.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    began = time.monotonic()
    clock = _Clock(workers)
    skipped: dict[str, str] = {}
    limit = math.inf if minutes is None else 60 * minutes
    total = sum(len(block.jobs) for block in blocks)
    groups = [(b, group) for b in blocks for group in b.groups()]
    for block, group in groups:
        if block.name in skipped:
            continue
        jobs = [job for job in group if not results.has(block, job)]
        if not jobs:
            continue
        expected = clock.expected(sum(job.seconds for job in jobs))
        spent = time.monotonic() - began
        if spent + expected > limit:
            what = f"seed {jobs[0].seed} " if block.by_seeds else ""
            skipped[block.name] = (
                f"{what}needs about {duration(expected)}, and "
                f"{duration(max(0, limit - spent))} were left"
            )
            report(f"{block.title} Left out: {skipped[block.name]}.")
            continue
        done = total - sum(len(results.unfinished(b)) for b in blocks)
        status(f"{block.title} {done}/{total} jobs done")
        calls = {
            number: (name, job.arguments, job.seed, paths)
            for number, job in enumerate(jobs)
        }
        for number, ended in processes.results(perform, calls):
            job = jobs[number]
            found, arrays, seconds = ended
            found = {**found, "seconds": round(seconds, 1)}
            results.add(block.key(job), found, arrays)
            clock.took(job.seconds, seconds)
            done += 1
            left = _left(blocks, skipped, results, clock)
            report(
                f"[{done}/{total}] {block.name}: {job.row}, seed "
                f"{job.seed} ({duration(seconds)}; about "
                f"{duration(left)} left)"
            )
    return skipped


def _left(blocks, skipped, results, clock):
    """Seconds until all blocks that are not left out are done."""
    return clock.expected(
        sum(
            job.seconds
            for block in blocks
            if block.name not in skipped
            for job in results.unfinished(block)
        )
    )


class _Clock:
    """How long jobs take here, against what was expected of them.

    It begins with two minutes that took as long as expected, so that one
    short job does not stand for all that follow.
    """

    def __init__(self, workers):
        self._workers = workers
        self._expected = self._took = 120.0

    def took(self, expected, seconds):
        self._expected += expected
        self._took += seconds

    def expected(self, seconds):
        return self._took / self._expected * seconds / self._workers
