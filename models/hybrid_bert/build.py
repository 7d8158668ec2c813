"""Hybrid BERT: the classifier that its options make."""

from tfq_hybrid.encoders.pretrained import text_base, vocabulary_of
from tfq_hybrid.engines import check_memory
from tfq_hybrid.models.hybrid_bert.losses import balanced_weights
from tfq_hybrid.models.hybrid_bert.model import HybridTextClassifier


def vocabulary(options, texts, size):
    """What tells that of the preset, whose own tokenizer is used."""
    return vocabulary_of(options.preset)


def loss(options, training):
    """The loss of the options, with the weights of the classes in the data."""
    if options.loss == "mse" or not options.class_weighted:
        return options.make_loss()
    classes = len(training.label_names)
    return options.make_loss(balanced_weights(training.labels, classes))


def build(options, baseline, setting):
    """The classifier that training and the command line build; see `System`."""
    circuit = options.circuit
    if baseline is None:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size,
        )
    backbone, preprocessor = text_base(options.preset, setting.sequence_length)
    return HybridTextClassifier.from_options(
        backbone,
        setting.classes,
        options,
        baseline,
        preprocessor=preprocessor,
        compile=False,
        name="hybrid_bert",
    )


def parts(model):
    """The head."""
    return {"head": [model.head]}
