"""Run a click command: what it says, and the exit code it ends with."""

import functools
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

json_option = functools.partial(click.option, "--json", "as_json", is_flag=True)

# Errors that end a valid command.
STOPPED = (
    SearchStoppedError,
    StorageError,
    TrainingDivergedError,
    WorkerLostError,
)


def run_command(
    command: click.Command,
    arguments: list[str] | None,
    name: str,
    hints: dict[str, str] | None = None,
) -> None:
    """Runs a command and exits if it fails.

    Invalid input exits with 2 and one line. A diverged training, a lost
    worker, a search that cannot go on or a full disk exits with 1 and one
    line; an interrupt, with 130. The line begins with the program's name; the
    hints say what to do after an interrupt, by subcommand. Arguments of `None`
    are those of the process.
    """
    hints = hints or {}
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
        hint = next((hints[w] for w in words if w in hints), "")
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


def say(line):
    """A line that stays."""
    status("")
    click.echo(line)


def status(line):
    """A line that the next one replaces, where a person looks."""
    stream = click.get_text_stream("stderr")
    if stream.isatty():
        click.echo(f"\r\033[K{line}", nl=False, err=True)
