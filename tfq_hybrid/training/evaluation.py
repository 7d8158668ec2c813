"""Evaluate the model of a finished run."""

from tfq_hybrid.errors import UserError
from tfq_hybrid.training.config import UNUSED
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.tasks import TASKS


def evaluate(
    run,
    data,
    split=None,
    text_column=None,
    label_column=None,
    data_dir=None,
    verbose=0,
):
    """Measures the model of a run on text that it was not trained on.

    Args:
        run: str or path. The folder of a finished run.
        data: str, as for `train`. The labels of a text classifier are those
            of training, by value or by the names that the run gave them.
        split: str. The split of a TFDS data set. Defaults to `"test"`.
        text_column, label_column, data_dir: as for `load_dataset`. Default
            to those of the run. A language model takes a text_column alone.
        verbose: as for `predict`.

    Returns:
        A dict. Of a text classifier: `examples`, `accuracy`,
        `accuracy_interval` (95 %, Wilson score, over the sampling of
        examples only), `macro_f1`, `loss` (mean cross-entropy in nats).

    Raises:
        UserError: the input is wrong, or a label was not seen in training.
    """
    config, *_ = RunFolder(run).read()
    task = TASKS[config.system.task]
    given = {"split": split, "label_column": label_column, "data_dir": data_dir}
    for name, value in given.items():
        if value is not None and name in UNUSED[config.system.task]:
            raise UserError(
                f"Expected no {name} for a run of {config.model}, where it "
                f"has no effect. Received: {name}={value!r}"
            )
    return task.evaluate(
        run,
        data,
        split=split or "test",
        text_column=text_column or config.text_column,
        label_column=label_column or config.label_column,
        data_dir=data_dir or config.data_dir,
        verbose=verbose,
    )
