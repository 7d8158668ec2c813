"""`IonQ` and `AQT`: the clients of vendors as a `Device` needs them.

Cirq's clients of Google and Pasqal are used as they are.
"""

import contextlib
import importlib
import math
import uuid
from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware.jobs import JobFailedError
from tfq_hybrid.reading import reason_of

_NEWEST = 20  # jobs among which one is looked for by its name


class IonQ(cirq.Sampler):
    """IonQ's service, with all circuits of a call as one job with an id.

    The client's own sampler submits again where an answer is lost. Here nothing
    is: a job whose answer is lost is looked for by its name. A `Device` asks
    for the results again.

    Args:
        api_key: Defaults to `None`: of the environment, `IONQ_API_KEY`.
        target: `"simulator"` or `"qpu"`. Defaults to `"simulator"`.
        seed: of the shots that the client draws from what the simulator
            answers. Defaults to `None`.
        **options: of `cirq_ionq.Service`, without `max_retry_seconds`.

    Raises:
        UserError: there is no key, or an option is not known.
    """

    def __init__(
        self,
        api_key: str | None = None,
        target: str = "simulator",
        seed: int | None = None,
        **options: Any,
    ):
        self._ionq = importlib.import_module("cirq_ionq")
        self._target = target
        self._random = np.random.RandomState(seed)
        try:
            self._service = self._ionq.Service(
                api_key=api_key, max_retry_seconds=0, **options
            )
        except (AssertionError, OSError, TypeError) as error:
            raise UserError(
                "Expected a key and options of cirq_ionq.Service without "
                f"max_retry_seconds. Received: {reason_of(error)}"
            ) from error

    def submit(
        self,
        programs: Sequence[cirq.AbstractCircuit],
        sweeps: Sequence[Sequence[cirq.ParamResolver]],
        repetitions: Sequence[int],
    ) -> str:
        """Submits a job: its id, and the number of points of each circuit.

        Raises:
            UserError: the service refuses the job, or the numbers of shots
                differ.
            ConnectionError: nobody knows whether the job was accepted.
        """
        if len({*repetitions}) != 1:
            raise UserError(
                "Expected one number of shots for all circuits of a job. "
                f"Received: {sorted({*repetitions})}"
            )
        circuits = [
            cirq.resolve_parameters(program, point)
            for program, sweep in zip(programs, sweeps, strict=True)
            for point in sweep
        ]
        name = uuid.uuid4().hex
        try:
            job = self._service.create_batch_job(
                circuits, repetitions[0], name, self._target
            ).job_id()
        except (AssertionError, ValueError) as error:
            raise _refused(error) from error
        except (TimeoutError, self._ionq.IonQException) as error:
            # The service may have accepted it, and the answer was lost.
            job = self._named(name)
            if job is None and isinstance(error, TimeoutError):
                raise ConnectionError(reason_of(error)) from error
            if job is None:
                raise _refused(error) from error
        return f"{job}:{','.join(str(len(sweep)) for sweep in sweeps)}"

    def _named(self, name):
        try:
            jobs = self._service.list_jobs(limit=_NEWEST)
            for job in jobs:
                with contextlib.suppress(
                    KeyError, self._ionq.IonQUnsuccessfulJobException
                ):
                    if job.name() == name:
                        return job.job_id()
        except self._ionq.IonQException:
            return None
        except TimeoutError as error:
            raise ConnectionError(reason_of(error)) from error
        return None

    def fetch(self, job: str, timeout: float | None) -> list[list[cirq.Result]]:
        """Waits for the results of a job, by what `submit` returned.

        Raises:
            JobFailedError: it was cancelled, or failed.
            TimeoutError: it has no results yet, or the connection was lost.
        """
        name, _, counts = job.partition(":")
        limit: Any = math.inf if timeout is None else timeout
        try:
            found = self._service.get_job(name).results(limit)
        except (RuntimeError, self._ionq.IonQException) as error:
            raise JobFailedError(reason_of(error)) from error
        results = iter(map(self._drawn, found))
        return [
            [next(results) for _ in range(int(count))]
            for count in counts.split(",")
        ]

    def _drawn(self, result):
        if isinstance(result, self._ionq.SimulatorResult):
            return result.to_cirq_result(seed=self._random)
        return result.to_cirq_result()

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: Any, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        sweep = [*cirq.to_resolvers(params)]
        job = self.submit([program], [sweep], [repetitions])
        return self.fetch(job, None)[0]


class AQT(cirq.Sampler):
    """AQT's sampler for circuits with measurements.

    `cirq_aqt.AQTSampler` takes no measurement, reads all qubits under one key
    and sends angles that the service does not allow. Here measurements at the
    end have their keys, qubits and masks, and angles are in range.

    Args:
        sampler: a `cirq_aqt.AQTSampler`, or its local simulator. The address
            of a host ends with `/`.
    """

    def __init__(self, sampler: cirq.Sampler):
        self._sampler = sampler

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: Any, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        return [
            self._run(
                cirq.resolve_parameters(program, point), point, repetitions
            )
            for point in cirq.to_resolvers(params)
        ]

    def _run(self, circuit, point, repetitions):
        qubits = circuit.all_qubits()
        is_line = all(isinstance(qubit, cirq.LineQubit) for qubit in qubits)
        reads = [*filter(cirq.is_measurement, circuit.all_operations())]
        keys = {key for op in reads for key in cirq.measurement_key_names(op)}
        if (
            not is_line
            or not reads
            or len(keys) < len(reads)
            or not circuit.are_all_measurements_terminal()
            or min(qubits).x < 0
        ):
            raise UserError(
                "Expected qubits of a line from 0 on, measured at the end "
                f"under a key each. Received: {sorted(map(str, qubits))} and "
                f"the keys {sorted(keys)}"
            )
        line = cirq.LineQubit.range(max(qubits).x + 1)
        gates = cirq.Circuit(
            [cirq.Z(qubit) ** 0 for qubit in line],  # it counts used ones
            map(
                _in_range,
                filter(
                    lambda op: not cirq.is_measurement(op),
                    circuit.all_operations(),
                ),
            ),
        )
        try:
            [found] = self._sampler.run_sweep(gates, None, repetitions)
        except ValueError as error:
            raise _refused(error) from error
        except RuntimeError as error:
            raise JobFailedError(reason_of(error)) from error
        [bits] = found.measurements.values()
        measured = {}
        for operation in reads:
            gate: Any = operation.gate
            own = bits[:, [qubit.x for qubit in operation.qubits]]
            mask = np.array(gate.full_invert_mask(), bool)
            key = cirq.measurement_key_name(operation)
            measured[key] = (own.astype(bool) ^ mask).astype(np.uint8)
        return cirq.ResultDict(params=point, measurements=measured)


def _in_range(operation):
    """The same but for a phase: R by 0 to 1 about 0 to 1, RXX by 0 to 0.5.

    The service allows R about axes up to 2, which Cirq writes as negative.
    """
    gate = operation.gate
    before = []
    if isinstance(gate, cirq.PhasedXPowGate):
        turn, axis = gate.exponent % 2, gate.phase_exponent
        if turn > 1:
            turn, axis = 2 - turn, axis + 1
        is_turned = axis % 2 > 1
        gate = cirq.PhasedXPowGate(exponent=turn, phase_exponent=axis % 1)
        if axis % 2 == 1:
            gate = cirq.PhasedXPowGate(exponent=turn, phase_exponent=1)
        middle = gate.on(*operation.qubits)
    elif isinstance(gate, cirq.XXPowGate):
        turn = (gate.exponent + 0.5) % 2 - 0.5  # -0.5 to 1.5
        if turn > 0.5:
            turn -= 1
            half = cirq.PhasedXPowGate(exponent=1, phase_exponent=0)
            before = [half.on(qubit) for qubit in operation.qubits]
        is_turned = turn < 0
        middle = cirq.XX(*operation.qubits) ** abs(turn)
    else:
        return operation
    # Z before and after turns the axis of R, or that of one X, round.
    sign = [cirq.Z(operation.qubits[0])] if is_turned else []
    return [*before, *sign, middle, *sign]


def _refused(error):
    return UserError(
        f"Expected a job that the service takes. Received: {reason_of(error)}"
    )
