"""What every recipe does with a `TrainConfig`: train, then read the test."""

import pathlib

import numpy as np


def train_and_test(config, test, folder):
    """Trains a text classifier and answers the test data once.

    Args:
        config: `TrainConfig`.
        test: str or path. The test data.
        folder: str or path of a folder for the run.

    Returns:
        A pair: a dict of validation and test figures and of the counts of
        parameters; and a dict of arrays: `scores`, 1 for each right answer
        and 0 for each wrong one, and `predicted`.
    """
    from tfq_hybrid.data import load_dataset
    from tfq_hybrid.training import load_trained, train
    from tfq_hybrid.training.run_folder import RunFolder
    from tfq_hybrid.training.splits import relabel

    run = pathlib.Path(folder) / "run"
    metrics = train(config, run, verbose=0, report=lambda line: None)
    model, _ = load_trained(run)
    dataset = load_dataset(
        test,
        "test",
        text_column=config.text_column,
        label_column=config.label_column,
    )
    _, values, _, _ = RunFolder(run).read()
    dataset = relabel(dataset, values, test)
    logits = model.predict(dataset.batches(256), verbose=0)
    predicted = np.argmax(logits, axis=-1).astype(np.int16)
    scores = (predicted == dataset.labels).astype(np.float32)
    found = {
        "test_accuracy": float(scores.mean()),
        "validation_accuracy": metrics["validation_accuracy"],
        "validation_curve": [
            logs["val_accuracy"] for logs in metrics["history"]
        ],
        "best_epoch": metrics["best_epoch"],
        "training_examples": metrics["training_examples"],
        "parameters": metrics["parameters"],
    }
    return found, {"scores": scores, "predicted": predicted}


def few_shot_file(source, shots, seed, folder):
    """A file with some examples of each label, drawn by the seed.

    Args:
        source: path of a `.tsv` file.
        shots: int. Examples of each label.
        seed: int.
        folder: str or path.

    Returns:
        The path of the file, a `pathlib.Path`.
    """
    from tfq_hybrid.data import load_dataset

    dataset = load_dataset(source)
    generator = np.random.default_rng(seed)
    rows = ["text\tlabel"]
    for label, name in enumerate(dataset.label_names):
        places = np.flatnonzero(dataset.labels == label)
        for place in generator.choice(places, shots, replace=False):
            rows.append(f"{dataset.texts[place]}\t{name}")
    path = pathlib.Path(folder) / "few_shot.tsv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
