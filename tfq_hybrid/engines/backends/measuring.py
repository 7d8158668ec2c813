"""Means of Pauli words from the bits of a sampler."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cirq
import numpy as np

from tfq_hybrid.engines.grouping import Group, commuting_groups
from tfq_hybrid.errors import UserError

# What turns a Pauli operator into Z before a measurement.
_TURNS = {cirq.X: cirq.Y**-0.5, cirq.Y: cirq.X**0.5}


class Run(NamedTuple):
    """A circuit, and the values of its symbols at each point."""

    circuit: cirq.Circuit
    points: Sequence[Mapping[str, float]]


def estimate_words(
    sampler: cirq.Sampler,
    runs: Sequence[Run],
    words: Sequence[cirq.PauliString],
    repetitions: int,
) -> list[np.ndarray]:
    """Means of words, all measured in one batch of circuits.

    Words that commute qubit by qubit share a circuit and its bits.

    Args:
        sampler: where they run.
        runs: circuits and points.
        words: not the identity.
        repetitions: of each circuit at each point.

    Returns:
        For each run an array (points, words).
    """
    groups = commuting_groups(words)
    places = [(run, group) for run in runs for group in groups if run.points]
    found = [np.zeros((len(run.points), len(words))) for run in runs]
    if not places:
        return found
    keys = [free_key(run.circuit) for run, _ in places]
    results = sampler.run_batch(
        [
            measured_circuit(run.circuit, group, key)
            for (run, group), key in zip(places, keys, strict=True)
        ],
        [[*map(cirq.ParamResolver, run.points)] for run, _ in places],
        repetitions,
    )
    position = {id(run): place for place, run in enumerate(runs)}
    for (run, group), key, sweep in zip(places, keys, results, strict=True):
        means = [
            word_means(one.records[key][:, 0], group, words) for one in sweep
        ]
        found[position[id(run)]][:, group.words] = means
    return found


def word_means(
    bits: np.ndarray, group: Group, words: Sequence[cirq.PauliString]
) -> np.ndarray:
    """Means of a group's words from bits (repetitions, qubits)."""
    ones = bits.astype(int) @ group.signs(words).T.astype(int)
    return np.mean(1 - 2 * (ones % 2), axis=0)


def measured_circuit(
    circuit: cirq.AbstractCircuit, group: Group, key: str
) -> cirq.Circuit:
    """A circuit with the measurement of a group's basis at its end."""
    turns = [
        _TURNS[pauli](qid)
        for qid, pauli in group.basis.items()
        if pauli in _TURNS
    ]
    moments = [cirq.Moment(turns)] if turns else []
    readout = cirq.Moment(cirq.measure(*group.basis, key=key))
    return cirq.Circuit(*circuit, *moments, readout)


def free_key(circuit: cirq.AbstractCircuit) -> str:
    """A measurement key that a circuit does not have."""
    taken = cirq.measurement_key_names(circuit)
    key = "words"
    while key in taken:
        key += "_"
    return key


def check_readout(
    circuit: cirq.AbstractCircuit, words: Sequence[cirq.PauliString]
) -> None:
    """Raises where a word's basis differs from a measurement right before.

    The circuit's own measurement at the end of a qubit has left nothing of X
    and Y there, so that their means would be those of noise.
    """
    last: dict[cirq.Qid, cirq.Operation] = {}
    for operation in circuit.all_operations():
        last.update(dict.fromkeys(operation.qubits, operation))
    for word in words:
        for qid, pauli in word.items():
            if (
                pauli != cirq.Z
                and qid in last
                and cirq.is_measurement(last[qid])
            ):
                raise UserError(
                    f"Expected no measurement of {qid} before an observable of "
                    f"{pauli} there, which it would destroy. Received: "
                    f"{last[qid]} at the end of the circuit"
                )
