"""QFFN-BERT as a system: its arguments, and the classifier they make."""

import dataclasses

import keras_hub

from tfq_hybrid.adapters import adapt, method_from_dict
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.engines import ENGINES, check_memory
from tfq_hybrid.errors import UserError, check_choice, check_share
from tfq_hybrid.layers import TOKENS
from tfq_hybrid.models.qffn_bert.model import QFFNBert, QFFNBertTextClassifier
from tfq_hybrid.training.systems import Options, System


@dataclasses.dataclass(frozen=True, kw_only=True)
class QFFNBertOptions(Options):
    """The arguments of QFFN-BERT.

    Args:
        circuit: what `as_circuit` accepts. Defaults to `"qffn"`.
        tokens: `"all"` or `"cls"`. Defaults to `"all"`.
        residual: bool. Whether the residual around the blocks stays.
            Defaults to `True`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        preset: str. A keras-hub BERT preset, a name or a folder, to start
            from. Defaults to `None`: BERT-tiny from random weights.
        adapter: dict of `Method.to_dict()`. Adapt the preset by this method
            instead; its circuit is the method's. Defaults to `None`.
        dropout: float. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.
    """

    circuit: object = "qffn"
    tokens: str = "all"
    residual: bool = True
    engine: str = "auto"
    preset: str | None = None
    adapter: dict | None = None
    dropout: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("tokens", self.tokens, TOKENS)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)
        if self.adapter is not None:
            method = method_from_dict(self.adapter)
            object.__setattr__(self, "adapter", method.to_dict())
            if self.preset is None:
                raise UserError(
                    "Expected a preset with an adapter. Received: preset=None"
                )


def circuit_runs(options, sequence_length):
    """How often each circuit runs for a text, an int."""
    whole = options.tokens == "all" or options.adapter is not None
    return sequence_length if whole else 1


def vocabulary(options, texts, size):
    """The vocabulary of the preset, or one learned from the texts."""
    return bert_vocabulary(options.preset, texts, size)


def build(options, baseline, setting):
    """The classifier, from random or preset weights.

    Args:
        options: `QFFNBertOptions`.
        baseline: `"ffn"`, `"bottleneck"`, `"none"` or `None`.
        setting: `Setting`.

    Returns:
        A `QFFNBertTextClassifier`, or with an adapter keras-hub's
        `BertTextClassifier` adapted.

    Raises:
        UserError: the circuit does not fit in memory, or an argument has no
            effect.
    """
    if options.adapter is not None and baseline is not None:
        raise UserError(
            "Expected no classical baseline with an adapter. Received: "
            f"classical={baseline!r}"
        )
    bert = bert_backbone(options.preset, setting.sequence_length)
    if options.adapter is not None:
        return _adapted(options, bert, setting)
    circuit = options.circuit
    if baseline is None:
        runs = circuit_runs(options, setting.sequence_length)
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * runs,
            layers=bert.num_layers if bert else 2,  # BERT-tiny has two
        )
    arguments = {
        "feed_forward": baseline or "quantum",
        "circuit": circuit,
        "tokens": options.tokens,
        "residual": options.residual,
        "engine": options.engine,
        "dropout": options.dropout,
        # A fixed name keeps the names of logs the same in every process.
        "name": "qffn_bert",
    }
    if bert is None:
        backbone = QFFNBert(
            vocabulary_size=len(setting.vocabulary),
            max_sequence_length=setting.sequence_length,
            **arguments,
        )
    else:
        backbone = QFFNBert.from_bert(bert, **arguments)
    return QFFNBertTextClassifier(
        backbone,
        setting.classes,
        preprocessor=bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        dropout=options.dropout,
        compile=False,
    )


def _adapted(options, bert, setting):
    """A classifier on a frozen BERT, or what its method makes of it."""
    method = method_from_dict(options.adapter)
    circuits = method.circuits(bert)
    for circuit in circuits[:1]:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * setting.sequence_length,
            layers=len(circuits),
        )
    model = keras_hub.models.BertTextClassifier(
        bert,
        setting.classes,
        preprocessor=bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        dropout=options.dropout,
        compile=False,
        name="classifier",
    )
    return adapt(model, method)


def parts(model):
    """The feed-forward blocks, of a model that is no adapted BERT."""
    if not isinstance(model, QFFNBertTextClassifier):
        return {}
    pairs = model.backbone.feed_forward_blocks
    return {"feed_forward": [part for pair in pairs for part in pair]}


SYSTEM = System(
    name="qffn-bert",
    task="classification",
    options=QFFNBertOptions,
    baselines={
        "ffn": ("circuit", "tokens", "residual", "engine"),
        "bottleneck": ("engine",),
        "none": ("circuit", "tokens", "residual", "engine"),
    },
    vocabulary=vocabulary,
    build=build,
    parts=parts,
    circuit_runs=circuit_runs,
    recipe="tfq_hybrid.models.qffn_bert.recipe:RECIPE",
    searched=(
        "qubits",
        "depth",
        "reuploads",
        "entanglement",
        "distance",
        "dropout",
        "learning_rate",
    ),
)
