"""What a layer may give beyond expectations of Pauli sums.

Every output is made of Pauli sums and a function of their expectations, so that
all engines, gradients, noise models and back ends have it. Matrices and
projectors are Pauli sums themselves; probabilities are a linear function of
words of Z, and a variance is <O O> - <O>^2.
"""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.circuits.cirq_json import read_cirq, write_cirq
from tfq_hybrid.circuits.pauli_sums import as_pauli_sum
from tfq_hybrid.errors import UserError, check_choice

MOST_PROBABILITIES = 10  # qubits: as many words as outcomes


@dataclasses.dataclass(frozen=True)
class Probabilities:
    """The probabilities of every outcome of some qubits in the Z basis.

    Args:
        qubits: at most ten of the circuit's, in any order; the first is the
            leading bit of an outcome.

    Raises:
        UserError: there are none, too many, or one stands twice.

    Example:

    >>> import sympy
    >>> from tfq_hybrid.layers import ControlledPQC
    >>> a, b = cirq.LineQubit.range(2)
    >>> turn = cirq.X(a) ** sympy.Symbol("turns")
    >>> circuit = cirq.Circuit(turn, cirq.CNOT(a, b))
    >>> layer = ControlledPQC(circuit, Probabilities([a, b]))
    >>> layer(np.array([[0.0], [0.5], [1.0]])).numpy().round(4)
    array([[1. , 0. , 0. , 0. ],
           [0.5, 0. , 0. , 0.5],
           [0. , 0. , 0. , 1. ]], dtype=float32)
    """

    qubits: tuple[cirq.Qid, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "qubits", tuple(self.qubits))
        count = len(self.qubits)
        if not 1 <= count <= MOST_PROBABILITIES or len(set(self.qubits)) < (
            count
        ):
            raise UserError(
                f"Expected 1 to {MOST_PROBABILITIES} different qubits of "
                f"probabilities. Received: {count} qubits, "
                f"{len(set(self.qubits))} of them different"
            )

    @property
    def size(self) -> int:
        """The number of outcomes."""
        return 2 ** len(self.qubits)

    @functools.cached_property
    def operators(self) -> tuple[cirq.PauliSum, ...]:
        """A word of Z for every set of qubits but the empty one."""
        return tuple(
            cirq.PauliSum.wrap(
                cirq.PauliString(
                    cirq.Z(q)
                    for q, is_in in zip(self.qubits, bits, strict=True)
                    if is_in
                )
            )
            for bits in self._bits[1:].tolist()
        )

    @functools.cached_property
    def _bits(self):
        """Those of every outcome, and of every set: (2**qubits, qubits)."""
        return np.array([*itertools.product((0, 1), repeat=len(self.qubits))])

    def of(self, values: Any, xp: ModuleType = np) -> Any:
        """Probabilities (batch, outcomes) of expectations (batch, words)."""
        signs = 1 - 2 * (self._bits @ self._bits.T % 2)
        table = xp.array(signs[1:] / self.size, dtype=values.dtype)
        return xp.matmul(values, table) + 1 / self.size


@dataclasses.dataclass(frozen=True)
class Variance:
    """The variance of an observable, <O O> - <O>^2.

    From shots it is an estimate of both: with R shots the mean of the estimate
    is (R - 1) / R of the variance where both share their shots.

    Args:
        observable: a Pauli string or sum, or a projector of Cirq's.

    Example:

    >>> import sympy
    >>> from tfq_hybrid.layers import ControlledPQC
    >>> qubit = cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.rx(sympy.Symbol("x"))(qubit))
    >>> layer = ControlledPQC(circuit, Variance(2.0 * cirq.Z(qubit)))
    >>> layer(np.array([[0.0], [np.pi / 2]])).numpy().round(4)
    array([[0.],
           [4.]], dtype=float32)
    """

    observable: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "observable", as_pauli_sum(self.observable))

    @property
    def size(self) -> int:
        """One number."""
        return 1

    @functools.cached_property
    def operators(self) -> tuple[cirq.PauliSum, ...]:
        """The square of the observable, and itself."""
        return self.observable * self.observable, self.observable

    def of(self, values: Any, xp: ModuleType = np) -> Any:
        """Variances (batch, 1) of expectations (batch, 2)."""
        return values[:, :1] - xp.square(values[:, 1:])


Output = Probabilities | Variance
OUTPUTS = (Probabilities, Variance)


class Outputs:
    """All outputs of a layer: what is measured, and what is made of it.

    Args:
        items: Pauli strings and sums, projectors, `Probabilities`, `Variance`.

    Attributes:
        operators: the Pauli sums that are measured.
        size: the numbers that come out.
    """

    def __init__(self, items: Sequence[Any]):
        self._items = [
            item if isinstance(item, OUTPUTS) else as_pauli_sum(item)
            for item in items
        ]
        self._parts = [
            item.operators if isinstance(item, OUTPUTS) else (item,)
            for item in self._items
        ]
        self.operators = tuple(itertools.chain(*self._parts))
        self.size = sum(
            item.size if isinstance(item, OUTPUTS) else 1
            for item in self._items
        )

    def of(self, values: Any, xp: ModuleType = np) -> Any:
        """Outputs (batch, size) of expectations (batch, operators)."""
        if not any(isinstance(item, OUTPUTS) for item in self._items):
            return values
        columns, first = [], 0
        for item, part in zip(self._items, self._parts, strict=True):
            taken = values[:, first : first + len(part)]
            first += len(part)
            if isinstance(item, OUTPUTS):
                taken = item.of(taken, xp)
            columns.append(taken)
        return xp.concatenate(columns, axis=1)


def write_operators(items: Sequence[Any], place: str = "") -> Any:
    """Operators and outputs as plain JSON types.

    Args:
        items: as for `Outputs`.
        place: as for `write_cirq`.

    Returns:
        The text of `write_cirq` where all are Pauli strings and sums.
    """
    if not any(isinstance(item, OUTPUTS) for item in items):
        return write_cirq(list(items), "operators", place)
    return [_written(item, place) for item in items]


def _written(item, place):
    if isinstance(item, Probabilities):
        # One word a qubit keeps their order.
        words = [cirq.PauliString(cirq.Z(q)) for q in item.qubits]
        kind = "probabilities"
    elif isinstance(item, Variance):
        words, kind = [item.observable], "variance"
    else:
        words, kind = [item], "expectation"
    return {"output": kind, "of": write_cirq(words, "operators", place)}


def read_operators(content: Any) -> tuple[Any, ...]:
    """What `write_operators` wrote.

    Raises:
        UserError: it is something else.
    """
    is_list = isinstance(content, (list, tuple)) and bool(content)
    if not is_list or not all(
        isinstance(one, dict) and "output" in one for one in content
    ):
        return read_cirq(content, "operators")
    return tuple(map(_read, content))


def _read(entry):
    kinds = ("expectation", "variance", "probabilities")
    check_choice("output", entry["output"], kinds)
    words = read_cirq(entry.get("of"), "operators")
    if entry["output"] == "probabilities":
        return Probabilities([_qubit_of(word) for word in words])
    if len(words) != 1:
        raise UserError(
            f"Expected one operator of an output. Received: {len(words)}"
        )
    return words[0] if entry["output"] == "expectation" else Variance(words[0])


def _qubit_of(word):
    qubits = tuple(word.qubits)
    if len(qubits) != 1:
        raise UserError(
            "Expected one qubit a word of probabilities. Received: "
            f"{len(qubits)}"
        )
    return qubits[0]
