"""`tfq-hybrid train`."""

import json
import shlex

import click

from tfq_hybrid.cli.config_command import USUAL, ConfigCommand
from tfq_hybrid.cli.given import flag, to_yaml
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.config.values import NAMED, flatten
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid train --data sst2_train.tsv --validation-data sst2_dev.tsv \\
      --qubits 4 --depth 2 --output runs/sst2
  tfq-hybrid train --data glue/sst2 --preset bert_tiny_en_uncased \\
      --adapter QuantumAdapter --targets attention,ffn --output runs/qaa
  tfq-hybrid train --model hyqut --data stories.txt --output runs/stories
  tfq-hybrid train --config run.yaml --circuit.depth 3 --output runs/deeper
  tfq-hybrid train --resume --epochs 5 --output runs/sst2

Watch it: tensorboard --logdir runs/sst2/logs
"""


# What `--help` lists beside the usual ones: all of a first circuit.
OWN = (
    "circuit.qubits",
    "circuit.depth",
    "circuit.encoding",
    "circuit.entanglement",
    "circuit.reuploads",
    "task",
    "adapter.targets",
    "adapter.circuit",
    "adapter.circuit.qubits",
    "adapter.circuit.depth",
    "batch_size",
    "learning_rate",
)


@click.command(cls=ConfigCommand, usual=(*USUAL, *OWN), epilog=EPILOG)
@click.option(
    "--output", type=click.Path(), help="The run folder, always needed."
)
@click.option(
    "--print-config",
    is_flag=True,
    help="Print the config as YAML, with the source of each value, and stop.",
)
@click.option(
    "--distribute",
    metavar="[mirrored|multi-worker]",
    help="Train on all GPUs of this machine, or with the workers that "
    "TF_CONFIG names. Default: on one device.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the run in --output, a finished one to more --epochs.",
)
@click.option("--overwrite", is_flag=True, help="Replace the run in --output.")
@json_option(help="Print only the metrics, as JSON.")
def train(given, output, print_config, distribute, resume, overwrite, as_json):
    """Train a model with circuits: a text classifier or a language model.

    --model picks one of the published systems: qffn-bert is a BERT whose
    feed-forward blocks are circuits, hyqut a Llama-style decoder with
    circuits in place of some of its matrices.
    """
    if print_config:
        config = given.config()
        click.echo(to_yaml(config.to_dict(), given.sources_of(config)))
        return
    if output is None:
        raise click.UsageError("Missing option '--output'.")
    quiet_imports()
    from tfq_hybrid import training

    def choose():
        if resume:
            config = resumed_config(output, given)
            sources = {k: v for k, v in given.sources.items() if k == "epochs"}
            return config.to_dict(), sources, resume, overwrite
        config = given.config()
        return config.to_dict(), given.sources_of(config), resume, overwrite

    with training.join(distribute) as workers:
        # The chief's choice counts: the others may lack the run folder.
        config, sources, resume, overwrite = workers.from_chief(choose)
        metrics = training.train(
            training.TrainConfig.from_dict(config),
            output,
            resume=resume,
            overwrite=overwrite,
            verbose=0 if as_json else "auto",
            report=(lambda line: None) if as_json else click.echo,
            workers=workers,
            sources=sources,
        )
    if not workers.is_chief:
        return
    if as_json:
        click.echo(json.dumps(metrics))
        return
    click.echo(_summary(metrics))
    click.echo(f"Run folder: {output}")
    run = shlex.quote(output)
    if "validation_perplexity" in metrics:
        click.echo(f'Next: tfq-hybrid generate {run} "A prompt"')
    elif "validation_words" in metrics:
        click.echo(f"Next: tfq-hybrid evaluate {run} --data test.conllu")
    else:
        click.echo(f"Next: tfq-hybrid export {run} --output saved_models/NAME")


def resumed_config(output, given):
    """The stored config; what is given again must agree with it.

    Only `epochs` may be others: in all, so that a run goes on.

    Raises:
        UserError: there is no unfinished run, or an argument differs.
    """
    from tfq_hybrid.training import RunFolder

    folder, arguments = RunFolder(output), given.nested()
    epochs = arguments.pop("epochs", None)
    if epochs is not None:
        check_integer("epochs", epochs, 1)
    folder.check_writable(resume=True, overwrite=False, epochs=epochs)
    config, *_ = folder.read()
    stored = dict(flatten(config.to_dict()))
    for key, value in arguments.items():
        try:
            again = config.replace({key: value})
        except UserError:  # it does not go together with the others
            again = None
        if again == config:
            continue
        others = {} if again is None else dict(flatten(again.to_dict()))
        differs = [k for k in stored if others.get(k, stored[k]) != stored[k]]
        what = differs[0] if differs else key
        name, _, last = what.rpartition(".")
        option = flag(name if NAMED.get(name) == last else what)
        said = what if what in given.values else key
        raise UserError(
            f"Expected the options of the run in {output}, where {option} is "
            f"{stored.get(what, 'another')!r}. Received: "
            f"{flag(said)}={given.values.get(said, value)!r}"
        )
    return config if epochs is None else config.replace({"epochs": epochs})


def regression_line(found, prefix=""):
    """The scores of a regression in words.

    >>> regression_line({"mse": 2, "baseline_mse": 1.5, "pearson": None,
    ...     "spearman": 0.5})
    'MSE 2.0000 (the mean alone: 1.5000), Pearson undefined, Spearman 0.5000'
    """
    parts = [
        f"{name.title()} " + ("undefined" if value is None else f"{value:.4f}")
        for name in ("pearson", "spearman")
        for value in [found[f"{prefix}{name}"]]
    ]
    return (
        f"MSE {found[f'{prefix}mse']:.4f} (the mean alone: "
        f"{found[f'{prefix}baseline_mse']:.4f}), {', '.join(parts)}"
    )


def labels_line(found, prefix=""):
    """The scores of a multi-label classifier in words."""
    return (
        f"micro-F1 {found[f'{prefix}micro_f1']:.4f}, macro-F1 "
        f"{found[f'{prefix}macro_f1']:.4f}, all labels right "
        f"{found[f'{prefix}exact']:.4f}"
    )


def words_line(found, prefix=""):
    """The scores of labels of words in words."""
    missed = found[f"{prefix}missed"]
    note = f", {missed:,} of them cut off" if missed else ""
    spans = f"{prefix}entity_f1"
    entities = f", entity F1 {found[spans]:.4f}" if spans in found else ""
    return (
        f"accuracy {found[f'{prefix}accuracy']:.4f} (majority class "
        f"{found[f'{prefix}majority_accuracy']:.4f}), macro-F1 "
        f"{found[f'{prefix}macro_f1']:.4f}{entities} on "
        f"{found[f'{prefix}words']:,} words{note}"
    )


def _summary(metrics):
    """The best epoch in a line."""
    end = f"epoch {metrics['best_epoch']}, in {metrics['seconds']:.0f} s."
    if "validation_perplexity" in metrics:
        return (
            f"Validation loss {metrics['validation_loss']:.4f} (unigrams "
            f"{metrics['validation_unigram_loss']:.4f}), perplexity "
            f"{metrics['validation_perplexity']:.2f} on "
            f"{metrics['validation_tokens']:,} tokens, {end}"
        )
    if "validation_mse" in metrics:
        return (
            f"Validation {regression_line(metrics, 'validation_')} on "
            f"{metrics['validation_examples']:,} examples, {end}"
        )
    if "validation_micro_f1" in metrics:
        return (
            f"Validation {labels_line(metrics, 'validation_')} on "
            f"{metrics['validation_examples']:,} examples, by which the "
            f"thresholds were chosen, {end}"
        )
    if "validation_words" in metrics:
        return f"Validation {words_line(metrics, 'validation_')}, {end}"
    return (
        f"Validation accuracy {metrics['validation_accuracy']:.4f} (majority "
        f"class {metrics['validation_majority_accuracy']:.4f}) on "
        f"{metrics['validation_examples']:,} examples, {end}"
    )
