"""`Device`: a sampler with a gate set, mitigation, limits and a log of jobs."""

import functools
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import cirq
import numpy as np

from tfq_hybrid.engines.backends.measuring import (
    Run,
    free_key,
    measured_circuit,
)
from tfq_hybrid.engines.grouping import commuting_groups
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.hardware.counts import compiled, gateset_named
from tfq_hybrid.hardware.jobs import JobLog, Limits
from tfq_hybrid.hardware.placement import Placement
from tfq_hybrid.hardware.readout import Misread, ReadoutInversion
from tfq_hybrid.hardware.zero_noise import ZeroNoise, fold

Mitigation = ReadoutInversion | ZeroNoise


class _Part(NamedTuple):
    """What is submitted: a circuit with its points, and how much it folds."""

    circuit: cirq.Circuit
    points: Sequence[cirq.ParamResolver]
    repetitions: int
    factor: float


class _Sample(NamedTuple):
    """The result of a circuit at a point."""

    result: cirq.Result
    part: _Part


class Device(cirq.Sampler):
    """A `cirq.Sampler` with a gate set, mitigation, limits and a log.

    It is a layer's `backend`. Circuits are compiled, with their symbols where
    the gate set allows it, else with the values of each point; placed on the
    device's qubits; then folded; then submitted as one job. What a restart
    finds in the log is not submitted again.

    Args:
        sampler: where circuits run: any `cirq.Sampler`, or one with `submit`
            and `fetch` (`hardware.jobs.Submitting`), whose results are asked
            for again after a lost connection.
        gateset: to compile for, an object of Cirq's or a name in `GATESETS`.
            Defaults to `None`: circuits go as they are.
        mitigation: `ReadoutInversion()` and `ZeroNoise()`, at most one of each.
            Defaults to none.
        qubits: where circuits are placed, and routed if they must be: a
            `cirq.Device` with metadata, a `networkx.Graph` of coupled qubits,
            or a list of qubits of which each pair is coupled. A circuit that
            stands on coupled qubits of these stays there. Defaults to `None`:
            circuits keep their qubits.
        max_jobs: jobs before a `UserError` says that there are no more.
            Defaults to `None`: any number.
        max_shots: repetitions in all circuits, likewise. Defaults to `None`.
        log: a folder that keeps jobs and their results. Defaults to `None`.
        retries: how often results are asked for again, of a sampler whose jobs
            have ids. Defaults to 3.
        timeout: seconds that its `fetch` may wait for a job. Defaults to
            `None`: for ever.

    Raises:
        UserError: a limit is below 1, or mitigation or qubits are none of
            these.

    Example:

    >>> import sympy
    >>> from tfq_hybrid.layers import ControlledPQC
    >>> qubit = cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> device = Device(cirq.Simulator(), cirq.CZTargetGateset(), max_jobs=2)
    >>> layer = ControlledPQC(
    ...     circuit, cirq.Z(qubit), backend=device, repetitions=100
    ... )
    >>> layer(np.zeros((1, 1))).numpy(), device.jobs, device.shots
    (array([[1.]], dtype=float32), 1, 100)
    """

    def __init__(
        self,
        sampler: Any,
        gateset: str | cirq.CompilationTargetGateset | None = None,
        mitigation: Sequence[Mitigation] = (),
        *,
        qubits: Any = None,
        max_jobs: int | None = None,
        max_shots: int | None = None,
        log: str | os.PathLike[str] | None = None,
        retries: int = 3,
        timeout: float | None = None,
    ):
        kinds = [type(one) for one in mitigation]
        if not {*kinds} <= {ReadoutInversion, ZeroNoise} or len({*kinds}) < len(
            kinds
        ):
            names = ", ".join(kind.__name__ for kind in kinds)
            raise UserError(
                "Expected mitigation by ReadoutInversion and ZeroNoise, once "
                f"each. Received: {names}"
            )
        check_integer("retries", retries, minimum=0)
        self.sampler = sampler
        self.gateset = None if gateset is None else gateset_named(gateset)
        self.mitigation = tuple(mitigation)
        self._placement = None if qubits is None else Placement(qubits)
        self._limits = Limits(max_jobs, max_shots)
        self._log = JobLog(sampler, log, retries, timeout)
        self._misread: dict[cirq.Qid, Misread] = {}
        self.last_errors: np.ndarray | None = None

    @property
    def jobs(self) -> int:
        """How many jobs were submitted."""
        return self._limits.jobs

    @property
    def shots(self) -> int:
        """How many shots they had together."""
        return self._limits.shots

    def run_batch(
        self,
        programs: Sequence[cirq.AbstractCircuit],
        params_list: Any = None,
        repetitions: int | Sequence[int] = 1,
    ) -> list[Any]:
        """The results of circuits, compiled, as one job."""
        points = params_list or [None] * len(programs)
        counts = [repetitions] * len(programs)
        if not isinstance(repetitions, int):
            counts = [*repetitions]
        sweeps = [[*cirq.to_resolvers(point)] for point in points]
        parts = self._parts(programs, sweeps, counts)
        return [[one.result for one in own] for own in self._submit(parts)]

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: Any, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        return self.run_batch([program], [params], repetitions)[0]

    def _parts(self, programs, sweeps, counts, factors=(1,)):
        """What is submitted: a list for each program and factor of noise."""
        found = []
        for program, sweep, count in zip(programs, sweeps, counts, strict=True):
            ready = self._compiled_for(program, sweep)
            for factor in factors:
                parts = []
                for circuit, points in ready:
                    folded, reached = fold(circuit, factor)
                    parts.append(_Part(folded, points, count, reached))
                found.append(parts)
        return found

    def _submit(self, parts):
        """A sample of each point, in lists as the parts."""
        flat = [part for own in parts for part in own]
        if not flat:
            return []
        shots = sum(part.repetitions * len(part.points) for part in flat)
        lists = [[*column] for column in zip(*flat, strict=True)][:3]
        results = iter(self._log.results(*lists, self._limits, shots))
        return [
            [_Sample(result, part) for part in own for result in next(results)]
            for own in parts
        ]

    def _compiled_for(self, program, sweep):
        """Compiled circuits, each with its points."""
        try:
            return [(self.compile(program), sweep)]
        except UserError:
            if not cirq.is_parameterized(program):
                raise
        nothing = [cirq.ParamResolver({})]
        return [
            (self.compile(cirq.resolve_parameters(program, point)), nothing)
            for point in sweep
        ]

    def compile(self, circuit: cirq.AbstractCircuit) -> cirq.Circuit:
        """A circuit in the gate set, with its symbols, on the device's qubits.

        Raises:
            UserError: an operation of it has no such gates, or it does not fit
                the device.
        """
        if self.gateset is None and self._placement is None:
            return cirq.Circuit(circuit)
        return _compiled(circuit.freeze(), self.gateset, self._placement)

    def estimate_words(
        self,
        runs: Sequence[Run],
        words: Sequence[cirq.PauliString],
        repetitions: int,
    ) -> list[np.ndarray]:
        """Mitigated means of words, as `measuring.estimate_words`.

        `last_errors` then has their standard errors, in the order of the runs.
        """
        groups = commuting_groups(words)
        places = [
            (run, group) for run in runs for group in groups if run.points
        ]
        zero_noise = self._of_kind(ZeroNoise)
        factors = zero_noise.factors if zero_noise else (1,)
        keys = [free_key(run.circuit) for run, _ in places]
        whole = [
            measured_circuit(run.circuit, group, key)
            for (run, group), key in zip(places, keys, strict=True)
        ]
        sweeps = [[*map(cirq.ParamResolver, run.points)] for run, _ in places]
        counts = [repetitions] * len(whole)
        parts = self._parts(whole, sweeps, counts, factors)
        self._calibrate(parts, [key for key in keys for _ in factors])
        samples = iter(self._submit(parts))
        shapes = [(len(run.points), len(words)) for run in runs]
        found = [np.zeros(shape) for shape in shapes]
        spread = [np.zeros(shape) for shape in shapes]
        position = {id(run): place for place, run in enumerate(runs)}
        for (run, group), key in zip(places, keys, strict=True):
            scaled, reached = [], []
            for _ in factors:
                own = next(samples)
                scaled.append(self._means(own, key, group, words))
                reached.append([one.part.factor for one in own])
            means, deviations = (np.stack(x) for x in zip(*scaled, strict=True))
            if zero_noise:
                rows = [
                    zero_noise.extrapolate(*one)
                    for one in zip(
                        zip(*reached, strict=True),
                        means.swapaxes(0, 1),
                        deviations.swapaxes(0, 1),
                        strict=True,
                    )
                ]
                best = tuple(np.stack(x) for x in zip(*rows, strict=True))
            else:
                best = means[0], deviations[0]
            place = position[id(run)]
            found[place][:, group.words], spread[place][:, group.words] = best
        self.last_errors = np.concatenate(spread) if spread else None
        return found

    def _means(self, samples, key, group, words):
        """Means of a group's words, and their errors: (points, words) each."""
        picked = group.signs(words)
        means, deviations = [], []
        for sample in samples:
            bits = sample.result.records[key][:, 0]
            signs = 1 - 2.0 * bits
            if self._of_kind(ReadoutInversion):
                read = [
                    self._misread[qid]
                    for qid in _read(sample.part.circuit, key)
                ]
                signs = ReadoutInversion.signs(bits, read)
            # (shots, words): the product of the signs that a word has.
            values = np.stack(
                [signs[:, one].prod(axis=1) for one in picked], axis=1
            )
            means.append(values.mean(axis=0))
            deviations.append(values.std(axis=0) / np.sqrt(len(values)))
        return np.array(means), np.array(deviations)

    def _of_kind(self, kind):
        return next((m for m in self.mitigation if type(m) is kind), None)

    def _calibrate(self, parts, keys):
        """Measures the readout errors of the qubits that are read, once.

        They are the device's: SWAPs can move a circuit's qubit.
        """
        inversion = self._of_kind(ReadoutInversion)
        if inversion is None:
            return
        read = {
            qid
            for own, key in zip(parts, keys, strict=True)
            for part in own
            for qid in _read(part.circuit, key)
        }
        missing = sorted(read - self._misread.keys())
        if missing:
            self._misread |= inversion.calibrate(self, missing)


def _read(circuit, key):
    """The qubits of a measurement, in the order of its bits."""
    for operation in circuit.all_operations():
        if key in cirq.measurement_key_names(operation):
            return operation.qubits
    return ()


@functools.lru_cache(maxsize=256)
def _compiled(circuit, gateset, placement):
    if gateset is not None:
        plain = cirq.map_operations(circuit, _with_symbols)
        circuit = compiled(plain, gateset, strict=True)
    if placement is not None:
        circuit = placement(circuit, gateset)
    return circuit.unfreeze()


def _with_symbols(operation: cirq.Operation, _: int) -> cirq.Operation:
    """A turn by a symbol as the gate that most gate sets have.

    Cirq finds no such gate for symbols by itself.
    """
    gate = operation.gate
    if not cirq.is_parameterized(operation):
        return operation
    x: Any
    z: Any
    axis: Any
    if isinstance(gate, cirq.PhasedXPowGate):
        x, z, axis = gate.exponent, 0, gate.phase_exponent
    elif isinstance(gate, cirq.XPowGate):
        x, z, axis = gate.exponent, 0, 0
    elif isinstance(gate, cirq.YPowGate):
        x, z, axis = gate.exponent, 0, 0.5
    elif isinstance(gate, cirq.ZPowGate):
        x, z, axis = 0, gate.exponent, 0
    else:
        return operation
    # Up to a phase that nothing feels: a control would be another gate.
    turned = cirq.PhasedXZGate(
        x_exponent=x, z_exponent=z, axis_phase_exponent=axis
    )
    return turned.on(*operation.qubits)
