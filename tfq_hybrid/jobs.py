"""Jobs one after the other in this process, or side by side in others."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def run_jobs(
    function: Callable,
    jobs: dict[Any, tuple],
    workers: int = 1,
    where: Mapping[str, Any] | None = None,
    report: Callable[[str], object] = print,
) -> Iterator[tuple[Any, Any]]:
    """Runs jobs one after the other here, or side by side elsewhere.

    Yields pairs of a key and what the function returned for the arguments
    there, as jobs end. One worker is this process, unless `where`, the
    arguments of `tfq_hybrid.cluster.cluster`, names a scheduler.

    >>> dict(run_jobs(divmod, {"a": (7, 2)}))
    {'a': (3, 1)}
    """
    where = where or {}
    if workers == 1 and where.get("scheduler") is None:
        for key, arguments in jobs.items():
            yield key, function(*arguments)
        return
    from tfq_hybrid.cluster import cluster

    with cluster(workers, report=report, **where) as processes:
        yield from processes.results(function, jobs)
