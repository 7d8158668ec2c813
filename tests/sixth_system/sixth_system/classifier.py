"""The classifier of the sixth system."""

import keras
import keras_hub

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.encoders.bert import bert_preprocessor, bert_vocabulary
from tfq_hybrid.layers import QuantumDense


def vocabulary(options, texts, size):
    """Learned from the texts."""
    return bert_vocabulary(None, texts, size)


@keras.saving.register_keras_serializable("sixth_system")
class WordsBackbone(keras_hub.models.Backbone):
    """Word vectors."""

    def __init__(self, vocabulary_size, width, **kwargs):
        self.embedding = keras.layers.Embedding(vocabulary_size, width)
        inputs = {
            "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
            "segment_ids": keras.Input(
                (None,), dtype="int32", name="segment_ids"
            ),
            "padding_mask": keras.Input(
                (None,), dtype="int32", name="padding_mask"
            ),
        }
        super().__init__(
            inputs=inputs, outputs=self.embedding(inputs["token_ids"]), **kwargs
        )
        self.vocabulary_size, self.width = vocabulary_size, width

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "width": self.width,
        }


@keras.saving.register_keras_serializable("sixth_system")
class WordsClassifier(keras_hub.models.TextClassifier):
    """A circuit, or a Dense layer, on the mean of the word vectors."""

    backbone_cls = WordsBackbone
    preprocessor_cls = keras_hub.models.BertTextClassifierPreprocessor

    def __init__(
        self,
        backbone,
        num_classes,
        preprocessor=None,
        qubits=2,
        depth=1,
        is_quantum=True,
        **kwargs,
    ):
        self.backbone, self.preprocessor = backbone, preprocessor
        if is_quantum:
            circuit = CircuitSpec(qubits=qubits, depth=depth)
            self.head = QuantumDense(num_classes, circuit)
        else:
            self.head = keras.layers.Dense(num_classes)
        inputs = backbone.input
        mean = keras.layers.GlobalAveragePooling1D()(
            backbone(inputs), mask=inputs["padding_mask"]
        )
        super().__init__(inputs=inputs, outputs=self.head(mean), **kwargs)
        self.num_classes = num_classes
        self.arguments = {
            "num_classes": num_classes,
            "qubits": qubits,
            "depth": depth,
            "is_quantum": is_quantum,
        }

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def build(options, baseline, setting):
    """The classifier, not compiled."""
    backbone = WordsBackbone(len(setting.vocabulary), options.width)
    return WordsClassifier(
        backbone,
        setting.classes,
        preprocessor=bert_preprocessor(
            setting.vocabulary, setting.sequence_length
        ),
        qubits=options.qubits,
        depth=options.depth,
        is_quantum=baseline is None,
        compile=False,
    )


CUSTOM_OBJECTS = {
    "sixth_system>WordsBackbone": WordsBackbone,
    "sixth_system>WordsClassifier": WordsClassifier,
}
