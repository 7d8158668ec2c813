"""Shared blocks: runs of gates that are the same for the whole batch.

Gates without symbols and gates with trained symbols have one value a step,
so a run of them on a few qubits is one small matrix: it is built once a step
and applied to the batch as one real matrix product.
"""

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.tensors import trig_features


def embed(matrices, targets, qubits):
    """Embeds gate matrices into the space of a group of qubits.

    Args:
        matrices: array of shape (F, d, d) on `len(targets)` qubits.
        targets: tuple of int. Positions within the group, leading bit first.
        qubits: int. The size of the group.

    Returns:
        An array of shape (F, 2**qubits, 2**qubits).
    """
    others = [q for q in range(qubits) if q not in targets]
    eye = np.eye(2 ** len(others))
    full = np.einsum("fij,kl->fikjl", matrices, eye)
    full = full.reshape([len(matrices)] + [2] * (2 * qubits))
    place = np.argsort([*targets, *others])
    axes = [0, *(1 + place), *(1 + qubits + place)]
    return full.transpose(axes).reshape(len(matrices), 2**qubits, -1)


class Block:
    """The unitary of a run of shared gates on neighbouring qubits.

    Args:
        gates: list of `TrigGate` in circuit order.
        first: int. The first qubit of the group.
        qubits: int. The size of the group.
        trained: tuple of str. The order of the trained symbols.
    """

    def __init__(self, gates, first, qubits, trained):
        self.first = first
        self.qubits = qubits
        self.is_real = all(gate.is_real for gate in gates)
        self._factors = []  # constants, local layers and trained gates
        self._trained = trained
        open_layer = None
        for gate in gates:
            targets = tuple(q - first for q in gate.qubits)
            if len(targets) == 1:
                if open_layer is None:
                    open_layer = [[] for _ in range(qubits)]
                    self._factors.append(("local", open_layer))
                open_layer[targets[0]].append(gate)
            else:
                open_layer = None
                self._add_wide_gate(gate, targets)

    def _add_wide_gate(self, gate, targets):
        if gate.symbol is not None:
            cos_basis = embed(gate.cos_basis, targets, self.qubits)
            sin_basis = embed(gate.sin_basis, targets, self.qubits)
            self._factors.append(("trained", (gate, cos_basis, sin_basis)))
            return
        matrix = embed(gate.cos_basis, targets, self.qubits)[0]
        if self._factors and self._factors[-1][0] == "constant":
            matrix = matrix @ self._factors.pop()[1]
        self._factors.append(("constant", matrix))

    def unitary(self, values):
        """The block's matrix at the trained values.

        Args:
            values: real tensor of shape (trained,).

        Returns:
            A complex tensor of shape (2**qubits, 2**qubits).
        """
        dtype = _complex(values.dtype)
        layers = [factor for kind, factor in self._factors if kind == "local"]
        local = iter(self._local_unitaries(layers, values, dtype))
        result = None
        for kind, factor in self._factors:
            if kind == "constant":
                matrix = tf.constant(factor, dtype)
            elif kind == "local":
                matrix = next(local)
            else:
                matrix = self._trained_unitary(*factor, values, dtype)
            result = matrix if result is None else matrix @ result
        return result

    def _trained_unitary(self, gate, cos_basis, sin_basis, values, dtype):
        value = values[self._trained.index(gate.symbol)]
        cos, sin = trig_features(gate.rates, gate.offsets, value)
        return _combine(cos, sin, cos_basis, sin_basis, dtype)

    def _local_unitaries(self, layers, values, dtype):
        """All layers of one-qubit gates at once: a list of matrices.

        The gates on a qubit are padded with identities to one length R and
        to one number of frequencies F, so that a single set of operations of
        shape (layers, R, qubits, F) computes all of them.
        """
        if not layers:
            return []
        runs = [run for layer in layers for run in layer]
        depth = max(len(run) for run in runs)
        width = max((len(g.rates) for run in runs for g in run), default=1)
        shape = (len(layers), depth, self.qubits)
        mixing = np.zeros((*shape, width, len(self._trained)))
        offsets = np.zeros((*shape, width))
        cos_basis = np.zeros((*shape, width, 2, 2), np.complex128)
        sin_basis = np.zeros((*shape, width, 2, 2), np.complex128)
        cos_basis[..., 0, :, :] = np.eye(2)
        for i, layer in enumerate(layers):
            for q, run in enumerate(layer):
                for r, gate in enumerate(run):
                    size = len(gate.rates)
                    cos_basis[i, r, q, :size] = gate.cos_basis
                    sin_basis[i, r, q, :size] = gate.sin_basis
                    offsets[i, r, q, :size] = gate.offsets
                    if gate.symbol is not None:
                        column = self._trained.index(gate.symbol)
                        mixing[i, r, q, :size, column] = gate.rates
        # A product with a constant matrix, whose gradient is another one,
        # instead of a gather, whose gradient is a scatter.
        flat = tf.constant(mixing.reshape(offsets.size, -1), values.dtype)
        angles = tf.reshape(tf.linalg.matvec(flat, values), offsets.shape)
        cos, sin = trig_features(1.0, offsets, angles)
        gates = _combine(cos, sin, cos_basis, sin_basis, dtype)
        first, *rest = tf.unstack(gates, axis=1)  # (layers, qubits, 2, 2)
        for gate in rest:
            first = gate @ first
        result, *rest = tf.unstack(first, axis=1)  # (layers, 2, 2)
        for q, factor in enumerate(rest, start=1):
            size = 2**q
            result = tf.einsum("aij,akl->aikjl", result, factor)
            result = tf.reshape(result, [-1, 2 * size, 2 * size])
        return tf.unstack(result, num=len(layers))

    def apply(self, state, values, total):
        """Applies the block to a state of `total` qubits.

        Args:
            state: tensor of shape (P, 2**total, batch).
            values: real tensor of shape (trained,).
            total: int. The number of qubits of the state.

        Returns:
            A tensor of shape (P', 2**total, batch).
        """
        unitary = self.unitary(values)
        real = tf.math.real(unitary)
        imaginary = None if self.is_real else tf.math.imag(unitary)
        if self.qubits == total:
            return _apply_whole(state, real, imaginary)
        lead, dim = 2**self.first, 2**self.qubits
        tail = 2 ** (total - self.first - self.qubits)
        batch = tf.shape(state)[-1]
        view = tf.reshape(state, [state.shape[0], lead, dim, tail * batch])
        view = _apply_part(view, real, imaginary)
        return tf.reshape(view, [view.shape[0], 2**total, batch])


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
    features = tf.complex(features, tf.zeros_like(features))
    bases = np.concatenate([cos_basis, sin_basis], axis=-3)
    return tf.einsum("...f,...fij->...ij", features, tf.constant(bases, dtype))


def _complex(dtype):
    return tf.complex128 if dtype == tf.float64 else tf.complex64
