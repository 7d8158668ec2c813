"""Gates as sums of cosines and sines: the form that the batched engine runs.

Every gate with one symbol s and a generator of eigenvalues h_k is

    U(s) = sum_k exp(i (r_k s + o_k)) P_k
         = sum_f cos(r_f s + o_f) C_f + sin(r_f s + o_f) S_f

with projectors P_k. Eigenvalues of equal magnitude share one frequency f, so
a rotation about a Pauli axis has a single one. A gate without a symbol is
the case r = o = 0, C = U, S = 0: one formula serves all.
"""

import dataclasses
import functools

import cirq
import numpy as np
import sympy

from tfq_hybrid.errors import UserError


@dataclasses.dataclass(frozen=True, eq=False)
class TrigGate:
    """A gate in trigonometric form.

    Attributes:
        qubits: tuple of int. The leading bit first.
        symbol: str, or `None` for a gate without a symbol.
        rates: float64 array of shape (F,). Radians per unit of the symbol.
        offsets: float64 array of shape (F,), in radians.
        cos_basis, sin_basis: complex128 arrays of shape (F, d, d).
    """

    qubits: tuple[int, ...]
    symbol: str | None
    rates: np.ndarray
    offsets: np.ndarray
    cos_basis: np.ndarray
    sin_basis: np.ndarray

    @functools.cached_property
    def is_diagonal(self):
        """Whether the matrix is diagonal at every value of the symbol."""
        mask = ~np.eye(self.cos_basis.shape[-1], dtype=bool)
        off_diagonal = [self.cos_basis[:, mask], self.sin_basis[:, mask]]
        return not np.any(np.abs(off_diagonal) > 1e-12)

    @functools.cached_property
    def is_real(self):
        """Whether the matrix is real at every value of the symbol."""
        imaginary = [self.cos_basis.imag, self.sin_basis.imag]
        return not np.any(np.abs(imaginary) > 1e-12)

    @functools.cached_property
    def is_permutation(self):
        """Whether the gate only relabels basis states (CNOT, SWAP, X)."""
        if self.symbol is not None:
            return False
        ones = np.isclose(self.matrix, 1)
        return bool(np.all(ones | np.isclose(self.matrix, 0)))

    @property
    def matrix(self):
        """The unitary of a gate without a symbol, of shape (d, d)."""
        return self.cos_basis[0]

    def signature(self):
        """Equal for gates that differ only in qubits and symbol."""
        arrays = (self.rates, self.offsets, self.cos_basis, self.sin_basis)
        return tuple((a.shape, a.tobytes()) for a in arrays)


def lower_operation(operation, qids):
    """Lowers a Cirq operation.

    Args:
        operation: `cirq.Operation`: a gate without symbols, or an
            eigenvalue gate (X, Y, Z, H, CNOT, CZ, SWAP, ISWAP, XX, YY, ZZ and
            their powers and rotations) with an exponent affine in one symbol.
        qids: sequence of `cirq.Qid`. The order of the bits.

    Returns:
        A `TrigGate`.

    Raises:
        UserError: the operation is of another kind.
    """
    qubits = tuple(qids.index(qid) for qid in operation.qubits)
    if not cirq.is_parameterized(operation):
        unitary = cirq.unitary(operation, None)
        if unitary is None:
            raise UserError(
                f"Expected an operation with a unitary. Received: {operation}"
            )
        zero = np.zeros(1)
        basis = unitary[np.newaxis].astype(np.complex128)
        return TrigGate(qubits, None, zero, zero, basis, 0 * basis)
    gate = operation.gate
    if not isinstance(gate, cirq.EigenGate):
        raise UserError(
            "Expected a symbol only in a power or rotation of X, Y, Z, H, "
            f"CNOT, CZ, SWAP, ISWAP, XX, YY or ZZ. Received: {operation}"
        )
    symbol, slope, intercept = _affine(gate.exponent, operation)
    try:
        rates, cos_basis, sin_basis = _trig_bases(gate)
    except TypeError:
        raise UserError(
            "Expected a symbol in the exponent of a gate only. "
            f"Received: {operation}"
        ) from None
    return TrigGate(
        qubits,
        symbol,
        np.pi * slope * rates,
        np.pi * intercept * rates,
        cos_basis,
        sin_basis,
    )


def _affine(exponent, operation):
    """Splits an exponent into (symbol, slope, intercept)."""
    symbols = sorted(sympy.sympify(exponent).free_symbols, key=str)
    if len(symbols) == 1:
        slope = sympy.diff(exponent, symbols[0])
        if not slope.free_symbols:
            intercept = exponent.subs(symbols[0], 0)
            return str(symbols[0]), float(slope), float(intercept)
    raise UserError(
        "Expected a symbol times a number plus a number in each gate. "
        f"Received: {operation}"
    )


def _eigen_components(gate):
    """Pairs (half turns at exponent 1, projector) of an eigenvalue gate.

    The one place that touches these private members of Cirq.
    """
    shift = gate._global_shift
    components = gate._eigen_components()
    return [(turns + shift, np.asarray(p)) for turns, p in components]


def _trig_bases(gate):
    """Half turns (F,) per unit of exponent, and both bases (F, d, d)."""
    cos_bases, sin_bases = {}, {}
    for turns, projector in _eigen_components(gate):
        key = round(abs(float(turns)), 12)
        zero = np.zeros(projector.shape, np.complex128)
        cos_bases[key] = cos_bases.get(key, zero) + projector
        sign = np.sign(turns)
        sin_bases[key] = sin_bases.get(key, zero) + 1j * sign * projector
    rates = np.array(list(cos_bases))
    return (
        rates,
        np.stack([*cos_bases.values()]),
        np.stack([*sin_bases.values()]),
    )
