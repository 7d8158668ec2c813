"""QFFN-BERT: the classifier that its options make."""

from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.engines import check_memory
from tfq_hybrid.models.qffn_bert.model import QFFNBert, QFFNBertTextClassifier


def vocabulary(options, texts, size):
    """The vocabulary of the preset, or one learned from the texts."""
    return bert_vocabulary(options.preset, texts, size)


def build(options, baseline, setting):
    """The classifier, from random or preset weights; see `System`."""
    bert = bert_backbone(options.preset, setting.sequence_length)
    task = {
        "preprocessor": bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        "dropout": options.dropout,
        "compile": False,
    }
    circuit = options.circuit
    if baseline is None:
        runs = options.circuit_runs(setting.sequence_length)
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
    if setting.task == "tokens":
        return TokenClassifier(backbone, setting.classes, **task)
    return QFFNBertTextClassifier(backbone, setting.classes, **task)


def parts(model):
    """The feed-forward blocks."""
    pairs = model.backbone.feed_forward_blocks
    return {"feed_forward": [part for pair in pairs for part in pair]}
