"""Confusion matrices side by side, and ROC or precision-recall curves over each other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from app.comparing.classification import AXES, Kind, Matrix, RateCurve
from app.tui.models.chart import Axis, Chart, Series, marker_of, role_of
from app.tui.spans import Span, Spans, crop_text, fit, span, width_of
from app.tui.theme import Glyphs

KIND_WORDS: dict[Kind, str] = {
    "matrix": "confusion matrix",
    "roc": "ROC curve",
    "pr": "precision and recall",
}
LABEL = 10
"""Cells of a label at most."""
GAP = 3
"""Cells between two matrices."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run has logged of one kind."""

    uuid: str
    name: str
    path: str = ""
    """Empty: it has no such file."""
    matrix: Matrix | None = None
    curves: tuple[RateCurve, ...] = ()
    problem: str = ""
    """Why its file can't be shown."""


def side_by_side(
    found: Sequence[Found], width: int, glyphs: Glyphs, *, shares: bool
) -> list[Spans]:
    """The matrices in rows, as many beside each other as fit."""
    blocks = [matrix_lines(one, glyphs, shares=shares) for one in found if one.path]
    lines: list[Spans] = []
    row: list[list[Spans]] = []
    used = 0
    for block in blocks:
        wide = max(map(width_of, block))
        if row and used + GAP + wide > width:
            lines.extend(_beside(row))
            row, used = [], 0
        row.append(block)
        used += wide + (GAP if len(row) > 1 else 0)
    if row:
        lines.extend(_beside(row))
    return lines


def _beside(blocks: Sequence[Sequence[Spans]]) -> list[Spans]:
    widths = [max(map(width_of, block)) for block in blocks]
    lines: list[Spans] = []
    for y in range(max(map(len, blocks))):
        line: list[Span] = []
        for block, wide in zip(blocks, widths, strict=True):
            line.extend((*fit(block[y] if y < len(block) else (), wide), Span(" " * GAP)))
        lines.append(tuple(line))
    return [*lines, ()]


def matrix_lines(one: Found, glyphs: Glyphs, *, shares: bool) -> list[Spans]:
    """The matrix of one run: true labels down, predicted ones across."""
    head: list[Span] = [span(one.name, "strong")]
    if one.matrix is None:
        return [tuple(head), (span(one.problem, "warning"),)]
    matrix = one.matrix
    accuracy = matrix.accuracy
    if accuracy is not None:
        head.append(Span(f"  {accuracy:.1%} right of {matrix.total:,.0f}", "dim"))
    labels = [crop_text(span(label).text, LABEL, glyphs.ellipsis) for label in matrix.labels]
    left = max(cell_len("true"), *map(cell_len, labels)) + 1
    texts = [[_cell(row, at, shares=shares) for at in range(len(row))] for row in matrix.counts]
    each = max(*map(cell_len, labels), *(len(text) for row in texts for text in row)) + 3
    lines: list[Spans] = [tuple(head)]
    titles = (fit((Span(label, "heading"),), each, right=True) for label in labels)
    lines.append(
        (*fit((Span("true", "faint"),), left), *(piece for one in titles for piece in one))
    )
    for place, row in enumerate(matrix.counts):
        line = [*fit((Span(labels[place], "heading"),), left)]
        for at, text in enumerate(texts[place]):
            share = row[at] / sum(row) if sum(row) else 0.0
            role = "faint" if not row[at] else "good" if at == place else "error"
            shade = Span(f" {_shade(share, glyphs)}", role)
            line.extend((shade, *fit((Span(text, role),), each - 2, right=True)))
        lines.append(tuple(line))
    return lines


def _cell(row: Sequence[float], at: int, *, shares: bool) -> str:
    if not shares:
        return f"{row[at]:,.6g}"
    return f"{row[at] / sum(row):.0%}" if sum(row) else "-"


def _shade(share: float, glyphs: Glyphs) -> str:
    """A character as dark as a share is large."""
    shades = " .:*#" if glyphs.is_ascii else " ░▒▓█"
    return shades[min(4, int(share * 4 + 0.999))]


def curves_chart(found: Sequence[Found], kind: Kind, chosen: str, glyphs: Glyphs) -> Chart:
    """All curves over each other; of a ROC chart with the line of chance."""
    series: list[Series] = []
    for number, one in enumerate(found):
        marker = marker_of(number, ascii_only=glyphs.is_ascii) if len(found) > 1 else ""
        series.extend(
            Series(one.uuid, curve.xs, curve.ys, role_of(number), marker=marker)
            for curve in one.curves
        )
    series.sort(key=lambda one: one.name == chosen)
    if kind == "roc" and series:
        series.insert(0, Series("chance", (0.0, 1.0), (0.0, 1.0), "faint"))
    across, up = AXES[kind]
    return Chart(
        series,
        x=Axis(low=0.0, high=1.0),
        y=Axis(low=0.0, high=1.0),
        title=(Span(up, "strong"), Span(" by ", "dim"), Span(across, "strong")),
        legend=False,
        empty="no curve to draw",
    )


def curve_lines(found: Sequence[Found], glyphs: Glyphs) -> list[tuple[Spans, str]]:
    """A line for each curve: its run, its class, the area below it; with the run's uuid."""
    lines: list[tuple[Spans, str]] = []
    for number, one in enumerate(found):
        marker = Span(f"{marker_of(number, ascii_only=glyphs.is_ascii)} ", role_of(number))
        name = span(f"{one.name}  ", "strong")
        if one.problem:
            lines.append(((marker, name, span(one.problem, "warning")), one.uuid))
        for curve in one.curves:
            label = span(f"{curve.label}  " if curve.label else "", "accent")
            area = Span(f"area {curve.area:.4f}", "text")
            points = Span(f"  {len(curve.xs):,} points  ", "dim")
            line = (marker, name, label, area, points, span(one.path, "faint"))
            lines.append((line, one.uuid))
    return lines
