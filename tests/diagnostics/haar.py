"""Haar-random states, by SciPy."""

from scipy import stats


def haar_states(qubits, count, seed):
    """Columns of Haar-random unitaries, by SciPy."""
    unitaries = stats.unitary_group.rvs(2**qubits, count, seed)
    return unitaries[:, :, 0]
