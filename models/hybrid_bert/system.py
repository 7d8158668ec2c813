"""Hybrid BERT as a system: its arguments and its baselines."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice, check_share
from tfq_hybrid.models.adapted.system import POOLINGS
from tfq_hybrid.training.systems import Options, System

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.circuits import CircuitSpec, CustomCircuit

LOSSES = ("cross_entropy", "mse")


def as_angle_circuit(circuit: object) -> "CircuitSpec | CustomCircuit":
    """A circuit whose features are angles."""
    found = as_circuit(circuit)
    if found.starts_from_amplitudes:
        raise UserError(
            "Expected a circuit whose inputs are angles. Received: one that "
            "starts from amplitudes"
        )
    return found


def head_size(circuit, width, classes):
    """Parameters of the quantum head on an encoder of a width."""
    down = (width + 1) * circuit.feature_count
    up = (circuit.observable_count + 1) * classes
    return down + circuit.weight_count + up


@dataclasses.dataclass(frozen=True, kw_only=True)
class HybridBertOptions(Options):
    """The arguments of hybrid BERT.

    Args:
        preset: The encoder, as for `bases.as_preset`. Defaults to
            `"bert_base_en_uncased"`, the paper's.
        pooling: The vector of a text: the first token's hidden state, the
            last one's, the mean of all, or the pooler's. Defaults to `None`:
            the pooler's where the encoder has one, as in the paper, else the
            mean; last of a decoder.
        circuit: The circuit of the head, with angles as inputs, as for
            `as_circuit`; its scaling is the range of the encoded angles.
            Defaults to `"hybrid_bert"`, the authors'.
        train_encoder: Fine-tune the encoder. Defaults to `False`: frozen, as
            in the authors' code; the title says fine-tuned.
        train_angles: Train the angles of the circuit. Defaults to `True`.
        loss: The loss; class weights go with the cross-entropy. Defaults to
            `"cross_entropy"`.
        class_weighted: Let every class count the same in the cross-entropy.
            Defaults to `True`.
        engine: What runs the circuit. Defaults to `"auto"`.
        dropout: Dropout rate before the head. Defaults to 0: the authors'
            head has none.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> HybridBertOptions().parameters(width=768, classes=2) == 775 * 4 + 2
    True
    """

    preset: str = "bert_base_en_uncased"
    pooling: str | None = choice(None, POOLINGS)
    circuit: Circuit = "hybrid_bert"
    train_encoder: bool = False
    train_angles: bool = True
    loss: str = choice("cross_entropy", LOSSES)
    class_weighted: bool = True
    engine: str = choice("auto", ENGINES)
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "circuit", as_angle_circuit(self.circuit))
        if self.pooling is not None:
            check_choice("pooling", self.pooling, POOLINGS)
        check_choice("loss", self.loss, LOSSES)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)

    def parameters(self, width: int, classes: int) -> int:
        """Parameters of the head.

        `(width + 1) n + angles + (n + 1) classes` on n qubits: 775 n + 2 for
        BERT-base, two classes and four layers.

        Args:
            width: of the encoder.
            classes: the number of labels.
        """
        return head_size(self.circuit, width, classes)

    def make_loss(
        self, weights: list[float] | None = None
    ) -> "keras.losses.Loss":
        """The loss to compile with.

        Args:
            weights: one for each class, such as
                `balanced_weights(labels, classes)`. Defaults to `None`.

        Returns:
            A loss on integer labels and logits.
        """
        from tfq_hybrid.models.hybrid_bert import losses

        if self.loss == "mse":
            return losses.ProbabilityMSE()
        weights = weights if self.class_weighted else None
        return losses.WeightedCrossEntropy(weights)

    def circuit_runs(self, sequence_length: int) -> int:
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
    tasks=dict.fromkeys(
        ("regression", "multi-label"), ("loss", "class_weighted")
    ),
    recipe="tfq_hybrid.models.hybrid_bert.recipe:RECIPE",
)
