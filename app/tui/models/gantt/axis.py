"""The time axis of a Gantt chart: which stretch of time is seen, and where its ticks are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from app.tui.formats import local

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
STEPS = (
    *(SECOND // 1000 * n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * n for n in (1, 2, 5, 10, 15, 30)),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 28, 91, 182, 364, 728, 3640)),
)
"""Distances of ticks."""

TICK_WIDTH = 10
"""Cells from one tick to the next, at least: a time of day fits."""

PARTS = 5
"""The axis of a running run grows by this part of a tick's distance."""

LEAST = 20 * SECOND // 1000
"""The shortest stretch of time that can be seen."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, in microseconds since 1970."""

    start: int
    end: int

    @property
    def span(self) -> int:
        return max(1, self.end - self.start)

    def column(self, at: int, width: int) -> int:
        """The cell of ``width`` that a moment falls into; outside of it others go on."""
        return (at - self.start) * width // self.span

    def narrowed(self, whole: Window, anchor: int) -> Window:
        """Half of it around a moment, which stays where it is on the screen."""
        span = max(LEAST, self.span // 2)
        anchor = min(max(anchor, self.start), self.end)
        start = anchor - (anchor - self.start) * span // self.span
        return Window(start, start + span).inside(whole)

    def widened(self, whole: Window, anchor: int) -> Window | None:
        """Twice as much around a moment; None where that is everything."""
        span = self.span * 2
        if span >= whole.span:
            return None
        anchor = min(max(anchor, self.start), self.end)
        start = anchor - (anchor - self.start) * span // self.span
        return Window(start, start + span).inside(whole)

    def moved(self, whole: Window, share: float) -> Window:
        """Further along, by a share of what is seen."""
        step = int(self.span * share)
        return Window(self.start + step, self.end + step).inside(whole)

    def inside(self, whole: Window) -> Window:
        """As long as it is, moved so that nothing beyond the whole is seen."""
        span = min(self.span, whole.span)
        start = max(whole.start, min(self.start, whole.end - span))
        return Window(start, start + span)


def around(start: int, end: int, whole: Window) -> Window:
    """A window in which a stretch of time is seen with a little before and after."""
    room = max(LEAST // 2, (end - start) // 10)
    return Window(start - room, end + room).inside(whole)


def step_of(span: int, width: int) -> int:
    """The distance of ticks for a stretch of time in so many cells."""
    for step in STEPS:
        if step * width >= span * TICK_WIDTH:
            return step
    return max(STEPS[-1], span * TICK_WIDTH // max(1, width))


def horizon(start: int, now: int, width: int) -> int:
    """Where the axis of something that still goes on ends: a little after now.

    So everything changes its place only now and then, not each time the clock goes on.
    """
    span = max(SECOND, now - start)
    step = max(SECOND, step_of(span, width) // PARTS)
    return start + -(-span // step) * step


def ticks(window: Window, origin: int, width: int) -> list[tuple[int, int]]:
    """(column, microseconds since the origin) of each tick that is seen."""
    step = step_of(window.span, width)
    first = -(-(window.start - origin) // step)
    found: list[tuple[int, int]] = []
    for number in range(first, first + width + 2):
        column = window.column(origin + number * step, width)
        if column >= width:
            break
        found.append((column, number * step))
    return found


def elapsed_text(micros: int) -> str:
    """A time since the start as an axis has it: 0, 250ms, 1.5s, 90s is 1m30s, 2h, 1d12h."""
    if micros == 0:
        return "0"
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    if micros < SECOND:
        return f"{sign}{micros // 1000}ms"
    if micros < MINUTE and micros % SECOND:
        return f"{sign}{micros / SECOND:.3f}".rstrip("0") + "s"
    days, rest = divmod(micros, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (rest // SECOND, "s"))
    return sign + "".join([f"{number}{unit}" for number, unit in parts if number][:3])


def clock_text(at: int, window: Window, width: int, zone: tzinfo | None) -> str:
    """A moment in the user's zone, as exact as the ticks are far from each other."""
    moment = local(moment_of(at), zone)
    step = step_of(window.span, width)
    if step >= DAY:
        return moment.strftime("%d %b")
    if window.span > DAY:
        return moment.strftime("%a %H:%M")
    if step < SECOND:
        return moment.strftime("%M:%S.%f")[: 7 if step * 10 >= SECOND else 9]
    return moment.strftime("%H:%M" if step % MINUTE == 0 and not moment.second else "%H:%M:%S")


def moment_of(micros: int) -> datetime:
    """The time that is so many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=micros)


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)
