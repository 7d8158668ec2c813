"""Language models of recipes: parts, losses per token, tables of them."""

import keras
import numpy as np
import pytest

from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.reporting.measures import LOSS
from tfq_hybrid.comparison.reporting.tables import comparison
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.work.executions import compare_gradients
from tfq_hybrid.comparison.work.generation import answers
from tfq_hybrid.comparison.work.language import (
    encode_parts,
    read_test,
    split_corpus,
    train_language_model,
)
from tfq_hybrid.data import Corpus
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.quantum_dense import make_circuit_layer
from tfq_hybrid.serving.streaming import TextStream, make_sampler
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.build import (
    build_model,
    compile_model,
    make_vocabulary,
)
from tfq_hybrid.training.generation import loss_reader, measure
from tfq_hybrid.training.tasks import TASKS

LINES = ["the cat sat on the mat\n", "a dog saw the cat\n"] * 40
OPTIONS = {
    "size": "tiny",
    "circuit": {"qubits": 2, "encoding": "hadamard_angle", "depth": 1},
}


def setting(**options):
    config = TrainConfig(
        "none",
        model="hyqut",
        options={**OPTIONS, **options},
        vocabulary_size=300,
        sequence_length=8,
        batch_size=2,
        learning_rate=0.01,
    )
    parts = split_corpus(Corpus(LINES, "plain"), 0.2)
    keras.utils.set_random_seed(0)
    model = build_model(config, make_vocabulary(config, LINES))
    return config, model, encode_parts(parts, model, config, (4, 6))


def test_parts_hold_all_in_order_and_no_line_twice():
    corpus = Corpus([f"line {n}\n" for n in range(100)], "plain")
    parts = split_corpus(corpus)
    rows = parts.training.rows + parts.validation.rows + parts.test.rows
    assert rows == corpus.rows
    assert abs(len(parts.validation) - 10) <= 1 >= abs(len(parts.test) - 10)
    with pytest.raises(UserError, match="more lines"):
        split_corpus(Corpus(["one\n", "two\n"], "plain"))


@pytest.mark.long
def test_a_training_keeps_its_best_check():
    config, model, parts = setting()
    found = train_language_model(model, parts, config, steps=6, checks=3)
    assert found["curve_steps"] == [0, 2, 4, 6]
    curve = found["validation_curve"]
    assert found["validation_loss"] == min(curve) < curve[0]
    place = found["curve_steps"].index(found["best_step"])
    assert curve[place] == min(curve)
    losses, tokens = loss_reader(model)(parts.validation, 2)
    kept = losses.sum() / tokens.sum()
    assert kept == pytest.approx(found["validation_loss"], rel=1e-5)
    tested, arrays = read_test(model, parts, config)
    # `measure` of the training room takes the same mean over all tokens.
    expected = measure(model, parts.test, 2)
    assert tested["test_loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert tested["test_tokens"] == expected["tokens"] == 6 * 8
    assert arrays["losses"].shape == (6,)


@pytest.mark.long
def test_central_differences_are_near_where_the_step_is_right():
    config, model, parts = setting(layers=[0])
    compile_model(model, config, 3)
    with TASKS["generation"].fed(model):
        found = compare_gradients(
            model,
            model.backbone.replaced[0].pqc,
            iter(parts.training.shuffled_batches(2, 0)),
            3,
            (1e-5, 1e-2, 0.5),
            lambda method: make_circuit_layer(
                config.options.circuit, differentiator=method
            ),
        )
    errors = found["angle_errors"]
    assert errors.shape == (3, 3)
    # sin(0.5) / 0.5 = 0.959: by so much the difference is too short, where
    # an angle turns one gate alone.
    np.testing.assert_allclose(errors[2], 1 - np.sin(0.5) / 0.5, rtol=0.02)
    assert np.all(errors[1] < 1e-3) and np.all(errors[1] < errors[0])
    assert np.all(found["angle_cosines"][1:] > 0.999)
    assert np.all(np.diff(found["losses"]) != 0)


def test_a_relative_difference_is_that_of_losses_per_token(tmp_path):
    """Windows of several lengths: sums are compared, not means of means."""
    generator = np.random.default_rng(0)
    tokens = generator.integers(1, 9, 50).astype("float64")
    block = Block(
        "part",
        "Which?",
        tuple(
            Job(row, seed, {}, 1.0)
            for seed in range(3)
            for row in ("ours", "theirs")
        ),
    )
    results = Results(tmp_path, {})
    rates = {"ours": 2.04, "theirs": 2.0}
    for job in block.jobs:
        losses = (rates[job.row] + 0.1 * job.seed) * tokens
        results.add(block.key(job), {}, {"losses": losses, "tokens": tokens})
        if job.seed == 1 and job.row == "theirs":
            [few] = comparison(LOSS, ("theirs",))(block, results)
            assert not few.rows and "2 complete of the 3" in few.note
    ours, theirs = (LOSS.read(results, block, row) for row in rates)
    assert LOSS.mean(*ours).value == pytest.approx(2.14)
    found = LOSS.difference(ours, theirs)
    assert found.value == pytest.approx(100 * (2.14 / 2.1 - 1))
    assert found.low <= found.value <= found.high < 2.3  # far from 5 %
    [section] = comparison(LOSS, ("theirs",))(block, results)
    assert section.rows[0][-1].startswith("+1.90")
    assert section.rows[1][-1] == "–"
    assert section.rows[0][2] == f"{np.exp(2.14):.1f}"
    own = ("its own baseline", {"ours": "theirs"})
    [section] = comparison(LOSS, ("ours", own))(block, results)
    assert section.rows[0][-2] == "–"
    assert section.rows[1][-2].startswith("-1.87")
    assert section.rows[0][-1].startswith("+1.90")
    assert section.rows[1][-1] == "–"


@pytest.mark.long
def test_answers_to_many_prompts_are_those_to_each():
    config, model, parts = setting()
    train_language_model(model, parts, config, steps=20, checks=1)
    prompts = ["the cat", "a dog saw the cat on", "the cat sat on " * 9]
    dialogues = [[("user", prompt)] for prompt in prompts]
    found = answers(model, dialogues, 24)
    stream = TextStream(model, "dialogue")
    model.preprocessor.sequence_length = 24
    for prompt, answer in zip(prompts[:2], found[:2], strict=True):
        pieces = stream(prompt, sampler=make_sampler(greedy=True))
        assert answer == "".join(piece.text for piece in pieces) != ""
    assert found[2] == ""  # no room is left
    [short] = answers(model, dialogues[:1], 24, 2)
    assert found[0].startswith(short) and short != found[0]
    with pytest.raises(UserError, match="fewer than 4 tokens"):
        answers(model, dialogues, 4)
