"""The adaptation method that `--adapter` and its options describe."""

from tfq_hybrid.errors import UserError, check_choice

# With `--adapter` only.
OPTIONS = ("targets", "layers", "adapter_size")


def read_adapter(given, circuit):
    """Takes the options of an adapter out of the given ones.

    Args:
        given: dict of options; what is read here is removed.
        circuit: a circuit that was described, or `None`.

    Returns:
        The method as a dict, or `None` without `--adapter`.

    Raises:
        UserError: an option has no effect or is out of its range.
    """
    from tfq_hybrid.adapters import METHODS, WithCircuit

    name = given.pop("adapter", None)
    options = {key: given.pop(key) for key in OPTIONS if key in given}
    if name is None:
        for key, value in options.items():
            raise _idle(key, value, "without --adapter")
        return None
    check_choice("adapter", name, METHODS)
    if "preset" not in given:
        raise UserError(
            "Expected --preset with --adapter: what is frozen has to be "
            f"pretrained. Received: --adapter={name!r}"
        )
    for key in ("classical", "tokens", "residual"):
        if key in given:
            raise _idle(key, given[key], "with --adapter")
    size = options.pop("adapter_size", None)
    if issubclass(METHODS[name], WithCircuit):
        if circuit is not None:
            options["circuit"] = circuit
        if "engine" in given:
            options["engine"] = given.pop("engine")
    elif circuit is not None or "engine" in given:
        raise UserError(
            "Expected no circuit and no --engine with a classical adapter. "
            f"Received: --adapter={name!r}"
        )
    method = METHODS[name](**options)
    if size is not None:
        method = method.at_size(size)
    return method.to_dict()


def _idle(key, value, where):
    option = f"--{key.replace('_', '-')}"
    return UserError(
        f"Expected no {option} {where}, where it has no effect. Received: "
        f"{option}={value!r}"
    )
