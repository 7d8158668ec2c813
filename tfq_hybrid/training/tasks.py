"""What a model can be trained for: classes, numbers, labels, language.

`TASKS` has a row for each; `evaluate` measures the model of a finished run.
"""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

from tfq_hybrid.errors import UserError
from tfq_hybrid.training.classification import Classification
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.defaults import UNUSED
from tfq_hybrid.training.generation import Generation
from tfq_hybrid.training.multi_label import MultiLabel
from tfq_hybrid.training.regression import Regression
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.task import Task
from tfq_hybrid.training.token_labels import TokenLabels

TASKS: dict[str, Task] = {
    "classification": Classification(),
    "generation": Generation(),
    "regression": Regression(),
    "multi-label": MultiLabel(),
    "tokens": TokenLabels(),
}


def evaluate(
    run: str | os.PathLike[str],
    data: str,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    data_dir: str | None = None,
    delimiter: str | None = None,
    verbose: int | str = 0,
    text_columns: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measures the model of a run on text that it was not trained on.

    Args:
        run: the folder of a finished run.
        data: as for `train`. The labels of a text classifier are those of
            training, by value or by the names that the run gave them.
        split: the split of a TFDS data set. Defaults to `"test"`.
        text_column, label_column, data_dir, delimiter: as for
            `load_dataset`. Default to those of the run. A language model
            takes a text_column alone.
        verbose: as for `predict`.
        text_columns: of a run on pairs of texts, the two columns. Defaults
            to `None`: those of the run.

    Returns:
        Of a text classifier: what `scores_of_classes` gives. Of a regression:
        what `regression_scores` gives, in the data's own unit. Of a
        multi-label classifier: what `label_scores` gives, by `labels` the F1,
        the threshold and the number of texts of each, and `baseline_loss`,
        that of the training's frequencies of labels. Of labels of words:
        what `tag_scores` gives, `examples` and `loss`. Of a language model:
        `tokens`, `loss` (nats per token), `perplexity`, `accuracy`, and
        `unigram_loss`, that of the token frequencies of its training text,
        unless an older version trained it.

    Raises:
        UserError: the input is wrong, or a label was not seen in training.
    """
    config = config_on_data(
        run,
        data,
        split=split,
        text_column=text_column,
        label_column=label_column,
        data_dir=data_dir,
        delimiter=delimiter,
        text_columns=text_columns,
    )
    return TASKS[config.task].evaluate(run, config, verbose)


def config_on_data(
    run: str | os.PathLike[str], data: str, **given: Any
) -> TrainConfig:
    """The config of a run, with other data.

    The arguments are those of `evaluate`; `None` stands for the run's own.

    Raises:
        UserError: the run has no use for one of them.
    """
    config, *_ = RunFolder(run).read()
    for name, value in given.items():
        if value is not None and name in UNUSED[config.task]:
            raise UserError(
                f"Expected no {name} for a run of {config.model}, where it "
                f"has no effect. Received: {name}={value!r}"
            )
    are_pairs = config.text_columns is not None
    wanted, other = "text_column", "text_columns"
    if are_pairs:
        wanted, other = other, wanted
    if given.get(other) is not None:
        raise UserError(
            f"Expected {wanted}: the run was trained on "
            f"{'pairs of' if are_pairs else 'single'} texts. Received: {other}"
        )
    named = {
        name: tuple(value) if name == "text_columns" else value
        for name, value in given.items()
        if value
    }
    changes: dict[str, Any] = {"split": "test", **named, "data": data}
    return dataclasses.replace(config, **changes)
