"""Run jobs side by side in processes, within a budget, resumably."""

import concurrent.futures
import concurrent.futures.process
import contextlib
import multiprocessing
import os
import queue
import signal
import tempfile
import time
import warnings

from tfq_hybrid.durations import duration
from tfq_hybrid.errors import WorkerLostError
from tfq_hybrid.startup import end_with_parent, quiet_imports

# A process ends after so many jobs: TensorFlow keeps graphs.
JOBS_OF_A_PROCESS = 8


def prepare(cores):
    """Puts this process on its cores, before TensorFlow starts.

    Args:
        cores: list of int.
    """
    end_with_parent()
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(len(cores))
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    warnings.simplefilter("ignore")  # nobody reads them here
    quiet_imports()


def start_process(cores):
    """A pool of a single process, ready for jobs.

    Args:
        cores: list of int. Those that it runs on.

    Returns:
        A `concurrent.futures.ProcessPoolExecutor`.
    """
    return concurrent.futures.ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=prepare,
        initargs=(cores,),
    )


class WorkerPool:
    """A pool of processes that share the cores out and are replaced.

    A `ProcessPoolExecutor` has `max_tasks_per_child` for that, with which it
    stops for good (https://github.com/python/cpython/issues/115634).

    Args:
        workers: int. Processes at a time.
        jobs_of_a_process: int. Defaults to `JOBS_OF_A_PROCESS`.
        start: function from cores to a pool. Defaults to `start_process`.

    Example:

    >>> with WorkerPool(workers=1) as pool:
    ...     pool.submit(divmod, 7, 2).result()
    (3, 1)
    """

    def __init__(
        self,
        workers,
        jobs_of_a_process=JOBS_OF_A_PROCESS,
        start=start_process,
    ):
        cores = sorted(os.sched_getaffinity(0))
        share = max(1, len(cores) // workers)
        self._places = [
            _Place(
                cores[worker * share : (worker + 1) * share] or cores,
                jobs_of_a_process,
                start,
            )
            for worker in range(workers)
        ]
        self._free = queue.SimpleQueue()
        for place in self._places:
            self._free.put(place)
        self._threads = concurrent.futures.ThreadPoolExecutor(workers)

    def submit(self, function, *arguments):
        """A future of what the function returns in one of the processes.

        It raises `WorkerLostError` where that process was ended.
        """
        return self._threads.submit(self._run, function, arguments)

    def _run(self, function, arguments):
        place = self._free.get()
        try:
            return place.run(function, arguments)
        except concurrent.futures.process.BrokenProcessPool:
            raise WorkerLostError(
                "The process of a job was ended, perhaps for want of memory. "
                "What is done is kept; the same command goes on, with "
                "--workers 1 in less memory."
            ) from None
        finally:
            self._free.put(place)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            for place in self._places:
                place.kill()
            self._threads.shutdown()
        # A process ends with the thread that started it: first the processes.
        for place in self._places:
            place.end()
        self._threads.shutdown()


class _Place:
    """Some cores, and one process after the other that runs on them."""

    def __init__(self, cores, jobs, start):
        self._cores, self._jobs, self._start = cores, jobs, start
        self._pool = self._pid = None
        self._left = 0
        self._is_killed = False

    def run(self, function, arguments):
        if self._left == 0:
            self.end()
            self._pool = self._start(self._cores)
            self._pid = self._pool.submit(os.getpid).result()
            self._left = self._jobs
        if self._is_killed:
            raise concurrent.futures.CancelledError
        self._left -= 1
        return self._pool.submit(function, *arguments).result()

    def end(self):
        if self._pool is not None:
            self._pool.shutdown()
            self._pid = None

    def kill(self):
        self._is_killed = True
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


def perform(recipe, arguments, seed, paths):
    """Runs a job of a recipe.

    Returns:
        A triple: what it found as plain JSON types, arrays by name, and the
        seconds it took.
    """
    import keras

    from tfq_hybrid.comparison.reproduce import RECIPES

    began = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        found, arrays = RECIPES[recipe].perform(arguments, seed, paths, folder)
    return found, arrays, time.perf_counter() - began


def run(recipe, blocks, paths, results, minutes, workers, report, status):
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

    Returns:
        A dict of the name of a block and why it was not run.
    """
    began = time.monotonic()
    clock = _Clock(workers)
    skipped = {}
    total = sum(len(block.jobs) for block in blocks)
    with WorkerPool(workers) as pool:
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
            futures = {
                pool.submit(
                    perform, recipe.name, job.arguments, job.seed, paths
                ): job
                for job in jobs
            }
            for future in concurrent.futures.as_completed(futures):
                job = futures[future]
                found, arrays, seconds = future.result()
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
