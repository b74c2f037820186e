"""A year of a DAG as days: weeks are columns, days of the week rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, ClassVar

from app.durations import duration
from app.tui import formats
from app.tui.models.calendar_page import (
    Mode,
    Page,
    Tallies,
    day_words,
    due_parts,
    empty_cell,
    runs_of,
    signs_line,
    tallies_csv,
    tally_cell,
    tally_parts,
    totals_line,
)
from app.tui.models.chart import Axis, Chart, Series
from app.tui.models.grid import run_span
from app.tui.reading_history import day_start
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, run_look
from store.states import RUN_STATE_LOOKS, DagRunState

if TYPE_CHECKING:
    from store.queries.dags import DagRow
    from store.queries.runs import RunRow

LABELS = 5
"""Cells of the names of the days of the week."""
HEIGHT = 9
"""Lines: months, seven days, the sum of each week."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKS = 54


@dataclass(frozen=True, slots=True)
class Year(Page[date]):
    """What there is to show of a year."""

    unit: ClassVar[str] = "day"
    heading: ClassVar[int] = 1

    year: int
    days: Mapping[date, Tallies] = field(default_factory=dict)
    """Those with runs."""
    planned: Mapping[date, Sequence[datetime]] = field(default_factory=dict)
    """When scheduled runs are due, as far as that is known, by days."""
    today: date | None = None

    @property
    def first(self) -> date:
        return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        return date(self.year, 12, 31)

    @property
    def most(self) -> int:
        """The most runs of a day."""
        return max((runs_of(tallies) for tallies in self.days.values()), default=0)

    def column(self, day: date) -> int:
        """The week of a day, from 0."""
        monday = self.first - timedelta(days=self.first.weekday())
        return (day - monday).days // 7

    def day_at(self, column: int, row: int) -> date | None:
        """The day in a cell; None outside of the year."""
        monday = self.first.toordinal() - self.first.weekday()
        number = monday + 7 * column + row
        if not self.first.toordinal() <= number <= self.last.toordinal():
            return None
        return date.fromordinal(number)

    @property
    def name(self) -> str:
        return str(self.year)

    def holds(self, place: date) -> bool:
        return place.year == self.year

    def tallies_at(self, place: date) -> Tallies | None:
        return self.days.get(place)

    def bounds(self, place: date, zone: tzinfo | None) -> tuple[datetime, datetime]:
        return day_start(place, zone), day_start(place + timedelta(days=1), zone)

    def words(self, place: date) -> str:
        return day_words(place)

    def title(self, glyphs: Glyphs) -> Spans:
        return year_line(self, glyphs)

    def legend(self, mode: Mode, glyphs: Glyphs) -> Spans:
        return legend_line(self, mode, glyphs)

    def lines(
        self, mode: Mode, width: int, glyphs: Glyphs, cursor: date | None = None
    ) -> list[Spans]:
        return calendar_lines(self, mode, width, glyphs, cursor)

    def line_of(self, place: date) -> int:
        return 1 + place.weekday()

    def place_at(self, x: int, line: int, width: int) -> date | None:
        column = (x - LABELS) // cell_width(width)
        return self.day_at(column, line - 1) if column >= 0 and 1 <= line <= 7 else None

    def about(self, place: date, dag: DagRow | None, scene: Scene) -> Spans:
        return day_line(self, place, dag, scene)

    def moved(self, place: date, way: str) -> date:
        return moved(self, place, way)

    def next_failed(self, place: date, direction: int) -> date | None:
        return next_failed(self, place, direction)

    def csv(self) -> str:
        return days_csv(self)


def cell_width(width: int) -> int:
    """Cells of a day where the calendar has ``width`` of them: 1, 2 or 3."""
    return max(1, min(3, (width - LABELS - 1) // WEEKS))


def day_cell(year: Year, day: date, mode: Mode, wide: int, glyphs: Glyphs) -> Span:
    """A day in ``wide`` cells."""
    is_ahead = year.today is not None and day > year.today
    if tallies := year.days.get(day):
        return tally_cell(tallies, year.most, mode, wide, glyphs)
    return empty_cell(wide, glyphs, is_planned=day in year.planned, is_ahead=is_ahead)


def calendar_lines(
    year: Year, mode: Mode, width: int, glyphs: Glyphs, cursor: date | None = None
) -> list[Spans]:
    """The year in ``HEIGHT`` lines."""
    wide = cell_width(width)
    lines = [_months(year, wide)]
    for row in range(7):
        line = [Span(f" {WEEKDAYS[row]} ", "dim")]
        for column in range(WEEKS):
            day = year.day_at(column, row)
            if day is None:
                line.append(Span(" " * wide))
                continue
            cell = day_cell(year, day, mode, wide, glyphs)
            if day == cursor:
                line.append(Span(cell.text[0], f"{cell.role}@cell"))
                cell = Span(cell.text[1:], cell.role)
            line.append(cell)
        lines.append(tuple(line))
    lines.append(_weeks(year, wide, glyphs))
    return lines


def _months(year: Year, wide: int) -> Spans:
    text = [" "] * (LABELS + WEEKS * wide + 3)
    for month in range(1, 13):
        first = date(year.year, month, 1)
        start = LABELS + (year.column(first) + (first.weekday() > 0 and month > 1)) * wide
        text[start : start + 3] = first.strftime("%b")[:3].ljust(3)
    return (Span("".join(text).rstrip(), "heading"),)


def _weeks(year: Year, wide: int, glyphs: Glyphs) -> Spans:
    """The runs of each week as a bar."""
    sums = [0] * WEEKS
    for day, tallies in year.days.items():
        sums[year.column(day)] += runs_of(tallies)
    most = max(sums)
    line = [Span(" sum ", "dim")]
    for number in sums:
        bar = glyphs.bar(number / most) if number else " "
        line.append(Span(bar + " " * (wide - 1), "accent"))
    return tuple(line)


def legend_line(year: Year, mode: Mode, glyphs: Glyphs) -> Spans:
    """What the signs mean."""
    is_due = any(day.year == year.year for day in year.planned)
    return signs_line(year.most, mode, glyphs, is_due=is_due)


def year_line(year: Year, glyphs: Glyphs) -> Spans:
    """The year, and all its runs by state."""
    on = f"on {formats.plural(len(year.days), 'day')}" if year.days else ""
    return totals_line(year.name, list(year.days.values()), on, glyphs)


def day_line(year: Year, day: date, dag: DagRow | None, scene: Scene) -> Spans:
    """The day under the cursor: its runs by state, and how long they took."""
    parts: list[Spans] = [(Span(day_words(day), "strong"),)]
    if day == year.today:
        parts.append((Span("today", "accent"),))
    parts.extend(tally_parts(year.days.get(day), scene.glyphs))
    parts.extend(due_parts(year.planned.get(day, ()), dag, scene))
    return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))


def duration_chart(year: Year, cursor: date, zone: tzinfo | None) -> Chart:
    """How long the runs of each day took on average."""
    xs: list[float] = []
    ys: list[float] = []
    for day in sorted(year.days):
        tallies = year.days[day].values()
        ended = sum(tally.ended for tally in tallies)
        if ended:
            xs.append(day_start(day, zone).timestamp())
            ys.append(sum(tally.seconds for tally in tallies) / ended)
    end = day_start(date(year.year + 1, 1, 1), zone).timestamp()
    return Chart(
        [Series("", xs, ys)],
        x=Axis("time", day_start(year.first, zone).timestamp(), end),
        y=Axis("duration", low=0.0),
        title=(Span(" Duration", "title"), Span(" of the runs of a day, on average", "dim")),
        cursor=day_start(cursor, zone).timestamp(),
        gutter=LABELS - 2,
        empty="no run has ended in this year",
    )


def run_lines(runs: Sequence[RunRow], total: int, scene: Scene) -> list[Spans]:
    """The runs of a day, the newest first; failed ones before the others."""
    ordered = sorted(runs, key=lambda run: RUN_STATE_LOOKS[run.state].order)
    lines: list[Spans] = []
    for run in ordered:
        look = run_look(run.state.value)
        begun = run.started_at or run.run_after
        at = formats.local(begun, scene.zone).strftime("%H:%M")
        took = duration(run.duration) if run.duration is not None else ""
        line = [
            Span("  "),
            run_span(run.state.value, scene.glyphs, f" {look.word:<8}"),
            Span(f"{at}  ", "text"),
            Span(f"{took:>8}  ", "text"),
            span(run.run_id, "dim"),
        ]
        if run.note:
            line.extend((Span("  "), span(run.note, "accent")))
        lines.append(tuple(line))
    if total > len(lines):
        lines.append((Span(f"  and {total - len(lines):,} more: Enter lists all", "dim"),))
    return lines


def days_csv(year: Year) -> str:
    """The days with runs, as CSV: a column for each state."""
    return tallies_csv("day", [(day.isoformat(), year.days[day]) for day in sorted(year.days)])


def next_failed(year: Year, day: date, direction: int) -> date | None:
    """The next day (or the one before) with a failed run."""
    failed = sorted(one for one, tallies in year.days.items() if DagRunState.FAILED in tallies)
    if direction > 0:
        return next((one for one in failed if one > day), None)
    return next((one for one in reversed(failed) if one < day), None)


def moved(year: Year, day: date, way: str) -> date:
    """Where the cursor goes by the action ``list.<way>``: left and right are weeks."""
    steps = {
        "down": 1,
        "up": -1,
        "right": 7,
        "left": -7,
        "page_down": 28,
        "page_up": -28,
        "half_down": 14,
        "half_up": -14,
        "top": -366,
        "bottom": 366,
    }
    number = day.toordinal() + steps.get(way, 0)
    return date.fromordinal(max(year.first.toordinal(), min(number, year.last.toordinal())))
