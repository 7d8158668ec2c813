"""QAA: the base that is adapted, and the model that its options make."""

import pathlib

import keras_hub

from tfq_hybrid.bases import as_preset
from tfq_hybrid.data import learn_merges
from tfq_hybrid.engines import check_memory
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.models import load_model
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.models.hyqut.tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)
from tfq_hybrid.models.qaa.model import apply_qaa, qaa_base
from tfq_hybrid.reading import DAMAGE, reason_of

WEIGHTS = "model.keras"  # in a run folder


def vocabulary(options, texts, size):
    """The merges of the base's tokenizer, or merges learned from the texts."""
    if options.base is None:
        return learn_merges(texts, size)
    return list(_load(options.base).preprocessor.tokenizer.merges)


def build(options, baseline, setting):
    """The causal language model, adapted; see `System`.

    The baseline `"full"` trains the whole model, which is how a base comes to
    be: it is not adapted.

    Raises:
        UserError: the base cannot be loaded or is too short, or the circuits
            do not fit in memory.
    """
    model = _base(options, setting)
    model.compiled = False  # anew, once it is known what trains
    if baseline == "full":
        return model
    if baseline is None:
        circuits = options.method.circuits(model)
        check_memory(
            circuits[0].qubits,
            circuits[0].observable_count,
            circuits[0].layers,
            setting.batch_size * setting.sequence_length,
            layers=len(circuits),
        )
    return apply_qaa(model, options, baseline)


def _base(options, setting):
    if options.base is None:
        tokenizer = HyQuTTokenizer.from_merges(setting.vocabulary)
        backbone = qaa_base(
            options.size,
            tokenizer.vocabulary_size(),
            max_sequence_length=setting.sequence_length,
            dropout=options.dropout,
            # A fixed name keeps the names of logs the same everywhere.
            name="gpt",
        )
        preprocessor = HyQuTCausalLMPreprocessor(
            tokenizer, sequence_length=setting.sequence_length
        )
        return keras_hub.models.GPT2CausalLM(
            backbone, preprocessor, compile=False, name="qaa"
        )
    model = _load(options.base)
    longest = model.backbone.max_sequence_length
    if setting.sequence_length > longest:
        raise UserError(
            f"Expected a sequence_length of at most {longest}, that of "
            f"{options.base}. Received: sequence_length="
            f"{setting.sequence_length}"
        )
    model.preprocessor.sequence_length = setting.sequence_length
    return model


def _load(source):
    """A GPT-2 from a run folder, a .keras file or a preset."""
    path = pathlib.Path(source)
    file = path / WEIGHTS if (path / WEIGHTS).is_file() else path
    try:
        if file.is_file():
            model = load_model(file)
        else:
            kind = keras_hub.models.GPT2CausalLM
            model = from_preset(kind, as_preset(source), compile=False)
    except DAMAGE as error:
        raise UserError(
            "Expected base as a run folder, a .keras file or a keras-hub "
            f"preset of a GPT-2. Received: base={source!r}: {reason_of(error)}"
        ) from error
    if type(model) is not keras_hub.models.GPT2CausalLM:
        raise UserError(
            "Expected a base that is a GPT2CausalLM without adapters, such as "
            f"the run of the baseline 'full'. Received: {type(model).__name__} "
            f"in {source}"
        )
    return model
