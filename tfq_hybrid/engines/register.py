"""`Register`: qubits as one vector, and the memory that programs on it take."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import psutil

from tfq_hybrid.errors import UserError

_FLOAT_BYTES = 4
_LARGEST_DENSITIES = 2 * 2**30  # bytes


# radix: (qubits up to which one matrix serves all, qubits of one beyond)
_BLOCKS = {2: (6, (4, 5)), 4: (3, (2, 3))}


@dataclasses.dataclass(frozen=True)
class Register:
    """Qubits whose joint state is a vector of `radix**qubits` numbers.

    The radix is 2 for amplitudes, 4 for Pauli vectors of density matrices.

    >>> Register(7).block_widths
    (4, 5)
    >>> Register(6).block_widths, Register(2, radix=4).size
    ((6,), 16)
    """

    qubits: int
    radix: int = 2

    @property
    def size(self) -> int:
        """The length of the state's vector."""
        return self.radix**self.qubits

    @property
    def block_widths(self) -> tuple[int, ...]:
        """Numbers of qubits that one matrix may serve: all, or a part."""
        whole, parts = _BLOCKS[self.radix]
        return (self.qubits,) if self.qubits <= whole else parts

    @property
    def is_one_block(self) -> bool:
        """Whether one matrix serves all qubits."""
        return self.block_widths == (self.qubits,)

    def digit(self, qubit: int) -> np.ndarray:
        """The digit of a qubit in every index: int array (size,)."""
        place = self.radix ** (self.qubits - 1 - qubit)
        return np.arange(self.size) // place % self.radix

    def local_index(self, qubits: Sequence[int]) -> np.ndarray:
        """The joint index of some qubits in every index: (size,)."""
        local = np.zeros(self.size, np.int64)
        for qubit in qubits:
            local = local * self.radix + self.digit(qubit)
        return local

    def with_local_index(
        self, qubits: Sequence[int], local: np.ndarray
    ) -> np.ndarray:
        """Every index with the digits of some qubits replaced: (size,)."""
        indices = np.arange(self.size)
        for qubit in reversed(qubits):
            place = self.radix ** (self.qubits - 1 - qubit)
            local, digit = np.divmod(local, self.radix)
            indices = indices + (digit - self.digit(qubit)) * place
        return indices


def estimate_bytes(
    qubits: int, operators: int, depth: int, batch: int, layers: int = 1
) -> int:
    """Peak bytes of a training step of the batched engine.

    For the gradient, two planes of 2**qubits floats for each example are
    kept for each step of every ansatz layer (matrices on four qubits, phases,
    a permutation), and some six more around encoding and readout; the readout
    holds one table of 2**qubits complex numbers for each operator. An upper
    bound: the measured growth of a process lay between 0.3 and 0.96 of it.

    Args:
        qubits: of one circuit.
        operators: the number of observables.
        depth: ansatz layers in all, over every re-upload.
        batch: examples that run at once: in a language model the tokens of a
            batch.
        layers: circuits in the model. Defaults to 1.

    Example:

    >>> estimate_bytes(qubits=10, operators=10, depth=2, batch=1024) // 2**20
    128
    """
    state = 2 * _FLOAT_BYTES * 2**qubits * batch
    blocks = -(-qubits // min(Register(qubits).block_widths))
    steps = blocks + (1 if blocks == 1 else 2)
    states = steps * depth + 6
    return layers * (state * states + 2 * 16 * operators * 2**qubits)


def check_memory(
    qubits: int, operators: int, depth: int, batch: int, layers: int = 1
) -> None:
    """Raises `UserError` when a step would not fit in the free memory.

    The arguments are those of `estimate_bytes`. The message names the
    largest number of qubits that fits.
    """
    available = psutil.virtual_memory().available

    def needed(count):
        measured = max(1, operators * count // qubits)
        return estimate_bytes(count, measured, depth, batch, layers)

    if needed(qubits) <= available:
        return
    largest = next(
        (n for n in range(min(qubits, 64), 0, -1) if needed(n) <= available), 0
    )
    hint = (
        f"The nearest valid value is {largest}."
        if largest
        else "Not even one qubit fits: lower the depth or the batch."
    )
    raise UserError(
        f"Expected circuits that fit in memory: {layers} of {qubits} qubits "
        f"and {depth} layers over {batch} examples at once need "
        f"{human_bytes(needed(qubits))}, and {human_bytes(available)} are "
        f"free. Received: qubits={qubits}. {hint}"
    )


def density_bytes(qubits: int, batch: int = 512) -> int:
    """Peak bytes of the density matrices of a batch in training.

    A Pauli vector holds 4**qubits floats; about twelve are kept at once.

    >>> human_bytes(density_bytes(4))
    '6 MiB'
    """
    return 12 * _FLOAT_BYTES * 4**qubits * batch


def density_fits(qubits: int, batch: int = 512) -> bool:
    """Whether density matrices are worth their memory: to eight qubits.

    The same on every machine, so that results are. Few examples go further.

    >>> density_fits(8), density_fits(9), density_fits(9, batch=32)
    (True, False, True)
    """
    return density_bytes(qubits, batch) <= _LARGEST_DENSITIES


def check_densities(qubits: int) -> None:
    """Raises `UserError` where one density matrix does not fit in memory."""
    needed = density_bytes(qubits, batch=1)
    available = psutil.virtual_memory().available
    if needed > available:
        raise UserError(
            f"Expected density matrices that fit in memory: one of {qubits} "
            f"qubits in training takes {human_bytes(needed)}, and "
            f"{human_bytes(available)} are free. Use "
            "noise_method='trajectories'."
        )


def human_bytes(size: int) -> str:
    """Bytes as a short text.

    Example:

    >>> human_bytes(5 * 2**30)
    '5 GiB'
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while size >= 1024 and len(units) > 1:
        size //= 1024
        units.pop(0)
    return f"{size} {units[0]}" if size < 10**6 else f"over 10^6 {units[0]}"
