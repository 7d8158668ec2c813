"""The model of a finished run."""

import keras

from tfq_hybrid.archives import check_archive
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import reading
from tfq_hybrid.training.run_folder import WHOLE, RunFolder


def load_trained(run):
    """The model of a finished run, and the names of its labels.

    Args:
        run: str or path. The run folder.

    Returns:
        A pair of a `keras.Model` and a tuple of str, empty where the task
        has no labels.

    Raises:
        UserError: there is no finished run.
    """
    folder = RunFolder(run)
    folder.metrics()
    _, _, names, _ = folder.read()
    # Importing `models` registers the classes that the file names.
    from tfq_hybrid import models  # noqa: F401

    return read_model(folder.model_file, WHOLE), names


def read_model(path, expected):
    """A model from a `.keras` file, without what would run code of its own.

    Args:
        path: str or path.
        expected: str. What it should be, for the message.

    Raises:
        UserError: it is damaged, unsafe to unpack, or asks for code.
    """
    # Keras raises what the layers raise.
    with reading(expected, path, errors=(Exception,)):
        check_archive(path)
        return keras.models.load_model(path, compile=False, safe_mode=True)


def check_task(run, task):
    """Raises `UserError` unless a run is of that task.

    Args:
        run: str or path. The run folder.
        task: str. `"classification"` or `"generation"`.
    """
    config, *_ = RunFolder(run).read()
    if config.system.task != task:
        kinds = {"classification": "text classifier"}
        kind = kinds.get(task, "language model")
        raise UserError(
            f"Expected the run of a {kind}. Received: {run}, a run of "
            f"{config.model}"
        )
