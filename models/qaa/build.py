"""QAA: the base that is adapted, and the model that its options make."""

import contextlib
import pathlib

import keras_hub

from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.bases import as_preset
from tfq_hybrid.data import learn_merges
from tfq_hybrid.encoders.pretrained import identity_of
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
    """Merges learned from the texts, or what tells a base's vocabulary.

    A tokenizer that was learned here is told by its merges. Any other comes
    from the base each time, and is told by a digest alone.
    """
    if options.base is None:
        return learn_merges(texts, size)
    tokenizer = _tokenizer(options.base)
    if type(tokenizer) is HyQuTTokenizer:
        return list(tokenizer.merges)
    return [identity_of(tokenizer)]


def _tokenizer(source):
    if _file_of(source).is_file():
        return _load(source).preprocessor.tokenizer
    with _reading_base(source):
        return from_preset(keras_hub.models.Tokenizer, as_preset(source))


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
    longest = getattr(model.backbone, "max_sequence_length", None)
    if longest is not None and setting.sequence_length > longest:
        raise UserError(
            f"Expected a sequence_length of at most {longest}, that of "
            f"{options.base}. Received: sequence_length="
            f"{setting.sequence_length}"
        )
    model.preprocessor.sequence_length = setting.sequence_length
    return model


def _file_of(source):
    """The file of a run folder, or what may be a `.keras` file itself."""
    path = pathlib.Path(source)
    return path / WEIGHTS if (path / WEIGHTS).is_file() else path


@contextlib.contextmanager
def _reading_base(source):
    try:
        yield
    except DAMAGE as error:
        raise UserError(
            "Expected base as a run folder, a .keras file, a Hugging Face "
            "directory or a keras-hub preset of a causal language model. "
            f"Received: base={source!r}: {reason_of(error)}"
        ) from error


def _load(source):
    """A causal language model from a run, a .keras file or a preset."""
    file = _file_of(source)
    with _reading_base(source):
        if file.is_file():
            model = load_model(file)
        else:
            kind = keras_hub.models.CausalLM
            model = from_preset(kind, as_preset(source), compile=False)
    family = family_of(getattr(model, "backbone", None))
    if family is None or family.decoder or type(model) not in family.tasks:
        raise UserError(
            "Expected a base that is a causal language model without adapters, "
            "such as the run of the baseline 'full'. Received: "
            f"{type(model).__name__} in {source}"
        )
    if model.preprocessor is None:
        raise UserError(
            "Expected a base with its tokenizer. Received: "
            f"{type(model).__name__} without a preprocessor in {source}"
        )
    return model
