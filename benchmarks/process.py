"""A worker: one implementation of one problem, in a process of its own.

Every request has a limit of time, and the process one of memory; whoever
exceeds either is stopped, and the others go on.
"""

import contextlib
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

import psutil

import tfq_hybrid
from benchmarks.implementations import Implementation

SERVE = pathlib.Path(__file__).parent / "workers" / "serve.py"
# Left free for everybody else on the machine.
RESERVE_BYTES = 2**29


class WorkerError(Exception):
    """The worker gave no answer. The message is its status in the results."""


class Worker:
    """A running worker.

    Args:
        implementation: What it runs.
        python: The interpreter of its environment.
        problem: The worker's first line.
        memory_bytes: The largest resident size that it may reach.
    """

    def __init__(
        self,
        implementation: Implementation,
        python: str | os.PathLike[str],
        problem: dict,
        memory_bytes: int,
    ):
        self._memory_bytes = memory_bytes
        self._errors = tempfile.TemporaryFile(  # noqa: SIM115
            "w+", errors="replace"
        )
        # A session of its own: an interrupt reaches the parent, which ends it.
        self._process = subprocess.Popen(
            [str(python), str(SERVE), implementation.worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=worker_environment(
                problem["threads"], with_package=implementation.kind != "peer"
            ),
            start_new_session=True,
        )
        self._request = problem
        self._status = None  # why it was stopped

    def start(self, seconds: float) -> dict:
        """Waits until the problem is built. Returns the worker's reply."""
        return self.ask(self._request, seconds)

    def ask(self, request: dict, seconds: float) -> dict:
        """Sends a request and waits for the reply.

        Raises:
            WorkerError: no reply in time, too much memory, or it ended.
        """
        if self._status:
            raise WorkerError(self._status)
        # A broken pipe: it ended, and what it said last is read below.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        deadline = time.monotonic() + seconds
        # One request, one line: nothing is left in the pipe's buffer.
        while not select.select([self._process.stdout], [], [], 0.05)[0]:
            if time.monotonic() > deadline:
                self._stop(f"over the cap of {seconds:g} s")
            self._check_memory()
        line = self._process.stdout.readline()
        if not line:
            self._stop(f"failed: {self._last_words()}")
        return json.loads(line)

    def _check_memory(self):
        try:
            used = psutil.Process(self._process.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return
        free = psutil.virtual_memory().available
        if used > self._memory_bytes or free < RESERVE_BYTES:
            self._stop(f"over the memory: {used / 2**30:.1f} GiB")

    def _stop(self, status):
        self._status = status
        self.close()
        raise WorkerError(status)

    def _last_words(self):
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().split("\n")
        lines = [line.strip() for line in lines if line.strip()]
        return lines[-1][:200] if lines else f"exit {self._process.returncode}"

    def close(self):
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
        self._errors.close()


def worker_environment(threads, with_package=True):
    """The environment variables of a worker: threads, CPU, quiet."""
    libraries = ("OMP_NUM", "MKL_NUM", "OPENBLAS_NUM")
    names = (*libraries, "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    environment = {
        **os.environ,
        **{f"{name}_THREADS": str(threads) for name in names},
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    environment.pop("PYTHONPATH", None)
    if with_package:
        root = pathlib.Path(tfq_hybrid.__file__).resolve().parent.parent
        environment["PYTHONPATH"] = str(root)
    return environment
