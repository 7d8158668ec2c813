"""What is measured: the table of cases.

A case is a problem with the modes and the implementations to run. To add
one, add its row (or its group's function); goals and tables find it by key.
"""

import dataclasses

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
        group: str. What it belongs to, a name in `GROUPS`.
        problem: `Problem`.
        modes: tuple of `"forward"` and `"gradient"`. Defaults to both.
        only: tuple of str. The implementations that can. Defaults to `()`:
            all.

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


def _grid():
    """Small to large, so that what is over a cap is known early."""
    return [
        Case("grid", Problem(qubits, depth, batch))
        for batch in BATCHES
        for qubits in QUBITS
        for depth in DEPTHS
    ]


def _large():
    return [Case("large", Problem(qubits, 2, 32)) for qubits in (14, 16, 18)]


def _fed():
    return [Case("fed", Problem(4, 2, 4096, shared=False))]


def _memory():
    """A batch whose states outweigh the libraries' own hundreds of MB."""
    return [
        Case("memory", Problem(10, depth, 4096), ("gradient",))
        for depth in (4, 16)
    ]


def _estimates(execution):
    """XLA draws no shots, and each peer counts noise in its own way."""
    problem = Problem(4, 2, 512, execution=execution)
    return [Case(execution, problem, only=("batched", "tfq", "stock-tfq"))]


# Name of a group: its cases. `training-step` is run by `step_time`.
GROUPS = {
    "grid": _grid,
    "large": _large,
    "fed": _fed,
    "memory": _memory,
    "shots": lambda: _estimates("shots"),
    "noise": lambda: _estimates("noise"),
    "training-step": list,
}


def choose_cases(groups=None, qubits=None, depths=None, batches=None):
    """The cases of some groups, the grid narrowed to some sizes.

    Args:
        groups: sequence of str. Defaults to `None`: all; with sizes, only
            the grid.
        qubits, depths, batches: sequence of int, the grid's sizes, which may
            lie off `QUBITS`, `DEPTHS` and `BATCHES`. Default to `None`:
            those.

    Returns:
        list of `Case`.

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
    cases = []
    for group in groups:
        if group == "grid" and narrowed:
            cases += [
                Case("grid", Problem(n, depth, batch))
                for batch in sorted(batches or BATCHES)
                for n in sorted(qubits or QUBITS)
                for depth in sorted(depths or DEPTHS)
            ]
        else:
            cases += GROUPS[group]()
    return cases


def quick_cases():
    """Two small points of the grid.

    Example:

    >>> [case.key for case in quick_cases()]
    ['grid/4x2x512', 'grid/8x2x512']
    """
    return choose_cases(qubits=(4, 8), depths=(2,), batches=(512,))
