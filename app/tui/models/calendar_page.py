"""What calendars have in common, whether their places are days or hours: pages of places, each
with what its runs came to. Pure."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from app.durations import duration
from app.tui import formats
from app.tui.models.grid import run_span
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, width_of
from app.tui.theme import Glyphs, run_look
from store.states import RUN_STATE_LOOKS, DagRunState

if TYPE_CHECKING:
    from store.queries.dags import DagRow
    from store.queries.history import DayTally

Mode = Literal["state", "count"]
MODES: tuple[Mode, ...] = ("state", "count")

INDENT = 5
"""Cells before the legend."""
SHADES, ASCII_SHADES = "░▒▓█", ".:+#"

Tallies = Mapping[DagRunState, "DayTally"]

Place = TypeVar("Place")
"""A day or an hour, that the cursor is on."""


class Page(ABC, Generic[Place]):
    """What a calendar shows at a time: places, and what the runs of each came to."""

    unit: ClassVar[str]
    """What a place is."""
    heading: ClassVar[int] = 0
    """Lines that stay where not all others are seen."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Which year or month."""

    @abstractmethod
    def holds(self, place: Place) -> bool:
        """Whether a place is on this page."""

    @abstractmethod
    def tallies_at(self, place: Place) -> Tallies | None:
        """The runs of a place."""

    @abstractmethod
    def bounds(self, place: Place, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """When it begins, and when it is over."""

    @abstractmethod
    def words(self, place: Place) -> str:
        """What it is called."""

    @abstractmethod
    def title(self, glyphs: Glyphs) -> Spans:
        """The page, and all its runs by state."""

    @abstractmethod
    def legend(self, mode: Mode, glyphs: Glyphs) -> Spans:
        """What the signs mean."""

    @abstractmethod
    def lines(
        self, mode: Mode, width: int, glyphs: Glyphs, cursor: Place | None = None
    ) -> list[Spans]:
        """All of it."""

    @abstractmethod
    def line_of(self, place: Place) -> int:
        """The number of the line that a place is in."""

    @abstractmethod
    def place_at(self, x: int, line: int, width: int) -> Place | None:
        """The place in a cell, counted from the first line."""

    @abstractmethod
    def about(self, place: Place, dag: DagRow | None, scene: Scene) -> Spans:
        """The place under the cursor: its runs by state, and how long they took."""

    @abstractmethod
    def moved(self, place: Place, way: str) -> Place:
        """Where the cursor goes by the action ``list.<way>``."""

    @abstractmethod
    def next_failed(self, place: Place, direction: int) -> Place | None:
        """The next place (or the one before) with a failed run."""

    @abstractmethod
    def csv(self) -> str:
        """The places with runs, as CSV."""


def day_words(day: date) -> str:
    """``Fri 13 Nov 2026``."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def runs_of(tallies: Tallies | None) -> int:
    """How many runs a day had."""
    return sum(tally.runs for tally in tallies.values()) if tallies else 0


def worst_of(tallies: Tallies) -> DagRunState:
    """The state of a day: of those that occur the one that needs attention first."""
    return min(tallies, key=lambda state: RUN_STATE_LOOKS[state].order)


def shade(number: int, most: int, glyphs: Glyphs) -> str:
    """One of four shades for a number of runs; the fourth is for the most."""
    shades = ASCII_SHADES if glyphs.is_ascii else SHADES
    return shades[min(3, max(0, -(-number * 4 // max(4, most)) - 1))]


def empty_cell(wide: int, glyphs: Glyphs, *, is_planned: bool, is_ahead: bool) -> Span:
    """A day or an hour without runs."""
    if is_planned:
        return Span(glyphs.off + " " * (wide - 1), "dim")
    return Span((" " if is_ahead else nothing(glyphs)) + " " * (wide - 1), "faint")


def tally_cell(tallies: Tallies, most: int, mode: Mode, wide: int, glyphs: Glyphs) -> Span:
    """The runs of a day or an hour; ``most``: of another one."""
    state = worst_of(tallies)
    role = f"state.run.{state.value}"
    number = runs_of(tallies)
    if mode == "count":
        filled = max(1, wide - 1) if wide != 2 else 2
        return Span(shade(number, most, glyphs) * filled + " " * (wide - filled), role)
    look = run_look(state.value)
    text = look.ascii_glyph if glyphs.is_ascii else look.glyph
    if wide > 2 and most > 1:
        text += glyphs.bar(number / most)
    return Span(text + " " * (wide - len(text)), role)


def nothing(glyphs: Glyphs) -> str:
    """What stands for no runs."""
    return "." if glyphs.is_ascii else glyphs.dot


def shade_ranges(most: int, glyphs: Glyphs) -> list[tuple[str, int, int]]:
    """Each shade with the least and the most runs that it stands for."""
    ranges: dict[str, tuple[int, int]] = {}
    for number in range(1, most + 1):
        sign = shade(number, most, glyphs)
        ranges[sign] = (ranges.get(sign, (number, 0))[0], number)
    return [(sign, *edges) for sign, edges in ranges.items()]


def signs_line(most: int, mode: Mode, glyphs: Glyphs, *, is_due: bool) -> Spans:
    """What the signs mean where a place has ``most`` runs at most."""
    line: list[Span] = [Span(" " * INDENT)]
    if mode == "count":
        for sign, least, last in shade_ranges(most, glyphs):
            words = str(least) if least == last else f"{least}-{last}"
            line.extend((Span(sign, "accent"), Span(f" {words}  ", "dim")))
        line.append(Span("runs, in the colour of the worst  ", "dim"))
    else:
        for state, look in RUN_STATE_LOOKS.items():
            line.extend((run_span(state.value, glyphs), Span(f" {look.word}  ", "dim")))
        line.extend((Span(nothing(glyphs), "faint"), Span(" no runs  ", "dim")))
    if is_due:
        line.extend((Span(glyphs.off, "dim"), Span(" planned", "dim")))
    return tuple(line)


def close_together(line: Spans, width: int) -> Spans:
    """The signs with less air, where they have no room."""
    if width_of(line) <= width:
        return line
    return (Span(" "), *(Span(one.text.replace("  ", " "), one.role) for one in line[1:]))


def totals_line(name: str, tallies: Sequence[Tallies], on: str, glyphs: Glyphs) -> Spans:
    """A page, and all its runs by state; ``on``: on how many days or hours."""
    counts: dict[DagRunState, int] = {}
    for some in tallies:
        for state, tally in some.items():
            counts[state] = counts.get(state, 0) + tally.runs
    dot = Span(f" {glyphs.dot} ", "faint")
    total = sum(counts.values())
    head = (Span(" "), Span(name, "title"))
    parts: list[Spans] = [head, (Span(formats.plural(total, "run") if total else "no runs"),)]
    parts.extend(state_counts(counts, glyphs))
    if on:
        parts.append((Span(on, "dim"),))
    return joined(parts, dot)


def state_counts(counts: Mapping[DagRunState, int], glyphs: Glyphs) -> list[Spans]:
    """How many runs there are of each state."""
    ordered = sorted(counts.items(), key=lambda pair: RUN_STATE_LOOKS[pair[0]].order)
    return [
        (run_span(state.value, glyphs, f" {number:,} {run_look(state.value).word}"),)
        for state, number in ordered
    ]


def tally_parts(tallies: Tallies | None, glyphs: Glyphs) -> list[Spans]:
    """Runs by state, and how long they took."""
    if not tallies:
        return [(Span("no runs", "dim"),)]
    parts: list[Spans] = [(Span(formats.plural(runs_of(tallies), "run"), "text"),)]
    parts.extend(state_counts({state: tally.runs for state, tally in tallies.items()}, glyphs))
    ended = sum(tally.ended for tally in tallies.values())
    if ended:
        mean = sum(tally.seconds for tally in tallies.values()) / ended
        longest = max(tally.longest for tally in tallies.values())
        words = f"{duration(mean)} on average" if ended > 1 else duration(mean)
        parts.append((Span(words, "text"),))
        if ended > 1:
            parts.append((Span(f"longest {duration(longest)}", "dim"),))
    return parts


def due_parts(times: Sequence[datetime], dag: DagRow | None, scene: Scene) -> list[Spans]:
    """When the runs of a day or an hour are made, that are to come."""
    if not times:
        return []
    at = formats.local(times[0], scene.zone).strftime("%H:%M")
    is_next = dag is not None and times[0] == dag.next_run_after
    words = f"next run planned at {at}" if is_next else f"run planned at {at}"
    if len(times) > 1:
        words = f"{len(times):,} runs planned, the {'next' if is_next else 'first'} at {at}"
    return [(Span(words, "accent"),)]


def tallies_csv(unit: str, rows: Sequence[tuple[str, Tallies]]) -> str:
    """Days or hours with runs, as CSV: a column for each state."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((unit, *(state.value for state in RUN_STATE_LOOKS), "seconds"))
    for name, tallies in rows:
        counts = [tallies[state].runs if state in tallies else 0 for state in RUN_STATE_LOOKS]
        seconds = sum(tally.seconds for tally in tallies.values())
        writer.writerow((name, *counts, round(seconds, 3)))
    return out.getvalue()
