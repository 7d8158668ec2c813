"""A training's arguments and final metrics for TensorBoard's HParams page."""


def flatten(arguments, prefix=""):
    """Nested plain data as the flat values that the page can show.

    Args:
        arguments: dict of plain JSON types.
        prefix: str, before each name. Defaults to `""`.

    Returns:
        A dict of a dotted name and a bool, int, float or str.

    Example:

    >>> circuit = {"qubits": 4, "ansatz": ["ry", "cz"]}
    >>> flatten({"circuit": circuit, "seed": None})
    {'circuit.qubits': 4, 'circuit.ansatz': 'ry, cz', 'seed': 'none'}
    """
    result = {}
    for key, value in arguments.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            result.update(flatten(value, f"{name}."))
        elif isinstance(value, (list, tuple)):
            result[name] = ", ".join(map(str, value))
        elif value is None:
            result[name] = "none"
        elif isinstance(value, (bool, int, float)):
            result[name] = value
        else:
            result[name] = str(value)
    return result


def session_start(arguments):
    """The summary that makes an event folder a row of the page."""
    from tensorboard.plugins.hparams import api

    return api.hparams_pb(flatten(arguments))


def metric_columns(metrics):
    """The summary that makes scalars a column each.

    Args:
        metrics: names of the metrics; their tags are `final/<name>`.
    """
    from tensorboard.plugins.hparams import api

    columns = [
        api.Metric(f"final/{name}", display_name=name) for name in metrics
    ]
    return api.hparams_config_pb(hparams=[], metrics=columns)
