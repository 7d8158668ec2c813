"""How much memory a program takes, said before it is spent."""

import psutil

from tfq_hybrid.errors import UserError

_FLOAT_BYTES = 4


def estimate_bytes(qubits, operators, depth, batch):
    """Peak bytes of a training step of the batched engine.

    Two planes of 2**qubits floats for each example are kept for the gradient
    after the encoding and after each ansatz layer at most, and about four
    more are alive at the peak; the readout holds one table of 2**qubits
    complex numbers for each operator.

    Args:
        qubits: int.
        operators: int. The number of observables.
        depth: int. Ansatz layers in all, over every re-upload.
        batch: int. Examples that run at once: in a language model the
            tokens of a batch.

    Returns:
        int, in bytes.

    Example:

    >>> estimate_bytes(qubits=10, operators=10, depth=2, batch=1024)
    59047936
    """
    state = 2 * _FLOAT_BYTES * 2**qubits * batch
    return state * (depth + 5) + 2 * 16 * operators * 2**qubits


def check_memory(qubits, operators, depth, batch):
    """Raises `UserError` when a step would not fit in the free memory.

    The message names the largest number of qubits that fits.
    """
    available = psutil.virtual_memory().available

    def fits(count):
        measured = max(1, operators * count // qubits)
        return estimate_bytes(count, measured, depth, batch) <= available

    if not fits(qubits):
        largest = next((n for n in range(qubits, 0, -1) if fits(n)), 0)
        needed = estimate_bytes(qubits, operators, depth, batch)
        raise UserError(
            f"Expected a circuit that fits in memory: {qubits} qubits over "
            f"{batch} examples at once need {_human(needed)}, and "
            f"{_human(available)} are free. Received: qubits={qubits}. "
            f"The nearest valid value is {largest}."
        )


def _human(size):
    """Bytes as a short text: 5.5e10 -> '51 GiB'."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.3g} PiB"
