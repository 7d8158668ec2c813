"""From the options of `train` to a `TrainConfig`."""

import click

from tfq_hybrid.cli.adapter_options import OPTIONS as ADAPTER_OPTIONS
from tfq_hybrid.cli.adapter_options import read_adapter
from tfq_hybrid.cli.circuit_options import CIRCUIT_OPTIONS, read_circuit
from tfq_hybrid.errors import UserError, check_choice


def read_config(given, circuit_file):
    """The config that options describe.

    Args:
        given: dict of the options that were given.
        circuit_file: str, that of `--circuit`, or `None`.

    Returns:
        A `TrainConfig`.

    Raises:
        UserError: an option has no effect or is out of its range.
    """
    from tfq_hybrid.training import TrainConfig
    from tfq_hybrid.training.systems import SYSTEMS

    if "data" not in given:
        raise click.UsageError("Missing option '--data'.")
    name = given.get("model", TrainConfig.model)
    check_choice("model", name, SYSTEMS)
    system = SYSTEMS[name]
    given = dict(given)
    if circuit_file is not None:
        given["circuit"] = circuit_file
    _refuse_idle_options(given, system)
    names = system.options.names()
    circuit = None
    if "circuit" in names:
        default = system.options().circuit
        circuit = read_circuit(given, given.pop("circuit", None), default)
    if "adapter" in names:
        adapter = read_adapter(given, circuit)
        if adapter is not None:
            given["adapter"] = adapter
    rest = given
    if "circuit" in names:
        rest = {k: v for k, v in given.items() if k not in CIRCUIT_OPTIONS}
    if circuit is not None:
        rest["circuit"] = circuit
    return TrainConfig.from_dict(rest)


def _refuse_idle_options(given, system):
    """Rejects options that have no effect for the chosen model or data."""
    from tfq_hybrid.data import is_local
    from tfq_hybrid.training import TASKS, TrainConfig

    known = {*TrainConfig.names(), *system.options.names()}
    if "circuit" in known:
        known |= set(CIRCUIT_OPTIONS)
    if "adapter" in known:
        known |= set(ADAPTER_OPTIONS)
    idle = {
        f"--model {system.name}": {*given} - known
        | set(TASKS[system.task].unused)
    }
    baseline = given.get("classical")
    if baseline is not None:
        unused = set(system.baselines.get(baseline, ()))
        if "circuit" in unused:
            unused |= set(CIRCUIT_OPTIONS)
        idle[f"--classical {baseline}"] = unused
    optimizer = given.get("optimizer", _default_optimizer(system))
    if optimizer == "adam":
        idle["--optimizer adam"] = {"weight_decay"}
    if "preset" in given:
        idle["--preset"] = {"vocabulary_size"}
    if given.get("base") is not None:
        idle["--set base"] = {"vocabulary_size", "size", "dropout"}
    if is_local(given["data"]):
        idle[f"--data {given['data']}"] = {"split"}
    for cause, names in idle.items():
        for name in given:
            if name in names:
                option = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"Expected no {option} with {cause}, where it has no "
                    f"effect. Received: {option}={given[name]!r}"
                )


def _default_optimizer(system):
    return system.options().training_defaults.get("optimizer")


def resumed_config(output, given):
    """The stored config; what is given again must agree with it.

    Raises:
        UserError: there is no unfinished run, or an option differs.
    """
    from tfq_hybrid.training.run_folder import RunFolder

    folder = RunFolder(output)
    folder.check_writable(resume=True, overwrite=False)
    config, *_ = folder.read()
    stored = _options_of(config)
    for name, value in given.items():
        if not _agrees(config, name, value):
            option = f"--{name.replace('_', '-')}"
            other = repr(stored[name]) if name in stored else "another"
            raise UserError(
                f"Expected the options of the run in {output}, where "
                f"{option} is {other}. Received: {option}={value!r}"
            )
    return config


def _options_of(config):
    """The options of a config that are written in it, a dict."""
    stored = config.to_dict()
    options = stored.pop("options")
    stored = {**(options.get("circuit") or {}), **options, **stored}
    adapter = options.get("adapter")
    if adapter:
        stored |= {**adapter, **(adapter.get("circuit") or {})}
        stored["adapter"] = adapter["method"]
    return stored


def _agrees(config, name, value):
    """Whether a config stays as it is with an option that is given again."""
    from tfq_hybrid.training import TrainConfig

    try:
        again = TrainConfig.from_dict(_with_option(config, name, value))
    except UserError:  # it does not go together with the others
        return False
    return again.to_dict() == config.to_dict()


def _with_option(config, name, value):
    """The arguments of a config, with one of them as an option says it."""
    from tfq_hybrid.adapters import method_from_dict

    arguments = config.to_dict()
    options = arguments["options"]
    adapter = options.get("adapter")
    if name in CIRCUIT_OPTIONS and "circuit" in options:
        holder = adapter or options
        holder["circuit"] = {**(holder.get("circuit") or {}), name: value}
    elif name == "adapter":
        options["adapter"] = {**(adapter or {}), "method": value}
    elif adapter and name == "adapter_size":
        options["adapter"] = method_from_dict(adapter).at_size(value).to_dict()
    elif adapter and name in adapter:
        adapter[name] = value
    else:
        arguments[name] = value
    return arguments
