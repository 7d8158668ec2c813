"""The pictures show the numbers that they are of."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy import stats

from tests.reports.contents import diagnosis, screening, search
from tfq_hybrid.reports import KINDS
from tfq_hybrid.reports.parallel import Axis, scale_of
from tfq_hybrid.reports.render import FILE


def document(content):
    return KINDS[content["kind"]](content)


def drawn(content, name):
    """The picture and its figure, drawn."""
    pictures = {p.name: p for p in document(content).pictures}
    figure = Figure(figsize=pictures[name].size)
    pictures[name].draw(figure, FILE)
    return pictures[name], figure


def marked(axes):
    """Lines with a key: key -> line."""
    return {
        line.get_gid().removeprefix("mark:"): line
        for line in axes.lines
        if line.get_gid()
    }


def test_pareto_marks_the_front():
    content = search()
    assert 1 < len(content["pareto"]) < 12
    _, figure = drawn(content, "pareto")
    lines = marked(figure.axes[0])
    for index, trial in enumerate(content["trials"][:-1]):
        line = lines[str(index)]
        x, y = line.get_xdata()[0], line.get_ydata()[0]
        assert x == trial["parameters"]
        assert y == trial["metrics"]["val_accuracy"]
        chosen = to_hex(line.get_color()) == FILE["accent"]
        assert chosen == (trial["id"] in content["pareto"])
    assert len(lines) == 12  # not the infeasible one


def test_parallel_coordinates():
    content = search()
    picture, figure = drawn(content, "parallel-coordinates")
    lines = marked(figure.axes[0])
    accuracy = [t["metrics"]["val_accuracy"] for t in content["trials"][:-1]]
    parameters = [t["parameters"] for t in content["trials"][:-1]]
    for index in range(12):
        *_, distance, first, second = lines[str(index)].get_ydata()
        span = max(accuracy) - min(accuracy)
        assert first == pytest.approx((accuracy[index] - min(accuracy)) / span)
        # Fewer parameters are better, and at the top.
        span = max(parameters) - min(parameters)
        expected = (max(parameters) - parameters[index]) / span
        assert second == pytest.approx(expected)
        assert (distance < 0) == (index % 2 == 0)  # not used without a ring
    best = str([t["id"] for t in content["trials"]].index(content["best"]))
    thick = [k for k, line in lines.items() if line.get_linewidth() > 2]
    assert thick == [best]
    assert "did not use" in picture.reading


def test_history_and_curves():
    content = search()
    _, figure = drawn(content, "history")
    running = figure.axes[0].lines[0].get_ydata()
    values = [t["metrics"]["val_accuracy"] for t in content["trials"][:-1]]
    assert running == pytest.approx(np.maximum.accumulate(values))
    _, figure = drawn(content, "learning-curves")
    for key, line in marked(figure.axes[0]).items():
        expected = content["trials"][int(key)]["curve"]["val_accuracy"]
        assert list(line.get_ydata()) == expected


def test_importance_bars():
    _, figure = drawn(search(), "importance")
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == [0.0, 0.25, 0.75]


def test_effects_in_order_of_size():
    _, figure = drawn(screening(), "effects")
    shown = [line.get_xdata()[0] for line in marked(figure.axes[0]).values()]
    assert shown == [4.0, -2.0, 1.0, 0.0]
    found = document(screening())
    assert "depth +4 (+3.5 to +4.5)" in found.lead[0]
    assert "seed rate" not in found.lead[0]
    aliased = document(screening() | {"aliases": ["depth:c = qubits"]})
    assert "depth:c = qubits" in aliased.tables[0].note


def test_means_at_both_levels():
    _, figure = drawn(screening(), "main-effects")
    for axes, effect in zip(figure.axes, (4.0, -2.0, 0.0), strict=False):
        [line] = marked(axes).values()
        low, high = line.get_ydata()
        assert high - low == pytest.approx(effect)
        assert (high + low) / 2 == pytest.approx(1)


def test_half_normal():
    _, figure = drawn(screening(), "half-normal")
    points = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in marked(figure.axes[0]).values()
    ]
    places = stats.norm.ppf(0.5 + 0.5 * (np.arange(4) + 0.5) / 4)
    expected = zip(places, [0.0, 1.0, 2.0, 4.0], strict=True)
    for point, wanted in zip(sorted(points), expected, strict=True):
        assert point == pytest.approx(wanted)
    # Lenth: s0 = 1.5 median = 2.25, all below 2.5 s0 = 5.625, again 2.25.
    line = figure.axes[0].lines[0]
    slope = line.get_ydata()[1] / line.get_xdata()[1]
    assert slope == pytest.approx(2.25)


def test_decay_lines_go_through_exact_points():
    content = diagnosis()
    _, figure = drawn(content, "gradient-variance")
    [axes] = figure.axes[:1]
    fits = [line for line in axes.lines if list(line.get_xdata()) == [2, 4]]
    assert len(fits) == 2
    for depth, line in zip((1, 2), fits, strict=True):
        expected = [2.0 ** -(1 + depth * n) for n in (2, 4)]
        assert line.get_ydata() == pytest.approx(expected)
    assert len(marked(axes)) == 6
    found = document(content)
    assert (
        "fastest in qffn at depth 2: Var[dC/dtheta] decays as 2^(-r n) with n "
        "qubits, r = 2 (1.9 " in found.lead[1]
    )


def test_heat_map_has_a_cell_for_each_circuit():
    _, figure = drawn(diagnosis(), "entangling-capability")
    [axes] = [a for a in figure.axes if a.get_visible()]
    assert len(axes.patches) == 6  # the lone circuit is not in a grid
    texts = sorted(text.get_text() for text in axes.texts)
    assert texts == ["0.100"] * 3 + ["0.200"] * 3
    dark, light = (sum(axes.patches[i].get_facecolor()[:3]) for i in (0, 1))
    assert dark < light  # more entanglement is lighter


def test_lone_circuits_have_no_heat_map():
    content = diagnosis()
    content["circuits"] = content["circuits"][-1:]
    content["decay"] = []
    assert [p.name for p in document(content).pictures] == ["map"]


def test_a_search_without_a_completed_trial():
    content = search(count=0)
    assert content["best"] is None
    content["importance"] = {}
    found = document(content)
    assert not found.pictures
    assert "No trial" in found.lead[0]
    [row] = found.tables[0].rows
    assert row[-1] == "1 TiB is more than 24 GiB"


def test_a_screening_with_failed_runs():
    content = screening()
    content["runs"][0]["response"] = None
    content["effects"][0] |= {"low": None, "high": None}
    found = document(content)
    assert ("runs without a response", "1") in found.facts
    for picture in found.pictures:
        figure = Figure()
        picture.draw(figure, FILE)


def test_axes():
    assert scale_of("a", [1, 2, 3, 4, 5, 6, 7]) == Axis("a", (), 1, 7)
    assert scale_of("a", [True, False]).categories == ("false", "true")
    assert scale_of("a", [[1, 2], "x", None]).has_gaps
    log = scale_of("rate", [1e-4, 1e-1])
    assert log.height(10**-2.5) == pytest.approx(0.5)
    low = scale_of("loss", [1.0, 3.0], result="min")
    assert [low.height(v) for v in (1.0, 2.0, 3.0)] == [1, 0.5, 0]
    assert [text for _, text in low.ticks()] == ["1", "2", "3"]
    assert not scale_of("a", [2.0, 2.0]).varies
    many = scale_of("a", [f"{i:02d}" for i in range(20)])
    assert len(many.ticks()) <= 8
