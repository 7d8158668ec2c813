"""`join`: one process takes its place among those that train together.

`tf.distribute` connects them, as `TF_CONFIG` says. A heartbeat, that of
TensorFlow's coordination service, ends the sums that wait for a worker that
died.
"""

import contextlib
import os

import tensorflow as tf
from tensorflow.python.eager import context as tf_context
from tensorflow.tsl.protobuf import coordination_config_pb2

from tfq_hybrid.errors import UserError, WorkerLostError, check_choice
from tfq_hybrid.training.meeting import ended_by_alarm, meet, silent
from tfq_hybrid.training.tf_config import read_tf_config
from tfq_hybrid.training.workers import Alone, Mirrored, Workers

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
def join(distribute):
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
            "kept: end all workers, and start all again with --resume. "
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
