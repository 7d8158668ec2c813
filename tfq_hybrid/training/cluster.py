"""Join a training on several machines: `TF_CONFIG`, and who is reachable.

TensorFlow's own time-out for a missing worker is an hour, so that the workers
are checked before it starts.
"""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TypedDict

import tensorflow as tf
from tensorflow.python.eager import context as tf_context
from tensorflow.tsl.protobuf import coordination_config_pb2

from tfq_hybrid.errors import UserError, WorkerLostError, check_choice
from tfq_hybrid.reading import parse_json
from tfq_hybrid.shapes import check_shape
from tfq_hybrid.training.workers import Alone, Mirrored, Workers

EXAMPLE = (
    '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Task(TypedDict):
    """Which of the processes this one is."""

    type: str
    index: int | str


class TfConfig(TypedDict):
    """What is used of the variable `TF_CONFIG`."""

    cluster: dict[str, list[str]]
    task: Task


def read_tf_config(text: str | None) -> tuple[list[str], int]:
    """The workers of a cluster, and which of them this process is.

    From the content of the variable `TF_CONFIG`, if it is set: the addresses,
    the chief's first, and the index into them.

    >>> addresses, index = read_tf_config(EXAMPLE)
    >>> addresses[index]
    'host0:12345'
    """
    expected = f"Expected TF_CONFIG to be such as {EXAMPLE}. Received: "
    if not text:
        raise UserError(
            f"{expected}none set. Each worker needs it, with its own index."
        )
    try:
        content = check_shape(parse_json(text), TfConfig)
        jobs, task = content["cluster"], content["task"]
        addresses = jobs.get("chief", []) + jobs.get("worker", [])
        own_job, index = jobs.get(task["type"], []), int(task["index"])
        if not -len(own_job) <= index < len(own_job):
            raise ValueError("there is no such worker")
        own = own_job[index]
        ports = [int(address.rpartition(":")[2]) for address in addresses]
    except ValueError as error:
        raise UserError(f"{expected}TF_CONFIG={text[:200]}") from error
    if not set(jobs) <= {"chief", "worker"} or len(jobs.get("chief", "")) > 1:
        raise UserError(
            "Expected a TF_CONFIG with the jobs 'worker' and at most one "
            f"'chief'. Received: {', '.join(sorted(jobs))}"
        )
    if index < 0 or not all(0 < port < 2**16 for port in ports):
        raise UserError(f"{expected}TF_CONFIG={text[:200]}")
    if len(set(addresses)) < len(addresses):
        raise UserError(
            "Expected an address of its own for each worker. Received: "
            f"{', '.join(addresses)}"
        )
    return addresses, addresses.index(own)


POLL_SECONDS = 0.2


def meet(addresses: Sequence[str], rank: int, seconds: float) -> None:
    """Waits until all workers listen at their addresses, `host:port`.

    `rank` is this one; the others have so many seconds.
    """
    missing = [a for i, a in enumerate(addresses) if i != rank]
    deadline = time.monotonic() + seconds
    with _listen(addresses[rank], len(addresses)):
        # One that is ahead has TensorFlow listen there instead.
        while missing := silent(missing):
            if time.monotonic() > deadline:
                raise WorkerLostError(
                    f"Expected {len(addresses)} workers within {seconds:g} s. "
                    f"No answer from {', '.join(missing)}."
                )
            time.sleep(POLL_SECONDS)


def silent(addresses: Sequence[str]) -> list[str]:
    """Those of some addresses that do not answer."""
    return [address for address in addresses if not _answers(address)]


def _answers(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def _listen(address, backlog):
    port = int(address.rpartition(":")[2])
    try:
        return socket.create_server(("", port), backlog=backlog)
    except OSError as error:
        raise UserError(
            f"Expected a free port. Received: TF_CONFIG with {address} for "
            f"this worker ({os.strerror(error.errno)})"
        ) from None


@contextlib.contextmanager
def ended_by_alarm(seconds: int) -> Iterator[None]:
    """Ends the process, by SIGALRM, where the body takes longer.

    For a wait within TensorFlow that nothing else ends: an interrupt ends the
    process too. TensorFlow also takes SIGTERM for itself there, which has its
    effect again afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    ending = [signal.SIGALRM]
    if callable(signal.getsignal(signal.SIGINT)):  # not ignored
        ending.append(signal.SIGINT)
    before = [signal.signal(number, signal.SIG_DFL) for number in ending]
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in zip(ending, before, strict=True):
            signal.signal(number, handler)
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


STRATEGIES = ("mirrored", "multi-worker")

# Seconds until workers that do not come are given up, and silent ones.
START_SECONDS = 120
HEARTBEAT_SECONDS = 20
# What a sum fails with where a worker is gone.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)


@contextlib.contextmanager
def join(distribute: str | None) -> Iterator[Alone]:
    """Takes this process's place among those that train together.

    It must come before anything that TensorFlow computes.

    Args:
        distribute: `"multi-worker"`: as `TF_CONFIG` says. `"mirrored"`: one
            process for all its devices. `None`: one process, one device.

    Yields:
        `Workers`, `Mirrored` or `Alone`.

    Raises:
        UserError: `distribute` or `TF_CONFIG` is wrong, or this worker's
            port is in use.
        WorkerLostError: a worker does not come, or is gone.
    """
    if distribute is not None:
        check_choice("distribute", distribute, STRATEGIES)
    if distribute != "multi-worker":
        yield _local(distribute)
        return
    addresses, rank = read_tf_config(os.environ.get("TF_CONFIG"))
    meet(addresses, rank, START_SECONDS)
    try:
        with ended_by_alarm(START_SECONDS):
            strategy = _connect()
        yield Workers(addresses, rank, strategy)
    except LOST as error:
        others = [a for i, a in enumerate(addresses) if i != rank]
        gone = ", ".join(silent(others)) or "one that listens still"
        raise WorkerLostError(
            f"Lost a worker. No answer from {gone}. The last checkpoint is "
            "kept: end all workers, and start all again with resume=True. "
            f"({_reason(error)})"
        ) from None


def _local(distribute):
    """One process, with all its GPUs where it is to be mirrored."""
    if distribute is None:
        return Alone()
    devices = tf.config.list_logical_devices("GPU")
    devices = devices or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:
        return Alone()
    names = [device.name for device in devices]
    return Mirrored(tf.distribute.MirroredStrategy(names))


def _connect():
    """Connects to all workers; gives the strategy that adds over them.

    The coordination service that TensorFlow sets up by itself is the same,
    but for the heartbeat.
    """
    jobs = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    cluster = jobs.cluster_spec()
    leader = "chief" if "chief" in cluster.jobs else "worker"
    tf_context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=f"/job:{leader}/replica:0/task:0",
        heartbeat_timeout_in_ms=1000 * HEARTBEAT_SECONDS,
        coordinated_jobs=[
            coordination_config_pb2.CoordinatedJob(
                name=job, num_tasks=cluster.num_tasks(job)
            )
            for job in cluster.jobs
        ],
    )
    kind = tf.distribute.experimental.CommunicationImplementation
    gpus = tf.config.get_visible_devices("GPU")
    if len(gpus) > 1:
        raise UserError(
            "Expected one GPU for each worker: start one a GPU, and let it "
            f"see that by CUDA_VISIBLE_DEVICES. Received: {len(gpus)} visible"
        )
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=kind.AUTO if gpus else kind.RING
    )
    return tf.distribute.MultiWorkerMirroredStrategy(jobs, options)


def _reason(error):
    """The line of an error that says most."""
    idle = ("Graph execution error", "Detected at node", "  File")
    for line in str(error).splitlines():
        if line.strip() and not line.startswith(idle):
            return line.strip()[:200]
    return type(error).__name__
