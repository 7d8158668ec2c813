"""From a `TrainConfig` to a compiled classifier."""

import keras
import keras_hub

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.layers import ControlledPQC
from tfq_hybrid.models import QFFNBert, QFFNBertTextClassifier


def make_vocabulary(config, texts):
    """The vocabulary of the preset, or one learned from the texts."""
    if config.preset is None:
        return learn_vocabulary(texts, config.vocabulary_size)
    tokenizer = _from_preset(keras_hub.models.BertTokenizer, config.preset)
    return tokenizer.get_vocabulary()


def _from_preset(kind, preset):
    try:
        return kind.from_preset(preset)
    except Exception as error:
        # keras-hub raises what its downloaders raise.
        known = sorted(keras_hub.models.BertBackbone.presets)
        if preset in known:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise UserError(
                f"Expected the preset {preset} in the cache, or a network to "
                f"download it. Received: {reason[:200]}"
            ) from None
        raise choice_error("preset", preset, known) from None


def build_classifier(config, vocabulary, classes):
    """The classifier of a config, from random or preset weights.

    Args:
        config: `TrainConfig`.
        vocabulary: list of str.
        classes: int. The number of labels.

    Returns:
        A `QFFNBertTextClassifier`, not compiled for training yet.

    Raises:
        UserError: the circuit does not fit in memory.
    """
    circuit = as_circuit(config.circuit)
    bert = None
    if config.preset is not None:
        bert = _from_preset(keras_hub.models.BertBackbone, config.preset)
        if config.sequence_length > bert.max_sequence_length:
            raise UserError(
                f"Expected a sequence_length of at most "
                f"{bert.max_sequence_length}, that of {config.preset}. "
                f"Received: sequence_length={config.sequence_length}"
            )
    if config.classical is None:
        tokens = config.sequence_length if config.tokens == "all" else 1
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            config.batch_size * tokens,
            layers=bert.num_layers if bert else 2,  # BERT-tiny has two
        )
    options = {
        "feed_forward": config.classical or "quantum",
        "circuit": circuit,
        "tokens": config.tokens,
        "engine": config.engine,
        "dropout": config.dropout,
        # A fixed name keeps the names of logs the same in every process.
        "name": "qffn_bert",
    }
    if bert is None:
        backbone = QFFNBert(
            vocabulary_size=len(vocabulary),
            max_sequence_length=config.sequence_length,
            **options,
        )
    else:
        backbone = QFFNBert.from_bert(bert, **options)
    tokenizer = keras_hub.models.BertTokenizer(
        vocabulary=vocabulary, lowercase=True, strip_accents=True
    )
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=config.sequence_length
    )
    return QFFNBertTextClassifier(
        backbone,
        classes,
        preprocessor=preprocessor,
        dropout=config.dropout,
        compile=False,
    )


def compile_classifier(model, config, steps_per_epoch):
    """Compiles with AdamW, a linear warm-up and a cosine decay."""
    steps = config.epochs * steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.01 * config.learning_rate,
        warmup_target=config.learning_rate,
        warmup_steps=steps // 10,
        decay_steps=steps - steps // 10,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(
            schedule, weight_decay=config.weight_decay
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=config.xla,
    )


def count_parameters(model):
    """Trainable parameters in all, in the blocks, and in the circuits."""
    blocks = [
        part for pair in model.backbone.feed_forward_blocks for part in pair
    ]
    circuits = [
        layer
        for _, layer in named_layers(model)
        if isinstance(layer, ControlledPQC)
    ]
    return {
        "total": model.count_params(),
        "feed_forward": sum(part.count_params() for part in blocks),
        "circuits": sum(circuit.count_params() for circuit in circuits),
    }
