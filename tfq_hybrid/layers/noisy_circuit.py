"""What the noisy layers add to those without noise."""

import cirq

from tfq_hybrid.circuits.custom import read_cirq
from tfq_hybrid.engines import Execution
from tfq_hybrid.engines.sampling import check_readout_error
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
        noise_model = noise_model_to_json(self.noise_model)
        return {
            **config,
            "sample_based": self.sample_based,
            "noise_model": noise_model,
            "readout_error": self.readout_error,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        if config["noise_model"] is not None:
            config["noise_model"] = read_cirq(config["noise_model"])
        return super().from_config(config)


def noise_model_to_json(noise_model):
    """The JSON text of a noise model; `None` for `None`.

    Raises:
        UserError: Cirq does not write it as JSON.
    """
    if noise_model is None:
        return None
    try:
        return cirq.to_json(noise_model, indent=None)
    except TypeError:
        raise UserError(
            "Expected a noise model that Cirq writes as JSON in a layer that "
            f"is saved. Received: {type(noise_model).__name__}. Give "
            "model_circuit.with_noise(noise_model) as the circuit instead."
        ) from None
