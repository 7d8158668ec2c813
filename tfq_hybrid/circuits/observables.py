"""Observables: what is measured, written as short Pauli words.

A word is a product of Pauli operators on numbered qubits: `"Z0"`, `"X0*X1"`.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import lazy_loader

from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    import cirq
else:
    cirq = lazy_loader.load("cirq")

_FACTOR = re.compile(r"([XYZ])([0-9]{1,9})")


def z_on_each(qubits: int) -> tuple[str, ...]:
    """The words of Z on each of so many qubits.

    Example:

    >>> z_on_each(2)
    ('Z0', 'Z1')
    """
    return tuple(f"Z{q}" for q in range(qubits))


def parse_observable(
    word: str, qubits: "Sequence[cirq.Qid]"
) -> "cirq.PauliString":
    """Turns a Pauli word into a `cirq.PauliString`.

    Args:
        word: factors joined by `*`, each one letter of X, Y, Z and a
            qubit index; no qubit twice.
        qubits: what the indices point at.

    Raises:
        UserError: the word is malformed or points beyond the qubits.

    Example:

    >>> print(parse_observable("Z0*X1", cirq.LineQubit.range(2)))
    Z(q(0))*X(q(1))
    """
    parts = word.split("*") if isinstance(word, str) else []
    # A word of more factors names a qubit twice.
    parts = parts[: len(qubits) + 1]
    factors = [found for part in parts if (found := _FACTOR.fullmatch(part))]
    if not parts or len(factors) < len(parts):
        raise UserError(
            "Expected an observable like 'Z0' or 'X0*X1'. "
            f"Received: observable={word!r}"
        )
    indices = [int(factor[2]) for factor in factors]
    if max(indices) >= len(qubits) or len(set(indices)) < len(indices):
        raise UserError(
            f"Expected different qubit indices from 0 to {len(qubits) - 1} "
            f"in an observable. Received: observable={word!r}"
        )
    return cirq.PauliString(
        getattr(cirq, factor[1])(qubits[int(factor[2])]) for factor in factors
    )
