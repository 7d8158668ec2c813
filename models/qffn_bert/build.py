"""QFFN-BERT: the classifier that its options make."""

from tfq_hybrid.adapters import adapt
from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.encoders.pooled import PooledBertTextClassifier
from tfq_hybrid.encoders.tokens import BertTokenClassifier
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.qffn_bert.model import QFFNBert, QFFNBertTextClassifier


def vocabulary(options, texts, size):
    """The vocabulary of the preset, or one learned from the texts."""
    return bert_vocabulary(options.preset, texts, size)


def build(options, baseline, setting):
    """The classifier, from random or preset weights; see `System`.

    With an adapter it is a `PooledBertTextClassifier`, adapted.
    """
    if options.adapter is not None and baseline is not None:
        raise UserError(
            "Expected no baseline with an adapter. Received: "
            f"baseline={baseline!r}"
        )
    bert = bert_backbone(options.preset, setting.sequence_length)
    task = {
        "preprocessor": bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        "dropout": options.dropout,
        "compile": False,
    }
    if options.adapter is not None:
        return _adapted(options, bert, setting, task)
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
        return BertTokenClassifier(backbone, setting.classes, **task)
    return QFFNBertTextClassifier(backbone, setting.classes, **task)


def _adapted(options, bert, setting, task):
    """A classifier on a frozen BERT, or what its method makes of it."""
    method = options.adapter
    circuits = method.circuits(bert)
    for circuit in circuits[:1]:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * setting.sequence_length,
            layers=len(circuits),
        )
    task |= {"name": "classifier"}
    if setting.task == "tokens":
        model = BertTokenClassifier.from_bert(bert, setting.classes, **task)
        return adapt(model, method)
    model = PooledBertTextClassifier.from_bert(
        bert, setting.classes, pooling=options.pooling or "mean", **task
    )
    return adapt(model, method)


def parts(model):
    """The feed-forward blocks, of a model that is no adapted BERT."""
    if not isinstance(model.backbone, QFFNBert):
        return {}
    pairs = model.backbone.feed_forward_blocks
    return {"feed_forward": [part for pair in pairs for part in pair]}
