"""What a trial will take, measured and computed before it starts."""

import dataclasses
import time

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.build import circuit_bytes

# A weight, its gradient and two moments of Adam, in single precision.
PARAMETER_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a trial will take.

    Attributes:
        bytes: int. The states of the circuits (`engines.estimate_bytes`, an
            upper bound), and 16 bytes a parameter. The activations of the
            classical layers are not in it.
        seconds: float; see `estimate`. Rough.
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


def model_bytes(model, runs):
    """Bytes of a training step: circuits, and 16 bytes a parameter.

    Args:
        model: a built `keras.Model`.
        runs: int. How often each circuit runs in a step.

    Returns:
        int, in bytes.
    """
    states = circuit_bytes(model, runs)
    return states + PARAMETER_BYTES * model.count_params()


def check_bytes(needed, max_bytes):
    """Raises `UserError` where a trial needs more than it may take."""
    if max_bytes is not None and needed > max_bytes:
        raise UserError(
            f"Expected a trial of at most {human_bytes(max_bytes)}. Received: "
            f"one that needs {human_bytes(needed)}"
        )


def forward_seconds(model, batch):
    """How long a forward pass takes: the first, which traces, and others.

    Args:
        model: a `keras.Model`.
        batch: as `predict_on_batch` takes it.

    Returns:
        A pair of float, in seconds: the first pass, the fastest of three
        more.
    """
    times = []
    for _ in range(4):
        began = time.perf_counter()
        model.predict_on_batch(batch)
        times.append(time.perf_counter() - began)
    return times[0], min(times[1:])


def estimate(needed, parameters, forward, steps, epochs, validation_steps=0):
    """A `Prediction` from the forward passes of one batch.

    A training step counts as three forward passes, a validation step as one,
    and what is done once, the tracing of both, as ten tracings of a forward
    pass.

    Args:
        needed: int, in bytes.
        parameters: int.
        forward: pair of float, from `forward_seconds`.
        steps: int, of an epoch.
        epochs: int.
        validation_steps: int. Defaults to 0.
    """
    first, later = forward
    seconds = epochs * (3 * steps + validation_steps) * later + 10 * first
    return Prediction(needed, seconds, parameters, 3 * later)
