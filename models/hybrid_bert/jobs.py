"""What the jobs of `hybrid-bert` compute."""

import dataclasses
import pathlib

from tfq_hybrid.comparison.rows import read_row
from tfq_hybrid.comparison.work.heads import Split, train_head
from tfq_hybrid.comparison.work.texts import embedded, text_parts, write_texts
from tfq_hybrid.comparison.work.trained import train_and_test

# Tokens of a text, and what is shown of a task.
TASKS = {
    "spam": (25, "SMS Spam"),
    "sst2": (48, "SST-2"),
    "twitter": (48, "Twitter"),
    "imdb": (128, "IMDb"),
    "yelp": (128, "Yelp"),
}
EPOCHS = 5
# For heads that the authors' rate of 0.001 leaves half trained, larger ones: a
# linear one takes 0.1 for spam, and 0.3 or more for SST-2.
SPAM_RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
RATES = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)


def perform(arguments, seed, paths, folder):
    """Trains one head, or the encoder with it, and reads the test once."""
    task = arguments["task"]
    parts = text_parts(task, paths, arguments.get("limit"))
    epochs = arguments.get("epochs", EPOCHS)
    config = read_row(arguments["row"]).config(
        {
            "data": task,
            "preset": str(paths["encoder"]),
            "epochs": epochs,
            "patience": epochs,
            "batch_size": 32,
            "sequence_length": arguments.get("tokens", TASKS[task][0]),
            "learning_rate": 1e-4,
            "quantum_learning_rate": 1e-3,
            "clipnorm": 1.0,
            "seed": seed,
        }
    )
    if config.options.train_encoder:
        return _tune(parts, config, folder)
    return _train_head(parts, config, arguments["rates"])


def _train_head(parts, config, rates):
    """On embeddings that the frozen encoder made once."""
    from tfq_hybrid.models import balanced_weights, hybrid_head

    options, tokens = config.options, config.sequence_length
    splits = [
        Split(
            embedded(options.preset, part.texts, "pooled", tokens), part.labels
        )
        for part in parts
    ]
    classes = len(parts[0].label_names)
    return train_head(
        lambda: hybrid_head(
            splits[0].embeddings.shape[1],
            classes,
            config.baseline or "quantum",
            options.circuit,
            options.train_angles,
        ),
        *splits,
        options.make_loss(balanced_weights(parts[0].labels, classes)),
        epochs=config.epochs,
        batch_size=config.batch_size,
        rates=rates,
        seed=config.seed,
    )


def _tune(parts, config, folder):
    """The encoder and its head together, at the config's rates."""
    names = ("training", "validation", "test")
    files = {name: pathlib.Path(folder) / f"{name}.tsv" for name in names}
    for name, part in zip(names, parts, strict=True):
        write_texts(part, files[name])
    config = dataclasses.replace(
        config,
        data=str(files["training"]),
        validation_data=str(files["validation"]),
    )
    return train_and_test(config, str(files["test"]), folder)
