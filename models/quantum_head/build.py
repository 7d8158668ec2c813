"""The quantum head: the classifier that its options make."""

from tfq_hybrid.encoders.pretrained import text_base, vocabulary_of
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.quantum_head.classifier import QuantumHeadTextClassifier


def vocabulary(options, texts, size):
    """What tells that of the preset, whose own tokenizer is used."""
    return vocabulary_of(_preset(options))


def build(options, baseline, setting):
    """The classifier that training and the command line build; see `System`."""
    backbone, preprocessor = text_base(
        _preset(options), setting.sequence_length
    )
    if baseline is None:
        _check_memory(options, backbone.hidden_dim, setting.batch_size)
    return QuantumHeadTextClassifier.from_base(
        backbone,
        setting.classes,
        head=baseline or "quantum",
        options=options,
        preprocessor=preprocessor,
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
            "Expected a preset, the encoder that embeds the texts, such as a "
            "directory of sentence-transformers. Received: preset=None"
        )
    return options.preset


def parts(model):
    """The head."""
    return {"head": [model.head]}
