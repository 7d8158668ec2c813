"""The quantum head: the classifier that its options make."""

from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.quantum_head.classifier import QuantumHeadTextClassifier


def vocabulary(options, texts, size):
    """The vocabulary of the preset."""
    return bert_vocabulary(_preset(options), texts, size)


def build(options, baseline, setting):
    """The classifier that training and the command line build; see `System`."""
    bert = bert_backbone(_preset(options), setting.sequence_length)
    if baseline is None:
        _check_memory(options, bert.hidden_dim, setting.batch_size)
    return QuantumHeadTextClassifier.from_bert(
        bert,
        setting.classes,
        head=baseline or "quantum",
        options=options,
        preprocessor=bert_preprocessor(
            setting.vocabulary, setting.sequence_length, options.preset
        ),
        compile=False,
        name="quantum_head",
    )


def _check_memory(options, width, batch):
    """Raises `UserError` where the circuits would not fit in memory."""
    qubits = options.qubits_of_encoders(width)
    encoders = options.encoders
    read = max(options.values_read)
    check_memory(qubits, read, options.layers(qubits), batch, encoders)
    layers = options.layers(options.qubits, options.reuploads + 1)
    check_memory(options.qubits, options.readouts, layers, batch)


def _preset(options):
    if options.preset is None:
        raise UserError(
            "Expected a preset, the BERT that embeds the texts, such as a "
            "directory of sentence-transformers. Received: preset=None"
        )
    return options.preset


def parts(model):
    """The head."""
    return {"head": [model.head]}
