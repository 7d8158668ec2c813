"""A search by several processes: keras-tuner's chief and its workers.

keras-tuner speaks gRPC without a password, so the chief listens on the
loopback address only. Each worker gets cores of its own.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import psutil

from tfq_hybrid.errors import SearchStoppedError, UserError
from tfq_hybrid.startup import end_with_parent
from tfq_hybrid.tuning.results import SearchFolder
from tfq_hybrid.tuning.trial import describe_end, describe_start
from tfq_hybrid.tuning.tuner import CHIEF, is_listening

LOOPBACK = "127.0.0.1"
COMMAND = [sys.executable, "-c", "from tfq_hybrid.cli.main import main; main()"]
THREADS = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
START_SECONDS = 300.0
POLL_SECONDS = 0.2
# Deaths of one worker in a row, between which no trial ended.
MOST_DEATHS = 6


def choose_port(port: int | None = None) -> int:
    """A free port on the loopback address: the given one, or any."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port or 0))
        except OSError as error:
            raise UserError(
                f"Expected a free port. Received: port={port} "
                f"({error.strerror})"
            ) from None
        return probe.getsockname()[1]


def share_cores(workers: int) -> list[list[int]]:
    """The cores of each worker; with more workers than cores they go round.

    >>> cores = share_cores(1)
    >>> cores == [sorted(os.sched_getaffinity(0))]
    True
    """
    cores = sorted(os.sched_getaffinity(0))
    if workers >= len(cores):
        return [[cores[i % len(cores)]] for i in range(workers)]
    return [cores[i::workers] for i in range(workers)]


def environment(
    tuner_id: str, port: int, cores: Sequence[int] | None = None
) -> dict[str, str]:
    """What keras-tuner and TensorFlow read in a process of the search."""
    result = {
        **os.environ,
        "KERASTUNER_TUNER_ID": tuner_id,
        "KERASTUNER_ORACLE_IP": LOOPBACK,
        "KERASTUNER_ORACLE_PORT": str(port),
    }
    if cores is not None:
        threads = str(len(cores))
        result |= dict.fromkeys(THREADS, threads)
    return result


def joining_lines(output: str | os.PathLike[str], port: int) -> list[str]:
    """How a worker on another machine joins."""
    return [
        "To add workers on other machines, with the same data and --output "
        "on a shared disk (the port has no password: forward it by SSH):",
        f"  ssh -N -L {port}:{LOOPBACK}:{port} {socket.gethostname()} &",
        f"  KERASTUNER_TUNER_ID=worker-there KERASTUNER_ORACLE_IP={LOOPBACK} "
        f"KERASTUNER_ORACLE_PORT={port} \\",
        f"      tfq-hybrid tune --join --output {shlex.quote(str(output))}",
    ]


class WorkerPool:
    """A chief and its workers, restarted when they die.

    The folder has a study in it; `options` are those of `tune --join`.
    """

    def __init__(
        self,
        folder: SearchFolder,
        workers: int,
        port: int,
        options: list[str],
        report: Callable[[str], object],
    ):
        self.folder = folder
        self.port = port
        self.options = options
        self.report = report
        self.cores = share_cores(workers)
        self.chief: subprocess.Popen | None = None
        self.workers: dict[int, subprocess.Popen] = {}
        self.deaths = dict.fromkeys(range(workers), 0)
        self._told: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Runs until every worker has ended."""
        self.folder.logs.mkdir(parents=True, exist_ok=True)
        self._told = {(r["id"], r["status"]) for r in self.folder.records()}
        try:
            self.chief = self._start(CHIEF)
            self._await_chief()
            for number in self.deaths:
                self._start_worker(number)
            while self.workers:
                time.sleep(POLL_SECONDS)
                self._tell()
                self._check_chief()
                self._check_workers()
            self._tell()
        finally:
            self._stop()

    def _start(
        self, tuner_id: str, cores: Sequence[int] | None = None
    ) -> subprocess.Popen:
        log = self.folder.logs / f"{tuner_id}.log"
        output = ["--output", str(self.folder.path)]
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*COMMAND, "tune", "--join", *output, *self.options],
                env=environment(tuner_id, self.port, cores),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt is for this process
                preexec_fn=end_with_parent,
            )
        if cores is not None:
            with contextlib.suppress(psutil.Error):
                psutil.Process(process.pid).cpu_affinity(cores)
        return process

    def _start_worker(self, number: int) -> None:
        cores = self.cores[number]
        process = self._start(f"worker-{number}", cores)
        self.workers[number] = process
        self.report(
            f"worker-{number}: process {process.pid}, on core "
            f"{', '.join(map(str, cores))}"
        )

    def _await_chief(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(LOOPBACK, self.port):
            self._check_chief()
            if time.monotonic() > deadline:
                raise self._chief_gone("does not answer")
            time.sleep(POLL_SECONDS)

    def _check_chief(self) -> None:
        code = self.chief and self.chief.poll()
        if code is not None:
            raise self._chief_gone(f"ended with {code}")

    def _chief_gone(self, what: str) -> SearchStoppedError:
        return SearchStoppedError(
            f"The chief at {LOOPBACK}:{self.port} {what}; see "
            f"{self.folder.logs / f'{CHIEF}.log'}. What is finished is kept; "
            "the same command goes on."
        )

    def _check_workers(self) -> None:
        for number, process in list(self.workers.items()):
            code = process.poll()
            if code is None:
                continue
            del self.workers[number]
            if code == 0:
                continue
            self.deaths[number] += 1
            if self.deaths[number] >= MOST_DEATHS:
                log = self.folder.logs / f"worker-{number}.log"
                raise SearchStoppedError(
                    f"worker-{number} ended {MOST_DEATHS} times in a row, the "
                    f"last time with {code}; see {log}. What is finished is "
                    "kept; the same command goes on."
                )
            self.report(
                f"worker-{number} ended with {code}; it starts again with its "
                "id, and its trial with it"
            )
            self._start_worker(number)

    def _tell(self) -> None:
        """Reports what trials have begun and ended since the last time."""
        for record in self.folder.records():
            estimated = record["predicted"]["bytes"] is not None
            state = (record["id"], record["status"])
            if state in self._told or (state[1] == "running" and not estimated):
                continue
            self._told.add(state)
            if record["status"] != "running":
                self.deaths = dict.fromkeys(self.deaths, 0)
            running = record["status"] == "running"
            describe = describe_start if running else describe_end
            self.report(describe(record))

    def _stop(self) -> None:
        """Ends every process that is left, and waits for it."""
        # An interrupt, which is no fault of the trials that run.
        for process in self.workers.values():
            process.send_signal(signal.SIGINT)
        left = [*self.workers.values()]
        if self.chief is not None:
            self.chief.terminate()
            left.append(self.chief)
        for process in left:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.workers = {}
