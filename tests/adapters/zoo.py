"""Tiny models of every family, and what to feed them."""

import keras
import numpy as np

from tfq_hybrid.adapters import FAMILIES, METHODS
from tfq_hybrid.circuits import CircuitSpec

# No RZ: every angle has a gradient, so that all weights can be seen to move.
SPEC = CircuitSpec(qubits=2, depth=1, ansatz=("ry", "cnot"))
TURNS = {
    "encoding": "amplitude",
    "qubits": 2,
    "ansatz": ["ry", "cz"],
    "entanglement": "linear",
}
VOCABULARY = 40
LENGTH = 8

_COMMON = {
    "vocabulary_size": VOCABULARY,
    "num_layers": 1,
    "hidden_dim": 16,
    "intermediate_dim": 24,
}
_HEADS = {"num_heads": 2, "max_sequence_length": LENGTH, "dropout": 0.0}
_GROUPED = {"num_query_heads": 2, "num_key_value_heads": 1}
# `None` is for what a backbone does not take.
ARGUMENTS = {
    "BERT": _HEADS,
    "RoBERTa": _HEADS,
    "XLM-R": _HEADS,
    "DistilBERT": _HEADS,
    "ALBERT": {**_HEADS, "embedding_dim": 8, "num_layers": 2},
    "ELECTRA": {
        **_HEADS,
        "embedding_dim": 8,
        "vocab_size": VOCABULARY,
        "vocabulary_size": None,
    },
    "DeBERTa v3": {**_HEADS, "bucket_size": 4},
    "MPNet": _HEADS,
    "BART": _HEADS,
    "T5": {"num_heads": 2, "dropout": 0.0},
    "GPT-2": _HEADS,
    # Its blocks see three tokens each, and in two layers five.
    "GPT-Neo": {**_HEADS, "attention_types": ["local"], "window_size": 3},
    "OPT": _HEADS,
    "BLOOM": {"num_heads": 2, "dropout": 0.0},
    "GPT-NeoX": _HEADS,
    "Falcon": {"num_attention_heads": 2},
    "Llama 2": _GROUPED,
    "Llama 3": _GROUPED,
    "Mistral": _GROUPED,
    "Gemma": {**_GROUPED, "head_dim": 8},
    # Its blocks see three tokens each.
    "Gemma 3": {
        **_GROUPED,
        "head_dim": 8,
        "image_size": 16,
        "use_sliding_window_attention": True,
        "sliding_window_size": 3,
    },
    "Qwen": _GROUPED,
    "Qwen 3": {**_GROUPED, "head_dim": 8},
    "Phi-3": _GROUPED,
}
ROWS = {family.name: family for family in FAMILIES}
DECODERS = [
    name
    for name, row in ROWS.items()
    if any("CausalLM" in task.__name__ for task in row.tasks)
]

# What each method is tried with, on any family: a row a method.
EXAMPLES = {
    "ReplaceDense": {"targets": "all-ffn", "circuit": SPEC, "freeze": True},
    "QuantumAdapter": {},
    "QuantumAdapter of angles": {"circuit": SPEC},
    "BottleneckAdapter": {"width": 3},
    "LoRA": {"targets": ["attention", "up"], "rank": 2, "alpha": 4},
    "SoRA": {"targets": ["attention", "ffn"], "rank": 2, "threshold": 0.01},
    "VeRA": {"targets": ["attention", "down"], "rank": 4},
    "LoRA_XS": {"targets": ["attention", "up"], "rank": 3, "alpha": 6},
    "OFT": {"targets": ["attention", "down"], "block": 4},
    "UnitaryAdapter": {"targets": ["attention", "up"], "qubits": 2},
    "UnitaryAdapter of pairs": {
        "targets": "attention",
        "qubits": 3,
        "is_complex": True,
    },
    "UnitaryAdapter of circuits": {
        "targets": ["attention", "up"],
        "circuit": TURNS,
    },
    "QuanTA": {"targets": ["attention", "up"], "alpha": 2.0},
    "QuantumPEFT": {"targets": ["output", "up"], "rank": 3, "alpha": 2},
    "IA3": {},
    "BitFit": {},
    "PrefixTuning": {"length": 3},
    "FullFineTuning": {},
    "HeadOnly": {},
}


def make_method(name, **options):
    """A method as in its row, but for the options."""
    return METHODS[name.split()[0]](**{**EXAMPLES[name], **options})


def make_backbone(family, **options):
    keras.utils.set_random_seed(7)
    arguments = {**_COMMON, **ARGUMENTS[family], **options}
    given = {k: v for k, v in arguments.items() if v is not None}
    backbone = ROWS[family].backbone(**given)
    # Else rounding takes what trains in an encoder of such small weights.
    if family in ("BART", "ELECTRA"):
        for variable in backbone.weights:
            if variable.ndim > 1:
                variable.assign(8 * variable)
    return backbone


def around(backbone, num_classes):
    """A head around a backbone without tasks, as a plain Keras model."""
    outputs = backbone(backbone.input)
    pooled = outputs.get("pooled_output")
    if pooled is None:
        pooled = keras.ops.mean(outputs["decoder_sequence_output"], axis=1)
    outputs = keras.layers.Dense(num_classes, name="logits")(pooled)
    return keras.Model(backbone.input, outputs)


def kind_of(family):
    """The usual task of a family."""
    if family == "BART":
        return "Seq2SeqLM"
    return "CausalLM" if family in DECODERS else "TextClassifier"


def make_task(family, kind=None, **options):
    """A task of a family: `"TextClassifier"`, `"CausalLM"`, `"MaskedLM"`.

    Else `"Seq2SeqLM"`, or a head of one's own for a family without tasks.
    """
    kind = kind or kind_of(family)
    backbone = make_backbone(family, **options)
    tasks = {task.__name__: task for task in ROWS[family].tasks}
    task = tasks.get(ROWS[family].prefix + kind, around)
    given = {} if task is around else {"preprocessor": None}
    given |= {"num_classes": 3} if "Class" in kind else {}
    task = task(backbone=backbone, **given)
    task.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
        **({"sampler": "greedy"} if kind in ("CausalLM", "Seq2SeqLM") else {}),
    )
    return task


def tokens(model, batch=2):
    """Inputs for a backbone or task, a dict."""
    ids = np.random.default_rng(3).integers(1, VOCABULARY, (batch, LENGTH))
    ids = ids.astype("int32")
    values = {
        "token_ids": ids,
        "padding_mask": np.ones_like(ids),
        "segment_ids": np.zeros_like(ids),
        "mask_positions": np.array([[1, 3]] * batch),
    }
    values |= {f"encoder_{name}": value for name, value in values.items()}
    values |= {"decoder_token_ids": ids[:, ::-1]}
    values |= {"decoder_padding_mask": values["padding_mask"]}
    return {name: values[name] for name in model.input}


def labels(model, batch=2):
    """Labels for a task."""
    shape = tuple(model.output.shape[1:-1])
    shape = tuple(LENGTH if size is None else size for size in shape)
    return np.random.default_rng(4).integers(0, 3, (batch, *shape))


def run(model, inputs=None):
    """The output as one array."""
    outputs = model(tokens(model) if inputs is None else inputs)
    if isinstance(outputs, dict):
        name = "sequence_output"
        outputs = outputs.get(name, outputs.get(f"decoder_{name}"))
    return np.array(keras.ops.cast(outputs, "float32"))


def stir(model):
    """Moves all that trains away from its initial values."""
    generator = np.random.default_rng(5)
    for variable in model.trainable_variables:
        noise = 0.1 * generator.normal(size=variable.shape)
        variable.assign_add(noise.astype("float32"))


def difference(a, b):
    return float(np.abs(a - b).max())
