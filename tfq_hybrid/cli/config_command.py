"""`ConfigCommand`: a command with an option for each argument of a training.

What options there are depends on the words that choose a class, `--model`,
`--circuit` and `--adapter`, and on the file of `--config`: both are read first.
"""

import os

import click

from tfq_hybrid.cli.given import Given, flag, read_circuit, read_config_file
from tfq_hybrid.cli.options import (
    FieldOption,
    ambiguous_options,
    endings,
    environment,
    parameter_name,
)
from tfq_hybrid.config.values import NAMED, check_keys
from tfq_hybrid.errors import UserError

CHOOSING = ("model", "circuit", "adapter", "adapter.circuit")
STATE = "tfq_hybrid.cli.config_command"
# The arguments that `--help` lists; `--help-all` has the rest.
USUAL = (
    "data",
    "validation_data",
    "model",
    "baseline",
    "preset",
    "adapter",
    "circuit",
    "limit",
    "epochs",
    "seed",
)


class ConfigCommand(click.Command):
    """A command with an option for each argument of a training.

    Its callback gets `given`, a `Given`, beside its own parameters. `--help`
    lists the usual keys, `--help-all` all. Where `keys` are named, these are
    all arguments that it has, and a file may set its own parameters too.
    """

    def __init__(
        self,
        *args,
        usual: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.usual = usual
        self.keys = keys
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
        ctx.meta[STATE] = state = self._state(words, quiet)
        if self.keys:
            own = [name for name in self._own() if name in state.file]
            ctx.default_map = {name: state.file.pop(name) for name in own}
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            reason = _needs(error.option_name, ctx.meta[STATE])
            if reason is None:
                raise
            raise click.UsageError(reason, ctx) from None

    def _state(self, words, quiet):
        state = _State(words, quiet)
        if self.keys:
            fields = (*_adapted_fields(), *state.fields)
            known = {field.key: field for field in fields}
            state.fields = [f for k, f in known.items() if k in self.keys]
            check_keys("argument", state.file, [*self.keys, *self._own()])
        return state

    def _own(self):
        return [param.name for param in self.params]

    def get_params(self, ctx):
        if STATE not in ctx.meta:
            ctx.meta[STATE] = self._state([], True)
        state = ctx.meta[STATE]
        keys = [field.key for field in state.fields]
        options = [
            FieldOption(field, keys, field.key in self.usual, state.whole)
            for field in state.fields
        ]
        own = super().get_params(ctx)
        return [*options, *ambiguous_options(keys), *own]

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


def _adapted_fields():
    """The arguments of a preset with an adapter, which a row may have."""
    from tfq_hybrid.training.arguments import fields_of_training
    from tfq_hybrid.training.defaults import ADAPTED

    return fields_of_training(ADAPTED)


def _needs(option, state):
    """What an option that is not there would need, or `None`."""
    from tfq_hybrid.adapters.methods import METHODS
    from tfq_hybrid.training.arguments import fields_of_training
    from tfq_hybrid.training.systems import SYSTEMS

    def has(fields):
        keys = [f.key for f in fields]
        names = {flag(name) for key in keys for name in (key, *endings(key))}
        return option.replace("--no-", "--") in names

    model = next((f.default for f in state.fields if f.key == "model"), None)
    if model is None:
        return None
    keys = {f.key for f in state.fields}
    if has(fields_of_training(model)):
        return f"{option} has no effect with that --circuit."
    if "adapter" in keys:
        found = [
            name
            for name in METHODS
            if has(fields_of_training(chosen={"adapter": name}))
        ]
        if found:
            return f"{option} needs --adapter {' or '.join(found)}."
    found = [name for name in SYSTEMS if has(fields_of_training(name))]
    if found:
        return f"{option} needs --model {' or '.join(found)}."
    return None


class _State:
    """What the first look at the words has found.

    The `fields` of the chosen classes, the nested dict of the `file` of
    `--config` and its `path`, and whether the help is `whole`.
    """

    def __init__(self, words: list[str], quiet: bool):
        from tfq_hybrid.training.arguments import fields_of_training

        self.whole = "--help-all" in words
        seen = {
            key: _peek(words, key) or os.environ.get(environment(key))
            for key in CHOOSING
        }
        self.path, self.file = _peek(words, "config"), {}
        try:
            if self.path is not None:
                self.file = read_config_file(self.path)
            chosen = _chosen_in(self.file)
            chosen |= {k: v for k, v in seen.items() if v is not None}
            for key in ("circuit", "adapter.circuit"):
                if isinstance(chosen.get(key), str):
                    chosen[key] = read_circuit(chosen[key])
            model = chosen.pop("model", None)
            self.fields = fields_of_training(model, chosen)
        except UserError:
            if not quiet:
                raise
            self.fields = fields_of_training()


def _peek(words, key):
    """What the words give for a key, or `None`."""
    names = {flag(name) for name in (key, *endings(key))}
    found = None
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
