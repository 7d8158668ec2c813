"""Hybrid BERT as a system: its arguments and its baselines."""

import dataclasses

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice, check_share
from tfq_hybrid.training.systems import Options, System

LOSSES = ("cross_entropy", "mse")


def angle_fed(circuit):
    """A circuit whose features are angles."""
    circuit = as_circuit(circuit)
    if circuit.starts_from_amplitudes:
        raise UserError(
            "Expected a circuit that is fed with angles. Received: one that "
            "starts from amplitudes"
        )
    return circuit


def head_size(circuit, width, classes):
    """Parameters of the quantum head on a BERT of a width, an int."""
    down = (width + 1) * circuit.feature_count
    up = (circuit.observable_count + 1) * classes
    return down + circuit.weight_count + up


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
        from tfq_hybrid.models.hybrid_bert import losses

        if self.loss == "mse":
            return losses.ProbabilityMSE()
        weights = weights if self.class_weighted else None
        return losses.WeightedCrossEntropy(weights)

    def circuit_runs(self, sequence_length):
        return 1


SYSTEM = System(
    name="hybrid-bert",
    task="classification",
    options=HybridBertOptions,
    baselines={
        "linear": ("circuit", "train_angles", "engine"),
        "mlp": ("train_angles", "engine"),
    },
    model="tfq_hybrid.models.hybrid_bert.build",
    recipe="tfq_hybrid.models.hybrid_bert.recipe:RECIPE",
)
