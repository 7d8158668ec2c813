"""`State`: the states of a batch, and the order in which their axes stand.

A matrix on some qubits is one large product where the digits of these qubits
lead. A step therefore brings them to the front and leaves them there: the
next step finds them by their names, and nothing is ever moved back.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.register import Register

PLANES = -1  # the axis of the real and the imaginary part
_MOST_AXES = 5  # beside the batch: TensorFlow transposes more of them slowly


@dataclasses.dataclass(frozen=True)
class State:
    """States as a real tensor (entries, batch), the leading axis first.

    Args:
        tensor: of one entry for each combination of the axes' digits.
        axes: qubits, and `PLANES` unless all entries are known to be real.
        register: of the qubits.

    Example:

    >>> planes = tf.reshape(tf.range(8.0), [2, 4, 1])
    >>> state = State.of_planes(planes, Register(2)).leading([1, 0])
    >>> state.axes, state.tensor[:, 0].numpy().tolist()
    ((1, 0, -1), [0.0, 4.0, 2.0, 6.0, 1.0, 5.0, 3.0, 7.0])
    """

    tensor: tf.Tensor
    axes: tuple[int, ...]
    register: Register

    @classmethod
    def of_planes(cls, planes: tf.Tensor, register: Register) -> "State":
        """The state whose real and imaginary parts are (P, N, batch)."""
        axes = tuple(range(register.qubits))
        if planes.shape[0] == 2:
            axes = (PLANES, *axes)
        tensor = tf.reshape(planes, [-1, tf.shape(planes)[-1]])
        return cls(tensor, axes, register)

    @property
    def is_real(self) -> bool:
        """Whether there is no imaginary part."""
        return PLANES not in self.axes

    @property
    def qubits(self) -> list[int]:
        """The qubits in the order of their axes."""
        return [axis for axis in self.axes if axis != PLANES]

    def size(self, axes: Sequence[int]) -> int:
        """How many entries some axes have together."""
        return math.prod(
            2 if a == PLANES else self.register.radix for a in axes
        )

    def with_tensor(self, tensor: tf.Tensor) -> "State":
        """Other entries in the same order."""
        return dataclasses.replace(self, tensor=tensor)

    def leading(self, axes: Sequence[int]) -> "State":
        """The same states with some axes first; the others keep their order."""
        wanted = axes
        axes = (*axes, *(a for a in self.axes if a not in axes))
        if axes == self.axes:
            return self
        # Axes that stay next to each other move as one.
        runs: list[list[int]] = []
        for axis in self.axes:
            place = axes.index(axis)
            if runs and place and axes[place - 1] == runs[-1][-1]:
                runs[-1].append(axis)
            else:
                runs.append([axis])
        if len(runs) > _MOST_AXES:  # two at a time, the last ones first
            state = self
            for first in range(len(wanted) - 1, -1, -1):
                if first % 2 == 0:
                    state = state.leading(wanted[first : first + 2])
            return state
        permutation = [*np.argsort([axes.index(run[0]) for run in runs])]
        batch = tf.shape(self.tensor)[-1]
        sizes = [self.size(run) for run in runs]
        if permutation[-1] == len(runs) - 1:
            sizes[-1] *= batch
        else:
            sizes.append(batch)
            permutation.append(len(runs))
        tensor = tf.transpose(tf.reshape(self.tensor, sizes), permutation)
        tensor = tf.reshape(tensor, [-1, batch])
        return dataclasses.replace(self, tensor=tensor, axes=axes)

    def aligned(self, other: "State") -> tf.Tensor:
        """The entries of another state in the order of this one's axes."""
        return other.leading(self.axes).tensor

    def planes(self) -> tf.Tensor:
        """The states as (P, N, batch), the qubits in their own order."""
        qubits = range(self.register.qubits)
        state = self.leading(qubits if self.is_real else [PLANES, *qubits])
        parts = 1 if self.is_real else 2
        batch = tf.shape(self.tensor)[-1]
        return tf.reshape(state.tensor, [parts, self.register.size, batch])

    def parts(self) -> list[tf.Tensor]:
        """The real and, if there is one, the imaginary part: (N, batch)."""
        if self.is_real:
            return [self.tensor]
        place = self.axes.index(PLANES)
        batch = tf.shape(self.tensor)[-1]
        split = tf.reshape(
            self.tensor,
            [self.size(self.axes[:place]), 2, -1, batch],
        )
        shape = [self.register.size, batch]
        return [tf.reshape(part, shape) for part in tf.unstack(split, axis=1)]

    def with_planes(self) -> "State":
        """What was real, with the planes as the first axis.

        Its entries are still those of the real state.
        """
        return dataclasses.replace(self, axes=(PLANES, *self.axes))

    def with_parts(self, parts: Sequence[tf.Tensor]) -> "State":
        """Other entries, given as `parts` gives them; the qubits keep order."""
        if len(parts) == 1:
            return dataclasses.replace(
                self, tensor=parts[0], axes=tuple(self.qubits)
            )
        axes = self.axes if not self.is_real else (PLANES, *self.axes)
        place = axes.index(PLANES)
        batch = tf.shape(self.tensor)[-1]
        shape = [self.size(axes[:place]), -1, batch]
        stacked = tf.stack([tf.reshape(x, shape) for x in parts], axis=1)
        return dataclasses.replace(
            self, tensor=tf.reshape(stacked, [-1, batch]), axes=axes
        )

    def relabelled(self, table: np.ndarray) -> np.ndarray:
        """A table (..., N) over basis states, in the order of the axes."""
        radix, qubits = self.register.radix, self.register.qubits
        lead = table.ndim - 1
        split = table.reshape(*table.shape[:-1], *[radix] * qubits)
        order = [*range(lead), *(lead + q for q in self.qubits)]
        return split.transpose(order).reshape(table.shape)
