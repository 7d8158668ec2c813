"""Runs the inputs of targets in processes of their own, and counts."""

import dataclasses
import json
import os
import pathlib
import select
import subprocess
import sys
import time

from tests.fuzz.worker import KIBIBYTES, PATIENCE

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = os.sysconf("SC_PAGESIZE") // 1024  # KiB
START = 600  # seconds that a process may take to be ready
MOST_FAILURES = 25
LEAST_ACCEPTED = 0.1


@dataclasses.dataclass
class Tally:
    """What came of the inputs.

    Attributes:
        name: str, of the target.
        inputs, accepted, refused: int.
        slowest: float, in seconds of the processor.
        peak: int, in KiB, above the process before the input.
        failures: list of str.
    """

    name: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    slowest_index: int = 0
    peak: int = 0
    peak_index: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def add(self, event):
        """Counts what a process says of an input; why it failed, or `None`."""
        index = event["end"]
        self.inputs += 1
        if event["seconds"] > self.slowest:
            self.slowest, self.slowest_index = event["seconds"], index
        if event["peak"] > self.peak:
            self.peak, self.peak_index = event["peak"], index
        if event["failure"] is None:
            self.accepted += event["accepted"]
            self.refused += not event["accepted"]
        return event["failure"]

    def __str__(self):
        return (
            f"{self.name}: {self.inputs:,} inputs, {self.accepted:,} accepted, "
            f"{self.refused:,} refused, {len(self.failures)} failed; slowest "
            f"{self.slowest:.2f} s (input {self.slowest_index}); peak "
            f"{self.peak / 1024:,.0f} MiB above idle (input {self.peak_index})"
        )


def run(names, count, folder, seed="0", report=print):
    """Reads some inputs of each of some targets.

    Args:
        names: list of str, of targets.
        count: int, of inputs of each.
        folder: path, empty or not there; inputs that fail stay in it.
        seed: str.
        report: function of a str, told each failure at once.

    Returns:
        A list of a `Tally` for each.
    """
    tallies = {name: Tally(name) for name in names}
    left = [(name, 0) for name in names]
    number, stalled = 0, set()
    while left:
        number += 1
        place = folder / f"process{number}"
        place.mkdir(parents=True)
        with _Process(left, seed, place, count, stalled) as process:
            for name, index, failure in process.run(tallies):
                text = (
                    f"{name}, input {index} of seed {seed}, kept in "
                    f"{place / 'failed' / str(index)}: {failure}"
                )
                tallies[name].failures.append(text)
                report(text)
                if len(tallies[name].failures) == MOST_FAILURES:
                    process.give_up(name)
                    break
            left = process.left
    return list(tallies.values())


class _Process:
    """A worker, its pipe and its clock.

    Attributes:
        left: list of pairs of a target's name and its next input. One that
            ended the process, or was slow, is tried once more: the machine
            may have been.
    """

    def __init__(self, left, seed, place, count, stalled):
        read, write = os.pipe()
        self.left, self._stalled = list(left), stalled
        self._place, self._read, self._rest = place, read, b""
        for each in ("home", "tmp", "cwd"):
            (place / each).mkdir()
        environment = {
            **os.environ,
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
        }
        names = json.dumps([name for name, _ in left])
        numbers = [str(number) for number in (left[0][1], count, write)]
        with (place / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.fuzz.worker",
                    names,
                    seed,
                    str(place),
                    *numbers,
                ],
                cwd=place / "cwd",
                env=environment,
                pass_fds=[write],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(write)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.wait()
        os.close(self._read)

    def give_up(self, name):
        """Reads no more inputs of a target."""
        self.left = [pair for pair in self.left if pair[0] != name]

    def run(self, tallies):
        """Counts, and yields what failed: its target, number and why."""
        name = idle = index = None
        while True:
            event = self._event(START if index is None else PATIENCE, idle)
            if not isinstance(event, dict):
                if name is None:
                    raise RuntimeError(f"{event}: {self._log()}")
                if index is not None:
                    if (name, index) not in self._stalled:
                        self._stalled.add((name, index))
                        self.left[0] = name, index
                        return
                    tallies[name].inputs += 1
                    self._keep(index)
                    yield name, index, f"{event}. {self._log()}"
                elif self._process.poll():
                    raise RuntimeError(f"{event}: {self._log()}")
                return
            if "ready" in event:
                name, idle = event["ready"], event["idle"]
            elif "done" in event:
                self.give_up(name)
            elif "begin" in event:
                index = event["begin"]
                self.left[0] = name, index + 1
            else:
                failure = tallies[name].add(event)
                if failure is not None:
                    yield name, index, failure
                index = None

    def _event(self, seconds, idle=None):
        """The next line, or why there is none."""
        ends = time.monotonic() + seconds
        while b"\n" not in self._rest:
            if select.select([self._read], [], [], 0.2)[0]:
                part = os.read(self._read, 65536)
                if not part:
                    return f"the process ended with {self._process.wait()}"
                self._rest += part
            elif time.monotonic() > ends:
                return f"more than {PATIENCE} s"
            elif idle is not None and self._size() > idle + 2 * KIBIBYTES:
                return f"{self._size() / 1024:,.0f} MiB"
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line)

    def _keep(self, index):
        """Moves an input aside that a process did not survive."""
        kept = self._place / "failed" / str(index)
        kept.parent.mkdir(exist_ok=True)
        (self._place / "in/side/input").rename(kept)

    def _size(self):
        """The memory that the process has, in KiB."""
        pages = pathlib.Path(f"/proc/{self._process.pid}/statm")
        return int(pages.read_text().split()[1]) * PAGE

    def _log(self):
        text = (self._place / "log").read_text("utf-8", "replace")
        return text[-2000:]
