"""The processes that run jobs: `dask.distributed`, here or elsewhere.

A scheduler unpickles what it is sent: whoever reaches it runs code. A local one
listens on 127.0.0.1 alone; one elsewhere is reached by TLS with certificates,
or without only where the user insists.
"""

import concurrent.futures
import concurrent.futures.process
import contextlib
import importlib.util
import ipaddress
import logging
import multiprocessing.resource_tracker
import os
import pickle
import signal
import sys
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dask
import distributed

from tfq_hybrid.errors import UserError, WorkerLostError
from tfq_hybrid.startup import end_with_parent, quiet_imports

LOOPBACK = "127.0.0.1"
# A process is replaced after so many jobs: TensorFlow keeps graphs.
JOBS_OF_A_PROCESS = 8
SETTINGS = {
    # A job may start processes of its own.
    "distributed.worker.daemon": False,
    # A stolen job may run twice.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.allowed-failures": 2,
    # Jobs are hours long, and say themselves how much memory they need.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.admin.tick.limit": "1h",
}


@contextlib.contextmanager
def cluster(
    workers: int = 2,
    scheduler: str | None = None,
    insecure: bool = False,
    tls: Mapping[str, Any] | None = None,
    report: Callable[[str], object] = print,
    patience: str = "20s",
) -> Iterator["Cluster"]:
    """Processes that take jobs, as long as the context lasts.

    Args:
        workers: processes of this machine, each on cores of its own.
        scheduler: the address of a dask scheduler whose workers run the jobs
            instead, such as `"tls://host:8786"`. They need this package and
            the data in the same places.
        insecure: whether that may be `tcp://` beyond this machine.
        tls: the paths of certificates, `ca`, `cert` and `key`, for `tls://`;
            by default those of dask's own configuration.
        report: told the dashboard's address.
        patience: how long a scheduler may take to answer.

    Raises:
        UserError: the address is none, or not safe.
        WorkerLostError: nobody answers at the address.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as held:
        held.enter_context(dask.config.set(SETTINGS))
        if scheduler is None:
            client = _local(held, workers, report)
        else:
            security = check_address(scheduler, insecure, tls)
            try:
                client = distributed.Client(
                    scheduler, security=security, timeout=patience
                )
            except (OSError, TimeoutError) as error:
                raise WorkerLostError(
                    f"No dask scheduler answers at {scheduler}: {error}"
                ) from None
            held.enter_context(client)
        yield Cluster(client)


def _local(held, workers, report):
    """A client of processes of this machine."""
    # What an interrupt leaves is cleaned up, without a word about it.
    sys.warnoptions.append("ignore::UserWarning")
    multiprocessing.resource_tracker.ensure_running()
    sys.warnoptions.pop()
    has_dashboard = importlib.util.find_spec("bokeh") is not None
    # A terminal interrupts all processes, of which this one stops the others.
    # They inherit what the thread that starts them blocks.
    pool = held.enter_context(
        concurrent.futures.ThreadPoolExecutor(
            1,
            initializer=signal.pthread_sigmask,
            initargs=(signal.SIG_BLOCK, [signal.SIGINT]),
        )
    )
    starting = pool.submit(
        distributed.LocalCluster,
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",
        memory_limit=None,
        silence_logs=logging.CRITICAL,
    )
    held.callback(lambda: starting.result().close())
    local = starting.result()
    client = held.enter_context(distributed.Client(local))
    client.register_plugin(Cores(workers))
    if has_dashboard:
        report(f"Dashboard: {client.dashboard_link}")
    return client


def check_address(
    scheduler: str,
    insecure: bool = False,
    tls: Mapping[str, Any] | None = None,
) -> distributed.Security | None:
    """Looks at the address of a scheduler before anything is sent there.

    Gives the security of `tls://`. The arguments are those of `cluster`.

    >>> check_address("tcp://127.0.0.1:8786")
    >>> check_address("tcp://10.0.0.1:8786")
    Traceback (most recent call last):
    ...
    tfq_hybrid.errors.UserError: Expected tls:// beyond this machine, where a \
scheduler runs what anybody sends it; insecure=True insists. Received: \
tcp://10.0.0.1:8786
    """
    parts = urllib.parse.urlsplit(scheduler)
    try:
        whole = parts.hostname and parts.port
    except ValueError:  # a port that is no number
        whole = False
    if parts.scheme not in ("tcp", "tls") or not whole or parts.path:
        raise UserError(
            "Expected a scheduler as tls://HOST:PORT or tcp://HOST:PORT. "
            f"Received: {scheduler}"
        )
    if parts.scheme == "tcp":
        if not (is_loopback(parts.hostname or "") or insecure):
            raise UserError(
                "Expected tls:// beyond this machine, where a scheduler runs "
                "what anybody sends it; insecure=True insists. Received: "
                f"{scheduler}"
            )
        return None
    names = {"ca": "tls_ca_file", "cert": "tls_client_cert"}
    names["key"] = "tls_client_key"
    files = {
        names[key]: os.fspath(path)
        for key, path in (tls or {}).items()
        if path is not None
    }
    for path in files.values():
        if not os.path.isfile(path):
            raise UserError(
                f"Expected a file with a certificate or its key. Received: "
                f"{path}"
            )
    # Its attributes are made when it is.
    security: Any = distributed.Security(require_encryption=True, **files)
    if not security.tls_ca_file or not security.tls_client_cert:
        raise UserError(
            "Expected certificates with tls://, ca, cert and key, or those of "
            "dask's configuration. Received: none"
        )
    return security


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Cores(distributed.WorkerPlugin):
    """Gives each of the processes of this machine cores of its own."""

    name = "cores"

    def __init__(self, workers: int):
        self.workers = workers

    def setup(self, worker):
        cores = sorted(os.sched_getaffinity(os.getppid()))
        share = max(1, len(cores) // self.workers)
        first = int(worker.name) * share
        os.sched_setaffinity(0, cores[first : first + share] or cores)


def prepare(cores: Sequence[int]) -> None:
    """Puts this process on its cores, and imports TensorFlow there."""
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(len(cores))
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    warnings.simplefilter("ignore")  # nobody reads them here
    quiet_imports()


class Cluster:
    """Takes jobs and gives what they return, in the order of their ends."""

    def __init__(
        self,
        client: distributed.Client,
        jobs_of_a_process: int = JOBS_OF_A_PROCESS,
    ):
        self.client = client
        self.jobs_of_a_process = jobs_of_a_process

    def results(
        self, function: Callable, jobs: Mapping[Any, tuple]
    ) -> Iterator[tuple[Any, Any]]:
        """Runs jobs side by side, each an arguments' tuple of one function.

        A job whose process is lost runs again, once; equal jobs run each.
        Yields pairs of a key and what the function returned.

        Raises:
            WorkerLostError: a job was lost twice, or the scheduler is gone.
            Whatever a job raises.
        """
        running = {
            self.client.submit(
                _call,
                pickle.dumps((function, arguments)),
                self.jobs_of_a_process,
                key=f"{function.__name__}-{os.urandom(8).hex()}",
                pure=False,
            ): key
            for key, arguments in jobs.items()
        }
        try:
            for future in distributed.as_completed(list(running)):
                yield running.pop(future), _result(future)
        finally:
            self.client.cancel(list(running), force=True)


def _result(future):
    try:
        return future.result()
    except (
        distributed.KilledWorker,
        distributed.client.FutureCancelledError,
        distributed.comm.CommClosedError,
    ):
        raise WorkerLostError(LOST) from None


class _Child:
    """The process of a worker that runs its jobs.

    Not the worker itself: the threads of dask draw from Python's random
    numbers, of which Keras makes its seeds.
    """

    pool, left = None, 0


def _call(job, jobs_of_a_process):
    """Runs a pickled job in the child of this worker."""
    for _ in range(2):
        if _Child.left == 0:
            if _Child.pool is not None:
                _Child.pool.shutdown()
            _Child.pool = start_process(sorted(os.sched_getaffinity(0)))
            _Child.left = jobs_of_a_process
        _Child.left -= 1
        try:
            return _Child.pool.submit(_run, job).result()
        except concurrent.futures.process.BrokenProcessPool:
            _Child.pool, _Child.left = None, 0
    raise WorkerLostError(LOST)


def _run(job):
    function, arguments = pickle.loads(job)
    return function(*arguments)


LOST = (
    "The process of a job was ended, perhaps for want of memory. What is done "
    "is kept; the same command goes on, with --workers 1 in less memory."
)


def start_process(
    cores: Sequence[int],
) -> concurrent.futures.ProcessPoolExecutor:
    """A pool of a single process on some cores, beside those of a cluster."""
    return concurrent.futures.ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=_prepare_child,
        initargs=(cores,),
    )


def _prepare_child(cores):
    end_with_parent()
    prepare(cores)
