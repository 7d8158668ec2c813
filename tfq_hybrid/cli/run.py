"""Run a click command; end it with one line and an exit code."""

import re
import sys

import click

from tfq_hybrid.cli.given import flag
from tfq_hybrid.errors import (
    SearchStoppedError,
    StorageError,
    TrainingDivergedError,
    UserError,
    WorkerLostError,
)

# Errors that end a valid command.
STOPPED = (
    SearchStoppedError,
    StorageError,
    TrainingDivergedError,
    WorkerLostError,
)


def run_command(command, arguments, name, hints=None):
    """Runs a command and exits if it fails.

    Invalid input exits with 2 and one line. A diverged training, a lost
    worker, a search that cannot go on or a full disk exits with 1 and one
    line; an interrupt, with 130.

    Args:
        command: `click.Command`.
        arguments: list of str. `None` for those of the process.
        name: str. The program's name, which begins the line.
        hints: dict of a subcommand's name and what to do after an interrupt.
            Defaults to none.
    """
    try:
        command.main(arguments, name, standalone_mode=False)
    except UserError as error:
        _stop(name, str(error), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        sys.exit(2)
    except click.ClickException as error:
        _stop(name, error.format_message(), 2)
    except STOPPED as error:
        _stop(name, str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        words = sys.argv[1:] if arguments is None else arguments
        hint = next((hints[w] for w in words if w in (hints or {})), "")
        _stop(name, f"Interrupted.{hint}", 130)
    except OSError as error:
        _stop(name, f"{error.strerror or error}: {error.filename}", 2)


def _stop(name, message, code):
    message = as_options(" ".join(message.split()))
    click.echo(f"{name}: {message}", err=True)
    sys.exit(code)


def as_options(message):
    """A message with the arguments of the library as options.

    Example:

    >>> as_options("Use overwrite=True to train anew.")
    'Use --overwrite to train anew.'
    """
    return re.sub(
        r"(?<![\w.-])([a-z]\w*)=True\b", lambda m: flag(m[1]), message
    )
