"""Layers around noisy circuits."""

from typing import Any, Self

import cirq
import keras

from tfq_hybrid.circuits import cirq_json
from tfq_hybrid.engines import Execution
from tfq_hybrid.engines.names import NOISE_METHODS
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.layers.amplitude_pqc import AmplitudePQC
from tfq_hybrid.layers.arguments import (
    Operators,
    check_differentiator,
    check_noise_model,
    check_readout_error,
    check_trajectories,
)
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.pqc import PQC


class NoisyCircuit(CircuitLayer):
    """Mixin before a circuit layer: channels in the circuit.

    The subclasses document the arguments.
    """

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        operators: Operators,
        *,
        repetitions: int | None = None,
        sample_based: bool | None = None,
        differentiator: Any = None,
        noise_model: Any = None,
        readout_error: float | tuple[float, float] | None = None,
        noise_method: str | None = None,
        **kwargs: Any,
    ):
        if "backend" in kwargs:  # as for TensorFlow Quantum's noisy layers
            raise TypeError(
                "Expected no backend in a noisy layer, which simulates its "
                f"noise. Received: backend={kwargs['backend']!r}"
            )
        self.sample_based = check_trajectories(repetitions, sample_based)
        self.noise_model = check_noise_model(noise_model)
        self.readout_error = check_readout_error(readout_error)
        if noise_method is not None:
            check_choice("noise_method", noise_method, NOISE_METHODS)
        self.noise_method = noise_method
        super().__init__(
            model_circuit,
            operators,
            repetitions=repetitions,
            differentiator=check_differentiator(differentiator, noisy=True),
            **kwargs,
        )

    def _circuit_to_run(self) -> cirq.Circuit:
        if self.noise_model is None:
            return self.model_circuit
        return self.model_circuit.with_noise(self.noise_model)

    def _execution(self) -> Execution:
        return Execution(
            self.repetitions,
            differentiator=self.differentiator,
            noisy=True,
            sample_based=self.sample_based,
            readout_error=self.readout_error,
            noise_method=self.noise_method,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("backend", None)  # TensorFlow Quantum's has none either
        noise_model = noise_model_to_json(self.noise_model, self.name)
        return {
            **config,
            "sample_based": self.sample_based,
            "noise_model": noise_model,
            "readout_error": self.readout_error,
            "noise_method": self.noise_method,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        noise_model = noise_model_from_json(config.get("noise_model"))
        config["noise_model"] = noise_model
        return super().from_config(config)


def noise_model_to_json(noise_model: Any, name: str) -> str | None:
    """The JSON text of the noise model of a layer; `None` for `None`."""
    if noise_model is None:
        return None
    try:
        return cirq_json.write_cirq(
            noise_model, "noise model", f"layer {name!r}"
        )
    except UserError as error:
        raise UserError(
            f"{error}. Give model_circuit.with_noise(noise_model) as the "
            "circuit instead."
        ) from None


def noise_model_from_json(text: str | None) -> Any:
    """The noise model of `noise_model_to_json`'s text, `None` of `None`."""
    return None if text is None else cirq_json.read_cirq(text, "noise model")


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyPQC(NoisyCircuit, PQC):
    """Expectations after data circuits and a trained circuit, with noise.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same,
    and `noise_model` and `readout_error` are added. Channels may stand in
    `model_circuit` and, on TensorFlow Quantum, in the data circuits. There
    results are averages over trajectories, which cannot be seeded.

    Args:
        model_circuit, operators, initializer, regularizer, constraint, seed:
            see `PQC`.
        repetitions, sample_based, differentiator: see `NoisyControlledPQC`.
        noise_model, readout_error, noise_method: see `NoisyControlledPQC`.
        engine: `"auto"`, `"batched"` or `"tfq"`, as in `PQC`.

    Call arguments:
        inputs: string tensor of shape (batch,), from
            `tfq.convert_to_tensor`, of circuits without symbols.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does. Further, a
            `UserError` where no engine runs a channel.

    Example:

    >>> import cirq
    >>> import sympy
    >>> import tensorflow_quantum as tfq
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit))
    >>> circuit += cirq.bit_flip(1.0)(qubit)
    >>> layer = NoisyPQC(
    ...     circuit,
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=False,
    ...     initializer="zeros",
    ... )
    >>> layer(tfq.convert_to_tensor([cirq.Circuit()])).numpy()
    array([[-1.]], dtype=float32)
    """


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyControlledPQC(NoisyCircuit, ControlledPQC):
    """Expectation values of a noisy circuit with input and trained symbols.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.
    As in `ControlledPQC`, data circuits may be left out and symbols may be
    trained by the layer; `noise_model` and `readout_error` are added. Channels
    may stand in `model_circuit` and, on TensorFlow Quantum, in the data
    circuits. There results are averages over trajectories, which cannot be
    seeded.

    Args:
        model_circuit, operators, trained_symbols: see `ControlledPQC`.
        initializer, regularizer, constraint, seed: see `ControlledPQC`.
        repetitions: trajectories for each example, and samples where
            they are `sample_based`. Must be given; density matrices, which
            the batched engine prefers, make no trajectories.
        sample_based: `True` draws one sample of each operator from a
            trajectory, as a device would; `False` takes its expectation.
            Must be given.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict (see there), or a `tfq.differentiators.Differentiator`, which
            runs on TensorFlow Quantum. Defaults to `None`: exact where the
            expectations are, else parameter shift.
        noise_model: a `cirq.NoiseModel` that is applied to `model_circuit`
            (`with_noise`), or a channel on one qubit, which then acts on
            every qubit after every moment
            (`cirq.ConstantQubitNoiseModel`). Defaults to `None`.
        readout_error: the readout error probabilities P(1|0) and P(0|1), or
            one number for both. On the batched engine. Defaults to `None`.
        noise_method: `"density_matrix"`, exact, or `"trajectories"`, to insist
            on one. Defaults to `None`: density matrices to eight qubits on the
            batched engine, and further for a batch that is known to be small.
        engine: `"auto"`, `"batched"` or `"tfq"`. The batched engine runs
            density matrices of up to eight qubits, and trajectories of more;
            `engine_choice` tells. Data circuits as in `PQC`. Defaults to
            `"auto"`.

    Call arguments:
        inputs: float tensor of shape (batch, symbols), the values in
            the lexicographic order of the names; or a pair of a string
            tensor of shape (batch,) of data circuits and such a tensor.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does. Further, a
            `UserError` where no engine runs a channel.

    Example:

    >>> import cirq
    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.X(qubit) ** sympy.Symbol("turns"))
    >>> layer = NoisyControlledPQC(
    ...     circuit,
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=True,
    ...     noise_model=cirq.bit_flip(1.0),
    ... )
    >>> layer(np.array([[0.0], [1.0]])).numpy()
    array([[-1.],
           [ 1.]], dtype=float32)
    """


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoisyAmplitudePQC(NoisyCircuit, AmplitudePQC):
    """Expectations of a noisy trained circuit on amplitude-encoded vectors.

    `AmplitudePQC` with the noise of `NoisyControlledPQC`. The preparation of
    the state is taken to be free of noise.

    Args:
        model_circuit, operators, initializer, regularizer, constraint: see
            `AmplitudePQC`.
        repetitions, sample_based, differentiator: see `NoisyControlledPQC`.
        noise_model, readout_error, noise_method, seed: see
            `NoisyControlledPQC`.

    Call arguments:
        inputs: float tensor of shape (batch, width), width <= 2**qubits.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError, UserError: as for those two.

    Example:

    >>> import cirq
    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> layer = NoisyAmplitudePQC(
    ...     cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit)),
    ...     cirq.Z(qubit),
    ...     repetitions=10,
    ...     sample_based=False,
    ...     noise_model=cirq.bit_flip(0.5),
    ... )
    >>> layer(np.array([[3.0, 4.0]])).numpy().round(4) + 0
    array([[0.]], dtype=float32)
    """
