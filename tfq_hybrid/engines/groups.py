"""How a register is split into groups whose gates fuse into one matrix."""

import numpy as np

GROUP_LIMIT = 6  # one matrix for the register up to this many qubits
GROUP_SIZE = 4  # beyond it, groups of about this many


def group_count(qubits):
    """The number of groups of a register.

    Example:

    >>> [group_count(n) for n in (1, 6, 7, 12)]
    [1, 1, 2, 3]
    """
    return 1 if qubits <= GROUP_LIMIT else -(-qubits // GROUP_SIZE)


def groups(qubits):
    """Lists of neighbouring qubits.

    Example:

    >>> groups(7)
    [[0, 1, 2, 3], [4, 5, 6]]
    """
    parts = np.array_split(range(qubits), group_count(qubits))
    return [part.tolist() for part in parts]
