"""What a trial will take, measured and computed before it starts."""

import dataclasses
import time

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.engines import estimate_bytes, human_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense

# A weight, its gradient and two moments of Adam, in single precision.
PARAMETER_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a trial will take.

    Attributes:
        bytes: int. The states of the circuits (`engines.estimate_bytes`, an
            upper bound), and 16 bytes a parameter. The activations of the
            classical layers are not in it.
        seconds: float. Steps times `step_seconds`.
        parameters: int.
        step_seconds: float. A training step, as three forward passes on a
            batch.
    """

    bytes: int
    seconds: float
    parameters: int
    step_seconds: float

    def to_dict(self):
        """The bytes and the seconds, as in `search.json`."""
        return {"bytes": self.bytes, "seconds": round(self.seconds, 3)}


def model_bytes(model, batch_size, tokens):
    """Bytes of a training step: circuits, and 16 bytes a parameter.

    Args:
        model: a built `keras.Model`.
        batch_size: int.
        tokens: int. The tokens of an example that go through each circuit.

    Returns:
        int, in bytes.
    """
    circuits = [
        layer.circuit
        for _, layer in named_layers(model)
        if isinstance(layer, QuantumDense)
    ]
    states = sum(
        estimate_bytes(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            batch_size * tokens,
        )
        for circuit in circuits
    )
    return states + PARAMETER_BYTES * model.count_params()


def check_bytes(needed, max_bytes):
    """Raises `UserError` where a trial needs more than it may take."""
    if max_bytes is not None and needed > max_bytes:
        raise UserError(
            f"Expected a trial of at most {human_bytes(max_bytes)}. Received: "
            f"one that needs {human_bytes(needed)}"
        )


def step_seconds(model, batch):
    """A rough time for a training step: three forward passes.

    Args:
        model: a `keras.Model`.
        batch: as `predict_on_batch` takes it.

    Returns:
        float, three times the fastest of three passes, in seconds.
    """
    model.predict_on_batch(batch)  # traces
    times = []
    for _ in range(3):
        began = time.perf_counter()
        model.predict_on_batch(batch)
        times.append(time.perf_counter() - began)
    return 3 * min(times)
