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
    from tfq_hybrid.models import SYSTEMS
    from tfq_hybrid.training import TrainConfig

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
    """Refuses options that the chosen model or data would not heed."""
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
    twin = given.get("classical")
    if twin is not None:
        unused = set(system.twins.get(twin, ()))
        if "circuit" in unused:
            unused |= set(CIRCUIT_OPTIONS)
        idle[f"--classical {twin}"] = unused
    optimizer = given.get("optimizer", _default_optimizer(system))
    if optimizer == "adam":
        idle["--optimizer adam"] = {"weight_decay"}
    if "preset" in given:
        idle["--preset"] = {"vocabulary_size"}
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
    return system.defaults(system.options()).get("optimizer")


def resumed_config(output, given):
    """The stored config; what is given again must agree with it.

    Raises:
        UserError: there is no unfinished run, or an option differs.
    """
    from tfq_hybrid.training.run_folder import RunFolder

    folder = RunFolder(output)
    folder.check_writable(resume=True, overwrite=False)
    config, *_ = folder.read()
    stored = config.to_dict()
    options = stored.pop("options")
    stored = {**(options.get("circuit") or {}), **options, **stored}
    if options.get("adapter"):
        stored |= options["adapter"]
        stored["adapter"] = options["adapter"]["method"]
    for name, value in given.items():
        if stored.get(name) != value:
            option = f"--{name.replace('_', '-')}"
            raise UserError(
                f"Expected the options of the run in {output}, where "
                f"{option} is {stored.get(name)!r}. Received: {option}="
                f"{value!r}"
            )
    return config
