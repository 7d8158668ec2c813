"""`evaluate_on`: a trained model with its circuits on a device."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import cirq
import keras
import numpy as np

from tfq_hybrid.engines import Execution, Program, choose_engine
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.hardware.device import Device
from tfq_hybrid.hardware.resources import circuits_in
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.noisy import NoisyCircuit


@contextlib.contextmanager
def on_backend(
    model: keras.Model, backend: Any, repetitions: int
) -> Iterator[list[CircuitLayer]]:
    """Lets the circuits of a model run on a Cirq back end meanwhile.

    The model is to be called, not predicted with: what Keras has compiled stays
    as it is.

    Args:
        model: with circuit layers.
        backend: a `Device` or another `cirq.Sampler`.
        repetitions: of each circuit.

    Yields:
        Its circuit layers.

    Raises:
        UserError: the model has no circuit, or one that simulates its noise.
    """
    check_integer("repetitions", repetitions, minimum=1)
    layers = [layer for _, layer in circuits_in(model)]
    for layer in layers:
        if isinstance(layer, NoisyCircuit):
            raise UserError(
                "Expected circuits without noise of their own: a device has "
                f"its own. Received: {type(layer).__name__} {layer.name!r}"
            )
    kept = [dict(vars(layer)) for layer in layers]
    try:
        for layer in layers:
            program: Program = dataclasses.replace(layer.program, measures=True)
            execution = Execution(repetitions, backend)
            _put(layer, choose_engine(program, "cirq", execution))
        yield layers
    finally:
        for layer, before in zip(layers, kept, strict=True):
            _put(layer, before["engine_choice"])


def _put(layer, choice):
    layer.engine_choice = choice
    for made_of_it in ("_data_engine", "_traced_engine"):
        vars(layer).pop(made_of_it, None)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A model on a device beside the model as it was.

    Attributes:
        examples: how many rows were asked.
        outputs: of the device, rows first.
        reference: of the model as it was.
        largest_difference: between both.
        accuracy: the share of labels that the outputs of the device meet, where
            there are labels. Else `None`.
        reference_accuracy: likewise of the model as it was.
        jobs: that a `Device` submitted. Else `None`.
        shots: likewise.
        seconds: that the device took.
    """

    examples: int
    outputs: np.ndarray
    reference: np.ndarray
    largest_difference: float
    accuracy: float | None
    reference_accuracy: float | None
    jobs: int | None
    shots: int | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        arrays = {
            "outputs": self.outputs.tolist(),
            "reference": self.reference.tolist(),
        }
        return dataclasses.asdict(self) | arrays


def evaluate_on(
    model: keras.Model,
    data: Any,
    device: cirq.Sampler,
    limit: int = 100,
    repetitions: int = 1_000,
    batch_size: int = 32,
) -> Evaluation:
    """Asks a trained model with its circuits on a device.

    Args:
        model: with circuit layers that start from no given states.
        data: inputs with the rows on the first axis, or a pair of them and of
            integer labels.
        device: a `Device` or another `cirq.Sampler`.
        limit: the most rows. Defaults to 100.
        repetitions: of each circuit. Defaults to 1,000.
        batch_size: rows of a job. Defaults to 32.

    Raises:
        UserError: a layer starts from states, or another limit is passed.

    Example:

    >>> from tfq_hybrid.layers import QuantumDense
    >>> model = keras.Sequential([keras.Input((3,)), QuantumDense(2, "qffn")])
    >>> x = np.random.default_rng(0).normal(size=(5, 3))
    >>> device = Device(cirq.Simulator())
    >>> found = evaluate_on(model, (x, [0, 1, 1, 0, 1]), device)
    >>> found.examples, found.jobs, found.shots
    (5, 1, 5000)
    """
    check_integer("limit", limit, minimum=1)
    check_integer("batch_size", batch_size, minimum=1)
    inputs, labels = data if isinstance(data, tuple) else (data, None)
    inputs = keras.tree.map_structure(lambda x: np.asarray(x)[:limit], inputs)
    count = len(keras.tree.flatten(inputs)[0])
    batches = [
        keras.tree.map_structure(
            lambda x, first=first: x[first : first + batch_size], inputs
        )
        for first in range(0, count, batch_size)
    ]

    def answers():
        found = [model(batch, training=False) for batch in batches]
        return np.concatenate([keras.ops.convert_to_numpy(x) for x in found])

    reference = answers()
    own = device if isinstance(device, Device) else None
    jobs, shots = (own.jobs, own.shots) if own else (0, 0)
    began = time.perf_counter()
    with on_backend(model, device, repetitions):
        outputs = answers()
    seconds = time.perf_counter() - began
    accuracy = reference_accuracy = None
    if labels is not None:
        wanted = np.asarray(labels)[:limit]
        accuracy, reference_accuracy = (
            float(np.mean(np.argmax(x, axis=-1) == wanted))
            for x in (outputs, reference)
        )
    return Evaluation(
        count,
        outputs,
        reference,
        float(np.abs(outputs - reference).max()),
        accuracy,
        reference_accuracy,
        own.jobs - jobs if own else None,
        own.shots - shots if own else None,
        seconds,
    )
