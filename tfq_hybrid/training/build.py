"""From a `TrainConfig` to a compiled classifier."""

import keras
import keras_hub

from tfq_hybrid.adapters import (
    adapt,
    as_preset,
    method_from_dict,
    named_layers,
    trainable_parameters,
)
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.data import learn_vocabulary
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.models import QFFNBert, QFFNBertTextClassifier


def make_vocabulary(config, texts):
    """The vocabulary of the preset, or one learned from the texts."""
    if config.preset is None:
        return learn_vocabulary(texts, config.vocabulary_size)
    tokenizer = _from_preset(keras_hub.models.BertTokenizer, config.preset)
    return tokenizer.get_vocabulary()


def _from_preset(kind, preset):
    preset = as_preset(preset)
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
        A `QFFNBertTextClassifier`, or with an adapter keras-hub's
        `BertTextClassifier` adapted, not compiled for training yet.

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
    if config.adapter is not None:
        return _adapted_classifier(config, bert, vocabulary, classes)
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
    return QFFNBertTextClassifier(
        backbone,
        classes,
        preprocessor=_preprocessor(config, vocabulary),
        dropout=config.dropout,
        compile=False,
    )


def _preprocessor(config, vocabulary):
    tokenizer = keras_hub.models.BertTokenizer(
        vocabulary=vocabulary, lowercase=True, strip_accents=True
    )
    return keras_hub.models.BertTextClassifierPreprocessor(
        tokenizer, sequence_length=config.sequence_length
    )


def _adapted_classifier(config, bert, vocabulary, classes):
    """A classifier on a frozen BERT, or what its method makes of it."""
    method = method_from_dict(config.adapter)
    circuits = method.circuits(bert)
    for circuit in circuits[:1]:
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            config.batch_size * config.sequence_length,
            layers=len(circuits),
        )
    model = keras_hub.models.BertTextClassifier(
        bert,
        classes,
        preprocessor=_preprocessor(config, vocabulary),
        dropout=config.dropout,
        compile=False,
        name="classifier",
    )
    return adapt(model, method)


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
    """Parameters in all, of those that train, and in the circuits.

    Those that train are `feed_forward`, the blocks of a `QFFNBert`, or
    `trained`, by an adapter.
    """
    circuits = [
        layer
        for _, layer in named_layers(model)
        if isinstance(layer, CircuitLayer)
    ]
    counts = {
        "total": model.count_params(),
        "circuits": sum(circuit.count_params() for circuit in circuits),
    }
    if not isinstance(model, QFFNBertTextClassifier):
        return {**counts, "trained": trainable_parameters(model)}
    pairs = model.backbone.feed_forward_blocks
    blocks = [part for pair in pairs for part in pair]
    return {
        **counts,
        "feed_forward": sum(part.count_params() for part in blocks),
    }
