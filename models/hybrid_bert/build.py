"""Hybrid BERT: the classifier that its options make."""

from tfq_hybrid.encoders.bert import (
    bert_backbone,
    bert_preprocessor,
    bert_vocabulary,
)
from tfq_hybrid.engines import check_memory
from tfq_hybrid.models.hybrid_bert.losses import balanced_weights
from tfq_hybrid.models.hybrid_bert.model import HybridBertTextClassifier


def vocabulary(options, texts, size):
    """The vocabulary of the preset."""
    return bert_vocabulary(options.preset, texts, size)


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


def parts(model):
    """The head."""
    return {"head": [model.head]}
