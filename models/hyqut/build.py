"""HyQuT: the language model that its options make."""

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.adapters.slots import inside
from tfq_hybrid.data import learn_merges
from tfq_hybrid.engines import check_memory
from tfq_hybrid.models.hyqut.model import HyQuTBackbone, HyQuTCausalLM
from tfq_hybrid.models.hyqut.system import SIZES
from tfq_hybrid.models.hyqut.tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)


def vocabulary(options, texts, size):
    """Merges of byte pairs, learned from the texts."""
    return learn_merges(texts, size)


def build(options, baseline, setting):
    """The language model, from random weights; see `System`."""
    tokenizer = HyQuTTokenizer.from_merges(setting.vocabulary)
    size = {**SIZES[options.size]}
    size["vocabulary_size"] = tokenizer.vocabulary_size()
    circuit = options.circuit
    if baseline is None:
        layers = options.layers or range(size["num_layers"])
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * setting.sequence_length,
            layers=len(set(layers)) * len(options.targets),
        )
    backbone = HyQuTBackbone(
        **size,
        kind=baseline or "quantum",
        targets=options.targets,
        layers=options.layers,
        circuit=circuit,
        engine=options.engine,
        differentiator=options.differentiator,
        dropout=options.dropout,
        # A fixed name keeps the names of logs the same in every process.
        name="hyqut",
    )
    _scale_residuals(backbone, options.residual_scale)
    preprocessor = HyQuTCausalLMPreprocessor(
        tokenizer, sequence_length=setting.sequence_length
    )
    return HyQuTCausalLM(backbone, preprocessor, compile=False, name="hyqut_lm")


def _scale_residuals(backbone, scale):
    """Multiplies the initial weights of what writes into the residual."""
    for target in backbone.matrices(("output", "down")):
        layer = inside(target.layer)
        last = [layer, *(inner for _, inner in named_layers(layer))][-1]
        last.kernel.assign(scale * last.kernel)


def parts(model):
    """The layers that replace matrices, or the matrices of the baseline."""
    return {"matrices": model.backbone.replaced}
