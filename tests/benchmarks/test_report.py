"""Tables, goals and the plot, from results made by hand."""

import pytest

from benchmarks.cases import Case
from benchmarks.goals import GOALS, judge
from benchmarks.plot import draw
from benchmarks.problems import Problem
from benchmarks.report import markdown
from benchmarks.results import Results
from tfq_hybrid.errors import UserError


def timed(*milliseconds, peak=300, start=200):
    """What a worker leaves behind."""
    figures = {
        "status": "ok",
        "first_seconds": 1.0,
        "seconds": [value / 1e3 for value in milliseconds],
        "peak_bytes": peak * 2**20,
    }
    return {
        "versions": {"thing": "1.2"},
        "start_bytes": start * 2**20,
        "forward": figures,
        "gradient": figures,
    }


@pytest.fixture
def results():
    results = Results(
        {
            "environment": {"cores": 2, "processor": "a processor"},
            "settings": {
                "threads": 2,
                "rounds": 3,
                "cap_seconds": 60.0,
                "memory_gb": 16.0,
            },
            "cases": {},
        }
    )
    over = {"status": "over the cap of 60 s", "seconds": []}
    results.add(
        Case("grid", Problem(4, 2, 512)),
        {
            "batched": timed(2, 2, 2),
            "batched-xla": timed(1, 1, 2),
            "tfq": timed(100),
            "stock-tfq": timed(200),
            "tensorcircuit": timed(3, 2, 3),
            "pyqtorch": {"forward": over, "gradient": over},
        },
    )
    results.add(
        Case("grid", Problem(8, 2, 512)),
        {
            "batched": timed(4, 4, 4),
            "batched-xla": timed(5, 5, 5),
            "stock-tfq": timed(400, 240, 200),
            "tensorcircuit": timed(20, 20, 20),
        },
    )
    for depth, peak in ((4, 300), (16, 600)):
        results.add(
            Case("memory", Problem(10, depth, 4096), ("gradient",)),
            {"batched": timed(9, peak=peak), "batched-xla": timed(9)},
        )
    return results


def test_ratios_are_of_turns(results):
    key = "grid/8x2x512"
    assert results.best(key, "gradient", "batched") == "batched"
    ratio = results.ratio(key, "gradient", "stock-tfq", "batched")
    assert ratio == {"median": 60, "min": 50, "max": 100}
    # One turn on one side: one ratio.
    ratio = results.ratio("grid/4x2x512", "gradient", "tfq", "batched")
    assert ratio == {"median": 50, "min": 50, "max": 50}
    assert results.ratio(key, "gradient", "pyqtorch", "batched") is None


def test_goals(results):
    rows = {goal.key: row for goal, row in zip(GOALS, judge(results))}  # noqa: B905
    assert rows["tfq-8"]["verdict"] == "reached"
    assert rows["tfq-4"]["verdict"] == "not measured"
    # 3 at four qubits (the faster variant is XLA), 5 at eight.
    median, minimum = rows["peers-median"], rows["peers-minimum"]
    assert median["measured"]["median"] == pytest.approx(3.5)
    assert median["verdict"] == "reached"
    assert minimum["measured"]["median"] == pytest.approx(2)
    assert "grid/4x2x512" in minimum["measured"]["of"]
    assert rows["own-tfq"]["measured"]["median"] == pytest.approx(2)
    # The flattest variant counts: XLA grew by 100 MiB at both depths.
    expected = "batched-xla; without the libraries 1.00"
    assert rows["memory"]["measured"]["of"] == expected
    assert rows["memory"]["verdict"] == "reached"


def test_a_missed_goal_is_missed(results):
    slow = {"batched-xla": timed(4, 4, 4), "batched": timed(5, 5, 5)}
    results.add(Case("grid", Problem(4, 2, 512)), slow)
    rows = {goal.key: row for goal, row in zip(GOALS, judge(results))}  # noqa: B905
    assert rows["peers-minimum"]["verdict"] == "missed"


def test_report_and_plot(results, tmp_path):
    text = markdown(results)
    lines = text.splitlines()
    row = next(line for line in lines if line.startswith("| 8, 2, 512 |"))
    assert "60 (50 to 100)" in row
    assert "5 (5 to 5) tensorcircuit" in row
    assert "- grid/4x2x512, pyqtorch: over the cap of 60 s" in lines
    # 200 MiB at the start.
    assert "| memory/10x16x4096 | 600 (400) | 300 (100) |" in text
    assert "| thing | 1.2 |" in lines
    for line in lines:
        if line.startswith("|"):
            assert line.endswith("|")
    draw(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_empty_results_give_a_report(results, tmp_path):
    results.content["cases"] = {}
    assert markdown(results).count("not measured") == len(GOALS)
    draw(results, tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cases": 3}'])
def test_a_file_that_is_none(content, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"Expected the results\.json"):
        Results.read(path)
