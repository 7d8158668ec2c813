"""What is installed, what is missing, and whether circuits run here."""

import dataclasses
import importlib.metadata
import os
import pathlib
import platform
import re
import shutil
import time
from collections.abc import Callable, Sequence
from typing import Any

from tfq_hybrid.startup import discarded_stderr
from tfq_hybrid.version import __version__

DISTRIBUTION = "tfq-hybrid"
# Those whose versions decide what works.
SHOWN = (
    "tensorflow",
    "tensorflow-quantum",
    "cirq-core",
    "keras",
    "keras-hub",
    "keras-tuner",
    "tensorflow-datasets",
    "tensorboard",
    "numpy",
)
TOLERANCE = 1e-4  # between float32 and Cirq's complex64
ENGINES = ("batched", "tfq")


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was tried.

    Args:
        name: what it is about.
        is_well: whether it works here.
        found: what was seen, in words.
    """

    name: str
    is_well: bool
    found: str


def versions(packages: Sequence[str] = SHOWN) -> dict[str, str | None]:
    """The versions of what computes here; `None` of what is not there.

    Args:
        packages: beside this one and Python. Defaults to those whose versions
            decide what works.

    Example:

    >>> list(versions())[:2]
    ['tfq-hybrid', 'python']
    """
    return {
        DISTRIBUTION: __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def machine() -> dict[str, Any]:
    """The processor, cores, memory in GiB and accelerators of this machine."""
    import psutil
    import tensorflow as tf

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": [gpu.name for gpu in tf.config.list_physical_devices("GPU")],
    }


def checks() -> list[Check]:
    """Tries what a run takes: packages, engines, presets, space on disk."""
    return [
        _packages(),
        *(_tried(f"engine {name}", _engine(name)) for name in ENGINES),
        _tried("XLA", _compiled),
        _presets(),
        _space(),
    ]


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages():
    """Whether all that this package asks for is installed."""
    try:
        asked = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return Check("packages", False, f"{DISTRIBUTION} is not installed")
    names = [
        re.split(r"[^\w.-]", line, maxsplit=1)[0]
        for line in asked
        if "extra ==" not in line
    ]
    missing = [name for name in names if _version(name) is None]
    if missing:
        words = ", ".join(missing)
        return Check("packages", False, f"missing: {words}; install them")
    return Check("packages", True, f"all {len(names)} are there")


def _tried(name: str, test: Callable[[], str]) -> Check:
    """A check that fails with the first line of what it raises."""
    try:
        return Check(name, True, test())
    except Exception as error:  # whatever is broken here is the answer
        lines = str(error).strip().splitlines() or [""]
        return Check(name, False, f"{type(error).__name__}: {lines[0]}")


def _circuit():
    """Two qubits with two angles, and their expectation values by Cirq."""
    import cirq
    import sympy

    qubits = cirq.LineQubit.range(2)
    angles = sympy.symbols("a b")
    circuit = cirq.Circuit(
        cirq.ry(angles[0])(qubits[0]),
        cirq.CNOT(*qubits),
        cirq.rx(angles[1])(qubits[1]),
    )
    operators = [cirq.Z(qubit) for qubit in qubits]
    values = cirq.Simulator().simulate_expectation_values(
        cirq.resolve_parameters(circuit, {"a": 0.4, "b": 0.7}), operators
    )
    return circuit, operators, [value.real for value in values]


def _engine(name):
    def test():
        import numpy as np
        import tensorflow as tf

        from tfq_hybrid.layers import ControlledPQC

        circuit, operators, expected = _circuit()
        layer = ControlledPQC(circuit, operators, engine=name)
        angles = tf.constant([[0.4, 0.7]])
        start = time.perf_counter()
        with tf.GradientTape() as tape:
            tape.watch(angles)
            values = layer({"a": angles[:, 0], "b": angles[:, 1]})
        gradient = tape.gradient(values, angles)
        seconds = time.perf_counter() - start
        error = float(np.abs(np.array(values)[0] - expected).max())
        if error > TOLERANCE or not np.isfinite(gradient).all():
            raise ValueError(f"differs from Cirq by {error:.1e}")
        return (
            f"agrees with Cirq to {error:.0e}; the first call {seconds:.1f} s"
        )

    return test


def _compiled():
    import tensorflow as tf

    double = tf.function(lambda x: 2.0 * x, jit_compile=True)
    with discarded_stderr():  # XLA says there what it has found
        answer = float(double(tf.constant(1.5)))
    if answer != 3.0:
        raise ValueError("2 * 1.5 is not 3")
    return "compiles"


def _presets():
    from tfq_hybrid.bases.conversion import cache_folder

    folder = cache_folder()
    kept = sorted(p.name for p in folder.glob("*/")) if folder.is_dir() else []
    return Check(
        "presets",
        True,
        ", ".join(kept) or "none are kept; see `tfq-hybrid presets`",
    )


def _space():
    free = shutil.disk_usage(pathlib.Path.cwd()).free / 1e9
    return Check("disk", free > 1, f"{free:.1f} GB are free here")
