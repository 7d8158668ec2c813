"""Devices by name: `simulator`, `simulator:depolarize=0.01`, or a plug-in's."""

import importlib.metadata

import cirq

from tfq_hybrid.errors import UserError, check_choice, choice_error

GROUP = "tfq_hybrid.devices"
SIMULATOR = "simulator"
CHANNELS = {
    "depolarize": cirq.depolarize,
    "bit_flip": cirq.bit_flip,
    "phase_flip": cirq.phase_flip,
    "amplitude_damp": cirq.amplitude_damp,
    "phase_damp": cirq.phase_damp,
}


def device_names() -> list[str]:
    """The names that there are: the simulator's, and those of plug-ins."""
    found = importlib.metadata.entry_points(group=GROUP)
    return [SIMULATOR, *sorted(one.name for one in found)]


def device_named(name: str, seed: int | None = None) -> cirq.Sampler:
    """A device by its name.

    `simulator` is Cirq's; `simulator:depolarize=0.01,seed=1` puts the channel
    on every qubit after every moment. Others are entry points of the group
    `tfq_hybrid.devices`, functions without arguments that give a
    `cirq.Sampler`: what is installed decides, never a file.

    Args:
        name: of the device, and options of the simulator.
        seed: of the simulator. Defaults to `None`.

    Raises:
        UserError: there is none of that name, or an option is not known.

    Example:

    >>> type(device_named("simulator:depolarize=0.01")).__name__
    'DensityMatrixSimulator'
    """
    base, _, options = name.partition(":")
    if base == SIMULATOR:
        return _simulator(options, seed)
    if options:
        raise UserError(
            f"Expected options of {SIMULATOR} alone. Received: {name!r}"
        )
    check_choice("device", base, device_names())
    [entry] = [
        one
        for one in importlib.metadata.entry_points(group=GROUP)
        if one.name == base
    ][:1]
    found = entry.load()()
    if not isinstance(found, cirq.Sampler):
        raise UserError(
            f"Expected the plug-in of device {base!r} to give a cirq.Sampler. "
            f"Received: {type(found).__name__}"
        )
    return found


def _simulator(options, seed):
    channel = None
    for option in filter(None, options.split(",")):
        key, _, text = option.partition("=")
        if key not in (*CHANNELS, "seed"):
            raise choice_error("option of the simulator", key, [*CHANNELS])
        try:
            if key == "seed":
                seed = int(text)
            else:
                channel = CHANNELS[key](float(text))
        except ValueError:
            raise UserError(
                f"Expected a probability for {key}. Received: {option!r}"
            ) from None
    if channel is None:
        return cirq.Simulator(seed=seed)
    noise = cirq.ConstantQubitNoiseModel(channel)
    return cirq.DensityMatrixSimulator(noise=noise, seed=seed)
