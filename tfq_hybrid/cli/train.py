"""`tfq-hybrid train`."""

import json
import shlex

import click

from tfq_hybrid.cli.circuit_options import circuit_options, split_words
from tfq_hybrid.cli.system_options import given_options, set_option
from tfq_hybrid.cli.train_config import read_config, resumed_config
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid train --data embedded --epochs 3 --output runs/embedded
  tfq-hybrid train --data sst2_train.tsv --validation-data sst2_dev.tsv \\
      --qubits 4 --depth 2 --output runs/sst2
  tfq-hybrid train --data glue/sst2 --classical ffn --output runs/ffn
  tfq-hybrid train --data glue/sst2 --preset bert_tiny_en_uncased \\
      --adapter QuantumAdapter --targets attention,ffn --output runs/qaa
  tfq-hybrid train --model hyqut --data tinystories_sample.txt \\
      --epochs 3 --output runs/stories
  tfq-hybrid train --model hybrid-bert --preset bert_tiny_en_uncased \\
      --data glue/sst2 --set train_encoder=true --output runs/hybrid
  tfq-hybrid train --model qaa --set base=runs/gpt --set place=both \\
      --data alpaca_4000.jsonl --output runs/qaa
  tfq-hybrid train --resume --output runs/sst2
  TF_CONFIG=… tfq-hybrid train --distribute multi-worker --data glue/sst2 \\
      --output runs/sst2        (on each worker; see docs/distributed.md)

Watch it: tensorboard --logdir runs/sst2/logs
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data",
    help="A .tsv, .csv or .jsonl file, a TFDS name, or 'embedded'; for a "
    "language model a .txt file, or a .jsonl file of dialogues.",
)
@click.option(
    "--output", required=True, type=click.Path(), help="The run folder."
)
@click.option(
    "--validation-data",
    help="As --data. Default: its validation split, or a tenth of it.",
)
@click.option(
    "--model",
    metavar="[qffn-bert|hybrid-bert|hyqut|quantum-head|qaa]",
    help="Default: qffn-bert.",
)
@click.option(
    "--classical",
    metavar="BASELINE",
    help="Train this baseline instead of the circuit: ffn, bottleneck "
    "or none of qffn-bert; linear or mlp of hybrid-bert and quantum-head; "
    "dense or bottleneck of hyqut; full, lora, sora, prefix or bottleneck of "
    "qaa.",
)
@click.option(
    "--size", metavar="[tiny|8m|150m]", help="Model size of hyqut. Default: 8m."
)
@click.option(
    "--preset",
    help="A keras-hub BERT preset, name or folder, to "
    "start from. Default: BERT-tiny from random weights.",
)
@click.option(
    "--adapter",
    metavar="[QuantumAdapter|ReplaceDense|LoRA|…]",
    help="Adapt the preset by this method instead of replacing all its "
    "feed-forward blocks.",
)
@click.option(
    "--targets",
    callback=split_words,
    help="What to adapt, such as attention,ffn, by default the method's; the "
    "matrices of hyqut, such as gate or all-ffn, by default query.",
)
@click.option(
    "--layers", help="Blocks to change, such as 0,8-11. Default: all."
)
@click.option(
    "--adapter-size",
    type=int,
    help="Adapter capacity: rank, width, prefix length, qubits, circuit "
    "layers or trained blocks.",
)
@circuit_options
@click.option(
    "--tokens",
    metavar="[all|cls]",
    help="Which tokens go through the circuit. Default: all.",
)
@click.option("--engine", metavar="[auto|batched|tfq]", help="Default: auto.")
@click.option("--split", help="The split of a TFDS data set. Default: train.")
@click.option("--text-column", help="Default: text, sentence, ….")
@click.option("--label-column", help="Default: label, class, ….")
@click.option(
    "--label-names",
    callback=split_words,
    help="Names for the labels in sorted order, such as negative,positive.",
)
@click.option("--data-dir", type=click.Path(), help="Where TFDS keeps data.")
@click.option("--limit", type=int, help="Train on the first examples only.")
@click.option(
    "--vocabulary-size",
    type=int,
    help="Default: 8192; of hyqut 512, 4096 or 16384, by its size.",
)
@click.option(
    "--sequence-length", type=int, help="Tokens. Default: 48; of hyqut 256."
)
@click.option("--epochs", type=int, help="Default: 1.")
@click.option("--batch-size", type=int, help="Default: 64; of hyqut 8.")
@click.option(
    "--optimizer",
    metavar="[adamw|adam]",
    help="Default: adamw; of hyqut adam.",
)
@click.option(
    "--learning-rate",
    type=float,
    help="Peak learning rate, between warm-up and cosine decay. Default: "
    "0.001.",
)
@click.option(
    "--quantum-learning-rate",
    type=float,
    help="Learning rate for circuit parameters. Default: same as "
    "--learning-rate.",
)
@click.option(
    "--warmup",
    type=float,
    help="Warm-up, as a share of the steps. Default: 0.1.",
)
@click.option(
    "--weight-decay",
    type=float,
    help="Weight decay (AdamW only). Default: 0.01.",
)
@click.option(
    "--clipnorm",
    type=float,
    help="Clip gradients to this global norm. Default: off.",
)
@click.option("--dropout", type=float, help="Default: 0.1; of hyqut 0.")
@click.option(
    "--patience",
    type=int,
    help="Epochs without improvement on validation data before training "
    "stops. Default: 3.",
)
@click.option(
    "--gradient-every",
    type=int,
    help="Steps between gradient readings. Default: 10.",
)
@click.option(
    "--xla", is_flag=True, default=None, help="Compile the train step with XLA."
)
@click.option("--seed", type=int, help="Default: 0.")
@set_option
@click.option(
    "--distribute",
    metavar="[mirrored|multi-worker]",
    help="Train on all GPUs of this machine, or with the workers that "
    "TF_CONFIG names. Default: on one device.",
)
@click.option("--resume", is_flag=True, help="Resume the run in --output.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --output.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print only the metrics, as JSON.",
)
def train(
    output, circuit_file, distribute, resume, overwrite, as_json, **options
):
    """Train a model with circuits: a text classifier or a language model.

    qffn-bert is a BERT whose feed-forward blocks are circuits. hyqut is a
    Llama-style decoder with circuits in place of some of its matrices.
    """
    given = given_options(options)
    quiet_imports()
    from tfq_hybrid import training

    if resume and circuit_file:
        raise click.UsageError("--resume and --circuit exclude each other.")

    def choose():
        if resume:
            config = resumed_config(output, given)
        else:
            config = read_config(given, circuit_file)
        return config.to_dict(), resume, overwrite

    with training.join(distribute) as workers:
        # The chief's choice counts: the others may lack the run folder.
        config, resume, overwrite = workers.from_chief(choose)
        metrics = training.train(
            training.TrainConfig.from_dict(config),
            output,
            resume=resume,
            overwrite=overwrite,
            verbose=0 if as_json else "auto",
            report=(lambda line: None) if as_json else click.echo,
            workers=workers,
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
    else:
        click.echo(f"Next: tfq-hybrid export {run} --output saved_models/NAME")


def _summary(metrics):
    """The best epoch in a line."""
    end = f"epoch {metrics['best_epoch']}, in {metrics['seconds']:.0f} s."
    if "validation_perplexity" in metrics:
        return (
            f"Validation loss {metrics['validation_loss']:.4f}, perplexity "
            f"{metrics['validation_perplexity']:.2f} on "
            f"{metrics['validation_tokens']:,} tokens, {end}"
        )
    return (
        f"Validation accuracy {metrics['validation_accuracy']:.4f} on "
        f"{metrics['validation_examples']:,} examples, {end}"
    )
