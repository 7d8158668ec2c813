"""The register: how its qubits are counted, and split into groups."""

import dataclasses

import numpy as np

# radix: (qubits up to which one matrix serves all, qubits in a group beyond)
_GROUPING = {2: (6, 5), 4: (3, 2)}


@dataclasses.dataclass(frozen=True)
class Register:
    """Qubits whose joint state is a vector of `radix**qubits` numbers.

    Attributes:
        qubits: int.
        radix: int. 2 for amplitudes, 4 for Pauli vectors of density
            matrices.

    Example:

    >>> Register(7).groups
    [[0, 1, 2, 3], [4, 5, 6]]
    >>> Register(6).groups, Register(2, radix=4).size
    ([[0, 1, 2, 3, 4, 5]], 16)
    """

    qubits: int
    radix: int = 2

    @property
    def size(self):
        """The length of the state's vector."""
        return self.radix**self.qubits

    @property
    def groups(self):
        """Lists of neighbouring qubits whose gates fuse into one matrix."""
        whole, part = _GROUPING[self.radix]
        count = 1 if self.qubits <= whole else -(-self.qubits // part)
        parts = np.array_split(range(self.qubits), count)
        return [part.tolist() for part in parts]

    def digit(self, qubit):
        """The digit of a qubit in every index: int array (size,)."""
        place = self.radix ** (self.qubits - 1 - qubit)
        return np.arange(self.size) // place % self.radix

    def local_index(self, qubits):
        """The joint index of some qubits in every index: (size,)."""
        local = np.zeros(self.size, np.int64)
        for qubit in qubits:
            local = local * self.radix + self.digit(qubit)
        return local

    def with_local_index(self, qubits, local):
        """Every index with the digits of some qubits replaced: (size,)."""
        indices = np.arange(self.size)
        for qubit in reversed(qubits):
            place = self.radix ** (self.qubits - 1 - qubit)
            local, digit = np.divmod(local, self.radix)
            indices = indices + (digit - self.digit(qubit)) * place
        return indices
