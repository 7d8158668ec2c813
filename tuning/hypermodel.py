"""A hypermodel for keras-tuner: the circuit of a QFFN-BERT classifier."""

import dataclasses

import keras_tuner

from tfq_hybrid.training.build import build_model, compile_model


class QFFNBertHyperModel(keras_tuner.HyperModel):
    """Qubits, depth, re-uploads and learning rate of a `QFFNBert`.

    The space is declared by `build`: `qubits` from 2 to `max_qubits`,
    `depth` from 1 to `max_depth`, `reuploads` from 0 to `max_reuploads`, and
    `learning_rate` from 1e-4 to 1e-2 on a logarithmic scale. All else is as
    in the config.

    Args:
        config: `TrainConfig` whose circuit is a `CircuitSpec`.
        vocabulary: list of str, from the training texts.
        classes: int. The number of labels.
        steps_per_epoch: int. For the schedule of the learning rate.
        max_qubits: int. Defaults to 6.
        max_depth: int. Defaults to 4.
        max_reuploads: int. Defaults to 2.

    Example:

    >>> from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
    >>> from tfq_hybrid.training import TrainConfig
    >>> config = TrainConfig("embedded", sequence_length=8)
    >>> hypermodel = QFFNBertHyperModel(
    ...     config, [*SPECIAL_TOKENS, "good", "bad"], 2, steps_per_epoch=10
    ... )
    >>> hp = keras_tuner.HyperParameters()
    >>> hp.Fixed("depth", 3)
    3
    >>> hypermodel.build(hp).backbone.circuit.weight_count  # 2 * 2 * 3
    12
    """

    def __init__(
        self,
        config,
        vocabulary,
        classes,
        steps_per_epoch,
        max_qubits=6,
        max_depth=4,
        max_reuploads=2,
    ):
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.classes = classes
        self.steps_per_epoch = steps_per_epoch
        self.max_qubits = max_qubits
        self.max_depth = max_depth
        self.max_reuploads = max_reuploads

    def build(self, hp):
        options = self.config.options
        circuit = dataclasses.replace(
            options.circuit,
            qubits=hp.Int("qubits", 2, self.max_qubits),
            depth=hp.Int("depth", 1, self.max_depth),
            reuploads=hp.Int("reuploads", 0, self.max_reuploads),
        )
        config = dataclasses.replace(
            self.config,
            options=dataclasses.replace(options, circuit=circuit),
            learning_rate=hp.Float(
                "learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3
            ),
        )
        model = build_model(config, self.vocabulary, self.classes)
        compile_model(model, config, self.steps_per_epoch)
        return model
