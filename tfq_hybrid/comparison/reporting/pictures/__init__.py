"""The pictures of a reproduction: rows, lines and clouds, with intervals.

Each function makes a `Picture` out of estimates; `write_report` draws it as
PNG and SVG beside the report, the same bytes each time.
"""

from tfq_hybrid.comparison.reporting.pictures.clouds import (
    Point,
    cloud_picture,
)
from tfq_hybrid.comparison.reporting.pictures.lines import Line, line_picture
from tfq_hybrid.comparison.reporting.pictures.rows import Panel, rows_picture

__all__ = [
    "Line",
    "Panel",
    "Point",
    "cloud_picture",
    "line_picture",
    "rows_picture",
]
