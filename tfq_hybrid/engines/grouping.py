"""Pauli words that one basis measures together: qubit-wise commuting groups."""

from collections.abc import Sequence
from typing import NamedTuple

import cirq
import numpy as np


class Words(NamedTuple):
    """Observables as words without coefficients, each once.

    Attributes:
        words: those with a factor at least, in the order of the observables.
        mixing: (words, operators), the coefficients.
        constants: (operators,), those of the identity.
    """

    words: tuple[cirq.PauliString, ...]
    mixing: np.ndarray
    constants: np.ndarray


def words_of(operators: Sequence[cirq.PauliSum]) -> Words:
    """The words of observables, equal ones as one.

    Example:

    >>> a, b = cirq.LineQubit.range(2)
    >>> found = words_of([0.5 * cirq.Z(a) * cirq.Z(b) + cirq.Z(b) * cirq.Z(a)])
    >>> len(found.words), found.mixing.tolist()
    (1, [[1.5]])
    """
    places: dict[cirq.PauliString, int] = {}
    entries = []
    constants = np.zeros(len(operators))
    for column, operator in enumerate(operators):
        for term in operator:
            coefficient = complex(term.coefficient).real
            if not term:
                constants[column] += coefficient
                continue
            word: cirq.PauliString = cirq.PauliString(
                {qid: term[qid] for qid in sorted(term)}
            )
            place = places.setdefault(word, len(places))
            entries.append((place, column, coefficient))
    mixing = np.zeros((len(places), len(operators)))
    for place, column, coefficient in entries:
        mixing[place, column] += coefficient
    return Words(tuple(places), mixing, constants)


class Group(NamedTuple):
    """Words that agree on every qubit that they share.

    Attributes:
        basis: of each qubit, sorted, the Pauli operator to measure.
        words: their places.
    """

    basis: dict[cirq.Qid, cirq.Pauli]
    words: list[int]

    def signs(self, words: Sequence[cirq.PauliString]) -> np.ndarray:
        """Which qubits each of its words measures: (own words, qubits)."""
        qids = [*self.basis]
        return np.array(
            [[qid in words[place] for qid in qids] for place in self.words]
        )


def commuting_groups(
    words: Sequence[cirq.PauliString], widest: int | None = None
) -> list[Group]:
    """Puts each word into the first group whose basis it agrees with.

    Greedy, as finding the fewest groups is NP-hard (Verteletskyi et al. 2020,
    arXiv 1907.03358).

    Args:
        words: not the identity.
        widest: the most qubits of a group of several words. Defaults to `None`:
            any number.

    Example:

    >>> a, b = cirq.LineQubit.range(2)
    >>> words = [cirq.Z(a), cirq.X(b), cirq.X(a) * cirq.X(b)]
    >>> for group in commuting_groups([cirq.PauliString(w) for w in words]):
    ...     print(group.words, [str(pauli) for pauli in group.basis.values()])
    [0, 1] ['Z', 'X']
    [2] ['X', 'X']
    """
    groups: list[Group] = []
    for place, word in enumerate(words):
        for group in groups:
            basis = group.basis
            agrees = all(
                basis.get(qid, pauli) == pauli for qid, pauli in word.items()
            )
            joined = len({*basis, *word})
            if agrees and (widest is None or joined <= widest):
                basis.update(word.items())
                group.words.append(place)
                break
        else:
            groups.append(Group(dict(word.items()), [place]))
    return [
        Group({qid: basis[qid] for qid in sorted(basis)}, places)
        for basis, places in groups
    ]
