"""`--set`: arguments of a published system that have no option of their own."""

import json

import click

from tfq_hybrid.errors import UserError


def set_option(command):
    """Gives a command the option `--set`."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Another argument of the model, such as place=both of qaa, "
        "train_encoder=true of hybrid-bert or encoders=2 of quantum-head. Can "
        "be given several times.",
    )(command)


def given_options(options):
    """The options of a command that were given, those of `--set` included.

    Args:
        options: dict of a command with `set_option`: `None` stands for not
            given.

    Returns:
        A dict.
    """
    given = {
        name: value
        for name, value in options.items()
        if value is not None and name != "settings"
    }
    return given | read_settings(options["settings"])


def read_settings(pairs):
    """The arguments that `--set` names.

    Args:
        pairs: sequence of str, `NAME=VALUE`; a value is JSON or a word.

    Returns:
        A dict.

    Raises:
        UserError: a pair is none, or a name is given twice.

    Example:

    >>> read_settings(["place=both", "depth=2", "train-encoder=true"])
    {'place': 'both', 'depth': 2, 'train_encoder': True}
    """
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or name in found:
            raise UserError(
                "Expected --set as NAME=VALUE, each name once. Received: "
                f"--set={pair!r}"
            )
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
