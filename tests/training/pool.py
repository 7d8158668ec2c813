"""Starts the workers of a training on the loopback address."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np

from tfq_hybrid.training import TrainConfig

WORDS = "a fine film with great music and bad jokes that no one likes".split()

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tiny_config(folder, **arguments):
    """A config of 25 rows in batches of 6, the last one a single row."""
    random = np.random.default_rng(0)
    for name, rows in (("train", 25), ("dev", 7)):
        lines = ["text\tlabel"]
        for _ in range(rows):
            words = random.choice(WORDS, 6)
            lines.append(f"{' '.join(words)}\t{int('bad' in words)}")
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    options = {"circuit": {"qubits": 2, "depth": 1}, "dropout": 0.0}
    options |= arguments.pop("options", {})
    defaults = {
        "data": str(folder / "train.tsv"),
        "validation_data": str(folder / "dev.tsv"),
        "sequence_length": 12,
        "batch_size": 6,
        "vocabulary_size": 128,
        "epochs": 4,
        "patience": 9,
        "clipnorm": 0.5,
    }
    return TrainConfig(**{**defaults, **arguments, "options": options})


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
