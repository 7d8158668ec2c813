"""A job's process: its cores, and its end."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tfq_hybrid.experiments.processes import take_cores

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


def cores_until(path):
    """The cores that it runs on, once there is a file."""
    while path is not None and not path.exists():
        time.sleep(0.05)
    return sorted(os.sched_getaffinity(0))


@pytest.mark.skipif(os.cpu_count() < 2, reason="one core is always shared")
def test_a_process_has_the_cores_of_the_one_before(tmp_path):
    context = multiprocessing.get_context("spawn")
    places = context.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0))[:2]:
        places.put([core])
    with concurrent.futures.ProcessPoolExecutor(
        2,
        context,
        initializer=take_cores,
        initargs=(places,),
        max_tasks_per_child=1,
    ) as pool:
        # While one works on, two others follow each other beside it.
        long = pool.submit(cores_until, tmp_path / "end")
        first, second = pool.map(cores_until, [None, None])
        (tmp_path / "end").touch()
    assert first == second != long.result()
    assert len(first) == len(long.result()) == 1
