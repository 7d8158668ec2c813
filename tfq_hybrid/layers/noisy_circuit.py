"""What the noisy layers add to those without noise."""

from tfq_hybrid.circuits.cirq_json import read_cirq, write_cirq
from tfq_hybrid.engines import Execution
from tfq_hybrid.engines.shots import check_readout_error
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.arguments import (
    check_differentiator,
    check_noise_model,
    check_trajectories,
)


class NoisyCircuit:
    """Mixin before a circuit layer: channels in the circuit.

    The subclasses document the arguments.
    """

    def __init__(
        self,
        model_circuit,
        operators,
        *,
        repetitions=None,
        sample_based=None,
        differentiator=None,
        noise_model=None,
        readout_error=None,
        **kwargs,
    ):
        if "backend" in kwargs:  # as for TensorFlow Quantum's noisy layers
            raise TypeError(
                "Expected no backend in a noisy layer, which simulates its "
                f"noise. Received: backend={kwargs['backend']!r}"
            )
        self.sample_based = check_trajectories(repetitions, sample_based)
        self.noise_model = check_noise_model(noise_model)
        self.readout_error = check_readout_error(readout_error)
        super().__init__(
            model_circuit,
            operators,
            repetitions=repetitions,
            differentiator=check_differentiator(differentiator, noisy=True),
            **kwargs,
        )

    def _circuit_to_run(self):
        if self.noise_model is None:
            return self.model_circuit
        return self.model_circuit.with_noise(self.noise_model)

    def _execution(self):
        return Execution(
            self.repetitions,
            differentiator=self.differentiator,
            noisy=True,
            sample_based=self.sample_based,
            readout_error=self.readout_error,
        )

    def get_config(self):
        config = super().get_config()
        config.pop("backend", None)  # TensorFlow Quantum's has none either
        noise_model = noise_model_to_json(self.noise_model, self.name)
        return {
            **config,
            "sample_based": self.sample_based,
            "noise_model": noise_model,
            "readout_error": self.readout_error,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        config["noise_model"] = noise_model_from_json(config["noise_model"])
        return super().from_config(config)


def noise_model_to_json(noise_model, name):
    """The JSON text of a noise model; `None` for `None`.

    Args:
        noise_model: a `cirq.NoiseModel` or `None`.
        name: str. The layer's, for the message.

    Raises:
        UserError: it cannot be written as JSON.
    """
    if noise_model is None:
        return None
    try:
        return write_cirq(noise_model, "noise model", f"layer {name!r}")
    except UserError as error:
        raise UserError(
            f"{error}. Give model_circuit.with_noise(noise_model) as the "
            "circuit instead."
        ) from None


def noise_model_from_json(text):
    """The noise model of `noise_model_to_json`'s text, `None` of `None`."""
    return None if text is None else read_cirq(text, "noise model")
