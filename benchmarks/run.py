"""Run the cases of `benchmarks.engines`; resume where it stopped.

Every implementation of a case runs in a fresh process; their turns
alternate, so that drift of the machine hits all alike. Finished cases are
kept, so an interrupted run goes on.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from benchmarks.cases import Case
from benchmarks.implementations import Implementation
from benchmarks.measure import Settings, measure
from benchmarks.peers import check_peers
from benchmarks.plot import draw
from benchmarks.process import worker_environment
from benchmarks.report import markdown
from benchmarks.results import Results
from tfq_hybrid.estimate import duration
from tfq_hybrid.files import check_output_folder, write_json

# To start, compile and end a process; measured, and coarse.
START_SECONDS = 10
TRAINING_STEP_SECONDS = 150


def run(
    cases: Sequence[Case],
    implementations: Sequence[Implementation],
    settings: Settings,
    output: str | os.PathLike[str],
    peers: str | os.PathLike[str] | None = None,
    training_step: bool = False,
    overwrite: bool = False,
    report: Callable[[str], None] = print,
    status: Callable[[str], None] = lambda line: None,
) -> Results:
    """Measures, and writes results.json, report.md and plot.png.

    A case that is finished in the folder is not repeated, unless it is to be
    overwritten. `training_step` times QFFN-BERT's too. Lines of `report`
    stay, those of `status` do not.

    Raises:
        UserError: the folder cannot be written or holds other settings, or
            the peers are not there.
    """
    check_output_folder(output)
    output = pathlib.Path(output)
    path = output / "results.json"
    if peers is not None:
        check_peers(peers)
    results = Results.open(path, settings, overwrite)
    output.mkdir(parents=True, exist_ok=True)
    steps = training_step and "training_step" not in results.content
    todo = []
    for case in cases:
        done = results.done(case)
        rows = [row for row in implementations if case.runs(row.name)]
        missing = [row for row in rows if row.name not in done]
        if missing:
            # Side by side or not at all: an old figure is no neighbour.
            todo.append((case, rows))
    # Before anything is known of the machine.
    turns = settings.rounds * settings.turn_seconds
    seconds = steps * TRAINING_STEP_SECONDS + sum(
        len(rows) * (START_SECONDS + len(case.modes) * turns)
        for case, rows in todo
    )
    kept = len(cases) - len(todo)
    report(
        f"{len(todo)} cases, {len(implementations)} implementations, "
        f"{settings.threads} threads for each: about {duration(seconds)}"
        + (f" ({kept} there already)." if kept else ".")
    )
    began = time.monotonic()
    for count, (case, rows) in enumerate(todo, start=1):
        runnable, skipped = split_hopeless(case, rows, results)
        measured = measure(case, runnable, settings, peers, status)
        for name, modes in skipped.items():
            measured.setdefault(name, {}).update(modes)
        results.add(case, measured)
        write_json(path, results.content)
        write_pages(results, output)
        spent = time.monotonic() - began
        left = seconds * (1 - count / len(todo))
        left = max(left, spent / count * (len(todo) - count))
        report(
            f"[{count}/{len(todo)}] {line(case, results)} "
            f"({duration(left)} left)"
        )
    if steps:
        status("QFFN-BERT's training step")
        results.content["training_step"] = measure_training_step(settings)
        write_json(path, results.content)
    write_pages(results, output)
    return results


def split_hopeless(
    case: Case, rows: Sequence[Implementation], results: Results
) -> tuple[list, dict]:
    """Leaves out what was over a cap for a problem that is no larger.

    Returns pairs of an implementation and the modes to run, and by name the
    skipped modes with their status.
    """
    runnable: list = []
    skipped: dict = {}
    for row in rows:
        modes = []
        for mode in case.modes:
            smaller = _over_already(case, row.name, mode, results)
            if smaller is None:
                modes.append(mode)
            else:
                skipped.setdefault(row.name, {})[mode] = {
                    "status": f"skipped: over at {smaller}",
                    "seconds": [],
                }
        if modes:
            runnable.append((row, tuple(modes)))
    return runnable, skipped


def _over_already(case, name, mode, results):
    problem = case.problem
    for key, entry in results.cases.items():
        status = results.figures(key, name, mode).get("status", "")
        no_larger = key != case.key and all(
            entry[size] <= getattr(problem, size)
            for size in ("qubits", "depth", "batch")
        )
        if status.startswith("over") and no_larger:
            return key
    return None


def line(case, results):
    """A finished case in a line."""
    mode = "gradient"
    text = f"{case.problem.title}:"
    for label, kinds in (
        ("batched", ["batched"]),
        ("TFQ", ["stock"]),
        ("best peer", ["peer"]),
    ):
        best = results.best(case.key, mode, *kinds)
        if best is not None:
            median = results.median(case.key, best, mode) * 1e3
            name = f" {best}" if label == "best peer" else ""
            text += f" {label}{name} {median:.3g} ms,"
    return text.rstrip(",:")


def write_pages(results, output):
    """Writes report.md and plot.png of results into a folder."""
    (output / "report.md").write_text(markdown(results), encoding="utf-8")
    draw(results, output / "plot.png")


def measure_training_step(settings):
    """Runs `step_time` in a process of its own; returns its figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "step_time.json"
        command = [sys.executable, "-m", "benchmarks.step_time"]
        command += ["--engines", "--rounds", str(settings.rounds)]
        # The same threads as for everybody: they are counted from the cores.
        cores = sorted(os.sched_getaffinity(0))[: settings.threads]
        result = subprocess.run(
            [*command, "--output", str(path)],
            capture_output=True,
            text=True,
            env=worker_environment(settings.threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        if result.returncode:
            raise RuntimeError(
                f"The training step was not measured:\n{result.stderr}"
            )
        return json.loads(path.read_text("utf-8"))
