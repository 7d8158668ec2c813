"""Several workers, at length; `make test-all` runs it.

The kills alone, `TFQ_HYBRID_KILLS` of them, 20 by default:

    python -m pytest -m long tests/training/test_distribution_long.py -k killed
"""

import json
import os

import numpy as np
import pytest

from tests.presets import save_bert
from tests.training.pool import finish, start, tiny_config
from tests.training.test_distribution import check_equal
from tfq_hybrid.training import Checkpoint, TrainConfig, load_trained, train

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("one_block")]
KILLS = int(os.environ.get("TFQ_HYBRID_KILLS", 20))
STEPS = 15  # 3 epochs of 5


def test_the_tfq_engine(tmp_path):
    check_equal(tiny_config(tmp_path, options={"engine": "tfq"}), tmp_path)


def test_three_workers_of_which_two_lack_rows(tmp_path):
    check_equal(tiny_config(tmp_path), tmp_path, count=3)


def test_class_weights(real_data, tmp_path):
    """A loss whose mean over a batch is not that over its rows."""
    words = "to you a the now free text call u i me is"
    preset = str(tmp_path / "bert")
    save_bert(preset, words, dropout=0.0)
    config = TrainConfig(
        data=str(real_data("sms_spam.tsv")),
        model="hybrid-bert",
        limit=45,
        sequence_length=12,
        batch_size=10,
        epochs=4,
        patience=9,
        options={"preset": preset, "train_encoder": True},
    )
    check_equal(config, tmp_path / "runs", steps=20)


@pytest.mark.parametrize("length,distinct", [(96, 10), (32, 4)])
def test_tokens_of_a_language_model(real_data, length, distinct, tmp_path):
    """Some tokens of dialogues are learned: of 32, in few batches any."""
    config = TrainConfig(
        data=str(real_data("alpaca_4000.jsonl")),
        model="hyqut",
        limit=30,
        sequence_length=length,
        batch_size=6,
        vocabulary_size=300,
        epochs=4,
        patience=9,
        options={"size": "tiny"},
    )
    check_equal(config, tmp_path, distinct=distinct)


def test_devices_of_one_process(tmp_path):
    """`mirrored`, with the CPU cut into two devices."""
    check_equal(tiny_config(tmp_path), tmp_path, distribute="mirrored")


def test_goes_on_with_another_number_of_workers(tmp_path):
    config = tiny_config(tmp_path)
    silent = {"verbose": 0, "report": lambda line: None}
    single = train(config, tmp_path / "single", **silent)
    tasks = [tasked(config, tmp_path, rank, kill_at=12) for rank in range(2)]
    finish(start(tasks, tmp_path))
    assert Checkpoint(tmp_path / "run-0" / "checkpoints").epoch == 2
    rest = train(config, tmp_path / "run-0", resume=True, **silent)
    assert len(rest["history"]) == len(single["history"]) == 4
    for one, other in zip(single["history"], rest["history"], strict=True):
        for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
            assert other[name] == pytest.approx(one[name], abs=1e-4)


def test_a_silent_worker_is_given_up(tmp_path):
    """A stopped process keeps its connections; its heartbeat ends."""
    config = tiny_config(tmp_path)
    tasks = [tasked(config, tmp_path, rank) for rank in range(2)]
    tasks[1]["stop_at"] = 3
    processes = start(tasks, tmp_path)
    try:
        assert processes[0].wait(timeout=180) == 1
    finally:
        for process in processes:
            process.kill()
            process.wait()
    log = (tmp_path / "worker-0.log").read_text()
    assert "WorkerLostError: Lost a worker." in log


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The end of a training that nothing interrupted, with dropout."""
    folder = tmp_path_factory.mktemp("whole")
    config = tiny_config(folder, epochs=3, options={"dropout": 0.1})
    tasks = [tasked(config, folder, rank) for rank in range(2)]
    assert finish(start(tasks, folder)) == [0, 0]
    return config, end_of(folder / "run-0")


def tasked(config, folder, rank, **more):
    output = str(folder / f"run-{rank}")
    return {"config": config.to_dict(), "output": output, **more}


def end_of(run):
    metrics = json.loads((run / "metrics.json").read_text())
    return metrics["history"], load_trained(run)[0].get_weights()


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_step(whole, number, tmp_path):
    """kill -9 of the chief, of the other or of both; the end is the same.

    Bit for bit: on the same number of workers, sums come in the same order.
    """
    config, (history, weights) = whole
    random = np.random.default_rng(number)
    victims = [[0], [1], [0, 1]][number % 3]
    at = int(random.integers(0, STEPS + 1))
    tasks = [
        tasked(config, tmp_path, rank, kill_at=at if rank in victims else None)
        for rank in range(2)
    ]
    codes = finish(start(tasks, tmp_path), seconds=120)
    # Of two victims the first one's death may end the second.
    assert [codes[rank] for rank in victims].count(-9) >= 1, (at, codes)
    for rank, code in enumerate(codes):
        assert code in ((-9, 1) if rank in victims else (1,)), (at, codes)
        if code == 1:
            log = (tmp_path / f"worker-{rank}.log").read_text()
            assert "WorkerLostError: Lost a worker. No answer from" in log
    tasks = [tasked(config, tmp_path, rank, resume=True) for rank in range(2)]
    assert finish(start(tasks, tmp_path)) == [0, 0]
    assert not (tmp_path / "run-1").exists()
    found, left = end_of(tmp_path / "run-0")
    assert found == history
    for a, b in zip(left, weights, strict=True):
        np.testing.assert_array_equal(a, b)
