"""Options that are made from the arguments of a config.

Names, defaults, choices and help come from the dataclasses and their
docstrings: `--circuit.depth`, and `--depth` where only one key ends so.
"""

import functools
import re
from collections.abc import Iterator, Sequence

import click

from tfq_hybrid.cli.given import flag
from tfq_hybrid.config.fields import Field
from tfq_hybrid.config.values import ends, is_tuple, read_value
from tfq_hybrid.errors import is_same_name
from tfq_hybrid.shapes import alternatives

ENVIRONMENT = "TFQ_HYBRID_TRAIN_"
METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}
FEW = 9  # choices that are listed in place of TEXT


def split_words(ctx, parameter, value):
    """Splits a comma-separated option."""
    return None if value is None else [w.strip() for w in value.split(",")]


class Words(click.ParamType):
    """Words between commas, or a list of a config file."""

    name = "words"

    def convert(self, value, param, ctx):
        if isinstance(value, str):
            value = value.split(",")
        return [str(word).strip() for word in value]


def cluster_options(workers):
    """Gives a command the options that say where its jobs run.

    The callback gets `workers`, by default that many processes, and `where`,
    the further arguments of `tfq_hybrid.cluster.cluster`.
    """

    def decorate(function):
        @functools.wraps(function)
        def callback(scheduler, insecure, tls_ca, tls_cert, tls_key, **given):
            tls = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}
            where = {"scheduler": scheduler, "insecure": insecure, "tls": tls}
            return function(where=where, **given)

        for option in reversed(
            (
                click.option(
                    "--workers",
                    type=click.IntRange(min=1),
                    default=workers,
                    help="Worker processes, each on cores of its own.",
                ),
                click.option(
                    "--scheduler",
                    metavar="ADDRESS",
                    help="Run the jobs at a dask scheduler, tls://HOST:PORT.",
                ),
                click.option("--tls-ca", metavar="FILE"),
                click.option("--tls-cert", metavar="FILE"),
                click.option("--tls-key", metavar="FILE"),
                click.option(
                    "--insecure",
                    is_flag=True,
                    help="Allow tcp:// beyond this machine: whoever reaches "
                    "the scheduler runs code.",
                ),
            )
        ):
            callback = option(callback)
        return callback

    return decorate


class _FieldType(click.ParamType):
    """Reads a text as the annotation of an argument says."""

    name = "value"

    def __init__(self, field):
        self.field = field

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        value = read_value(self.field.key, self.field.hint, value)
        same = [c for c in self.field.choices if is_same_name(c, str(value))]
        return same[0] if same and value not in same else value

    def shell_complete(self, ctx, param, incomplete):
        found = [c for c in self.field.choices if c.startswith(incomplete)]
        return [click.shell_completion.CompletionItem(c) for c in found]


class FieldOption(click.Option):
    """The option of an argument.

    An end of its key is a name of its own where none of the other keys ends
    so. `--help` lists it if it is usual, and all its names and sentences if
    the help is to be whole.
    """

    def __init__(
        self,
        field: Field,
        keys: Sequence[str],
        usual: bool = True,
        whole: bool = False,
    ):
        self.field, self.usual, self.whole = field, usual, whole
        short = [e for e in endings(field.key) if _owners(e, keys) == 1]
        self.short = short[-1] if short else None
        names = [flag(name) for name in (field.key, *short)]
        is_bool = bool in alternatives(field.hint)
        if is_bool:
            names = [f"{name}/--no-{name[2:]}" for name in names]
        super().__init__(
            [parameter_name(field.key), *names],
            type=click.BOOL if is_bool else _FieldType(field),
            default=None,
            envvar=environment(field.key),
            metavar=None if is_bool else self._metavar(),
            help=self._text(),
        )

    def _metavar(self):
        choices = self.field.choices
        if choices and len(choices) <= FEW:
            items = ",…" if self._is_list() else ""
            return f"[{'|'.join(choices)}]{items}"
        if self._is_list():
            return "TEXT,…"
        kinds = alternatives(self.field.hint)
        return next((METAVARS[k] for k in kinds if k in METAVARS), "TEXT")

    def _is_list(self):
        return any(map(is_tuple, alternatives(self.field.hint)))

    def _text(self):
        field = self.field
        default = field.default
        if default is None or default == ():
            default = field.meaning
        elif isinstance(default, tuple):
            default = ",".join(map(str, default))
        elif isinstance(default, bool):
            default = str(default).lower()
        elif not isinstance(default, (str, int, float)):
            default = name_of(field)
        text = re.sub(r",? (?:a name in|as for) \w+", "", field.help)
        text = text if self.whole else text.split(". ")[0]
        text = f"{text}. " if text else ""
        if len(field.choices) > FEW:
            text += f"One of {', '.join(field.choices)}. "
        return f"{text}Default: {default}." if default != "" else text

    def get_help_record(self, ctx):
        record = super().get_help_record(ctx)
        if record is None or self.short is None or self.whole:
            return record
        # The short name says enough on a page that is read from the top.
        name = flag(self.short)
        return f"{name} {self.metavar}" if self.metavar else name, record[1]


def name_of(field):
    """The name of a default that is an object, such as a preset."""
    from tfq_hybrid.circuits import PRESETS

    found = [n for n, circuit in PRESETS.items() if circuit == field.default]
    return found[0] if found else "its own"


def endings(key):
    """The ends of a dotted key, the shortest last.

    Example:

    >>> endings("adapter.circuit.depth")
    ['circuit.depth', 'depth']
    """
    parts = key.split(".")
    return [".".join(parts[i:]) for i in range(1, len(parts))]


def _owners(name, keys):
    """How many keys a name is the end of; none where it is a key itself."""
    return 0 if name in keys else len(ends(name, keys))


def parameter_name(key: str) -> str:
    """The name of an argument among the parameters of a command."""
    return key.replace(".", "__")


def environment(key: str) -> str:
    """The variable of the environment that stands for an option."""
    return ENVIRONMENT + key.replace(".", "_").upper()


def ambiguous_options(keys: Sequence[str]) -> Iterator[click.Option]:
    """Options that say which keys a name could be the end of."""
    names = [name for key in keys for name in endings(key)]
    for name in dict.fromkeys(names):
        if _owners(name, keys) > 1:
            yield click.Option(
                [f"either__{parameter_name(name)}", flag(name)],
                hidden=True,
                expose_value=False,
                callback=_name_both(name, ends(name, keys)),
            )


def _name_both(last, found):
    def refuse(ctx, parameter, value):
        if value is not None and not ctx.resilient_parsing:
            raise click.UsageError(
                f"{flag(last)} is ambiguous: {' or '.join(map(flag, found))}."
            )

    return refuse
