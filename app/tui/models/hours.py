"""A month of a DAG as hours: days are rows, hours columns, as clocks show them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

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
from app.tui.reading_history import Hour
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined
from app.tui.theme import Glyphs
from store.states import DagRunState

if TYPE_CHECKING:
    from store.queries.dags import DagRow

LABELS = 8
"""Cells of the names of days."""
AGAIN = "="
"""Stands over an hour that comes for the second time."""
WIDEST = 4
"""Cells of an hour at most."""
DAYS = {"down": 1, "up": -1, "page_down": 7, "page_up": -7, "half_down": 3, "half_up": -3}


class HourPlace(NamedTuple):
    """An hour of a day."""

    day: date
    hour: int
    again: int = 0


@dataclass(frozen=True)
class Month(Page[HourPlace]):
    """What there is to show of a month."""

    unit: ClassVar[str] = "hour"
    heading: ClassVar[int] = 1

    first: date
    hours: tuple[Hour, ...] = ()
    tallies: Mapping[datetime, Tallies] = field(default_factory=dict)
    """By the start of an hour; those with runs."""
    planned: Sequence[datetime] = ()
    """When scheduled runs are due, as far as that is known, in their order."""
    now: datetime | None = None

    @cached_property
    def by_place(self) -> dict[HourPlace, Hour]:
        """Its hours by their places, in their order."""
        return {HourPlace(one.day, one.hour, one.again): one for one in self.hours}

    @cached_property
    def days(self) -> list[date]:
        """Its days. In some zones a month has lost one."""
        return list(dict.fromkeys(one.day for one in self.hours))

    @cached_property
    def columns(self) -> list[tuple[int, int]]:
        """Hours, and whether for the second time: a month may have one that comes twice."""
        twice = {(one.hour, one.again) for one in self.hours if one.again}
        return sorted({*((hour, 0) for hour in range(24)), *twice})

    @property
    def most(self) -> int:
        """The most runs of an hour."""
        return max((runs_of(tallies) for tallies in self.tallies.values()), default=0)

    @property
    def name(self) -> str:
        return f"{self.first:%b %Y}"

    def holds(self, place: HourPlace) -> bool:
        return place in self.by_place

    def tallies_at(self, place: HourPlace) -> Tallies | None:
        hour = self.by_place.get(place)
        return None if hour is None else self.tallies.get(hour.start)

    def bounds(self, place: HourPlace, zone: tzinfo | None) -> tuple[datetime, datetime]:
        hour = self.by_place[place]
        return hour.start, hour.end

    def words(self, place: HourPlace) -> str:
        again = " again" if place.again else ""
        return f"{day_words(place.day)} {place.hour:02}:00{again}"

    def title(self, glyphs: Glyphs) -> Spans:
        number = len(self.tallies)
        on = f"in {formats.plural(number, 'hour')}" if number else ""
        return totals_line(self.name, list(self.tallies.values()), on, glyphs)

    def legend(self, mode: Mode, glyphs: Glyphs) -> Spans:
        is_due = any(self._planned(hour) for hour in self.hours)
        line = signs_line(self.most, mode, glyphs, is_due=is_due)
        if len(self.columns) > 24:
            line = (*line, Span(f"  {AGAIN}", "heading"), Span(" the hour again", "dim"))
        return line

    def _planned(self, hour: Hour) -> Sequence[datetime]:
        """The runs that are due in an hour."""
        first, last = (bisect_left(self.planned, at) for at in (hour.start, hour.end))
        return self.planned[first:last]

    def cell_width(self, width: int) -> int:
        """Cells of an hour where there are ``width`` of them for all; the last has no gap."""
        return max(1, min(WIDEST, (width - LABELS + 1) // len(self.columns)))

    def lines(
        self, mode: Mode, width: int, glyphs: Glyphs, cursor: HourPlace | None = None
    ) -> list[Spans]:
        wide = self.cell_width(width)
        today = None if self.now is None else self._day_of(self.now)
        lines: list[Spans] = [self._heading(wide)]
        for day in self.days:
            role = "accent" if day == today else "text" if day.weekday() < 5 else "dim"
            line = [Span(f" {day:%a} {day.day:>2} ", role)]
            for hour, again in self.columns:
                place = HourPlace(day, hour, again)
                cell = self._cell(place, mode, wide, glyphs)
                if place == cursor:
                    line.append(Span(cell.text[0], f"{cell.role}@cell"))
                    cell = Span(cell.text[1:], cell.role)
                line.append(cell)
            lines.append(tuple(line))
        return lines

    def _day_of(self, moment: datetime) -> date | None:
        return next((one.day for one in self.hours if one.start <= moment < one.end), None)

    def _heading(self, wide: int) -> Spans:
        """The hours: as many of them as have room."""
        text = [" "] * (LABELS + wide * len(self.columns) + 2)
        step = -(-3 // wide)
        for number, (hour, again) in enumerate(self.columns):
            start = LABELS + number * wide
            if again:
                text[start] = AGAIN
            elif hour % step == 0:
                text[start : start + 2] = f"{hour:02}"
        return (Span("".join(text).rstrip(), "heading"),)

    def _cell(self, place: HourPlace, mode: Mode, wide: int, glyphs: Glyphs) -> Span:
        hour = self.by_place.get(place)
        if hour is None:
            return Span(" " * wide)
        if tallies := self.tallies.get(hour.start):
            return tally_cell(tallies, self.most, mode, wide, glyphs)
        is_ahead = self.now is not None and hour.start > self.now
        return empty_cell(wide, glyphs, is_planned=bool(self._planned(hour)), is_ahead=is_ahead)

    def line_of(self, place: HourPlace) -> int:
        return self.heading + self.days.index(place.day)

    def place_at(self, x: int, line: int, width: int) -> HourPlace | None:
        column, row = (x - LABELS) // self.cell_width(width), line - self.heading
        if not (0 <= column < len(self.columns) and 0 <= row < len(self.days)):
            return None
        place = HourPlace(self.days[row], *self.columns[column])
        return place if self.holds(place) else None

    def about(self, place: HourPlace, dag: DagRow | None, scene: Scene) -> Spans:
        hour = self.by_place[place]
        until = formats.local(hour.end, scene.zone).strftime("%H:%M")
        parts: list[Spans] = [(Span(f"{self.words(place)} to {until}", "strong"),)]
        if self.now is not None and hour.start <= self.now < hour.end:
            parts.append((Span("now", "accent"),))
        parts.extend(tally_parts(self.tallies.get(hour.start), scene.glyphs))
        parts.extend(due_parts(self._planned(hour), dag, scene))
        return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))

    def moved(self, place: HourPlace, way: str) -> HourPlace:
        """Left and right are hours, also over midnight; up and down are days."""
        if way in ("left", "right"):
            places = list(self.by_place)
            number = places.index(place) + (1 if way == "right" else -1)
            return places[max(0, min(number, len(places) - 1))]
        last = len(self.days) - 1
        row = self.days.index(place.day) + DAYS.get(way, 0)
        row = {"top": 0, "bottom": last}.get(way, max(0, min(row, last)))
        return self.nearest(self.days[row], place.hour, place.again)

    def nearest(self, day: date, hour: int, again: int = 0) -> HourPlace:
        """The hour of a day, or the one that is nearest to it on that day."""
        there = [place for place in self.by_place if place.day == day] or list(self.by_place)
        return min(there, key=lambda one: (abs(one.hour - hour), abs(one.again - again)))

    def entry(self, day: date, hour: int) -> HourPlace:
        """Where the cursor begins on a day: the first hour with runs, else the one of the clock."""
        busy = (place for place in self.by_place if place.day == day and self.tallies_at(place))
        return next(busy, self.nearest(day, hour))

    def next_failed(self, place: HourPlace, direction: int) -> HourPlace | None:
        here = self.by_place[place].start
        failed = [
            one
            for one, hour in self.by_place.items()
            if DagRunState.FAILED in self.tallies.get(hour.start, ())
            and (hour.start > here if direction > 0 else hour.start < here)
        ]
        return failed[0 if direction > 0 else -1] if failed else None

    def csv(self) -> str:
        rows = [
            (f"{one.day.isoformat()}T{one.hour:02}:00{AGAIN * one.again}", self.tallies[one.start])
            for one in self.hours
            if one.start in self.tallies
        ]
        return tallies_csv("hour", rows)
