"""The pictures of a reproduction: everything written lies inside."""

import matplotlib
import pytest
from matplotlib.figure import Figure

from tfq_hybrid.estimate import Estimate
from tfq_hybrid.reports.pictures import Panel, rows_picture
from tfq_hybrid.reports.render import FILE

LONG = "difference to quantum, constant amplitude, tuned, points"


@pytest.mark.parametrize("label", [LONG, "difference, points"])
def test_the_label_of_an_axis_lies_below_its_own_panel(label):
    interval = Estimate(1.0, 0.5, 1.5)
    panels = [Panel(text, (interval,)) for text in ("accuracy, %", label)]
    name = "quantum, constant amplitude, frozen"
    picture = rows_picture("rows", "Rows", [name], panels)
    with matplotlib.rc_context(FILE.rc):
        figure = Figure(figsize=picture.size, layout="constrained")
        picture.draw(figure, FILE)
        figure.draw_without_rendering()
        left, right = figure.axes
        label_box = right.xaxis.label.get_window_extent()
    assert right.xaxis.label.get_text().split() == label.split()
    assert label_box.x0 > left.get_window_extent().x1
    assert label_box.x1 < figure.bbox.x1
