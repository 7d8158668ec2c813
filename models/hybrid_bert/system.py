"""Hybrid BERT as a system: its arguments, and the classifier they make."""

import dataclasses

from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.engines import ENGINES, check_memory
from tfq_hybrid.errors import check_choice, check_share
from tfq_hybrid.models.hybrid_bert.losses import (
    ProbabilityMSE,
    WeightedCrossEntropy,
    balanced_weights,
)
from tfq_hybrid.models.hybrid_bert.model import (
    HybridBertTextClassifier,
    angle_fed,
    head_size,
)
from tfq_hybrid.training.systems import Options, System

LOSSES = {"cross_entropy": WeightedCrossEntropy, "mse": ProbabilityMSE}


@dataclasses.dataclass(frozen=True, kw_only=True)
class HybridBertOptions(Options):
    """The arguments of hybrid BERT.

    Args:
        preset: what `as_preset` takes: the BERT. Defaults to
            `"bert_base_en_uncased"`, the paper's.
        circuit: what `as_circuit` accepts, fed with angles. Defaults to
            `"hybrid_bert"`, the authors'. Its `scaling` is the range of the
            encoded angles.
        train_encoder: bool. Whether BERT is fine-tuned. Defaults to `False`:
            frozen, as in the authors' code; the title says fine-tuned.
        train_angles: bool. Whether the circuit's angles train. Defaults to
            `True`.
        loss: `"cross_entropy"`, which class weights go with, or `"mse"`.
            Defaults to `"cross_entropy"`.
        class_weighted: bool. Whether every class counts the same in the
            cross-entropy. Defaults to `True`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        dropout: float, before the head. Defaults to 0: the authors' head has
            none.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> HybridBertOptions().parameters(width=768, classes=2) == 775 * 4 + 2
    True
    """

    preset: str = "bert_base_en_uncased"
    circuit: object = "hybrid_bert"
    train_encoder: bool = False
    train_angles: bool = True
    loss: str = "cross_entropy"
    class_weighted: bool = True
    engine: str = "auto"
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "circuit", angle_fed(self.circuit))
        check_choice("loss", self.loss, LOSSES)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)

    def parameters(self, width, classes):
        """Parameters of the head.

        `(width + 1) n + angles + (n + 1) classes` on n qubits.

        Args:
            width: int. Of the encoder.
            classes: int.

        Returns:
            int; 775 n + 2 for BERT-base, two classes and four layers.
        """
        return head_size(self.circuit, width, classes)

    def make_loss(self, weights=None):
        """The loss to compile with.

        Args:
            weights: list of float, one for each class, such as
                `balanced_weights(labels, classes)`. Defaults to `None`.

        Returns:
            A `keras.losses.Loss` on integer labels and logits.
        """
        if self.loss == "mse":
            return ProbabilityMSE()
        return WeightedCrossEntropy(weights if self.class_weighted else None)


def vocabulary(options, texts, size):
    """The vocabulary of the preset, a list of str."""
    return bert_vocabulary(options.preset, texts, size)


def loss(options, training):
    """The loss of the options, with the weights of the classes in the data.

    Args:
        options: `HybridBertOptions`.
        training: `TextDataset`.

    Returns:
        A `keras.losses.Loss`.
    """
    if options.loss == "mse" or not options.class_weighted:
        return options.make_loss()
    classes = len(training.label_names)
    return options.make_loss(balanced_weights(training.labels, classes))


def build(options, baseline, setting):
    """The classifier that training and the command line build.

    Args:
        options: `HybridBertOptions`.
        baseline: `"linear"`, `"mlp"` or `None`.
        setting: `Setting`.

    Returns:
        A `HybridBertTextClassifier`, not compiled.

    Raises:
        UserError: the preset cannot be loaded, or the circuit does not fit
            in memory.
    """
    circuit = options.circuit
    if baseline is None:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size,
        )
    return HybridBertTextClassifier.from_options(
        bert_backbone(options.preset, setting.sequence_length),
        setting.classes,
        options,
        baseline,
        preprocessor=bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        compile=False,
        name="hybrid_bert",
    )


SYSTEM = System(
    name="hybrid-bert",
    task="classification",
    options=HybridBertOptions,
    baselines={
        "linear": ("circuit", "train_angles", "engine"),
        "mlp": ("train_angles", "engine"),
    },
    vocabulary=vocabulary,
    build=build,
    loss=loss,
    parts=lambda model: {"head": [model.head]},
    circuit_runs=lambda options, sequence_length: 1,
    recipe="tfq_hybrid.models.hybrid_bert.recipe:RECIPE",
)
