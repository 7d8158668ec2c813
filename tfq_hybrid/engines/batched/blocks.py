"""Shared blocks: runs of gates that are the same for the whole batch.

Gates without symbols and gates with weights have one value a step,
so a run of them on a few qubits is one small matrix: it is built once a step
and applied to the batch as one real matrix product.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.plan import Values
from tfq_hybrid.engines.batched.states import trig_features
from tfq_hybrid.engines.register import Register


def embed(
    matrices: np.ndarray, targets: Sequence[int], qubits: int, radix: int = 2
) -> np.ndarray:
    """Embeds matrices (F, d, d) into the space of a group of qubits.

    The targets are positions within the group, the leading digit first.
    """
    others = [q for q in range(qubits) if q not in targets]
    eye = np.eye(radix ** len(others))
    full = np.einsum("fij,kl->fikjl", matrices, eye)
    full = full.reshape([len(matrices)] + [radix] * (2 * qubits))
    place = np.argsort([*targets, *others])
    axes = [0, *(1 + place), *(1 + qubits + place)]
    return full.transpose(axes).reshape(len(matrices), radix**qubits, -1)


class BlockStep:
    """The matrix of a run of shared gates on neighbouring qubits.

    The gates are in circuit order, and none takes a feature.
    """

    def __init__(
        self, gates: Sequence[TrigGate], group: list[int], register: Register
    ):
        self.gates = list(gates)
        self._group = group
        self._register = register
        self.is_real = all(gate.is_real for gate in gates)
        # Constants, local layers and gates with weights.
        self._factors: list[tuple[str, Any]] = []
        open_layer: list[list[TrigGate]] | None = None
        for gate in gates:
            targets = tuple(q - group[0] for q in gate.qubits)
            if len(targets) == 1:
                if open_layer is None:
                    open_layer = [[] for _ in group]
                    self._factors.append(("local", open_layer))
                open_layer[targets[0]].append(gate)
            else:
                open_layer = None
                self._add_wide_gate(gate, targets)

    def _add_wide_gate(self, gate: TrigGate, targets: tuple[int, ...]) -> None:
        size, radix = len(self._group), self._register.radix
        cos_basis = embed(gate.cos_basis, targets, size, radix)
        if gate.symbol is not None:
            sin_basis = embed(gate.sin_basis, targets, size, radix)
            self._factors.append(("weights", (gate, cos_basis, sin_basis)))
            return
        matrix = cos_basis[0]
        if self._factors and self._factors[-1][0] == "constant":
            matrix = matrix @ self._factors.pop()[1]
        self._factors.append(("constant", matrix))

    def matrix(self, values: Values) -> tf.Tensor:
        """The block's matrix (d, d), real where all gates are."""
        dtype = values.dtype if self.is_real else _complex(values.dtype)
        layers = [factor for kind, factor in self._factors if kind == "local"]
        local = iter(self._local_matrices(layers, values, dtype))
        result = None
        for kind, factor in self._factors:
            if kind == "constant":
                matrix = _constant(factor, dtype)
            elif kind == "local":
                matrix = next(local)
            else:
                gate, cos_basis, sin_basis = factor
                cos, sin = trig_features(
                    gate.rates, gate.offsets, values.of(gate.symbol)
                )
                matrix = _combine(cos, sin, cos_basis, sin_basis, dtype)
            result = matrix if result is None else matrix @ result
        return result

    def _local_matrices(self, layers, values, dtype):
        """All layers of one-qubit gates at once.

        The gates on a qubit are padded with identities to one length R and
        to one number of frequencies F, so that a single set of operations of
        shape (layers, R, qubits, F) computes all of them.
        """
        if not layers:
            return []
        runs = [run for layer in layers for run in layer]
        depth = max(len(run) for run in runs)
        width = max(len(g.rates) for run in runs for g in run)
        radix = self._register.radix
        shape = (len(layers), depth, len(self._group), width)
        factors = np.empty(shape, object)
        offsets = np.zeros(shape)
        cos_basis = np.zeros((*shape, radix, radix), np.complex128)
        sin_basis = np.zeros((*shape, radix, radix), np.complex128)
        cos_basis[..., 0, :, :] = np.eye(radix)
        for i, layer in enumerate(layers):
            for q, run in enumerate(layer):
                for r, gate in enumerate(run):
                    size = len(gate.rates)
                    cos_basis[i, r, q, :size] = gate.cos_basis
                    sin_basis[i, r, q, :size] = gate.sin_basis
                    offsets[i, r, q, :size] = gate.offsets
                    if gate.symbol is not None:
                        factors[i, r, q, :size] = [
                            {gate.symbol: rate} for rate in gate.rates
                        ]
        angles = values.linear([x or {} for x in factors.reshape(-1)])
        angles = tf.reshape(angles, shape)
        cos, sin = trig_features(1.0, offsets, angles)
        gates = _combine(cos, sin, cos_basis, sin_basis, dtype)
        first, *rest = tf.unstack(gates, axis=1)  # (layers, qubits, R, R)
        for gate in rest:
            first = gate @ first
        result, *rest = tf.unstack(first, axis=1)  # (layers, R, R)
        for q, factor in enumerate(rest, start=1):
            size = radix ** (q + 1)
            result = tf.einsum("aij,akl->aikjl", result, factor)
            result = tf.reshape(result, [-1, size, size])
        return tf.unstack(result, num=len(layers))

    def apply(self, state: tf.Tensor, values: Values) -> tf.Tensor:
        """The next state."""
        return self._apply(state, self.matrix(values))

    def undo(self, state: tf.Tensor, values: Values) -> tf.Tensor:
        """The state before; the gates must be unitary."""
        return self._apply(state, tf.linalg.adjoint(self.matrix(values)))

    def _apply(self, state: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
        register, group = self._register, self._group
        real = matrix if self.is_real else tf.math.real(matrix)
        imaginary = None if self.is_real else tf.math.imag(matrix)
        if len(group) == register.qubits:
            return _apply_whole(state, real, imaginary)
        lead, dim = register.radix ** group[0], matrix.shape[0]
        tail = register.size // (lead * dim)
        batch = tf.shape(state)[-1]
        view = tf.reshape(state, [state.shape[0], lead, dim, tail * batch])
        view = _apply_part(view, real, imaginary)
        return tf.reshape(view, [view.shape[0], register.size, batch])


def _apply_whole(state, real, imaginary):
    """One real product for all planes: [[A, -B], [B, A]] @ [re; im]."""
    planes, dim = state.shape[0], state.shape[1]
    if imaginary is None:
        return real @ state
    matrix = tf.concat([real, imaginary], axis=0)
    if planes == 2:
        right = tf.concat([-imaginary, real], axis=0)
        matrix = tf.concat([matrix, right], axis=1)
    result = matrix @ tf.reshape(state, [planes * dim, -1])
    return tf.reshape(result, [2, dim, -1])


def _apply_part(view, real, imaginary):
    """The product along the third axis of (P, lead, dim, rest)."""
    through_real = real @ view
    if imaginary is None:
        return through_real
    through_imaginary = imaginary @ view
    if view.shape[0] == 1:
        return tf.concat([through_real, through_imaginary], axis=0)
    # `unstack`, not indices: the gradient of an index pads with zeros.
    (rr, ri), (ir, ii) = map(tf.unstack, (through_real, through_imaginary))
    return tf.stack([rr - ii, ri + ir])


def _combine(cos, sin, cos_basis, sin_basis, dtype):
    """sum_f cos_f C_f + sin_f S_f over the last axis of the features."""
    features = tf.concat([cos, sin], axis=-1)
    if dtype.is_complex:  # a cast's gradient would warn of what it drops
        features = tf.complex(features, tf.zeros_like(features))
    bases = np.concatenate([cos_basis, sin_basis], axis=-3)
    bases = _constant(bases, dtype)
    return tf.einsum("...f,...fij->...ij", features, bases)


def _constant(array: np.ndarray, dtype: tf.DType) -> tf.Tensor:
    return tf.constant(array if dtype.is_complex else array.real, dtype)


def _complex(dtype: tf.DType) -> tf.DType:
    return tf.complex128 if dtype == tf.float64 else tf.complex64
