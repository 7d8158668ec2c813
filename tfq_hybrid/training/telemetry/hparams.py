"""A training's arguments and final metrics for TensorBoard's HParams page."""

import pathlib

import tensorflow as tf


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


def write_session(log_dir, arguments, metrics, began, step):
    """Makes a row of the page, in event files of its own.

    TensorBoard finds the columns itself, over all runs that it shows: every
    argument, and every scalar of these event files.

    Args:
        log_dir: str or path. The events go to `final/` there, in place of
            those of an earlier end of the same training.
        arguments: dict of plain JSON types.
        metrics: dict of a name and a float; their tags are `final/<name>`.
        began: float. When the training began, in seconds since 1970.
        step: int.
    """
    from tensorboard.plugins.hparams import api

    folder = pathlib.Path(log_dir) / "final"
    for path in folder.glob("events.out.tfevents.*"):
        path.unlink()
    writer = tf.summary.create_file_writer(str(folder))
    start = api.hparams_pb(flatten(arguments), start_time_secs=began)
    with writer.as_default(step=step):
        tf.summary.experimental.write_raw_pb(start.SerializeToString())
        for name, value in metrics.items():
            tf.summary.scalar(f"final/{name}", value)
    writer.close()
