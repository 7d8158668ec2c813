"""What is measured: the table of cases.

A case is a problem with the modes and the implementations to run. To add
one, add its row; goals and tables find it by key.
"""

import dataclasses
from collections.abc import Sequence

from benchmarks.problems import Problem
from tfq_hybrid.errors import UserError, check_choice, check_integer

MODES = ("forward", "gradient")
QUBITS = (2, 4, 6, 8, 10, 12)
DEPTHS = (1, 2, 4)
BATCHES = (512, 4096, 16384)


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the benchmark.

    Args:
        group: A name in `GROUPS`.
        problem: What is computed.
        modes: `"forward"` and `"gradient"`, or one of them.
        only: The implementations that can. Defaults to `()`: all.

    Example:

    >>> Case("grid", Problem(4, 2, 512)).key
    'grid/4x2x512'
    """

    group: str
    problem: Problem
    modes: tuple[str, ...] = MODES
    only: tuple[str, ...] = ()

    def runs(self, name):
        """Whether an implementation is measured."""
        return not self.only or name in self.only

    @property
    def key(self):
        """Group and sizes; the name of the case in the results."""
        problem = self.problem
        sizes = f"{problem.qubits}x{problem.depth}x{problem.batch}"
        return f"{self.group}/{sizes}"


def _grid(qubits=QUBITS, depths=DEPTHS, batches=BATCHES) -> list[Case]:
    """Small to large, so that what is over a cap is known early."""
    return [
        Case("grid", Problem(n, depth, batch))
        for batch in sorted(batches)
        for n in sorted(qubits)
        for depth in sorted(depths)
    ]


def _estimates(execution: str) -> list[Case]:
    """XLA draws no shots, and each peer counts noise in its own way."""
    problem = Problem(4, 2, 512, execution=execution)
    return [Case(execution, problem, only=("batched", "tfq", "stock-tfq"))]


# Name of a group: its cases. `training-step` is run by `step_time`.
GROUPS = {
    "grid": _grid(),
    "large": [Case("large", Problem(n, 2, 32)) for n in (14, 16, 18)],
    "fed": [Case("fed", Problem(4, 2, 4096, shared=False))],
    # A batch whose states outweigh the libraries' own hundreds of MB.
    "memory": [
        Case("memory", Problem(10, depth, 4096), ("gradient",))
        for depth in (4, 16)
    ],
    "shots": _estimates("shots"),
    "noise": _estimates("noise"),
    "training-step": [],
}


def choose_cases(
    groups: Sequence[str] | None = None,
    qubits: Sequence[int] | None = None,
    depths: Sequence[int] | None = None,
    batches: Sequence[int] | None = None,
) -> list[Case]:
    """The cases of some groups, the grid narrowed to some sizes.

    Without groups they are all; with sizes, only the grid. The sizes may lie
    off `QUBITS`, `DEPTHS` and `BATCHES`.

    Example:

    >>> quick = choose_cases(qubits=(4, 8), depths=(2,), batches=(512,))
    >>> [case.key for case in quick]
    ['grid/4x2x512', 'grid/8x2x512']

    Raises:
        UserError: a group is not known, a size is below 1, or sizes are
            given without the grid.
    """
    narrowed = bool(qubits or depths or batches)
    if groups is None:
        groups = ["grid"] if narrowed else list(GROUPS)
    for group in groups:
        check_choice("group", group, GROUPS)
    if narrowed and "grid" not in groups:
        raise UserError(
            "Expected sizes only with the group grid, where they have an "
            f"effect. Received: groups={','.join(groups)}"
        )
    sizes = {"qubits": qubits, "depths": depths, "batches": batches}
    for name, values in sizes.items():
        for value in values or ():
            check_integer(name, value, minimum=2 if name == "qubits" else 1)
    grid = _grid(qubits or QUBITS, depths or DEPTHS, batches or BATCHES)
    return [
        case
        for group in groups
        for case in (grid if group == "grid" else GROUPS[group])
    ]
