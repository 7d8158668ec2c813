"""`diagnose`: the three measures over many circuits, kept as they come."""

import time

import numpy as np

from tfq_hybrid.diagnostics.decay import fit_decay
from tfq_hybrid.diagnostics.entanglement import mean_entanglement, meyer_wallach
from tfq_hybrid.diagnostics.expressibility import divergence, fidelities
from tfq_hybrid.diagnostics.folder import DiagnosisFolder
from tfq_hybrid.diagnostics.gradient_variance import (
    as_operator,
    gradient_variance,
)
from tfq_hybrid.diagnostics.settings import DiagnosisSettings
from tfq_hybrid.errors import UserError
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.files.locks import writing
from tfq_hybrid.jobs import run_jobs

MEASURES = ("expressibility", "entangling_capability", "gradient_variance")


def diagnose(
    subjects,
    output,
    settings=None,
    overwrite=False,
    report=lambda line: None,
    advance=lambda subject, share: None,
    workers=1,
    where=None,
):
    """Measures circuits, and fits the decay of their gradient variance.

    Every finished circuit is a file in `output/circuits`. Called again, with
    the same circuits or more of them, only what is missing is measured.

    Args:
        subjects: sequence of `Subject`, with different names.
        output: path of the folder.
        settings: `DiagnosisSettings`. Defaults to its defaults.
        overwrite: bool. Forget what the folder holds. Defaults to `False`.
        report: function of a line of text: the estimate, before it starts.
        advance: function of a `Subject` that is done and of its share of the
            whole work, from 0 to 1.
        workers, where: as for `tfq_hybrid.jobs.run_jobs`: circuits are
            measured side by side. Default to this process alone.

    Returns:
        The content of `diagnosis.json`, a dict: `kind`, `settings`,
        `circuits`, each with `qubits`, `depth`, `ansatz` and the three
        measures as `Estimate.to_dict()`, and `decay`, each with `ansatz`,
        `depth` and what `fit_decay` gives.

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
        folder.finish(content)
    return content


def _measure(subject, settings):
    return measure(subject.drawn(settings), settings)


def measure(circuit, settings):
    """The three measures of one circuit.

    Args:
        circuit: `RandomCircuit`.
        settings: `DiagnosisSettings`.

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
    overlaps, entanglement = [], []
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


def estimate_seconds(circuits, settings):
    """A rough time for some circuits, from a few draws of the largest.

    Args:
        circuits: sequence of `RandomCircuit`.
        settings: `DiagnosisSettings`.

    Returns:
        float, in seconds.
    """
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


def _seconds(run, argument):
    began = time.perf_counter()
    run(argument)
    return time.perf_counter() - began


def _work(circuit, settings):
    """In amplitudes; a gradient costs about four states."""
    draws = 2 * settings.samples + 4 * settings.gradient_samples
    return circuit.work * draws


def _check_names(subjects):
    names = [subject.name for subject in subjects]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        what = f"twice {', '.join(twice)}" if twice else "none"
        raise UserError(f"Expected different circuits. Received: {what}")


def _content(subjects, stored, settings):
    """What `diagnosis.json` holds."""
    circuits, groups = [], {}
    for subject in subjects:
        result = dict(stored[subject.name])
        gradient = dict(result["gradient_variance"])
        found = Estimate(
            gradient["value"],
            gradient["low"],
            gradient["high"],
            {"replicates": gradient.pop("replicates")},
        )
        group = groups.setdefault((subject.ansatz, subject.depth), {})
        group[subject.qubits] = found
        circuits.append(
            {
                "qubits": subject.qubits,
                "depth": subject.depth,
                "ansatz": subject.ansatz,
                **result,
                "gradient_variance": gradient,
            }
        )
    decay = []
    for (ansatz, depth), variances in groups.items():
        fit = fit_decay(variances)
        if fit is not None:
            decay.append({"ansatz": ansatz, "depth": depth, **fit})
    definitions = {one.ansatz: one.circuit.to_dict() for one in subjects}
    for definition in definitions.values():
        for varied in ("qubits", "depth"):
            definition.pop(varied, None)
    return {
        "kind": "diagnosis",
        "settings": {**settings.to_dict(), "ansatz": definitions},
        "circuits": circuits,
        "decay": decay,
    }
