"""The implementations that are measured, one row each."""

import dataclasses
from collections.abc import Mapping

from tfq_hybrid.errors import check_choice


@dataclasses.dataclass(frozen=True)
class Implementation:
    """A way to compute the benchmark's problems.

    Args:
        name: str. Its name in options and results.
        title: str. Its name in tables.
        worker: str. The file in `workers/` without its ending.
        kind: `"batched"` or `"tfq"` for this project's engines, `"stock"`
            for TensorFlow Quantum's own layer, `"peer"` for one that runs in
            the peers' environment.
        options: dict for the worker. Defaults to none.
    """

    name: str
    title: str
    worker: str
    kind: str
    options: Mapping = dataclasses.field(default_factory=dict)


# A new variant of the batched engine is one row: `options={"engine": {...}}`
# holds keyword arguments of `BatchedEngine`.
_ROWS = (
    Implementation("batched", "batched", "batched_engine", "batched"),
    Implementation(
        "batched-xla",
        "batched, XLA",
        "batched_engine",
        "batched",
        {"jit_compile": True},
    ),
    Implementation(
        "batched-adjoint",
        "batched, adjoint",
        "batched_engine",
        "batched",
        {"engine": {"gradient": "adjoint"}},
    ),
    Implementation("tfq", "tfq", "tfq_engine", "tfq"),
    Implementation("stock-tfq", "TFQ ControlledPQC", "stock_tfq", "stock"),
    Implementation(
        "tensorcircuit", "TensorCircuit (JAX)", "tensorcircuit_jax", "peer"
    ),
    Implementation("pennylane-jax", "PennyLane (JAX)", "pennylane_jax", "peer"),
    Implementation(
        "pennylane-torch", "PennyLane (Torch)", "pennylane_torch", "peer"
    ),
    Implementation(
        "lightning", "PennyLane (Lightning)", "lightning_adjoint", "peer"
    ),
    Implementation("pyqtorch", "pyqtorch", "pyqtorch_state", "peer"),
)
IMPLEMENTATIONS = {row.name: row for row in _ROWS}


def of_kind(*kinds):
    """Names of the implementations of some kinds.

    Example:

    >>> of_kind("batched")
    ['batched', 'batched-xla', 'batched-adjoint']
    """
    return [row.name for row in _ROWS if row.kind in kinds]


def choose(names=None, peers=True):
    """The implementations to run.

    Args:
        names: sequence of str. Defaults to `None`: all.
        peers: bool. Whether there is an environment with the peers.

    Returns:
        list of `Implementation`.

    Raises:
        UserError: a name is not known, or is a peer's and there are none.
    """
    known = [row.name for row in _ROWS if peers or row.kind != "peer"]
    for name in names or ():
        check_choice("implementation", name, known)
    return [IMPLEMENTATIONS[n] for n in known if not names or n in names]
