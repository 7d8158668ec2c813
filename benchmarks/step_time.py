"""Time of a training step: quantum blocks and classical twins, side by side.

    python benchmarks/step_time.py [--data FILE] [--rounds 15] [--xla]

Steps of BERT-tiny on batches of 64 sentences of 48 tokens, every token
through the block in both layers. The models train in turn, a few steps each,
and the ratio is taken turn by turn.
"""

import argparse

import keras
from common import alternate, ratio, summary, write

from tfq_hybrid.data import learn_vocabulary, load_dataset
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.build import build_classifier, compile_classifier

SEED = 0


def make_step(classical, config, vocabulary, texts, labels):
    """A function that trains one step on a fixed batch."""
    keras.utils.set_random_seed(SEED)
    stored = {**config.to_dict(), "classical": classical}
    config = TrainConfig.from_dict(stored)
    model = build_classifier(config, vocabulary, 2)
    compile_classifier(model, config, steps_per_epoch=1000)
    tokens = model.preprocessor(texts)
    model.preprocessor = None  # the batch is tokens already
    return lambda: float(model.train_on_batch(tokens, labels)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="embedded")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--xla", action="store_true")
    options = parser.parse_args()
    config = TrainConfig(data=options.data, xla=options.xla)
    dataset = load_dataset(options.data).take(20_000)
    vocabulary = learn_vocabulary(dataset.texts, config.vocabulary_size)
    batch = dataset.take(config.batch_size)
    steps = {
        name: make_step(
            None if name == "quantum" else name,
            config,
            vocabulary,
            batch.texts,
            batch.labels,
        )
        for name in ("quantum", "ffn", "bottleneck")
    }
    seconds = alternate(steps, options.rounds)
    result = {name: summary(times) for name, times in seconds.items()}
    for twin in ("ffn", "bottleneck"):
        result[f"quantum_over_{twin}"] = ratio(
            seconds["quantum"], seconds[twin]
        )
    for name, figures in result.items():
        print(f"{name:<26}" + "  ".join(f"{k} {v}" for k, v in figures.items()))
    write(
        "step_time_xla" if options.xla else "step_time",
        seed=SEED,
        rounds=options.rounds,
        config={**config.to_dict(), "data": options.data.rpartition("/")[2]},
        vocabulary=len(vocabulary),
        **result,
    )


if __name__ == "__main__":
    main()
