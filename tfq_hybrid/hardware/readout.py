"""`ReadoutInversion`: means of Pauli words without readout errors."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import cirq
import numpy as np

from tfq_hybrid.errors import UserError, check_integer

KEY = "calibration"
# Below, a bit says so little that its inverse would be noise.
_LEAST_CONTRAST = 0.05


class Misread(NamedTuple):
    """The readout errors of a qubit.

    Attributes:
        one_for_zero: P(1|0), to read 1 where 0 was prepared.
        zero_for_one: P(0|1).
    """

    one_for_zero: float
    zero_for_one: float


def invert_readout(
    probabilities: Sequence[float], errors: Misread
) -> np.ndarray:
    """The probabilities of 0 and 1 behind those that were read.

    They are not clipped: below 0 or above 1 they still give unbiased means.

    Raises:
        UserError: the qubit reads 0 and 1 nearly alike.

    Example:

    >>> invert_readout([0.9, 0.1], Misread(0.1, 0.3)).round(9) + 0.0
    array([1., 0.])
    """
    p, q = errors
    _check_contrast(errors, "a qubit")
    read = np.array([[1 - p, q], [p, 1 - q]])  # columns: what was prepared
    return np.linalg.solve(read, np.asarray(probabilities, float))


def _check_contrast(errors, name):
    if abs(1 - sum(errors)) < _LEAST_CONTRAST:
        raise UserError(
            "Expected a qubit whose readout tells 0 from 1. Received: "
            f"{name} with P(1|0) = {errors.one_for_zero:.3f} and P(0|1) = "
            f"{errors.zero_for_one:.3f}"
        )


@dataclasses.dataclass(frozen=True)
class ReadoutInversion:
    """Inverts readout errors that qubits make independently of each other.

    Two calibration circuits, all qubits in 0 and all in 1, give the errors of
    each. A sign s of a qubit then counts as (s - (q - p)) / (1 - p - q) with
    p = P(1|0) and q = P(0|1), whose mean is that of the true sign (Bravyi et
    al. 2021, arXiv 2006.14044, tensor product noise). Nothing is clipped, so
    that means are unbiased; their errors grow.

    Args:
        repetitions: of each calibration circuit, or a pair of them. Defaults to
            4,000.

    Raises:
        UserError: a number is below 1.
    """

    repetitions: int | tuple[int, int] = 4_000

    def __post_init__(self) -> None:
        for count in self._counts:
            check_integer("repetitions", count, minimum=1)

    @property
    def _counts(self) -> tuple[int, int]:
        given = self.repetitions
        return (given, given) if isinstance(given, int) else given

    def calibrate(
        self, sampler: cirq.Sampler, qids: Sequence[cirq.Qid]
    ) -> dict[cirq.Qid, Misread]:
        """Measures the errors of qubits.

        Raises:
            UserError: a qubit reads 0 and 1 nearly alike.
        """
        shares = []
        for gate, count in zip((None, cirq.X), self._counts, strict=True):
            prepared = [cirq.Moment(gate.on_each(*qids))] if gate else []
            readout = cirq.Moment(cirq.measure(*qids, key=KEY))
            result = sampler.run(cirq.Circuit(prepared, readout), None, count)
            shares.append(result.records[KEY][:, 0].mean(axis=0))
        errors = {
            qid: Misread(float(ones), float(1 - zeros))
            for qid, ones, zeros in zip(qids, *shares, strict=True)
        }
        for qid, of_qid in errors.items():
            _check_contrast(of_qid, str(qid))
        return errors

    @staticmethod
    def signs(bits: np.ndarray, errors: Sequence[Misread]) -> np.ndarray:
        """What bits (shots, qubits) count as, of their shape."""
        p, q = np.array(errors).T
        return (1 - 2.0 * bits - (q - p)) / (1 - p - q)
