"""Run the jobs of a recipe side by side, within a budget, resumably."""

import tempfile
import time

from tfq_hybrid.cluster import cluster
from tfq_hybrid.estimate import duration
from tfq_hybrid.startup import quiet_imports


def perform(recipe, arguments, seed, paths):
    """Runs a job of a recipe.

    Returns:
        A triple: what it found as plain JSON types, arrays by name, and the
        seconds it took.
    """
    quiet_imports()
    import keras

    from tfq_hybrid.comparison.reproduce import RECIPES

    began = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        found, arrays = RECIPES[recipe].perform(arguments, seed, paths, folder)
    return found, arrays, time.perf_counter() - began


def run(
    recipe,
    blocks,
    paths,
    results,
    minutes,
    workers,
    report,
    status,
    where=None,
):
    """Runs what is not finished yet.

    A block is begun only where all of it fits into what is left of the
    budget, judged by how the jobs so far took against what was expected.

    Args:
        recipe: `Recipe`.
        blocks: list of `Block`, the most important first.
        paths: dict of the data's paths.
        results: `Results`.
        minutes: float or `None`. The budget of this run.
        workers: int. Processes, each on cores of its own.
        report: function of a line that stays.
        status: function of a line that the next one replaces.
        where: dict of arguments of `cluster`. Defaults to none: processes of
            this machine.

    Returns:
        A dict of the name of a block and why it was not run.
    """
    began = time.monotonic()
    clock = _Clock(workers)
    skipped = {}
    total = sum(len(block.jobs) for block in blocks)
    with cluster(workers, report=report, **(where or {})) as processes:
        for block in blocks:
            jobs = [
                job
                for job in block.by_seed()
                if not results.is_done(block.key(job))
            ]
            expected = clock.expected(sum(job.seconds for job in jobs))
            spent = time.monotonic() - began
            over = minutes is not None and spent + expected > 60 * minutes
            if jobs and over:
                skipped[block.name] = (
                    f"needs about {duration(expected)}, and "
                    f"{duration(max(0, 60 * minutes - spent))} were left"
                )
                report(f"{block.title} Left out: {skipped[block.name]}.")
                continue
            done = sum(
                results.is_done(b.key(job)) for b in blocks for job in b.jobs
            )
            status(f"{block.title} {done}/{total} jobs done")
            calls = {
                number: (recipe.name, job.arguments, job.seed, paths)
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
            for job in block.jobs
            if not results.is_done(block.key(job))
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
