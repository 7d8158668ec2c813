"""The `tfq-hybrid` command."""

import click

from tfq_hybrid import __version__
from tfq_hybrid.cli.compare import compare
from tfq_hybrid.cli.demo import demo
from tfq_hybrid.cli.diagnose import diagnose
from tfq_hybrid.cli.doctor import doctor
from tfq_hybrid.cli.evaluate import evaluate
from tfq_hybrid.cli.export import export, serve, verify
from tfq_hybrid.cli.predict import generate, predict
from tfq_hybrid.cli.presets import presets
from tfq_hybrid.cli.reproduce import report, reproduce
from tfq_hybrid.cli.resources import resources
from tfq_hybrid.cli.run import run_command
from tfq_hybrid.cli.screen import screen
from tfq_hybrid.cli.train import train
from tfq_hybrid.cli.tune import tune
from tfq_hybrid.errors import choice_error

# What to do after an interrupt, by the command.
HINTS = {
    "train": " Go on with `tfq-hybrid train --resume`.",
    "compare": " The same command goes on.",
    "reproduce": " The same command goes on.",
    "diagnose": " The same command goes on.",
    "tune": " The same command goes on.",
    "screen": " The same command goes on.",
}


class _Commands(click.Group):
    """A group that names the nearest command when there is none."""

    def resolve_command(self, ctx, args):
        if args and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            if args[0] not in known:
                raise choice_error("command", args[0], known)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
    },
    epilog="Begin with `tfq-hybrid demo`: no data, no network, 3 minutes.",
)
@click.version_option(__version__, prog_name="tfq-hybrid")
def commands():
    """Quantum layers on TensorFlow Quantum for Keras language models."""


for _command in (
    demo,
    train,
    evaluate,
    predict,
    generate,
    export,
    serve,
    verify,
    compare,
    reproduce,
    diagnose,
    resources,
    report,
    tune,
    screen,
    presets,
    doctor,
):
    commands.add_command(_command)


def main(arguments=None):
    """Runs the command line; see `run_command`."""
    run_command(commands, arguments, "tfq-hybrid", HINTS)
