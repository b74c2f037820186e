"""Charts in text: series of points to lines of exactly so many cells. Pure.

``chart_lines`` paints a ``Chart``; ``chart_text`` and ``chart_svg`` export one. Lines are drawn in
braille dots (``*`` where there is only ASCII), points and bars with a glyph and a colour for their
state. What isn't finite is never lost: NaN is a gap and a mark below the plot, an infinity a mark
at the edge.
"""

from app.tui.models.chart.export import chart_svg, chart_text
from app.tui.models.chart.painting import chart_lines
from app.tui.models.chart.series import Axis, Chart, Limit, Mark, Series, downsample
from app.tui.models.chart.ticks import Tick, ticks

__all__ = [
    "Axis",
    "Chart",
    "Limit",
    "Mark",
    "Series",
    "Tick",
    "chart_lines",
    "chart_svg",
    "chart_text",
    "downsample",
    "ticks",
]
