"""A year of a DAG as days: weeks are columns, days of the week rows. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import TYPE_CHECKING, Literal

from app.durations import duration
from app.tui import formats
from app.tui.models.chart import Axis, Chart, Series
from app.tui.models.grid import run_span
from app.tui.reading_history import day_start
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, run_look
from store.states import RUN_STATE_LOOKS, DagRunState

if TYPE_CHECKING:
    from store.queries.dags import DagRow
    from store.queries.history import DayTally
    from store.queries.runs import RunRow

Mode = Literal["state", "count"]
MODES: tuple[Mode, ...] = ("state", "count")

LABELS = 5
"""Cells of the names of the days of the week."""
HEIGHT = 9
"""Lines: months, seven days, the sum of each week."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES, ASCII_SHADES = "░▒▓█", ".:+#"
WEEKS = 54

Tallies = Mapping[DagRunState, "DayTally"]


@dataclass(frozen=True, slots=True)
class Year:
    """What there is to show of a year."""

    year: int
    days: Mapping[date, Tallies] = field(default_factory=dict)
    """Those with runs."""
    planned: date | None = None
    """When the next scheduled run is due; the schedule says no more."""
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


def runs_of(tallies: Tallies | None) -> int:
    """How many runs a day had."""
    return sum(tally.runs for tally in tallies.values()) if tallies else 0


def worst_of(tallies: Tallies) -> DagRunState:
    """The state of a day: of those that occur the one that needs attention first."""
    return min(tallies, key=lambda state: RUN_STATE_LOOKS[state].order)


def cell_width(width: int) -> int:
    """Cells of a day where the calendar has ``width`` of them: 1, 2 or 3."""
    return max(1, min(3, (width - LABELS - 1) // WEEKS))


def shade(number: int, most: int, glyphs: Glyphs) -> str:
    """One of four shades for a number of runs; the fourth is for the most."""
    shades = ASCII_SHADES if glyphs.is_ascii else SHADES
    return shades[min(3, max(0, -(-number * 4 // max(4, most)) - 1))]


def day_cell(year: Year, day: date, mode: Mode, wide: int, glyphs: Glyphs) -> Span:
    """A day in ``wide`` cells."""
    tallies = year.days.get(day)
    if not tallies:
        if day == year.planned:
            return Span(glyphs.off + " " * (wide - 1), "dim")
        is_ahead = year.today is not None and day > year.today
        return Span((" " if is_ahead else _nothing(glyphs)) + " " * (wide - 1), "faint")
    state = worst_of(tallies)
    role = f"state.run.{state.value}"
    number = runs_of(tallies)
    if mode == "count":
        filled = max(1, wide - 1) if wide != 2 else 2
        return Span(shade(number, year.most, glyphs) * filled + " " * (wide - filled), role)
    look = run_look(state.value)
    text = look.ascii_glyph if glyphs.is_ascii else look.glyph
    if wide == 3 and year.most > 1:
        text += glyphs.bar(number / year.most)
    return Span(text + " " * (wide - len(text)), role)


def _nothing(glyphs: Glyphs) -> str:
    return "." if glyphs.is_ascii else glyphs.dot


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


def _shade_ranges(most: int, glyphs: Glyphs) -> list[tuple[str, int, int]]:
    """Each shade with the least and the most runs that it stands for."""
    ranges: dict[str, tuple[int, int]] = {}
    for number in range(1, most + 1):
        sign = shade(number, most, glyphs)
        ranges[sign] = (ranges.get(sign, (number, 0))[0], number)
    return [(sign, *edges) for sign, edges in ranges.items()]


def legend_line(year: Year, mode: Mode, glyphs: Glyphs) -> Spans:
    """What the signs mean."""
    line: list[Span] = [Span(" " * LABELS)]
    if mode == "count":
        for sign, least, most in _shade_ranges(year.most, glyphs):
            words = str(least) if least == most else f"{least}-{most}"
            line.extend((Span(sign, "accent"), Span(f" {words}  ", "dim")))
        line.append(Span("runs, in the colour of the worst  ", "dim"))
    else:
        for state, look in RUN_STATE_LOOKS.items():
            line.extend((run_span(state.value, glyphs), Span(f" {look.word}  ", "dim")))
        line.extend((Span(_nothing(glyphs), "faint"), Span(" no runs  ", "dim")))
    if year.planned is not None and year.planned.year == year.year:
        line.extend((Span(glyphs.off, "dim"), Span(" planned", "dim")))
    return tuple(line)


def year_line(year: Year, glyphs: Glyphs) -> Spans:
    """The year, and all its runs by state."""
    counts: dict[DagRunState, int] = {}
    for tallies in year.days.values():
        for state, tally in tallies.items():
            counts[state] = counts.get(state, 0) + tally.runs
    dot = Span(f" {glyphs.dot} ", "faint")
    total = sum(counts.values())
    head = (Span(" "), Span(str(year.year), "title"))
    parts: list[Spans] = [head, (Span(formats.plural(total, "run") if total else "no runs"),)]
    parts.extend(_counts(counts, glyphs))
    if year.days:
        parts.append((Span(f"on {formats.plural(len(year.days), 'day')}", "dim"),))
    return joined(parts, dot)


def _counts(counts: Mapping[DagRunState, int], glyphs: Glyphs) -> list[Spans]:
    ordered = sorted(counts.items(), key=lambda pair: RUN_STATE_LOOKS[pair[0]].order)
    return [
        (run_span(state.value, glyphs, f" {number:,} {run_look(state.value).word}"),)
        for state, number in ordered
    ]


def day_line(year: Year, day: date, dag: DagRow | None, scene: Scene) -> Spans:
    """The day under the cursor: its runs by state, and how long they took."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(Span(f"{day:%a} {day.day} {day:%b %Y}", "strong"),)]
    if day == year.today:
        parts.append((Span("today", "accent"),))
    tallies = year.days.get(day)
    if tallies:
        parts.append((Span(formats.plural(runs_of(tallies), "run"), "text"),))
        parts.extend(_counts({state: tally.runs for state, tally in tallies.items()}, scene.glyphs))
        ended = sum(tally.ended for tally in tallies.values())
        if ended:
            mean = sum(tally.seconds for tally in tallies.values()) / ended
            longest = max(tally.longest for tally in tallies.values())
            words = f"{duration(mean)} on average" if ended > 1 else duration(mean)
            parts.append((Span(words, "text"),))
            if ended > 1:
                parts.append((Span(f"longest {duration(longest)}", "dim"),))
    else:
        parts.append((Span("no runs", "dim"),))
    if day == year.planned and dag is not None and dag.next_run_after is not None:
        at = formats.local(dag.next_run_after, scene.zone).strftime("%H:%M")
        parts.append((Span(f"next run planned at {at}", "accent"),))
    return (Span("  "), *joined(parts, dot))


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
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("day", *(state.value for state in RUN_STATE_LOOKS), "seconds"))
    for day in sorted(year.days):
        tallies = year.days[day]
        counts = [tallies[state].runs if state in tallies else 0 for state in RUN_STATE_LOOKS]
        seconds = sum(tally.seconds for tally in tallies.values())
        writer.writerow((day.isoformat(), *counts, round(seconds, 3)))
    return out.getvalue()


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
