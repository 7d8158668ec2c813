"""Jobs on a device: limits, a log on disk, and results asked for again."""

import hashlib
import json
import os
import pathlib
import time
import uuid
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import cirq
import numpy as np

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.files.archives import read_arrays
from tfq_hybrid.reading import read_json, reading

_FIRST_WAIT = 0.5  # seconds, doubled at each try


class JobFailedError(Exception):
    """A job that was cancelled or refused, and is not tried again."""


@runtime_checkable
class Submitting(Protocol):
    """A sampler whose jobs have ids.

    A `ConnectionError` or `TimeoutError` of `fetch` is a lost connection; any
    other error is final.
    """

    def submit(
        self,
        programs: Sequence[cirq.AbstractCircuit],
        sweeps: Sequence[Sequence[cirq.ParamResolver]],
        repetitions: Sequence[int],
    ) -> str:
        """Submits a job: its id."""

    def fetch(self, job: str, timeout: float | None) -> list[list[cirq.Result]]:
        """Waits for the results of a job."""


class Limits:
    """How many jobs and shots there may be, and were.

    Args:
        max_jobs: Defaults to `None`: any number.
        max_shots: Defaults to `None`: any number.
    """

    def __init__(
        self, max_jobs: int | None = None, max_shots: int | None = None
    ):
        for name, most in (("max_jobs", max_jobs), ("max_shots", max_shots)):
            if most is not None:
                check_integer(name, most, minimum=1)
        self.max_jobs = max_jobs
        self.max_shots = max_shots
        self.jobs = 0
        self.shots = 0

    def take(self, shots: int) -> None:
        """Counts a job before it is submitted.

        Raises:
            UserError: it would be one too many.
        """
        if self.max_jobs is not None and self.jobs + 1 > self.max_jobs:
            raise UserError(
                f"No job is left of max_jobs={self.max_jobs}. What ran is kept "
                "in the log, where the device has one."
            )
        if self.max_shots is not None and self.shots + shots > self.max_shots:
            raise UserError(
                f"Too few shots are left of max_shots={self.max_shots}: "
                f"{self.shots} ran, and this job has {shots}. Nothing was "
                "submitted."
            )
        self.jobs += 1
        self.shots += shots


class JobLog:
    """Runs jobs, each once, and keeps what comes of them.

    A folder of the log has a file `JOB.json` for each job, written before it is
    submitted, with its id before its results are waited for, and `JOB.npz` with
    the results. A job that is asked for after a restart, the same circuits and
    values for the same time, comes from there, or is fetched by its id.

    Args:
        sampler: a `cirq.Sampler`, or a `Submitting`.
        folder: Defaults to `None`: nothing is kept.
        retries: how often `fetch` is called again. Defaults to 3.
        timeout: seconds that it may wait. Defaults to `None`.
    """

    def __init__(
        self,
        sampler: Any,
        folder: str | os.PathLike[str] | None = None,
        retries: int = 3,
        timeout: float | None = None,
    ):
        self._sampler = sampler
        self._folder = None if folder is None else pathlib.Path(folder)
        self._retries = retries
        self._timeout = timeout
        # How often each job was asked for: equal ones are several measurements.
        self._asked: dict[str, int] = {}

    def results(
        self,
        programs: Sequence[cirq.AbstractCircuit],
        sweeps: Sequence[Sequence[cirq.ParamResolver]],
        repetitions: Sequence[int],
        limits: Limits,
        shots: int,
    ) -> list[list[cirq.Result]]:
        """The results of each circuit at each point.

        Raises:
            UserError: the limits are reached, or the job failed or was lost;
                a lost job is not submitted again.
        """
        name = self._name(programs, sweeps, repetitions)
        kept = self._kept(name, sweeps)
        if kept is not None:
            return kept
        job = self._submitted(name)
        if job is None:
            limits.take(shots)
            if not isinstance(self._sampler, Submitting):
                return self._run(name, programs, sweeps, repetitions)
            job = self._submit(name, programs, sweeps, repetitions)
        return self._store(name, self._fetch(job))

    def _run(self, name, programs, sweeps, repetitions):
        """Without ids: once, as nobody could tell whether it ran."""
        job = f"local-{uuid.uuid4().hex}"
        self._note(name, job)
        try:
            found = self._run_all(programs, sweeps, repetitions)
        except JobFailedError as error:
            raise UserError(_failed("The job", error)) from error
        except OSError as error:  # those of `requests` too
            raise UserError(_lost(error)) from error
        return self._store(name, found)

    def _run_all(self, programs, sweeps, repetitions):
        """One by one, without a batch of its own: none follows a lost one."""
        kind, names = (
            type(self._sampler),
            ("run_batch_async", "run_sweep_async"),
        )
        if any(
            getattr(kind, n, 0) is not getattr(cirq.Sampler, n) for n in names
        ):
            return self._sampler.run_batch(programs, sweeps, [*repetitions])
        each = zip(programs, sweeps, repetitions, strict=True)
        return [[*self._sampler.run_sweep(*one)] for one in each]

    def _submit(self, name, programs, sweeps, repetitions):
        """With ids: once, noted before, as the answer may be lost."""
        self._note(name, None)
        try:
            job = self._sampler.submit(programs, sweeps, repetitions)
        except OSError as error:
            raise UserError(_lost(error)) from error
        except Exception:  # refused: the next time it is another job
            if self._folder is not None:
                (self._folder / f"{name}.json").unlink()
            raise
        self._note(name, job)
        return job

    def _fetch(self, job):
        wait = _FIRST_WAIT
        for turn in range(self._retries + 1):
            try:
                return self._sampler.fetch(job, self._timeout)
            except JobFailedError as error:
                raise UserError(_failed(f"Job {job}", error)) from error
            except (ConnectionError, TimeoutError) as error:
                if turn == self._retries:
                    raise UserError(
                        f"No results of job {job}: {error}. The job was not "
                        "submitted again; with a log, the same command asks "
                        "for its results."
                    ) from error
            time.sleep(wait)
            wait *= 2
        raise AssertionError("unreachable")

    def _name(self, programs, sweeps, repetitions):
        """Of a job: what it runs, and for which time."""
        if self._folder is None:
            return ""
        content = {
            "programs": [cirq.to_json(program) for program in programs],
            "points": [
                [
                    {str(k): float(v) for k, v in one.param_dict.items()}
                    for one in sweep
                ]
                for sweep in sweeps
            ],
            "repetitions": [*repetitions],
        }
        text = json.dumps(content, sort_keys=True).encode()
        key = hashlib.sha256(text).hexdigest()[:24]
        turn = self._asked.get(key, 0)
        self._asked[key] = turn + 1
        return f"{key}-{turn}"

    def _note(self, name, job):
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_json(self._folder / f"{name}.json", {"job": job})

    def _submitted(self, name):
        """The id of a job that ran before, where it can be asked for."""
        if self._folder is None:
            return None
        path = self._folder / f"{name}.json"
        if not path.is_file():
            return None
        job = read_json(path, "a log of jobs")["job"]
        if isinstance(self._sampler, Submitting) and job is not None:
            return job
        which = f"Job {job}" if job else "A job without an answer"
        raise UserError(
            f"{which} was submitted before, and its results were not kept: it "
            f"may have run. Remove {path} to submit it again."
        )

    def _store(self, name, results):
        if self._folder is None:
            return results
        arrays = {
            f"{i}_{j}_{key.encode().hex()}": records.astype(np.uint8)
            for i, sweep in enumerate(results)
            for j, result in enumerate(sweep)
            for key, records in result.records.items()
        }
        with replacing(self._folder / f"{name}.npz") as partial:
            np.savez_compressed(partial, **arrays)
        return results

    def _kept(self, name, sweeps):
        if self._folder is None:
            return None
        path = self._folder / f"{name}.npz"
        if not path.is_file():
            return None
        found: list[list[dict]] = [[{} for _ in sweep] for sweep in sweeps]
        with reading("results of a job", path):
            for place, records in read_arrays(path).items():
                i, j, key = place.split("_")
                found[int(i)][int(j)][bytes.fromhex(key).decode()] = records
        return [
            [
                cirq.ResultDict(params=point, records=records)
                for point, records in zip(sweep, own, strict=True)
            ]
            for sweep, own in zip(sweeps, found, strict=True)
        ]


def _lost(error):
    return (
        f"The connection to the device was lost: {error}. The job may have "
        "run, and was not submitted again."
    )


def _failed(job, error):
    return f"{job} failed: {error}. It was not submitted again."
