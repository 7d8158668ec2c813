"""The model of a finished run."""

from tfq_hybrid.errors import UserError
from tfq_hybrid.files.models import load_model
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
    config, _, names, _ = folder.read()
    # Loading the system registers the classes that the file names.
    own = config.system.custom_objects
    return load_model(folder.model_file, own, expected=WHOLE), names


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
