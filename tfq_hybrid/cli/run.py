"""Run a click command: what it says, and the exit code it ends with."""

import contextlib
import functools
import os
import re
import signal
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
from tfq_hybrid.signals import Interrupts
from tfq_hybrid.startup import open_closed_streams

# The signals that end a command, and what it says.
ENDED: dict[int, str] = {
    signal.SIGINT: "Interrupted",
    signal.SIGTERM: "Terminated",
}

json_option = functools.partial(click.option, "--json", "as_json", is_flag=True)

# Errors that end a valid command.
STOPPED = (
    SearchStoppedError,
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

    Invalid input exits with 2 and one line, and so does what cannot be read or
    written. A diverged training, a lost worker or a search that cannot go on
    exits with 1 and one line; SIGINT with 130, SIGTERM with 143. The line
    begins with the program's name; the hints say what to do after an
    interrupt, by subcommand. Arguments of `None` are those of the process.
    """
    open_closed_streams()
    words = sys.argv[1:] if arguments is None else arguments
    hint = next((hints[w] for w in words if w in hints), "") if hints else ""

    def give_up(number):
        _tell(name, f"{ENDED[number]}.{hint}")
        os._exit(128 + number)

    interrupts = Interrupts(give_up)
    with interrupts.handling(*ENDED):
        try:
            _run(command, arguments, name)
        except BaseException as error:
            number = interrupts.number
            if isinstance(error, (KeyboardInterrupt, click.Abort)):
                number = number or signal.SIGINT
            if number is None:
                raise
            _stop(name, f"{ENDED[number]}.{hint}", 128 + number)


def _run(command, arguments, name):
    try:
        command.main(arguments, name, standalone_mode=False)
    except (UserError, StorageError) as error:
        _stop(name, str(error), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        sys.exit(2)
    except click.ClickException as error:
        _stop(name, error.format_message(), 2)
    except STOPPED as error:
        _stop(name, str(error), 1)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _stop(name, f"{error.strerror or error}{place}", 2)


def _stop(name, message, code):
    _tell(name, message)
    sys.exit(code)


def _tell(name, message):
    message = as_options(" ".join(message.split()))
    with contextlib.suppress(OSError):  # nobody reads it
        click.echo(f"{name}: {message}", err=True)


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
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{line}", nl=False, err=True)
