"""States keep their amplitudes wherever their axes stand."""

import numpy as np
import pytest
import tensorflow as tf

from tfq_hybrid.engines.batched.layout import PLANES, State
from tfq_hybrid.engines.register import Register

QUBITS = 12


def random_planes(planes, qubits=QUBITS, batch=2):
    generator = np.random.default_rng(0)
    return generator.normal(size=(planes, 2**qubits, batch))


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_axes_move_to_the_front(planes, seed):
    entries = random_planes(planes)
    state = State.of_planes(tf.constant(entries), Register(QUBITS))
    generator = np.random.default_rng(seed)
    for count in (1, 3, 7, QUBITS):
        axes = generator.permutation(state.axes)[:count].tolist()
        before = state
        state = state.leading(axes)
        assert list(state.axes[:count]) == axes
        rest = [axis for axis in before.axes if axis not in axes]
        assert list(state.axes[count:]) == rest
    dims = [2] * len(state.axes)
    tensor = np.reshape(state.tensor, [*dims, -1])
    names = [*range(QUBITS)] if planes == 1 else [PLANES, *range(QUBITS)]
    order = [state.axes.index(name) for name in names]
    found = tensor.transpose([*order, len(dims)]).reshape(entries.shape)
    np.testing.assert_array_equal(found, entries)
    np.testing.assert_array_equal(state.planes(), entries)


def test_parts_and_tables_follow_the_axes():
    entries = random_planes(2, qubits=3)
    state = State.of_planes(tf.constant(entries), Register(3))
    state = state.leading([2, PLANES, 0])
    real, imaginary = state.parts()
    # The qubits stand as 2, 0, 1.
    index = np.arange(8).reshape(2, 2, 2).transpose(2, 0, 1).reshape(-1)
    np.testing.assert_array_equal(real, entries[0, index])
    np.testing.assert_array_equal(imaginary, entries[1, index])
    np.testing.assert_array_equal(state.relabelled(np.arange(8)), index)
    again = state.with_parts([real, imaginary])
    assert again.axes == state.axes
    np.testing.assert_array_equal(again.tensor, state.tensor)
    assert state.with_parts([real]).axes == (2, 0, 1)
