"""`tfq-hybrid resources`: what the circuits of a run take on a device."""

import json

import click

from tfq_hybrid.cli.run import json_option
from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid resources runs/sst2
  tfq-hybrid resources runs/sst2 --shots 4000 --gateset cz --rate 2000
  tfq-hybrid resources runs/sst2 --gateset cz --connectivity line
  tfq-hybrid resources runs/sst2 --gateset ionq --price 0.00003 --json
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path())
@click.option(
    "--shots", type=int, default=1000, help="Of each circuit, in each basis."
)
@click.option(
    "--gateset",
    metavar="[cz|cz-partial|sqrt-iswap|sycamore|ionq|aqt]",
    help="Count gates in the gate set of a device too. Default: as written.",
)
@click.option(
    "--connectivity",
    metavar="[line|ring|grid]",
    help="Route on qubits that are coupled so. Default: each pair is coupled.",
)
@click.option("--rate", type=float, help="Shots per second, for the time.")
@click.option("--price", type=float, help="Of a shot, for the cost.")
@click.option(
    "--batch-size",
    type=int,
    help="Executions of each circuit in a forward pass. Default: those of a "
    "training step of the run.",
)
@json_option(help="Print JSON.")
def resources(run, batch_size, as_json, **options):
    """Estimate what the circuits of a run take on a device.

    Gates, two-qubit gates and depth; circuits and shots of a forward pass, of
    a training step by parameter shift, and of an epoch; time and cost.
    """
    quiet_imports()
    from tfq_hybrid import hardware, training

    folder = training.RunFolder(run)
    model, _ = training.load_trained(run)
    config, *_ = folder.read()
    steps = None
    examples = folder.metrics().get("training_examples")
    if examples:
        steps = -(-examples // config.batch_size)
    if batch_size is None:
        batch_size = config.circuit_runs
    try:
        found = hardware.resources(
            model, batch_size=batch_size, steps_per_epoch=steps, **options
        )
    except UserError as error:
        if "a model with circuits" not in str(error):
            raise
        raise UserError(
            "Expected the run of a model with circuits that are measured. "
            f"Received: {run}, which has none"
        ) from None
    click.echo(json.dumps(found.to_dict()) if as_json else found)
