"""Latency of a merged model beside its base's and the adapted one's.

    python -m benchmarks.merging [--rounds 31] [--texts 8] [--tokens 48]

A BERT of MiniLM's size (6 layers, 384 wide) with random weights, adapted in
all queries and values by each method that merges. Base, adapted and merged
model answer the same tokens in turn, in a compiled function each, and the
ratios are taken turn by turn. Beside them stand the operations of each graph,
which a merged model has as many of as its base.
"""

import keras
import keras_hub
import numpy as np
import tensorflow as tf

from benchmarks.common import alternate, make_parser, ratio, write
from tfq_hybrid import adapters

CIRCUIT = {"encoding": "amplitude", "qubits": 5, "ansatz": ["ry", "cz"]}
METHODS = {
    "LoRA": {"rank": 8},
    "SoRA": {"rank": 8},
    "VeRA": {"rank": 64},
    "LoRA_XS": {"rank": 16},
    "OFT": {"block": 32},
    "IA3": {},
    "BitFit": {},
    "UnitaryAdapter": {"qubits": 5},
    "UnitaryAdapter of circuits": {"circuit": CIRCUIT},
    "QuanTA": {},
    "QuantumPEFT": {},
}


def backbone():
    """The base, the same each time."""
    keras.utils.set_random_seed(0)
    return keras_hub.models.BertBackbone(
        vocabulary_size=30_522,
        num_layers=6,
        num_heads=12,
        hidden_dim=384,
        intermediate_dim=1_536,
    )


def compiled(model, inputs):
    """A function that answers, and the operations of its graph."""
    function = tf.function(lambda values: model(values, training=False))
    graph = function.get_concrete_function(inputs).graph
    return lambda: np.asarray(function(inputs)["pooled_output"]), len(
        graph.get_operations()
    )


def measure(name, rounds, inputs):
    """Ratios and operations of a method."""
    base, adapted, merged = backbone(), backbone(), backbone()
    method = adapters.METHODS[name.split()[0]](**METHODS[name])
    for model in (adapted, merged):
        adapters.adapt(model, method)
        generator = np.random.default_rng(1)
        for variable in model.trainable_variables:
            noise = generator.normal(size=variable.shape)
            variable.assign_add(0.01 * noise)
    adapters.merge(merged, unload=True)
    models = {"base": base, "adapted": adapted, "merged": merged}
    runs, operations = {}, {}
    for key, model in models.items():
        runs[key], operations[key] = compiled(model, inputs)
    answers = {key: run() for key, run in runs.items()}
    difference = np.abs(answers["merged"] - answers["adapted"]).max()
    seconds = alternate(runs, rounds)
    return {
        "merged_over_base": ratio(seconds["merged"], seconds["base"]),
        "adapted_over_base": ratio(seconds["adapted"], seconds["base"]),
        "operations": operations,
        "largest_difference": float(difference),
    }


def main(argv=None):
    parser = make_parser(__doc__, rounds=31)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=48)
    arguments = parser.parse_args(argv)
    shape = (arguments.texts, arguments.tokens)
    ids = np.random.default_rng(0).integers(1, 30_522, shape)
    inputs = {
        "token_ids": tf.constant(ids, "int32"),
        "segment_ids": tf.zeros(shape, "int32"),
        "padding_mask": tf.ones(shape, "int32"),
    }
    rows = {}
    print(f"{'':<28}{'adapted / base':>20}{'merged / base':>20}  operations")
    for name in METHODS:
        row = rows[name] = measure(name, arguments.rounds, inputs)
        adapted, merged = row["adapted_over_base"], row["merged_over_base"]
        print(
            f"{name:<28}{adapted['median']:>20}{merged['median']:>20}  "
            f"{row['operations']}",
            flush=True,
        )
    write(
        arguments.output or "merging",
        about="Latency of base, adapted and merged models, in turn.",
        config=vars(arguments),
        methods=rows,
    )


if __name__ == "__main__":
    main()
