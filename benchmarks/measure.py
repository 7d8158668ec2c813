"""Measures one case: all its implementations, in alternating turns."""

import contextlib
import dataclasses
import math
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.cases import Case
from benchmarks.implementations import Implementation
from benchmarks.problems import reference
from benchmarks.process import Worker, WorkerError
from tfq_hybrid.errors import UserError, check_integer, is_number

# Outputs, absolute; gradients, relative to the largest entry. TensorFlow
# Quantum's own gradient is off by up to 5e-5.
OUTPUT_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-3
# Shots and trajectories: six standard errors of 1,024 signs; a gradient of
# them says no more than that it is one.
ESTIMATE_TOLERANCES = 0.2, 0.6
# Of one mode, over its turns; a longer call has a single turn.
TURNS_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Settings:
    """How everything is measured.

    Args:
        rounds: Timing rounds per implementation and mode.
        turn_seconds: Minimum duration of one timing round, in seconds.
        cap_seconds: Time limit to start, and to compile and call twice.
        memory_gb: Memory limit per implementation, in 10**9 bytes.
        threads: Threads per implementation.
        seed: Random seed of inputs and weights.

    Raises:
        UserError: one is out of its range.
    """

    rounds: int = 7
    turn_seconds: float = 0.2
    cap_seconds: float = 60.0
    memory_gb: float = 16.0
    threads: int = 2
    seed: int = 0

    def __post_init__(self):
        for name, least in (("rounds", 1), ("threads", 1), ("seed", 0)):
            check_integer(f"--{name}", getattr(self, name), least)
        for name in ("turn_seconds", "cap_seconds", "memory_gb"):
            value = getattr(self, name)
            if not is_number(value) or value <= 0:
                option = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"Expected {option} to be above 0. Received: "
                    f"{option}={value}"
                )


def measure(
    case: Case,
    implementations: Sequence[tuple[Implementation, Sequence[str]]],
    settings: Settings,
    peers: str | os.PathLike[str] | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, dict]:
    """Measures a case; `peers` is the interpreter of their environment.

    Returns for each implementation `"versions"`, `"start_bytes"` (the largest
    resident size once the problem was built) and for each mode a dict of
    `"status"`, `"first_seconds"` (with compilation), `"seconds"` (of one
    call, by turn), `"peak_bytes"` and `"difference"`.
    """
    fed, trained = case.problem.values(settings.seed)
    results = {}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory())
        )
        np.savez(folder / "values.npz", fed=fed, trained=trained)
        check = _Check(case.problem, fed, trained)
        workers = {}
        for implementation, modes in implementations:
            report(f"{case.problem.title}: {implementation.title}")
            problem = {
                **dataclasses.asdict(case.problem),
                "options": dict(implementation.options),
                "values": str(folder / "values.npz"),
                "threads": settings.threads,
            }
            is_peer = implementation.kind == "peer"
            python = peers if is_peer else sys.executable
            limit = int(settings.memory_gb * 1e9)
            worker = stack.enter_context(
                Worker(implementation, python, problem, limit)
            )
            result = _prepare(worker, modes, folder, check, settings)
            results[implementation.name] = result
            if any(_rounds(result.get(m), settings) > 1 for m in modes):
                workers[implementation.name] = worker
            else:
                worker.close()
        report(f"{case.problem.title}: turns")
        for mode in case.modes:
            _alternate(mode, workers, results, settings)
    return results


def _prepare(worker, modes, folder, check, settings):
    """Starts a worker, compiles each mode, and checks what it gives."""
    result = {}
    cap = settings.cap_seconds
    try:
        reply = worker.start(cap)
        result["versions"] = reply["versions"]
        result["start_bytes"] = reply["peak_bytes"]
        for mode in modes:
            path = folder / "arrays.npz"
            reply = worker.ask({"prepare": mode, "save": str(path)}, cap)
            with np.load(path) as arrays:
                arrays = [arrays[name] for name in arrays.files]
            status, difference = check(mode, arrays)
            result[mode] = {
                "status": status,
                "first_seconds": reply["first_seconds"],
                "seconds": [reply["call_seconds"]] if status == "ok" else [],
                "peak_bytes": reply["peak_bytes"],
                "difference": difference,
            }
    except WorkerError as error:
        for mode in modes:
            result.setdefault(mode, {"status": str(error), "seconds": []})
    return result


def _rounds(figures, settings):
    """Turns that a mode gets, after its calls while preparing."""
    if not figures or figures["status"] != "ok":
        return 0
    turn = max(settings.turn_seconds, figures["seconds"][0])
    return max(1, min(settings.rounds, int(TURNS_SECONDS / turn)))


def _alternate(mode, workers, results, settings):
    """One turn of each implementation, then the next of each."""
    plan = {}
    for name in workers:
        figures = results[name].get(mode)
        rounds = _rounds(figures, settings)
        if rounds > 1:
            call = figures["seconds"].pop()
            calls = max(1, round(settings.turn_seconds / call))
            plan[name] = rounds, calls
    for turn in range(settings.rounds):
        for name, (rounds, calls) in plan.items():
            figures = results[name][mode]
            if turn >= rounds or figures["status"] != "ok":
                continue
            try:
                reply = workers[name].ask(
                    {"turn": mode, "calls": calls}, settings.cap_seconds
                )
                figures["seconds"].append(reply["seconds"])
            except WorkerError as error:
                figures["status"] = str(error)


class _Check:
    """Compares arrays with the reference, and implementations among them."""

    def __init__(self, problem, fed, trained):
        # Examples over the whole batch, as many as are quick to simulate.
        count = min(problem.batch, 16, max(1, 2**20 // 2**problem.qubits))
        rows = np.linspace(0, problem.batch - 1, count).round()
        self._rows = rows.astype(int)
        self._outputs, self._gradient = reference(
            problem, fed, trained, self._rows
        )
        self._first = {}
        self._tolerances = OUTPUT_TOLERANCE, GRADIENT_TOLERANCE
        if problem.execution != "exact":
            self._tolerances = ESTIMATE_TOLERANCES

    def __call__(self, mode, arrays):
        """Returns the status and the largest difference.

        For the outputs absolute; for the gradients, which the first
        implementation's complete, relative to the largest entry.
        """
        if mode == "forward":
            pairs = [(arrays[0][self._rows], self._outputs)]
            relative = False
        else:
            pairs = [(arrays[1][self._rows], self._gradient)]
            relative = True
        tolerance = self._tolerances[relative]
        first = self._first.setdefault(mode, arrays)
        pairs += zip(arrays, first, strict=True)
        difference = max(_difference(*pair, relative) for pair in pairs)
        if difference <= tolerance:  # not so for NaN
            return "ok", difference
        if first is arrays:
            del self._first[mode]
        finite = difference if math.isfinite(difference) else None
        return f"wrong: off by {difference:.1e}", finite


def _difference(values, expected, relative):
    if np.shape(values) != np.shape(expected):
        return float("inf")
    gap = float(np.max(np.abs(values - expected)))
    return gap / float(np.max(np.abs(expected))) if relative else gap
