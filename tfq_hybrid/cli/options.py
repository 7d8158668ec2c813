"""Options of a command that are made from the arguments of a config.

A `ConfigCommand` has, beside its own options, one for each argument of a
training: `--circuit.depth`, and `--depth` where only one key ends so. Names,
defaults, choices and help come from the dataclasses and their docstrings.
What there is depends on the words that choose a class, `--model`, `--circuit`
and `--adapter`, which are read first.
"""

import os
import re

import click

from tfq_hybrid.cli.given import Given, flag, read_circuit, read_config_file
from tfq_hybrid.config.keys import NAMED, ends
from tfq_hybrid.config.values import alternatives, is_tuple, read_value
from tfq_hybrid.errors import UserError

ENVIRONMENT = "TFQ_HYBRID_TRAIN_"
CHOOSING = ("model", "circuit", "adapter", "adapter.circuit")
STATE = "tfq_hybrid.cli.options"
METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}
FEW = 9  # choices that are listed in place of TEXT


def split_words(ctx, parameter, value):
    """Splits a comma-separated option."""
    return None if value is None else [w.strip() for w in value.split(",")]


class _FieldType(click.ParamType):
    """Reads a text as the annotation of an argument says."""

    name = "value"

    def __init__(self, field):
        self.field = field

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        return read_value(self.field.key, self.field.hint, value)

    def shell_complete(self, ctx, param, incomplete):
        found = [c for c in self.field.choices if c.startswith(incomplete)]
        return [click.shell_completion.CompletionItem(c) for c in found]


class FieldOption(click.Option):
    """The option of an argument.

    Args:
        field: `Field`.
        keys: list of str, of all arguments: an end of its key is a name of
            its own where no other key ends so.
        usual: bool. Whether `--help` lists it.
        whole: bool. Whether the help is long: all names, all sentences.
    """

    def __init__(self, field, keys, usual=True, whole=False):
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


def parameter_name(key):
    """The name of an argument among the parameters of a command."""
    return key.replace(".", "__")


class _State:
    """What the first look at the words has found.

    Attributes:
        fields: list of `Field`.
        file: nested dict, of `--config`.
        path: str. That file, or `None`.
        whole: bool. Whether the help lists everything.
    """

    def __init__(self, words, quiet):
        from tfq_hybrid.training.config import fields_of_training

        self.whole = "--help-all" in words
        seen = {key: _peek(words, key) for key in ("config", *CHOOSING)}
        self.path, self.file = seen.pop("config"), {}
        try:
            if self.path is not None:
                self.file = read_config_file(self.path)
            chosen = _chosen_in(self.file)
            chosen |= {k: v for k, v in seen.items() if v is not None}
            for key in ("circuit", "adapter.circuit"):
                if isinstance(chosen.get(key), str):
                    chosen[key] = read_circuit(chosen[key])
            model = chosen.pop("model", None)
            arguments = () if model is None else (model,)
            self.fields = fields_of_training(*arguments, chosen=chosen)
        except UserError:
            if not quiet:
                raise
            self.fields = fields_of_training()


def environment(key):
    """The variable of the environment that stands for an option."""
    return ENVIRONMENT + key.replace(".", "_").upper()


def _peek(words, key):
    """What the words or the environment give for a key, or `None`."""
    names = {flag(name) for name in (key, *endings(key))}
    found = os.environ.get(environment(key))
    for i, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name not in names:
            continue
        if equals:
            found = value
        elif i + 1 < len(words):
            found = words[i + 1]
    return found


def _chosen_in(file, prefix=""):
    """The names that a config file chooses, by dotted key."""
    found = {}
    if not prefix and isinstance(file.get("model"), str):
        found["model"] = file["model"]
    for key, inner in NAMED.items():
        part = file.get(key)
        if not isinstance(part, dict):
            continue
        if isinstance(part.get(inner), str):
            found[f"{prefix}{key}"] = part[inner]
        found |= _chosen_in(part, f"{prefix}{key}.")
    return found


class ConfigCommand(click.Command):
    """A command with an option for each argument of a training.

    Its callback gets `given`, a `Given`, beside its own parameters.

    Args:
        usual: dotted keys that `--help` lists; `--help-all` lists all.
    """

    def __init__(self, *args, usual=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.usual = usual
        self.params += [
            click.Option(
                ["--config", "config_file"],
                metavar="FILE",
                help="A YAML file with arguments; options win over it.",
            ),
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="List every option, with those of the chosen classes.",
            ),
        ]

    def parse_args(self, ctx, args):
        words = list(args)
        asks = {"-h", "--help", "--help-all"} & {*words}
        quiet = ctx.resilient_parsing or asks
        ctx.meta[STATE] = _State(words, quiet)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            reason = _needs(error.option_name, ctx.meta[STATE])
            if reason is None:
                raise
            raise click.UsageError(reason, ctx) from None

    def get_params(self, ctx):
        state = ctx.meta.setdefault(STATE, _State([], True))
        keys = [field.key for field in state.fields]
        options = [
            FieldOption(field, keys, field.key in self.usual, state.whole)
            for field in state.fields
        ]
        own = super().get_params(ctx)
        return [*options, *_ambiguous(keys), *own]

    def format_options(self, ctx, formatter):
        state = ctx.meta[STATE]
        params = self.get_params(ctx)
        shown = [p for p in params if state.whole or getattr(p, "usual", True)]
        records = [(p, p.get_help_record(ctx)) for p in shown]
        arguments = [r for p, r in records if r and isinstance(p, FieldOption)]
        others = [r for p, r in records if r and not isinstance(p, FieldOption)]
        for title, rows in (("Arguments", arguments), ("Options", others)):
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx):
        state, given, sources = ctx.meta[STATE], {}, {}
        for field in state.fields:
            name = parameter_name(field.key)
            if name not in ctx.params:
                continue
            value, source = ctx.params.pop(name), ctx.get_parameter_source(name)
            if source is click.core.ParameterSource.COMMANDLINE:
                sources[field.key] = flag(field.key)
            elif source is click.core.ParameterSource.ENVIRONMENT:
                sources[field.key] = environment(field.key)
            else:
                continue
            given[field.key] = value
        ctx.params.pop("config_file", None)
        ctx.params["given"] = Given(given, state.file, state.path, sources)
        return super().invoke(ctx)


def _show_help(ctx, parameter, value):
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


def _ambiguous(keys):
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


def _needs(option, state):
    """What an option that is not there would need, or `None`."""
    from tfq_hybrid.adapters.methods import METHODS
    from tfq_hybrid.training.config import fields_of_training
    from tfq_hybrid.training.systems import SYSTEMS

    def has(fields):
        keys = [f.key for f in fields]
        names = {flag(name) for key in keys for name in (key, *endings(key))}
        return option.replace("--no-", "--") in names

    model = next(f.default for f in state.fields if f.key == "model")
    keys = {f.key for f in state.fields}
    if has(fields_of_training(model)):
        adapted = any(key.startswith("adapter.") for key in keys)
        cause = "--adapter" if adapted else "that --circuit"
        return f"{option} has no effect with {cause}."
    if "adapter" in keys:
        found = [
            name
            for name in METHODS
            if has(fields_of_training(model, {"adapter": name}))
        ]
        if found:
            return f"{option} needs --adapter {' or '.join(found)}."
    found = [name for name in SYSTEMS if has(fields_of_training(name))]
    if found:
        return f"{option} needs --model {' or '.join(found)}."
    return None
