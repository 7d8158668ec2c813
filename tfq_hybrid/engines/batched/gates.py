"""Gates as sums of cosines and sines of their symbols.

Every gate with one symbol s and a generator of eigenvalues h_k is

    U(s) = sum_k exp(i (r_k s + o_k)) P_k
         = sum_f cos(r_f s + o_f) C_f + sin(r_f s + o_f) S_f

with projectors P_k. Eigenvalues of equal magnitude share one frequency f, so
a rotation about a Pauli axis has a single one. A gate without a symbol is
the case r = o = 0, C = U, S = 0: one formula serves all.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class TrigGate:
    """A gate, or a channel on Pauli vectors, in trigonometric form.

    Its qubits stand the leading digit first. With F frequencies `rates`
    (radians per unit of the symbol) and `offsets` (radians) are float64 arrays
    (F,), and the bases complex128 arrays (F, d, d), where d is the register's
    radix to the power of the number of qubits.
    """

    qubits: tuple[int, ...]
    symbol: str | None
    rates: np.ndarray
    offsets: np.ndarray
    cos_basis: np.ndarray
    sin_basis: np.ndarray

    @functools.cached_property
    def is_diagonal(self) -> bool:
        """Whether the matrix is diagonal at every value of the symbol."""
        mask = ~np.eye(self.cos_basis.shape[-1], dtype=bool)
        off_diagonal = [self.cos_basis[:, mask], self.sin_basis[:, mask]]
        return not np.any(np.abs(off_diagonal) > 1e-12)

    @functools.cached_property
    def is_real(self) -> bool:
        """Whether the matrix is real at every value of the symbol."""
        imaginary = [self.cos_basis.imag, self.sin_basis.imag]
        return not np.any(np.abs(imaginary) > 1e-12)

    @functools.cached_property
    def is_permutation(self) -> bool:
        """Whether it only relabels basis states, up to signs, as CNOT does."""
        if self.symbol is not None:
            return False
        # Covers rounding only: a weak channel is not a permutation.
        rounded = np.round(self.matrix.real)
        exact = np.all(np.abs(self.matrix - rounded) < 1e-14)
        one_each = np.all(np.abs(rounded).sum(axis=1) == 1)
        return bool(exact and one_each)

    @property
    def matrix(self) -> np.ndarray:
        """The matrix of a gate without a symbol, of shape (d, d)."""
        return self.cos_basis[0]

    def at(self, value: float) -> np.ndarray:
        """The matrix at a value of the symbol, a complex128 array (d, d)."""
        angles = self.rates * value + self.offsets
        matrix = np.einsum("f,fij->ij", np.cos(angles), self.cos_basis)
        return matrix + np.einsum("f,fij->ij", np.sin(angles), self.sin_basis)

    @functools.cached_property
    def adjoint(self) -> "TrigGate":
        """The inverse of a unitary gate, with the same symbol."""
        cos_basis = self.cos_basis.conj().transpose(0, 2, 1)
        sin_basis = self.sin_basis.conj().transpose(0, 2, 1)
        return dataclasses.replace(
            self, cos_basis=cos_basis, sin_basis=sin_basis
        )

    def signature(self) -> tuple:
        """Equal for gates that differ only in qubits and symbol."""
        arrays = (self.rates, self.offsets, self.cos_basis, self.sin_basis)
        return tuple((a.shape, a.tobytes()) for a in arrays)


def constant_gate(matrix: np.ndarray, qubits: Sequence[int]) -> TrigGate:
    """A gate without a symbol, of a matrix (d, d)."""
    zero = np.zeros(1)
    basis = np.asarray(matrix, np.complex128)[np.newaxis]
    return TrigGate(tuple(qubits), None, zero, zero, basis, 0 * basis)
