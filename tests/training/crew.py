"""Starts the workers of a training on the loopback address."""

import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_ports(count):
    """Ports that are free now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def start(tasks, logs):
    """A process for each task, see `worker.py`, connected by `TF_CONFIG`.

    Args:
        tasks: list of dict, one for each worker.
        logs: path. A folder for what they print.

    Returns:
        A list of `Popen`.
    """
    addresses = [f"127.0.0.1:{port}" for port in free_ports(len(tasks))]
    processes = []
    for index, task in enumerate(tasks):
        place = {"type": "worker", "index": index}
        cluster = {"cluster": {"worker": addresses}, "task": place}
        log = logs / f"worker-{index}.log"
        argument = json.dumps({"distribute": "multi-worker", **task})
        with open(log, "a") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.training.worker", argument],
                cwd=ROOT,
                env={
                    **os.environ,
                    "TF_CONFIG": json.dumps(cluster),
                    "CUDA_VISIBLE_DEVICES": "-1",
                    "PYTHONPATH": str(ROOT),
                },
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
    return processes


def finish(processes, seconds=300):
    """The exit codes; no process outlives this."""
    try:
        return [process.wait(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
