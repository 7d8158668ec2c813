"""`diagnose`: the three measures over many circuits, kept as they come."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfq_hybrid.diagnostics.entanglement import mean_entanglement, meyer_wallach
from tfq_hybrid.diagnostics.expressibility import divergence, fidelities
from tfq_hybrid.diagnostics.gradient_variance import (
    as_operator,
    fit_decay,
    gradient_variance,
)
from tfq_hybrid.diagnostics.random_circuit import RandomCircuit
from tfq_hybrid.diagnostics.settings import (
    DiagnosisFolder,
    DiagnosisSettings,
    Subject,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.files import write_json
from tfq_hybrid.files.locks import writing
from tfq_hybrid.jobs import run_jobs

MEASURES = ("expressibility", "entangling_capability", "gradient_variance")


def diagnose(
    subjects: Sequence[Subject],
    output: str | os.PathLike[str],
    settings: DiagnosisSettings | None = None,
    overwrite: bool = False,
    report: Callable[[str], object] = lambda line: None,
    advance: Callable[[Subject, float], object] = lambda subject, share: None,
    workers: int = 1,
    where: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measures circuits, and fits the decay of their gradient variance.

    Every finished circuit is a file in `output/circuits`. Called again, with
    the same circuits or more of them, only what is missing is measured.

    Args:
        subjects: What is measured, under different names.
        output: The folder.
        settings: How it is measured. Defaults to `DiagnosisSettings()`.
        overwrite: Forget what the folder holds. Defaults to `False`.
        report: Is called with a line of text: the estimate, before it starts.
        advance: Is called with a subject that is done and its share of the
            whole work, from 0 to 1.
        workers, where: as for `tfq_hybrid.jobs.run_jobs`: circuits are
            measured side by side. Default to this process alone.

    Returns:
        The content of `diagnosis.json`: `kind`, `settings`, `circuits`, each
        with `qubits`, `depth`, `ansatz` and the three measures as
        `Estimate.to_dict()`, and `decay`, each with `ansatz`, `depth` and
        what `fit_decay` gives.

    Raises:
        UserError: there is no circuit or two of one name, one cannot be
            measured, or the folder holds something else or a diagnosis of
            other settings. Nothing is written then.
    """
    settings = settings or DiagnosisSettings()
    _check_names(subjects)
    # The widest first: what does not fit in memory is told at once.
    widest_first = sorted(subjects, key=lambda s: -s.qubits)
    drawn = {subject: subject.drawn(settings) for subject in widest_first}
    circuits = {subject: drawn[subject] for subject in subjects}
    folder = DiagnosisFolder(output)
    folder.check(subjects, settings, overwrite)
    with writing(output):
        stored = folder.check(subjects, settings, overwrite)
        missing = [s.name for s in subjects if s.name not in stored]
        if missing:
            left = [c for s, c in circuits.items() if s.name in missing]
            seconds = estimate_seconds(left, settings)
            report(
                f"{len(missing)} circuits to measure"
                + f", {len(stored)} are there" * bool(stored)
                + f": about {max(1, round(seconds)):,} s"
            )
        folder.begin(settings, overwrite)
        work = {s: _work(c, settings) for s, c in circuits.items()}
        total = sum(work.values())
        jobs = {}
        for subject in circuits:
            if subject.name in stored:
                advance(subject, work[subject] / total)
            else:
                jobs[subject] = (subject, settings)
        for subject, result in run_jobs(_measure, jobs, workers, where, report):
            folder.keep(subject, result)
            stored[subject.name] = result
            advance(subject, work[subject] / total)
        content = _content(subjects, stored, settings)
        write_json(folder.diagnosis_file, content)
    return content


def _measure(subject: Subject, settings: DiagnosisSettings) -> dict[str, Any]:
    return measure(subject.drawn(settings), settings)


def measure(
    circuit: RandomCircuit, settings: DiagnosisSettings
) -> dict[str, Any]:
    """The three measures of one circuit.

    Args:
        circuit: What is measured.
        settings: How it is measured.

    Returns:
        A dict of `MEASURES` -> `Estimate.to_dict()`, and `weights`, `gates`
        and `seconds`.

    Example:

    >>> from tfq_hybrid.diagnostics import RandomCircuit
    >>> few = DiagnosisSettings(samples=20, gradient_samples=20)
    >>> sorted(measure(RandomCircuit("qffn"), few)["expressibility"])
    ['high', 'low', 'plug_in', 'value']
    """
    began = time.perf_counter()
    # A stream for states, one for gradients: neither moves the other.
    key = [settings.seed, circuit.qubits, circuit.gates, circuit.weights]
    states, gradients = map(
        np.random.default_rng, np.random.SeedSequence(key).spawn(2)
    )
    overlaps: list[np.ndarray] = []
    entanglement: list[np.ndarray] = []
    for size in circuit.batches(settings.samples):
        pair = circuit.states(size, states), circuit.states(size, states)
        overlaps.append(fidelities(*pair))
        entanglement += map(meyer_wallach, pair)
    resamples = settings.resamples
    found = (
        divergence(
            np.concatenate(overlaps),
            circuit.qubits,
            settings.bins,
            resamples,
            states,
        ),
        mean_entanglement(np.concatenate(entanglement), resamples, states),
        gradient_variance(
            circuit,
            settings.observable,
            settings.gradient_samples,
            gradients,
            resamples,
        ),
    )
    return {
        **{n: e.to_dict() for n, e in zip(MEASURES, found, strict=True)},
        "weights": circuit.weights,
        "gates": circuit.gates,
        "seconds": round(time.perf_counter() - began, 3),
    }


def estimate_seconds(
    circuits: Iterable[RandomCircuit], settings: DiagnosisSettings
) -> float:
    """A rough time for some circuits, from a few draws of the largest.

    Args:
        circuits: What is measured, at least one circuit.
        settings: How it is measured.

    Returns:
        The time in seconds.
    """
    circuits = list(circuits)
    largest = max(circuits, key=lambda one: _work(one, settings))
    rng = np.random.default_rng(0)
    operator = as_operator(settings.observable, largest.qids)
    draws = max(2, min(64, 2**18 // 2**largest.qubits))
    total = 0.0
    for run, count in (
        (lambda n: largest.states(n, rng), 2 * settings.samples),
        (
            lambda n: largest.gradients(n, rng, operator),
            settings.gradient_samples,
        ),
    ):
        run(1)  # what is built at the first call
        one, many = (_seconds(run, n) for n in (1, draws))
        each = max(0.0, many - one) / (draws - 1)
        for circuit in circuits:
            total += 2 * one * circuit.gates / largest.gates
            total += each * count * circuit.work / largest.work
    return total


def _seconds(run: Callable[[int], object], argument: int) -> float:
    began = time.perf_counter()
    run(argument)
    return time.perf_counter() - began


def _work(circuit: RandomCircuit, settings: DiagnosisSettings) -> int:
    """In amplitudes; a gradient costs about four states."""
    draws = 2 * settings.samples + 4 * settings.gradient_samples
    return circuit.work * draws


def _check_names(subjects: Sequence[Subject]) -> None:
    names = [subject.name for subject in subjects]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        what = f"twice {', '.join(twice)}" if twice else "none"
        raise UserError(f"Expected different circuits. Received: {what}")


def _content(
    subjects: Sequence[Subject],
    stored: Mapping[str, dict],
    settings: DiagnosisSettings,
) -> dict[str, Any]:
    """What `diagnosis.json` holds."""
    circuits: list[dict] = []
    groups: dict[tuple[str, int], dict[int, Estimate]] = {}
    definitions = {}
    for subject in subjects:
        place = {"qubits": subject.qubits, "depth": subject.depth}
        result = dict(stored[subject.name])
        gradient = dict(result["gradient_variance"])
        more = {"replicates": gradient.pop("replicates")}
        group = groups.setdefault((subject.ansatz, subject.depth), {})
        group[subject.qubits] = Estimate(
            gradient["value"], gradient["low"], gradient["high"], more
        )
        result["gradient_variance"] = gradient
        circuits.append({**place, "ansatz": subject.ansatz, **result})
        definition = subject.circuit.to_dict()
        definitions[subject.ansatz] = {
            key: v for key, v in definition.items() if key not in place
        }
    decay = [
        {"ansatz": ansatz, "depth": depth, **fit}
        for (ansatz, depth), variances in groups.items()
        if (fit := fit_decay(variances)) is not None
    ]
    return {
        "kind": "diagnosis",
        "settings": {**settings.to_dict(), "ansatz": definitions},
        "circuits": circuits,
        "decay": decay,
    }
