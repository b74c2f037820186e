"""Charts in text: series of points to lines of exactly so many cells. Pure.

What there is, for who shows a chart:

``Chart``, ``Series``, ``Axis``: what is to be seen. ``chart_lines(chart, width, height, glyphs)``
paints it: kinds of series are "line", "area", "points" (a scatter), "bars" and "band" (between
``ys`` and ``tops``, painted below all others). Both axes may be logarithmic. Lines are drawn in
braille dots by plotext (``*`` where there is only ASCII); everything else is ours.
What isn't finite is never lost: with ``odd="edge"`` NaN is a gap and a mark below the plot and an
infinity a mark at the edge; with ``odd="last"`` each has its own glyph at the height of the last
finite value. ``widgets.chart.ChartView`` shows one and keeps what it painted.

``curves``: from points of metrics to series. ``lines_of({name: Points}, "step")`` gives each line
a role (``series.0`` …) and a marker of its own, so that they differ without colours, too;
``smoothed`` is TensorBoard's average; ``band`` is the stretch between the least and the greatest of
several; ``without_outliers`` and ``clipped`` ignore the outermost; ``readings(chart, x)`` is what
every line says at the cursor; ``Window`` zooms and pans.

``ranked``: charts that lie on their side, a line for each thing: ``bar_lines`` and ``box_lines``.

``chart_text`` and ``chart_svg`` export a chart.
"""

from app.tui.models.chart.curves import (
    ACROSS,
    ACROSS_WORDS,
    SMOOTHINGS,
    Across,
    Points,
    Reading,
    Window,
    axis_of,
    band,
    beside,
    clipped,
    lines_of,
    marker_of,
    reach,
    readings,
    role_of,
    smoothed,
    without_outliers,
)
from app.tui.models.chart.export import chart_svg, chart_text
from app.tui.models.chart.painting import chart_lines
from app.tui.models.chart.ranked import Bar, Box, bar_lines, box_lines, quartiles
from app.tui.models.chart.series import Axis, Chart, Limit, Mark, Series, downsample
from app.tui.models.chart.ticks import Tick, ticks

__all__ = [
    "ACROSS",
    "ACROSS_WORDS",
    "SMOOTHINGS",
    "Across",
    "Axis",
    "Bar",
    "Box",
    "Chart",
    "Limit",
    "Mark",
    "Points",
    "Reading",
    "Series",
    "Tick",
    "Window",
    "axis_of",
    "band",
    "bar_lines",
    "beside",
    "box_lines",
    "chart_lines",
    "chart_svg",
    "chart_text",
    "clipped",
    "downsample",
    "lines_of",
    "marker_of",
    "quartiles",
    "reach",
    "readings",
    "role_of",
    "smoothed",
    "ticks",
    "without_outliers",
]
