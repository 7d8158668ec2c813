"""Dynamic batching: many requests, one call of the model."""

import asyncio
import concurrent.futures
import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from starlette.exceptions import HTTPException

from tfq_hybrid.serving.folders import said_in_graph
from tfq_hybrid.serving.server.bodies import Call, answer, parse
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.servable import Arrays, Signature

if TYPE_CHECKING:
    from tfq_hybrid.serving.server.app import Metrics


@dataclasses.dataclass(eq=False)
class _Job:
    """A call that waits. Calls of one key can share a batch."""

    call: Call
    future: asyncio.Future
    key: object = dataclasses.field(init=False)

    def __post_init__(self):
        self.key = id(self)
        if self.call.signature.is_batched:
            arrays = self.call.arrays.items()
            shapes = tuple((name, array.shape[1:]) for name, array in arrays)
            self.key = self.call.signature.name, shapes


class Batcher:
    """Puts the rows of waiting calls together, and runs them.

    The model runs in a thread of its own, one batch at a time. A call waits
    while another batch runs, and then at most `batch_wait` for others to
    share its batch with, unless the batch is full. Bodies are read and answers
    written in another thread.
    """

    def __init__(self, limits: Limits, metrics: "Metrics"):
        self._limits = limits
        self._metrics = metrics
        self._waiting: list[_Job] = []
        self._rows = 0  # of those that wait
        self._arrived = asyncio.Event()
        self._model, self._json = (
            concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=name)
            for name in ("model", "json")
        )

    def start(self) -> None:
        """Begins to run what comes."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Ends it; no call may be under way."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for thread in (self._model, self._json):
            thread.shutdown(wait=False, cancel_futures=True)

    async def ask(
        self, body: bytes, signatures: Mapping[str, Signature]
    ) -> bytes:
        """The answer to a body.

        Raises:
            HTTPException: as of `parse`, `run` and `answer`.
        """
        loop = asyncio.get_running_loop()
        call = await loop.run_in_executor(
            self._json, parse, body, signatures, self._limits
        )
        outputs = await self.run(call)
        return await loop.run_in_executor(
            self._json, answer, outputs, call.is_row_format
        )

    async def run(self, call: Call) -> Arrays:
        """The outputs for a call.

        Raises:
            HTTPException: 429 where too many rows wait, 504 where it takes too
                long, 400 where the model refuses the values.
        """
        self.check_room(call.rows)
        job = _Job(call, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._count(call.rows)
        self._arrived.set()
        try:
            return await asyncio.wait_for(job.future, self._limits.timeout)
        except TimeoutError:
            raise HTTPException(
                504, f"No answer within {self._limits.timeout:g} s"
            ) from None

    def check_room(self, rows: int = 1) -> None:
        """Raises `HTTPException` 429 where too many rows wait already.

        An empty queue takes any request that its own limit lets through.
        """
        if self._rows and self._rows + rows > self._limits.queue_rows:
            raise HTTPException(
                429,
                f"Expected fewer requests: {self._rows} rows are waiting",
                headers={"retry-after": "1"},
            )

    def _count(self, rows: int) -> None:
        """Rows that came to wait, or a negative number of those that went."""
        self._rows += rows
        self._metrics.queue_rows.inc(rows)

    async def _work(self):
        while True:
            while not self._drop_abandoned():
                self._arrived.clear()
                await self._arrived.wait()
            await self._fill()
            jobs = self._take()
            if jobs:
                await self._run_jobs(jobs)

    def _drop_abandoned(self) -> int:
        """Forgets what nobody waits for any more; how many jobs are left."""
        kept = [job for job in self._waiting if not job.future.done()]
        self._replace(kept)
        return len(kept)

    def _replace(self, jobs: list[_Job]) -> None:
        self._waiting = jobs
        self._count(sum(job.call.rows for job in jobs) - self._rows)

    async def _fill(self):
        """Waits until the first job's batch is full, or for long enough."""
        key = self._waiting[0].key
        ends = time.monotonic() + self._limits.batch_wait
        while self._first_rows(key) < self._limits.batch_rows:
            self._arrived.clear()
            try:
                await asyncio.wait_for(
                    self._arrived.wait(), ends - time.monotonic()
                )
            except TimeoutError:
                return

    def _first_rows(self, key: object) -> int:
        return sum(job.call.rows for job in self._waiting if job.key == key)

    def _take(self) -> list[_Job]:
        """The jobs of the next batch, in the order of their arrival."""
        if not self._drop_abandoned():
            return []
        key, rows = self._waiting[0].key, 0
        taken: list[_Job] = []
        left: list[_Job] = []
        for job in self._waiting:
            rows_with = rows + job.call.rows
            fits = not taken or rows_with <= self._limits.batch_rows
            if job.key == key and fits:
                taken.append(job)
                rows = rows_with
            else:
                left.append(job)
        self._replace(left)
        return taken

    async def _run_jobs(self, jobs: Sequence[_Job]) -> None:
        """Runs jobs as one batch, or each alone where the batch fails."""
        signature = jobs[0].call.signature
        parts: Sequence[Arrays | HTTPException]
        try:
            outputs = await self._run_model(signature, _joined(jobs))
            parts = _parted(outputs, jobs)
        except tf.errors.OpError as error:
            if len(jobs) > 1:
                for job in jobs:
                    await self._run_jobs([job])
                return
            parts = [_refusal(error)]
        except Exception as error:
            # Whatever it is, the server lives and every caller hears of it.
            failure = HTTPException(500, f"The model failed: {error}"[:300])
            parts = [failure] * len(jobs)
        for job, part in zip(jobs, parts, strict=True):
            if job.future.done():
                continue
            if isinstance(part, HTTPException):
                job.future.set_exception(part)
            else:
                job.future.set_result(part)

    async def _run_model(self, signature: Signature, arrays: Arrays) -> Arrays:
        rows = len(next(iter(arrays.values()))) if signature.is_batched else 1
        self._metrics.batch_rows.observe(rows)
        loop = asyncio.get_running_loop()
        with self._metrics.model_seconds.time():
            return await loop.run_in_executor(self._model, signature, arrays)


def _joined(jobs: Sequence[_Job]) -> Arrays:
    if len(jobs) == 1:
        return jobs[0].call.arrays
    return {
        name: np.concatenate([job.call.arrays[name] for job in jobs])
        for name in jobs[0].call.arrays
    }


def _parted(outputs: Arrays, jobs: Sequence[_Job]) -> list[Arrays]:
    """The outputs of a batch, for each of its jobs."""
    if len(jobs) == 1:
        return [outputs]
    ends = np.cumsum([job.call.rows for job in jobs])[:-1]
    columns = {name: np.split(a, ends) for name, a in outputs.items()}
    return [
        {name: parts[place] for name, parts in columns.items()}
        for place in range(len(jobs))
    ]


def _refusal(error: tf.errors.OpError) -> HTTPException:
    """The failure for values that the model cannot take."""
    text = said_in_graph(error)
    if isinstance(error, tf.errors.InvalidArgumentError):
        return HTTPException(400, f"The model refuses the values: {text}")
    return HTTPException(500, f"The model failed: {text}")
