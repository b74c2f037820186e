"""Charts outside the terminal: as text and as a picture."""

from __future__ import annotations

from datetime import tzinfo
from html import escape

from rich.cells import cell_len
from rich.color import Color

from app.tui.models.chart.painting import chart_lines
from app.tui.models.chart.series import Chart
from app.tui.spans import plain
from app.tui.theme import UNICODE, Glyphs, Palette

THEME = "dagtop-dark"
FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"
CELL, LINE = 8.4, 18
"""Width of a cell and height of a line, in pixels."""


def chart_text(
    chart: Chart,
    width: int = 100,
    height: int = 28,
    glyphs: Glyphs = UNICODE,
    zone: tzinfo | None = None,
) -> str:
    """The chart as plain text."""
    lines = chart_lines(chart, width, height, glyphs, zone)
    return "".join(plain(line).rstrip() + "\n" for line in lines)


def chart_svg(
    chart: Chart,
    width: int = 100,
    height: int = 28,
    glyphs: Glyphs = UNICODE,
    zone: tzinfo | None = None,
) -> str:
    """The chart as SVG, in the colours of the dark theme."""
    palette = Palette(THEME)
    across, down = (width + 2) * CELL, (height + 1) * LINE
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{down}">',
        f'<rect width="100%" height="100%" fill="{_colour(palette.style("text").bgcolor)}"/>',
        f'<g font-family="{FONTS}" font-size="14" xml:space="preserve">',
    ]
    for number, line in enumerate(chart_lines(chart, width, height, glyphs, zone)):
        column = 1
        for piece in line:
            cells = cell_len(piece.text)
            if piece.text.strip():
                fill = _colour(palette.style(piece.role.partition("@")[0]).color)
                pieces.append(
                    f'<text x="{column * CELL:.1f}" y="{(number + 1) * LINE}" fill="{fill}" '
                    f'textLength="{cells * CELL:.1f}" lengthAdjust="spacingAndGlyphs">'
                    f"{escape(piece.text)}</text>"
                )
            column += cells
    return "\n".join([*pieces, "</g>", "</svg>", ""])


def _colour(colour: Color | None) -> str:
    return "currentColor" if colour is None else colour.name
