"""The table of runs side by side: which rows there are, and what a cell shows. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from rich.cells import cell_len

from app.comparing import numbers
from app.comparing.table import ATTRIBUTES, METRICS, SECTIONS, SYSTEM, SYSTEM_PREFIX, Line
from app.tui.formats import plural
from app.tui.models.tracked_looks import fitting, missing, odd_text, status_role, status_span
from app.tui.spans import Span, Spans, crop_middle, span, width_of
from app.tui.theme import Glyphs

if TYPE_CHECKING:
    from app.tui.models.compare.form import CompareFocus
    from store.queries.compared import ComparedRun

LEAST_CELL, LEAST_WITH_CHANGE, MOST_CELL = 12, 15, 28
"""Cells of a run's column, the second where there is a baseline."""
WITH_CHANGE = 22
"""Cells of a column from which on both the change and its share are shown."""
LEAST_NUMBER = 8
"""Cells of a param that is a number, if a change stands behind it."""
KEY_LEAST, KEY_MOST = 14, 36
COUNT = " 1,000"
"""Room for the number of lines behind the title of a section."""
SHORT = 8
"""Digits of a run's id."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row on screen: the title of a section, or a line of it."""

    section: str
    line: Line | None = None
    """None: the title."""
    number: int = 0
    """Of a title: lines of the section that are shown, or would be."""

    @property
    def id(self) -> str:
        return self.section if self.line is None else f"{self.section}\0{self.line.key}"


def rows_of(lines: Sequence[Line], focus: CompareFocus, *, differences: bool) -> list[Row]:
    """The rows of the sections, without what is the same, folded or not searched for."""
    found: list[Row] = []
    words = focus.words.lower().split()
    for section in SECTIONS:
        shown = [
            Row(section, line)
            for line in lines
            if line.section == section
            and (line.differs or not differences)
            and (not words or all(word in line.key.lower() for word in words))
        ]
        if not shown:
            continue
        found.append(Row(section, number=len(shown)))
        if section not in focus.folded:
            found.extend(shown)
    return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table as it is looked at."""

    rows: Sequence[Row]
    runs: Sequence[ComparedRun]
    baseline: int | None = None
    """The place of the baseline among the runs."""
    lowest: Mapping[str, bool] | None = None
    folded: Collection[str] = ()

    def best(self, line: Line) -> frozenset[int]:
        """The places of the best runs by a metric."""
        if line.section != METRICS:
            return frozenset()
        return numbers.best(line.numbers, lowest=line.lowest(self.lowest or {}))

    def better(self, line: Line, change: numbers.Change) -> bool | None:
        """Whether a change is for the better; None where that can't be said."""
        if line.section != METRICS or not change.absolute:
            return None
        return (change.absolute < 0) == line.lowest(self.lowest or {})

    def change(self, line: Line, place: int) -> numbers.Change | None:
        """What a run has against the baseline."""
        if self.baseline is None or place == self.baseline or not line.numbers:
            return None
        return numbers.change(line.numbers[place], line.numbers[self.baseline])


def key_width(rows: Sequence[Row], width: int) -> int:
    """Cells of the frozen column of keys."""
    keys = (row.section + COUNT if row.line is None else span(row.line.key).text for row in rows)
    longest = max(map(cell_len, keys), default=0)
    return max(KEY_LEAST, min(longest + 2, KEY_MOST, width * 2 // 5))


def cell_width(room: int, sheet: Sheet) -> int:
    """Cells of one run's column, without the gap after it."""
    least = LEAST_CELL if sheet.baseline is None else LEAST_WITH_CHANGE
    return max(least, min(MOST_CELL, room // max(1, len(sheet.runs)) - 1))


def key_spans(row: Row, sheet: Sheet, glyphs: Glyphs) -> Spans:
    """The first cell of a row."""
    if row.line is None:
        fold = glyphs.folded if row.section in sheet.folded else glyphs.unfolded
        return (
            Span(f"{fold} ", "accent"),
            Span(row.section, "strong"),
            Span(f" {row.number:,}", "dim"),
        )
    name = row.line.key.removeprefix(SYSTEM_PREFIX) if row.section == SYSTEM else row.line.key
    key = span(name, "text" if row.line.differs else "dim")
    if row.section != METRICS or not row.line.differs:
        return (Span("  "), key)
    arrow = glyphs.down if row.line.lowest(sheet.lowest or {}) else glyphs.up
    return (Span(f"{arrow} ", "faint"), key)


def number_spans(value: float, role: str, glyphs: Glyphs, digits: int = 6) -> Spans:
    """A number with that many digits; what isn't finite has a glyph of its own."""
    if isfinite(value):
        return (Span(f"{value:.{digits}g}", role),)
    return (Span(odd_text(value, glyphs), "warning"),)


def cell_spans(row: Row, place: int, sheet: Sheet, glyphs: Glyphs, width: int) -> Spans:
    """What a run has in a row."""
    line = row.line
    if line is None:
        return ()
    text = line.texts[place]
    if text is None:
        return missing(glyphs)
    role = "text" if line.differs else "dim"
    if line.section == ATTRIBUTES:
        return (cut(_attribute(line.key, text, role), width, glyphs),)
    number = line.numbers[place] if line.numbers else None
    change = sheet.change(line, place)
    changed: Spans = () if change is None else change_spans(line, change, sheet, width)
    if number is None or not line.is_metric:
        room = max(LEAST_NUMBER, width - width_of(changed))
        found: Spans = (cut(span(fitting(text, room), role), room, glyphs),)
    else:
        best = place in sheet.best(line)
        digits = 6 if change is None or width >= WITH_CHANGE else 4
        found = number_spans(number, "good" if best else role, glyphs, digits)
        if best:
            found = (Span(f"{glyphs.star} ", "good"), *found)
    return (*found, *changed)


def _attribute(key: str, text: str, role: str) -> Span:
    if key == "status":
        return span(text, status_role(text))
    short = {"id": text[:SHORT], "parent": text[:SHORT], "started": text[5:16]}
    return span(short.get(key, text), role)


def cut(one: Span, width: int, glyphs: Glyphs) -> Span:
    """A text in a column: its beginning and its end, so that it is told from its neighbours."""
    return Span(crop_middle(one.text, width, glyphs.ellipsis), one.role)


def change_spans(line: Line, change: numbers.Change, sheet: Sheet, width: int) -> Spans:
    """A change in a cell: its share, where there is room the difference before it."""
    role = {True: "good", False: "error", None: "dim"}[sheet.better(line, change)]
    if not change.absolute:
        return (Span(" =", "dim"),)
    words: list[str] = []
    if width >= WITH_CHANGE or change.relative is None:
        words.append(numbers.signed(change.absolute))
    if change.relative is not None:
        words.append(numbers.percent(change.relative))
    return (Span(f" {' '.join(words)}", role),)


def head_spans(
    run: ComparedRun, glyphs: Glyphs, width: int, *, is_baseline: bool
) -> tuple[Spans, Spans]:
    """The two lines above a run's column: its name; its id, and whether it is the baseline."""
    row = run.row
    name = (cut(span(row.name or row.uuid[:SHORT], "strong"), width, glyphs),)
    if is_baseline:
        return name, (Span("baseline", "badge"),)
    return name, (status_span(row.status, glyphs), Span(f" {row.uuid[:SHORT]}", "dim"))


def about_line(runs: Sequence[ComparedRun], focus: CompareFocus, gone: int) -> Spans:
    """What is compared, above the table."""
    experiments = len({run.row.experiment for run in runs})
    parts = [f" {plural(len(runs), 'run')}"]
    parts.append(plural(experiments, "experiment"))
    if gone:
        parts.append(f"{gone} deleted")
    line = [Span(", ".join(parts), "dim")]
    chosen = next((run for run in runs if run.row.uuid == focus.baseline), None)
    if chosen is not None:
        line.extend((Span("  baseline ", "dim"), span(chosen.row.name, "accent")))
    return tuple(line)


def detail_line(row: Row | None, place: int, sheet: Sheet, summary: str, glyphs: Glyphs) -> Spans:
    """All of the cell under the cursor."""
    if row is None or place >= len(sheet.runs):
        return ()
    run = sheet.runs[place]
    name = span(run.row.name or run.row.uuid[:SHORT], "strong")
    if row.line is None:
        return (Span(" "), name, Span("  "), Span(run.row.uuid, "dim"))
    line, text = row.line, row.line.texts[place]
    if text is None:
        return (Span(" "), name, Span(" has no ", "dim"), span(line.key, "dim"))
    found = [Span(" "), name, Span("  "), span(line.key, "accent"), Span(" "), span(text)]
    summed = run.metrics.get(line.key) if line.is_metric else None
    if summed is not None:
        odd = summed.nan_count + summed.inf_count
        at = {"min": summed.min_step, "max": summed.max_step, "last": summed.last_step}
        step = at.get(summary)
        where = "" if step is None else f" at step {step:,}"
        words = f" ({summary}{where} of {plural(summed.count, 'point')}"
        found.append(Span(f"{words}, {odd:,} not finite)" if odd else f"{words})", "dim"))
    change = sheet.change(line, place)
    if change is not None and sheet.baseline is not None:
        share = "" if change.relative is None else f", {numbers.percent(change.relative)}"
        role = {True: "good", False: "error", None: "text"}[sheet.better(line, change)]
        found.append(Span(f"  {numbers.signed(change.absolute, 6)}{share}", role))
        found.extend((Span(" from ", "dim"), span(sheet.runs[sheet.baseline].row.name, "dim")))
    return tuple(found)
