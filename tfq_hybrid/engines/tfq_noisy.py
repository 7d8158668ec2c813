"""Noisy circuits by TensorFlow Quantum's own operations.

They run trajectories: at each channel one Kraus operator is drawn, the pure
state goes on, and results are averaged over `repetitions` runs. The
operations draw their seeds anew at every call and take none: neither
`tf.random.set_seed` nor `keras.utils.set_random_seed` reaches them.
"""

from tfq_hybrid.engines.stock import (
    noisy_expectation_op,
    noisy_sampled_expectation_op,
    tfq,
)
from tfq_hybrid.engines.tfq import TFQEngine


class TFQNoisyEngine(TFQEngine):
    """Expectations of a noisy program by TensorFlow Quantum.

    Args:
        program: `Program` whose circuit may hold channels.
        repetitions: int. Trajectories for each example.
        sample_based: bool. `True` draws one sample of each operator from a
            trajectory, as a device would; `False` takes its expectation.
        differentiator: a `tfq.differentiators.Differentiator`. Defaults to
            `None`: parameter shift.
    """

    def __init__(self, program, repetitions, sample_based, differentiator=None):
        self.sample_based = sample_based
        super().__init__(program, repetitions, differentiator=differentiator)

    def _differentiable_op(self, simulator, differentiator):
        if differentiator is None:
            differentiator = tfq.differentiators.ParameterShift()
        if self.sample_based:
            op = noisy_sampled_expectation_op.sampled_expectation
        else:
            op = noisy_expectation_op.expectation
        return differentiator.generate_differentiable_op(sampled_op=op)
