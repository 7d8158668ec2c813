"""Names of TensorFlow Datasets as the data of each task."""

import pytest

from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig, train


@pytest.mark.parametrize(
    "task, data, message",
    [
        ("classification", "glue/stb", "Did you mean 'glue/stsb'"),
        ("regression", "embedded", "to be a number. Received: ClassLabel"),
        ("multi-label", "glue/sst2", "a file, such as a .jsonl"),
        ("tokens", "glue/sst2", "a .conllu file"),
        ("generation", "embedded", "a .txt or .jsonl file"),
    ],
)
def test_what_a_task_does_not_take(task, data, message, data_dir, tmp_path):
    model = "hyqut" if task == "generation" else "qffn-bert"
    options = {}
    if task not in ("tokens", "generation"):
        options["data_dir"] = str(data_dir)
    config = TrainConfig(data, model=model, task=task, **options)
    with pytest.raises(UserError, match=message) as caught:
        train(config, tmp_path / "run", verbose=0)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
