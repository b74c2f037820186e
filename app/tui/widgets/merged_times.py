"""The times of the lines of several logs, also of those that say none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.tui.models.log_levels import Clock, goes_on
from app.tui.widgets.log_times import HEAD_OF_TIME, LOOK, last_timed, next_timed

if TYPE_CHECKING:
    from app.tui.widgets.log_merge import Part

PASSED = 2000
"""Lines above one that goes on with them in which the first of them is looked for."""
KEPT = 200_000
"""Times that are kept."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines of a file, none of which states a time, and the times that are stated around them."""

    low: int
    high: int
    stated_at: int
    """Where the line above with a time starts; -1: there is none near."""
    above: float | None
    latest: float
    """Notes count up to there."""


class MergedTimes:
    """Looks times up. A line without one has that of the line above, unless the runner noted that
    the log grew only later. What was noted counts only as far as it lies between the times that
    are stated above and below, by whatever clock and in whatever zone: the times of a file then
    grow from line to line, and its lines stay in their order, from wherever one comes."""

    def __init__(self, parts: Sequence[Part], clock: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._known: dict[tuple[int, int], float] = {}
        self._gaps: dict[int, Gap] = {}
        self._going_on: dict[int, tuple[int, int]] = {}

    def clear(self) -> None:
        """The files are others, or more was noted of them."""
        self._known.clear()
        self._gaps.clear()
        self._going_on.clear()

    def of(self, number: int, place: int) -> float:
        """The time of the line that starts at an offset of a file."""
        moment = self._known.get((number, place))
        if moment is None:
            moment = self._of(number, place)
            if len(self._known) > KEPT:
                self._known.clear()
            self._known[number, place] = moment
        return moment

    def _of(self, number: int, place: int) -> float:
        head = self._head(number, place)
        stated = None if head is None else self._clock(head)
        if stated is not None:
            return stated
        part, gap = self._parts[number], self._gap(number, place)
        above = min(part.start, gap.latest) if gap.above is None else gap.above
        noted = part.lines.file.noted.at_most(place, gap.latest)
        if noted is None or noted <= above:
            return above
        first = self._first(number, place, gap.stated_at)
        noted = None if first is None else part.lines.file.noted.at_most(first, gap.latest)
        return above if noted is None else max(above, noted)

    def _head(self, number: int, place: int) -> bytes | None:
        """The start of a line; None: it is a piece of one, and not the first."""
        data = self._parts[number].lines.file.read(max(0, place - 1), HEAD_OF_TIME + 1)
        if place and data[:1] != b"\n":
            return None
        return data[place > 0 :].partition(b"\n")[0]

    def _gap(self, number: int, place: int) -> Gap:
        """What is stated around a line; as far as is looked, which depends on the line alone."""
        gap = self._gaps.get(number)
        if gap is None or not gap.low <= place < gap.high:
            file, block = self._parts[number].lines.file, place // LOOK * LOOK
            above = last_timed(file, self._clock, max(0, block - LOOK), place)
            below = next_timed(file, self._clock, place, block + 2 * LOOK)
            low, high = block, block + LOOK
            latest = math.inf if below is None else below[1]
            if above is not None and file.noted.contradict(*above):
                latest = above[1]
            gap = self._gaps[number] = Gap(
                low if above is None else max(low, above[0] + 1),
                high if below is None else min(high, below[0]),
                -1 if above is None else above[0],
                None if above is None else above[1],
                latest,
            )
        return gap

    def _first(self, number: int, place: int, stated_at: int) -> int | None:
        """The line that one goes on with, or itself; None: that one states its time."""
        file, first, passed = self._parts[number].lines.file, place, 0
        known = self._going_on.get(number)
        while first > 0 and passed < PASSED:
            if known is not None and known[0] <= first <= known[1]:
                first = known[0]
                break
            head = self._head(number, first)
            if head is not None and not goes_on(head):
                break
            first, passed = file.before(first), passed + 1
        self._going_on[number] = (first, place)
        return first if first > stated_at else None
