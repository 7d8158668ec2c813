"""Latency of exports: QFFN-BERT and its classical baselines, side by side.

    python -m benchmarks.serving [--rounds 15] [--output FILE]

BERT-tiny as `tfq-hybrid train` makes it (random weights, which the time does
not depend on), exported with and without its trained circuits folded into
constants. One process calls the loaded signatures in turn; a ratio is taken
turn by turn, at batch 1 and 32.
"""

import pathlib
import tempfile

import keras
import tensorflow as tf

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid.data import learn_vocabulary, load_dataset
from tfq_hybrid.serving import export
from tfq_hybrid.serving.folders import load_export
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.build import build_model

BATCHES = (1, 32)
SEED = 0
# Title of the model: what differs from the default configuration.
MODELS = {
    "quantum": {},
    "quantum, not folded": {},
    "bottleneck": {"baseline": "bottleneck"},
    "ffn": {"baseline": "ffn"},
}


def load(title, changes, vocabulary, folder):
    """The token signature of one model's export, loaded."""
    keras.utils.set_random_seed(SEED)
    config = TrainConfig.from_dict({"data": "embedded", **changes})
    model = build_model(config, vocabulary, 2)
    fold = "not folded" not in title
    export(model, folder / title, fold=fold)
    return load_export(folder / title)[1]


def requests(model, text_batch, signature):
    """A function that asks a loaded model for one batch."""
    function = model.signatures[signature]
    return lambda: function(**text_batch)["probabilities"].numpy()


def main():
    options = make_parser(__doc__, rounds=15, data=True).parse_args()
    dataset = load_dataset(options.data).take(20_000)
    texts = list(dataset.take(max(BATCHES)).texts)
    config = TrainConfig(data=options.data)
    vocabulary = learn_vocabulary(dataset.texts, config.vocabulary_size)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        models = {
            title: load(title, changes, vocabulary, pathlib.Path(folder))
            for title, changes in MODELS.items()
        }
        for batch in BATCHES:
            text = {"text": tf.constant(texts[:batch])}
            seconds = alternate(
                {
                    title: requests(model, text, "serve")
                    for title, model in models.items()
                },
                options.rounds,
            )
            quantum = seconds["quantum"]
            results[batch] = {
                "times": {t: summary(s) for t, s in seconds.items()},
                "quantum_over": {
                    title: ratio(quantum, times)
                    for title, times in seconds.items()
                    if title != "quantum"
                },
            }
            print(f"batch {batch}")
            for title, figures in results[batch]["times"].items():
                over = results[batch]["quantum_over"].get(title, "")
                print(f"  {title:<22}{figures} quantum / this: {over}")
    write(
        options.output or "serving",
        about=(
            "Strings to probabilities by the `serve` signature of BERT-tiny "
            f"exports, {config.sequence_length} tokens a sentence; all in one "
            "process, in turn. The goal: quantum / bottleneck at most 1.1."
        ),
        seed=SEED,
        rounds=options.rounds,
        batches=results,
    )


if __name__ == "__main__":
    main()
