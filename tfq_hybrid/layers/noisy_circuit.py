"""What `NoisyPQC` and `NoisyControlledPQC` add to the layers without noise."""

import cirq

from tfq_hybrid.engines.noisy_choice import (
    choose_noisy_engine,
    make_noisy_engine,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.arguments import (
    check_noise_model,
    check_noisy_differentiator,
    check_trajectories,
)


class NoisyCircuit:
    """Mixin before `PQC` or `ControlledPQC`: channels in the circuit.

    The subclasses document the arguments.
    """

    def __init__(
        self,
        model_circuit,
        operators,
        *,
        repetitions,
        sample_based,
        differentiator,
        noise_model,
        **kwargs,
    ):
        self.sample_based = check_trajectories(repetitions, sample_based)
        self.noise_model = check_noise_model(noise_model)
        super().__init__(
            model_circuit,
            operators,
            repetitions=repetitions,
            differentiator=check_noisy_differentiator(differentiator),
            **kwargs,
        )

    def _circuit_to_run(self):
        if self.noise_model is None:
            return self.model_circuit
        return self.model_circuit.with_noise(self.noise_model)

    def _choose_engine(self):
        return choose_noisy_engine(self.program, self.engine)

    def _make_engine(self, name):
        return make_noisy_engine(
            self.program,
            name,
            repetitions=self.repetitions,
            sample_based=self.sample_based,
            differentiator=self.differentiator,
        )

    def get_config(self):
        config = super().get_config()
        del config["backend"]
        noise_model = _to_json(self.noise_model)
        return {
            **config,
            "sample_based": self.sample_based,
            "noise_model": noise_model,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        if config["noise_model"] is not None:
            config["noise_model"] = cirq.read_json(
                json_text=config["noise_model"]
            )
        return super().from_config(config)


def _to_json(noise_model):
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
