"""The recipes of language models: jobs on the first lines of real data."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.comparison.written import written
from tfq_hybrid.comparison.jobs import Scale
from tfq_hybrid.comparison.reproduce import reproduce
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.work import bases
from tfq_hybrid.comparison.work.executions import executed
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.locks import writing
from tfq_hybrid.models.hyqut import jobs as hyqut_jobs
from tfq_hybrid.models.hyqut import recipe as hyqut
from tfq_hybrid.models.qaa import jobs as qaa_jobs
from tfq_hybrid.models.qaa import recipe as qaa

LINES = {
    "tinystories_sample.txt": 600,
    "tinyshakespeare.txt": 1500,
    "alpaca_4000.jsonl": 120,
    "zh_chatterbot.jsonl": 120,
}


@pytest.fixture
def paths(real_data, tmp_path):
    """The recipes' files, each cut to its first lines."""
    found = {}
    for word, file in {**hyqut.RECIPE.files, **qaa.RECIPE.files}.items():
        lines = real_data(file).read_text("utf-8").splitlines()[: LINES[file]]
        found[word] = str(tmp_path / file)
        pathlib.Path(found[word]).write_text("\n".join(lines) + "\n", "utf-8")
    return found


def test_budgets_fit_two_cores(paths):
    """The first questions of both recipes, in the hour that they are for."""
    for recipe, first in ((hyqut, 2), (qaa, 2)):
        blocks = recipe.blocks(Scale("budget", 5), paths)
        seconds = sum(block.seconds for block in blocks[:first])
        assert seconds / 2 < 3600
        quick = recipe.blocks(Scale("quick", 1), paths)
        assert sum(block.seconds for block in quick) / 2 < 300


@pytest.mark.long
def test_a_job_of_hyqut(paths, monkeypatch):
    monkeypatch.setattr(hyqut_jobs, "HELD_OUT", (8, 16))
    arguments = {"size": "tiny", "targets": "gate", "layers": [1], "steps": 2}
    arguments["circuit"] = {"qubits": 2, "depth": 1}
    found, arrays = hyqut.perform(arguments, 0, paths, None)
    json.dumps(found, allow_nan=False)
    assert arrays["losses"].shape == arrays["tokens"].shape == (16,)
    assert found["sample"].startswith("Once upon a time")
    saved = 16 * 32 - (16 * 4 + 4 + 4 + 2 * 32 + 32)
    total = found["parameters"]["total"]
    change = found["reduction"]["parameters"]
    assert change == pytest.approx(-saved / (total + saved))


@pytest.fixture
def without_a_sample(monkeypatch):
    """Jobs of HyQuT write no text at their end: it is traced for long."""
    monkeypatch.setattr(hyqut_jobs, "_sample", lambda model, prompt: prompt)


@pytest.mark.long
@pytest.mark.usefixtures("without_a_sample")
def test_validation_picks_the_rate(paths, monkeypatch):
    """One rate is too small to learn anything, the other is not."""
    monkeypatch.setattr(hyqut_jobs, "HELD_OUT", (8, 8))
    arguments = {"model": "dense", "size": "tiny", "steps": 10}
    both = {**arguments, "rates": [1e-9, 1e-2]}
    found, arrays = hyqut.perform(both, 1, paths, None)
    losses = found["validation_by_rate"]
    assert found["rate"] == 1e-2
    assert found["validation_loss"] == losses["0.01"] < losses["1e-09"]
    alone, again = hyqut.perform({**arguments, "rates": [1e-2]}, 1, paths, None)
    np.testing.assert_array_equal(arrays["losses"], again["losses"])
    assert alone["validation_loss"] == losses["0.01"]


def test_hyqut_reports_no_seed_that_it_was_searched_on():
    for name in ("quick", "budget", "full"):
        blocks = hyqut.RECIPE.blocks(Scale(name, 5), {})
        assert {job.seed for block in blocks for job in block.jobs} <= set(
            range(1, 6)
        )
        baselines = {job.row: job.arguments["rates"] for job in blocks[0].jobs}
        assert set(baselines) == {"quantum", "dense", "bottleneck"}
        assert len({tuple(rates) for rates in baselines.values()}) == 1


@pytest.mark.long
@pytest.mark.usefixtures("without_a_sample")
def test_circuits_of_each_matrix_stand_beside_a_bottleneck(paths, monkeypatch):
    monkeypatch.setattr(hyqut_jobs, "HELD_OUT", (8, 8))
    blocks = hyqut.RECIPE.blocks(Scale("full", 1), {})
    (block,) = (block for block in blocks if block.name == "matrices")
    jobs = {job.row: job.arguments for job in block.jobs}
    assert len(jobs) == 1 + 2 * len(hyqut.MATRICES)
    for name in hyqut.MATRICES:
        ours, baseline = jobs[name], jobs[hyqut.bottleneck_of(name)]
        assert baseline == {**ours, "model": "bottleneck"}
    changes = []
    for row in ("W_o", hyqut.bottleneck_of("W_o")):
        arguments = {**jobs[row], "size": "tiny", "layers": [1], "steps": 1}
        found, _ = hyqut.perform(arguments, 1, paths, None)
        changes.append(found["reduction"]["parameters"])
    # A unit of the bottleneck's width is 65 of about 1,250 parameters.
    assert abs(changes[0] - changes[1]) <= 65 / 1250 / 2


WAITING = """
import pathlib, sys
from tfq_hybrid.files.locks import writing
with writing(sys.argv[1], wait=True):
    pathlib.Path(sys.argv[2]).write_text("mine")
"""


def test_a_second_process_waits_for_the_lock(tmp_path):
    place, path = tmp_path / "base", tmp_path / "seen"
    command = [sys.executable, "-c", WAITING, str(place), str(path)]
    with writing(place):
        other = subprocess.Popen(command)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
        assert not path.exists()
    assert other.wait(60) == 0
    assert path.read_text() == "mine"


@pytest.mark.long
def test_jobs_of_qaa(paths, tmp_path, monkeypatch):
    """One base for all, and then an adapter, exact and from shots."""
    monkeypatch.setattr(bases, "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(qaa_jobs, "HELD_OUT", (4, 8))
    monkeypatch.setattr(qaa_jobs, "NOISY_WINDOWS", 2)
    monkeypatch.setattr(
        qaa_jobs, "EXECUTIONS", {"shots": {"repetitions": 10**6}}
    )
    monkeypatch.setitem(
        qaa_jobs.PRETRAINING, "quick", {"size": "tiny", "steps": 2}
    )
    base = {"base": "quick", "preset": None}
    facts, _ = qaa.perform({**base, "what": "base"}, 0, paths, None)
    assert set(facts["texts"]) == {
        "tinystories_sample.txt",
        "tinyshakespeare.txt",
    }
    (folder,) = (tmp_path / "cache").glob("[!.]*")
    written = (folder / bases.MODEL).stat().st_mtime_ns
    arguments = {**base, "method": "qaa", "rates": [1e-2], "steps": 2}
    arguments["noisy"] = True
    found, arrays = qaa.perform(arguments, 0, paths, None)
    assert (folder / bases.MODEL).stat().st_mtime_ns == written
    json.dumps(found, allow_nan=False)
    assert found["parameters"]["trained"] == 2 * (7 + 7 * 128)
    assert arrays["losses"].shape == (8,)
    np.testing.assert_allclose(arrays["exact"], arrays["losses"][:2], rtol=1e-5)
    np.testing.assert_allclose(arrays["shots"], arrays["exact"], rtol=1e-2)
    assert np.any(arrays["shots"] != arrays["exact"])


def test_a_base_only_where_one_is_adapted(tmp_path, paths):
    with pytest.raises(UserError, match="adapts no language model"):
        reproduce("hyqut", tmp_path, tmp_path / "out", base="x")
    assert not (tmp_path / "out").exists()


def found_of(block, generator):
    """What jobs of a block could have found, in their form."""
    tokens = generator.integers(5, 9, 20).astype("float64")
    arrays = {"tokens": tokens, "noisy_tokens": tokens}
    for name in ("losses", "exact", *qaa.EXECUTIONS):
        arrays[name] = tokens * generator.normal(3, 0.1, 20)
    for name in ("angle_errors", "input_errors", "angle_cosines"):
        arrays[name] = generator.random((len(hyqut_jobs.STEP_SIZES), 6))
    for name in qaa.SCORES:
        arrays[name] = generator.random(20)
    found = {
        "parameters": {"trained": 5, "total": 9},
        "reduction": {"parameters": -0.1, "flops": -0.1},
        "sample": "Once",
        "rate": 0.01,
        "bleu": 1.0,
        "comes_back": True,
        "curve_steps": [0, 4],
        "validation_curve": [3.0, None if block.name == "baselines" else 2.0],
    }
    if block.name == "base":
        tested = {"test_loss": 3.0, "perplexity": 20.1}
        found |= {"parameters": 7, "texts": {"a": tested}}
        found["training_windows"] = 100
    return found, arrays


@pytest.mark.long
@pytest.mark.parametrize("module", [hyqut, qaa])
def test_every_block_has_its_sections(module, tmp_path):
    """Of made-up results: each table is as wide as its header."""
    generator = np.random.default_rng(0)
    scale = Scale("full", 3)
    recipe = module.RECIPE
    blocks = recipe.blocks(scale, {})
    results = Results(tmp_path, {})
    assert not any(s.rows for s in recipe.sections(blocks, results))
    rows = [goal.row(blocks, results) for goal in recipe.goals]
    assert {row[-1] for row in rows} == {"open"}
    for block in blocks:
        for job in block.jobs:
            results.add(block.key(job), *found_of(block, generator))
    sections = recipe.sections(blocks, results)
    assert len({section.title for section in sections}) == len(sections)
    # All but one block of each recipe, which says so in words.
    assert sum(bool(s.rows) for s in sections) >= len(blocks) - 1
    names = [s.picture.name for s in sections if s.picture]
    assert len(set(names)) == len(names) >= len(blocks) - 2
    for section in sections:
        assert all(len(row) == len(section.header) for row in section.rows)
    text, page = written(tmp_path, recipe, scale, blocks, results)
    assert "## In short" in text and "## Goals" in text
    assert "none is shown" not in text
    assert all(f"](plots/{name}.png)" in text for name in names)
    assert "the lowest loss, " in page
    assert all(f'-{kind}" aria-' in page for kind in ("pareto", "curves"))


def test_circuits_come_back_after_another_execution():
    import keras

    from tfq_hybrid.layers import QuantumFeedForward

    layer = QuantumFeedForward("qffn")
    model = keras.Sequential([keras.Input((3, 8)), layer])
    inputs = np.random.default_rng(0).normal(size=(5, 3, 8)).astype("float32")
    exact, circuit = np.array(model(inputs)), layer.dense.pqc
    with executed(model, repetitions=20_000):
        assert 0 < np.abs(np.array(model(inputs)) - exact).max() < 0.1
    with executed(model, readout_error=0.5):
        # Each reading is a coin: only the bias of the projection is left.
        bias = layer.dense.output_projection.bias.numpy()
        np.testing.assert_allclose(
            np.array(model(inputs)) - inputs, 0 * inputs + bias, atol=1e-6
        )
    assert layer.dense.pqc is circuit
    np.testing.assert_array_equal(np.array(model(inputs)), exact)
    assert layer.count_params() == (8 * 4 + 4) + 16 + (4 * 8 + 8)


def test_layers_of_one_seed_draw_otherwise():
    import keras

    from tfq_hybrid.layers import QuantumDense

    layers = [QuantumDense(3, "qffn", name=name) for name in ("one", "two")]
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    layers[1].set_weights(layers[0].get_weights())
    batch = np.random.default_rng(0).normal(size=(5, 4))
    with executed(model, seed=3, repetitions=50):
        one, two = model(batch)
        assert np.any(np.array(one) != np.array(two))
