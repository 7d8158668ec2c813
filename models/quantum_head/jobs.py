"""What the jobs of `quantum-head` compute."""

import numpy as np

from tfq_hybrid.comparison.work.heads import (
    CLASSICAL,
    Split,
    answer,
    answers_of,
    around,
    fit_classical,
    fit_head,
    train_head,
)
from tfq_hybrid.comparison.work.texts import drawn, embedded

TRAINING, VALIDATION = 435, 77  # of 256 sentences of each label
TOKENS = 64
EPOCHS = 30
# What validation picks the peak rate from where heads are compared, and the
# rate where circuits are compared with each other.
RATES, ONE_RATE = (1e-2, 3e-2, 1e-1), (3e-2,)
# The classical heads that are nearest in size to the circuits' head.
BASELINES = ("linear", "mlp", "logistic regression")
# The paper's circuits, and with the amplitude and readouts that are our own.
CONSTANT = "quantum, constant amplitude"
STANDARDISED = "quantum, constant amplitude, standardised"
CIRCUITS = {
    "quantum": {},
    CONSTANT: {"constant_amplitude": 1.0},
    STANDARDISED: {"constant_amplitude": 1.0, "readout": "standardised"},
}
HEADS = (*CIRCUITS, "linear", "mlp", *CLASSICAL)
BASE = {"encoders": 5}
# How circuits that were trained exactly run on the test data.
EXECUTIONS = {
    "64 shots": {"shots": 64},
    "64 shots, 0.1 % depolarized": {"shots": 64, "noise": 0.001},
    "64 shots, 1 % depolarized": {"shots": 64, "noise": 0.01},
}
FROZEN = ("encoders", "pqc")


def perform(arguments, seed, paths, folder):
    """Draws the sentences, embeds them, fits a head, reads the test once.

    With `rounds` the encoder is tuned before, on the same sentences, and
    every head is fitted; with `executions` the trained circuits answer the
    test data under each of them too.
    """
    from tfq_hybrid.data import load_dataset

    training, validation = draw(load_dataset(paths["sst2_train"]), seed)
    data = (training, validation, load_dataset(paths["sst2_test"], "test"))
    encoder = paths["encoder"]
    if "rounds" in arguments:
        parts = _tuned(encoder, data, arguments["rounds"], seed)
        return _every_head(parts, arguments, seed)
    parts = [
        Split(unit(embedded(encoder, d.texts, "mean", TOKENS)), d.labels)
        for d in data
    ]
    found, arrays = one_head(arguments["head"], parts, arguments, seed)
    found["width"] = parts[0].embeddings.shape[1]
    return found, arrays


def draw(dataset, seed):
    """256 sentences of each label, of which 77 select; by the seed."""
    generator = np.random.default_rng(seed)
    places = drawn(dataset, 256, generator)
    generator.shuffle(places)
    return (
        dataset.pick(places[:TRAINING]),
        dataset.pick(places[TRAINING : TRAINING + VALIDATION]),
    )


def unit(embeddings):
    """Of length 1, as amplitudes are: the same input for every head."""
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def _tuned(encoder, data, rounds, seed):
    """Embeddings by an encoder that was tuned on the training sentences."""
    import keras

    from tfq_hybrid.encoders import embed
    from tfq_hybrid.encoders.pretrained import text_base, text_preprocessor
    from tfq_hybrid.models import tune_contrastively

    keras.utils.set_random_seed(seed)
    backbone, tokens = text_base(encoder, TOKENS)
    tune_contrastively(
        backbone,
        text_preprocessor(encoder, backbone, TOKENS // 2),  # few are longer
        data[0].texts,
        data[0].labels,
        rounds=rounds,
        seed=seed,
    )
    return [
        Split(unit(embed(backbone, tokens, part.texts)), part.labels)
        for part in data
    ]


def _every_head(parts, arguments, seed):
    """All heads on the same embeddings; arrays `scores, NAME` of each."""
    found, arrays = {"heads": {}}, {}
    for head in HEADS:
        one, more = one_head(head, parts, arguments, seed)
        found["heads"][head] = one
        arrays[f"scores, {head}"] = more["scores"]
    return found, arrays


def one_head(head, parts, arguments, seed):
    """Fits a head of `HEADS` and answers the test data; see `answer`."""
    import keras

    if head in CLASSICAL:
        return fit_classical(head, *parts, seed)
    options = {**arguments["options"], **CIRCUITS.get(head, {})}

    def make():
        layer = _make(head, parts, options, seed)
        for name in arguments.get("frozen", ()):
            layers = getattr(layer, name)
            for part in layers if isinstance(layers, list) else [layers]:
                part.trainable = False
        return layer

    training = {
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "epochs": arguments["epochs"],
        "batch_size": 32,
        "rates": arguments["rates"],
        "seed": seed,
    }
    if "executions" not in arguments:
        return train_head(make, *parts, **training)
    model, fitted = fit_head(make, *parts[:2], **training)
    test = parts[2]
    found, arrays = answer(answers_of(model, test), test.labels)
    for name in arguments["executions"]:
        other = _make(head, parts, {**options, **EXECUTIONS[name]}, seed)
        other.set_weights(model.layers[-1].get_weights())
        answers = answers_of(around(other, parts[0].embeddings.shape[1]), test)
        arrays[f"scores, {name}"] = answer(answers, test.labels)[1]["scores"]
    return {**found, **fitted}, arrays


def _make(head, parts, options, seed):
    """A built head of the width of the embeddings."""
    from tfq_hybrid.models import QuantumHeadOptions, make_head

    baseline = None if head in CIRCUITS else head
    width = parts[0].embeddings.shape[1]
    layer = make_head(
        width, 2, QuantumHeadOptions.from_dict(options), baseline, seed=seed
    )
    layer.build((None, width))
    return layer
