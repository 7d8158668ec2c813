"""The implementations that are measured, one row each."""

import dataclasses
from collections.abc import Mapping, Sequence

from tfq_hybrid.errors import check_choice


@dataclasses.dataclass(frozen=True)
class Implementation:
    """A way to compute the benchmark's problems.

    Args:
        name: Its name in options and results.
        title: Its name in tables.
        worker: `file:function` in `workers/`.
        kind: `"batched"` or `"tfq"` for this project's engines, `"stock"`
            for TensorFlow Quantum's own layer, `"peer"` for one that runs in
            the peers' environment.
        options: For the worker.
    """

    name: str
    title: str
    worker: str
    kind: str
    options: Mapping = dataclasses.field(default_factory=dict)


_BATCHED = "on_tensorflow:batched"
# A new variant of the batched engine is one row: `options={"engine": {...}}`
# holds keyword arguments of `BatchedEngine`.
_ROWS = (
    Implementation("batched", "batched", _BATCHED, "batched"),
    Implementation(
        "batched-xla",
        "batched, XLA",
        _BATCHED,
        "batched",
        {"jit_compile": True},
    ),
    Implementation(
        "batched-adjoint",
        "batched, adjoint",
        _BATCHED,
        "batched",
        {"engine": {"gradient": "adjoint"}},
    ),
    Implementation("tfq", "tfq", "on_tensorflow:tfq", "tfq"),
    Implementation(
        "stock-tfq", "TFQ ControlledPQC", "on_tensorflow:stock_tfq", "stock"
    ),
    Implementation(
        "tensorcircuit", "TensorCircuit (JAX)", "on_jax:tensorcircuit", "peer"
    ),
    Implementation(
        "pennylane-jax", "PennyLane (JAX)", "on_jax:pennylane", "peer"
    ),
    Implementation(
        "pennylane-torch", "PennyLane (Torch)", "on_torch:pennylane", "peer"
    ),
    Implementation(
        "lightning", "PennyLane (Lightning)", "on_torch:lightning", "peer"
    ),
    Implementation("pyqtorch", "pyqtorch", "on_torch:pyqtorch", "peer"),
)
IMPLEMENTATIONS = {row.name: row for row in _ROWS}


def of_kind(*kinds: str) -> list[str]:
    """Names of the implementations of some kinds.

    Example:

    >>> of_kind("batched")
    ['batched', 'batched-xla', 'batched-adjoint']
    """
    return [row.name for row in _ROWS if row.kind in kinds]


def choose(
    names: Sequence[str] | None = None, peers: bool = True
) -> list[Implementation]:
    """The implementations to run: all, or those of some names.

    Raises:
        UserError: a name is not known, or is a peer's and there are none.
    """
    known = [row.name for row in _ROWS if peers or row.kind != "peer"]
    for name in names or ():
        check_choice("implementation", name, known)
    return [IMPLEMENTATIONS[n] for n in known if not names or n in names]
