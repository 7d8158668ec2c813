"""A job's process: its cores, and its end."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from tfq_hybrid.comparison.runner import WorkerPool
from tfq_hybrid.errors import WorkerLostError

CODE = """
import subprocess, sys
from tfq_hybrid.startup import end_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent)
print(child.pid, flush=True)
child.wait()
"""


def test_children_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def bare(cores):
    """A process on its cores, which does not wait for TensorFlow."""
    return concurrent.futures.ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=os.sched_setaffinity,
        initargs=(0, cores),
    )


def where(until=None):
    """The process and its cores, once there is a file."""
    while until is not None and not until.exists():
        time.sleep(0.05)
    return os.getpid(), sorted(os.sched_getaffinity(0))


def test_processes_are_replaced_on_their_cores(tmp_path):
    """More jobs than a `ProcessPoolExecutor` of the same sort comes through."""
    with WorkerPool(2, jobs_of_a_process=2, start=bare) as pool:
        long = pool.submit(where, tmp_path / "end")
        short = [pool.submit(where) for _ in range(5)]
        found = [future.result(timeout=120) for future in short]
        (tmp_path / "end").touch()
        found.append(long.result(timeout=120))
    pids = [pid for pid, _ in found]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [2, 2, 1, 1]
    cores = {pid: cores for pid, cores in found}
    first, *others = (cores[pid] for pid in dict.fromkeys(pids[:5]))
    assert all(other == first for other in others)
    if len(os.sched_getaffinity(0)) > 1:
        assert not set(first) & set(cores[pids[-1]])


def linger(folder):
    """Leaves the number of its process, and does not end."""
    (folder / str(os.getpid())).touch()
    time.sleep(600)


def test_an_error_ends_what_runs(tmp_path):
    with pytest.raises(KeyboardInterrupt), WorkerPool(2, start=bare) as pool:
        futures = [pool.submit(linger, tmp_path) for _ in range(4)]
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        raise KeyboardInterrupt
    assert all(future.done() for future in futures)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def wait(folder):
    """Says that the process starts, which takes until there is a file."""
    (folder / "starts").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)


def test_an_error_while_a_process_starts(tmp_path):
    """It gets no job any more, though nothing could be killed yet."""

    def start(cores):
        return concurrent.futures.ProcessPoolExecutor(
            1,
            multiprocessing.get_context("spawn"),
            initializer=wait,
            initargs=(tmp_path,),
        )

    with pytest.raises(KeyboardInterrupt), WorkerPool(1, start=start) as pool:
        future = pool.submit((tmp_path / "ran").touch)
        while not (tmp_path / "starts").exists():
            time.sleep(0.05)
        threading.Timer(0.5, (tmp_path / "go").touch).start()
        raise KeyboardInterrupt
    assert isinstance(future.exception(), concurrent.futures.CancelledError)
    assert not (tmp_path / "ran").exists()


def test_a_process_that_was_ended():
    with (
        pytest.raises(WorkerLostError, match="What is done is kept"),
        WorkerPool(1, start=bare) as pool,
    ):
        pool.submit(os._exit, 1).result(timeout=120)
