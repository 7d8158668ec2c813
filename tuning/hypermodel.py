"""`HybridHyperModel`: the same spaces for keras-tuner's own tuners."""

import keras_tuner

from tfq_hybrid.tuning.space import Space


class HybridHyperModel(keras_tuner.HyperModel):
    """A space and what builds a model from its values.

    For `keras_tuner.RandomSearch` and its like. `tfq_hybrid.tuning.search`
    needs none: it also estimates memory and time, keeps failures apart, and
    leaves run folders.

    Args:
        trials: `SystemTrials` of a published system, or `FunctionTrials` of
            a function of your own.
        space: `Space`, such as `space_of(config)`.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
    >>> from tfq_hybrid.tuning import SystemTrials, space_of
    >>> config = TrainConfig("embedded", limit=64, sequence_length=8)
    >>> space = space_of(config, ["qubits=2,3", "depth=3"], only=True)
    >>> hypermodel = HybridHyperModel(SystemTrials(config), space)
    >>> hp = hypermodel.space.hyperparameters()
    >>> hypermodel.values(hp)
    {'circuit.qubits': 2, 'circuit.depth': 3}
    """

    def __init__(self, trials, space: Space):
        super().__init__()
        self.trials = trials
        self.space = space

    def declare_hyperparameters(self, hp):
        hp.merge(self.space.hyperparameters())

    def values(self, hp):
        """The arguments that keras-tuner's values stand for, a dict."""
        return self.space.decode(hp.values)

    def build(self, hp):
        """The compiled model of keras-tuner's values."""
        if not hp.values:
            hp = self.space.hyperparameters()
        return self.trials.build(self.values(hp))
