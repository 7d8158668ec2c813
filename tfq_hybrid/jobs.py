"""Jobs one after the other in this process, or side by side in others."""


def run_jobs(function, jobs, workers=1, where=None, report=print):
    """Runs jobs one after the other here, or side by side elsewhere.

    Args:
        function: function of the arguments of a job.
        jobs: dict of a key and the tuple of arguments of a job.
        workers: int. Processes of this machine; 1 is this process. Defaults
            to 1.
        where: dict of arguments of `cluster`, of a scheduler. Defaults to
            none.
        report: as for `tfq_hybrid.cluster.cluster`.

    Yields:
        Pairs of a key and what the function returned, as jobs end.

    Example:

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
