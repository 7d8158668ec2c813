"""`tfq-hybrid demo`: the main job, end to end."""

import pathlib
import statistics
import time

import click

from tfq_hybrid.startup import quiet_imports

SENTENCES = (
    "the plot is not good but the acting is really moving",
    "the music was charming although the story seems far from gripping",
)

EPILOG = """
Examples:

\b
  tfq-hybrid demo
  tfq-hybrid demo --data sst2_train.tsv
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    default="embedded",
    help="A .tsv, .csv, .jsonl, .json or .parquet file, a TFDS name, or "
    "'embedded'.",
)
@click.option("--epochs", type=int, help="Default: 3; 1 with --data.")
@click.option(
    "--output",
    default="runs/demo",
    type=click.Path(),
    help="The folder of the three runs.",
)
@click.option(
    "--export",
    "export_path",
    default="saved_models/demo",
    type=click.Path(),
    help="The folder of the export.",
)
@click.option("--seed", default=0)
def demo(data, epochs, output, export_path, seed):
    """Train, compare with both classical baselines, export, and ask.

    Trains a BERT-tiny whose feed-forward blocks are circuits of 4 qubits,
    then its two classical baselines; exports the quantum one; answers two
    sentences from the export; and runs the same weights on TensorFlow
    Quantum to show that the numbers are the same.
    """
    quiet_imports()
    from tfq_hybrid import serving, training
    from tfq_hybrid.files import check_output_folder

    check_output_folder(export_path)
    if epochs is None:
        epochs = 3 if data == "embedded" else 1
    output = pathlib.Path(output)
    embedded = data == "embedded"
    results = {}
    for name in ("quantum", "ffn", "bottleneck"):
        _title(f"Train: {name}")
        config = training.TrainConfig(
            data=data,
            baseline=None if name == "quantum" else name,
            epochs=epochs,
            sequence_length=24 if embedded else 48,
            seed=seed,
        )
        results[name] = training.train(
            config, output / name, overwrite=True, report=click.echo
        )
    _title("Accuracy on the validation split, one seed each")
    _print_table(results)
    _title("Export")
    model, names = training.load_trained(output / "quantum")
    click.echo(serving.export(model, export_path, names))
    _title("Two sentences, answered by the export")
    texts = SENTENCES
    for answer in serving.Predictor(export_path)(texts):
        probability = max(answer["probabilities"])
        click.echo(f"{answer['label']:>10} {probability:.3f}  {answer['text']}")
    _title("The same weights on both engines")
    _compare_engines(model, output / "quantum")
    click.echo(f"\nGradients and losses: tensorboard --logdir {output}")


def _title(text):
    click.echo(f"\n=== {text}")


def _print_table(results):
    click.echo(
        f"{'blocks':<12}{'accuracy':>10}{'block parameters':>18}{'seconds':>9}"
    )
    for name, metrics in results.items():
        click.echo(
            f"{name:<12}{metrics['validation_accuracy']:>10.3f}"
            f"{metrics['parameters']['feed_forward']:>18,}"
            f"{metrics['seconds']:>9.0f}"
        )
    rate = results["quantum"]["validation_majority_accuracy"]
    click.echo(f"{'majority':<12}{rate:>10.3f}")


def _compare_engines(model, run):
    """Takes a gradient on each engine at the same weights, and times it."""
    import numpy as np
    import tensorflow as tf

    from tfq_hybrid import training
    from tfq_hybrid.training.build import build_model
    from tfq_hybrid.training.classification import load_splits

    config, values, _, vocabulary = training.RunFolder(run).read()
    _, validation = load_splits(config)
    examples = validation.take(32)
    tokens = model.preprocessor(examples.texts)
    labels = tf.constant(examples.labels)
    results = {}
    for engine in ("batched", "tfq"):
        stored = {**config.to_dict(), "engine": engine}
        baseline = build_model(
            training.TrainConfig.from_dict(stored), vocabulary, len(values)
        )
        baseline.set_weights(model.get_weights())
        step = _gradient_step(baseline)
        outputs = step(tokens, labels)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            step(tokens, labels)
            times.append(time.perf_counter() - began)
        results[engine] = (outputs, statistics.median(times))
    (logits, gradients), fast = results["batched"]
    (reference, reference_gradients), slow = results["tfq"]
    gap = np.abs(logits - reference).max()
    gradient_gap = np.abs(_flat(gradients) - _flat(reference_gradients)).max()
    click.echo(f"largest difference of logits     {gap:.1e}")
    click.echo(f"largest difference of gradients  {gradient_gap:.1e}")
    click.echo(f"step of 32 sentences, batched    {fast * 1e3:.0f} ms")
    click.echo(
        f"step of 32 sentences, tfq        {slow * 1e3:.0f} ms "
        f"({slow / fast:.0f} x)"
    )


def _flat(gradients):
    """All gradients as one vector."""
    import numpy as np
    import tensorflow as tf

    dense = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    return np.concatenate([np.ravel(g) for g in dense])


def _gradient_step(model):
    import keras
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(tokens, labels):
        with tf.GradientTape() as tape:
            logits = model(tokens, training=False)
            value = loss(labels, logits)
        variables = [v.value for v in model.trainable_variables]
        return logits, tape.gradient(value, variables)

    return step
