"""`Execution`: how a program is to be run."""

import dataclasses

from tfq_hybrid.engines.gradient_methods import GradientMethod


@dataclasses.dataclass(frozen=True)
class Execution:
    """How a program is to be run.

    Args:
        repetitions: int. Samples of each Pauli word, or trajectories of a
            noisy circuit. Defaults to `None`: exact expectations.
        backend: `"noiseless"`, or a Cirq simulator or sampler. Defaults to
            `"noiseless"`.
        differentiator: a `GradientMethod`, a
            `tfq.differentiators.Differentiator`, or `None`: exact where
            expectations are, else parameter shift. Defaults to `None`.
        noisy: bool. Whether channels are allowed. Defaults to `False`.
        sample_based: bool. Whether a trajectory gives one measured sign
            instead of its expectation. Defaults to `False`.
        readout_error: pair of float, the chances to read 1 for 0 and 0 for
            1. Defaults to `None`.
    """

    repetitions: int | None = None
    backend: object = "noiseless"
    differentiator: object = None
    noisy: bool = False
    sample_based: bool = False
    readout_error: tuple | None = None

    @property
    def takes_shots(self):
        """Whether results are measured signs."""
        return self.repetitions is not None and (
            self.sample_based or not self.noisy
        )

    @property
    def shifts_on_tfq(self):
        """Whether TensorFlow Quantum would use its parameter shift."""
        if self.differentiator is None:
            exact = self.repetitions is None and self.backend == "noiseless"
            return not exact
        if isinstance(self.differentiator, GradientMethod):
            return self.differentiator.name == "parameter_shift"
        return type(self.differentiator).__name__ == "ParameterShift"

    @property
    def uses_object(self):
        """Whether an object of TensorFlow Quantum computes the gradient."""
        return not isinstance(self.differentiator, (GradientMethod, type(None)))

    def method(self, trajectories=False):
        """The `GradientMethod` of the batched engine.

        Args:
            trajectories: bool. Whether it runs trajectories.
        """
        is_estimate = self.takes_shots or trajectories
        default = "parameter_shift" if is_estimate else "backprop"
        return self.differentiator or GradientMethod(default)
