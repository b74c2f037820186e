"""What a task instance did when: tries, and the waiting before each, as segments of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.gantt import InstanceTimes, TryTimes


class Phase(IntEnum):
    """What a task instance does. Where several fall into one cell the largest is seen."""

    BETWEEN = 0
    """Waits for another try: a retry delay, or a sensor between two pokes. Without a state: it
    had come to an end, and was cleared later."""
    SCHEDULED = 1
    """Ready to run, waits for a slot."""
    QUEUED = 2
    """Has a slot, is being started."""
    RUNNING = 3
    """A try is at work."""
    DECIDED = 4
    """It got its state without running: a moment."""


WAITING = frozenset({Phase.BETWEEN, Phase.SCHEDULED, Phase.QUEUED})
AGAIN = frozenset({TaskInstanceState.UP_FOR_RETRY, TaskInstanceState.UP_FOR_RESCHEDULE})
"""States of a try after which the instance waits for another."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in which a task instance did one thing. Microseconds since 1970."""

    phase: Phase
    start: int
    end: int | None
    """None: it goes on."""
    state: str | None
    """Of a try how it ended (or what it is at); of waiting what the instance is meanwhile."""
    try_number: int = 0

    def until(self, now: int) -> int:
        """Where it ends, or how far it has come."""
        return max(self.start, now) if self.end is None else self.end

    def length(self, now: int) -> int:
        """How long it took, or has taken so far."""
        return self.until(now) - self.start


def segments_of(one: InstanceTimes) -> tuple[Segment, ...]:
    """What an instance did, in order, without overlaps: for each try scheduled, queued, running."""
    if not one.tries:
        return tidy(_without_tries(one))
    found: list[Segment] = []
    earlier: TryTimes | None = None
    left: int | None = None
    for place, this in enumerate(one.tries):
        following = one.tries[place + 1] if place + 1 < len(one.tries) else None
        ready = None
        if following is None:
            ready = _ready(one, left, this.queued_at)
        if earlier is not None and left is not None:
            found.append(_between(earlier, left, this.queued_at if ready is None else ready))
        if ready is not None:
            found.append(_scheduled(ready, this.queued_at, this.try_number))
        left = _end_of(one, this, following)
        found.extend(_try(one, this, left, newest=following is None))
        earlier = this
    assert earlier is not None
    found.extend(_afterwards(one, earlier, left))
    return tidy(found)


def _try(one: InstanceTimes, this: TryTimes, end: int | None, *, newest: bool) -> Iterable[Segment]:
    number = this.try_number
    begun = this.started_at
    queued_until = end if begun is None else begun
    queued = TaskInstanceState.QUEUED.value
    yield Segment(Phase.QUEUED, this.queued_at, queued_until, queued, number)
    if begun is not None:
        state = this.state
        if newest and this.ended_at is None and one.state is not None:
            state = one.state.value
        yield Segment(Phase.RUNNING, begun, end, state, number)


def _end_of(one: InstanceTimes, this: TryTimes, following: TryTimes | None) -> int | None:
    """Where a try ends; None: it goes on. One without an end that can't go on ends at the latest
    moment that is known."""
    if this.ended_at is not None:
        return this.ended_at
    if following is not None:
        return following.queued_at
    return one.ended_at if one.state in FINISHED_TASK_STATES else None


def _ready(one: InstanceTimes, after: int | None, before: int | None) -> int | None:
    """When it was found ready to run; None where what is known of that is of another try."""
    at = one.scheduled_at
    if at is None or (after is not None and at < after) or (before is not None and at > before):
        return None
    return at


def _between(earlier: TryTimes, start: int, end: int | None) -> Segment:
    state = earlier.state if earlier.state in AGAIN else None
    return Segment(Phase.BETWEEN, start, end, state, earlier.try_number)


def _scheduled(start: int, end: int | None, number: int) -> Segment:
    return Segment(Phase.SCHEDULED, start, end, TaskInstanceState.SCHEDULED.value, number)


def _afterwards(one: InstanceTimes, last: TryTimes, left: int | None) -> Iterable[Segment]:
    """What an instance waits for after its last try."""
    if left is None:
        return
    number = last.try_number + 1
    if one.state in AGAIN:
        yield _between(last, left, None)
    elif one.state == TaskInstanceState.SCHEDULED:
        ready = _ready(one, left, None)
        if last.state in AGAIN:
            yield _between(last, left, ready)
        if ready is not None:
            yield _scheduled(ready, None, number)


def _without_tries(one: InstanceTimes) -> Iterable[Segment]:
    """An instance that was never tried, or whose tries are no longer known."""
    state = None if one.state is None else one.state.value
    over = one.state in FINISHED_TASK_STATES
    if one.started_at is None and over:
        if one.ended_at is not None:
            yield Segment(Phase.DECIDED, one.ended_at, one.ended_at, state)
        return
    if one.state is None:
        return
    if one.scheduled_at is not None:
        until = one.started_at if one.queued_at is None else one.queued_at
        yield _scheduled(one.scheduled_at, until, 0)
    if one.queued_at is not None and one.state != TaskInstanceState.SCHEDULED:
        queued = TaskInstanceState.QUEUED.value
        yield Segment(Phase.QUEUED, one.queued_at, one.started_at, queued)
    if one.started_at is not None:
        yield Segment(Phase.RUNNING, one.started_at, one.ended_at, state, one.try_number)


def tidy(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments one after another: clocks may be set, and two machines differ.

    None begins before the one before it ends, only the last goes on, and no waiting takes no time.
    """
    found: list[Segment] = []
    for one in segments:
        start, end = one.start, one.end
        if found:
            last = found[-1]
            until = max(last.start, start) if last.end is None else last.end
            start = max(start, until)
            if last.end is None:
                found.pop()
                if until > last.start or last.phase not in WAITING:
                    found.append(replace(last, end=until))
        if end is not None and end < start:
            end = start
        if start == end and one.phase in WAITING:
            continue
        found.append(
            one if (start, end) == (one.start, one.end) else replace(one, start=start, end=end)
        )
    return tuple(found)


def together(
    several: Sequence[Sequence[Segment]], now: int, order: Sequence[str | None]
) -> tuple[Segment, ...]:
    """What several instances did, as one row shows it: stretches of the same kind made one.

    ``order``: states, the most important first; it comes last here, and so is seen.
    """
    stretches: dict[tuple[Phase, str | None], list[tuple[int, int]]] = {}
    for segments in several:
        for one in segments:
            key = (one.phase, one.state)
            stretches.setdefault(key, []).append((one.start, one.until(now)))
    if any(phase is not Phase.DECIDED for phase, _ in stretches):  # what took time is seen
        stretches = {key: found for key, found in stretches.items() if key[0] < Phase.DECIDED}
    ranks = {state: rank for rank, state in enumerate(order)}
    found: list[Segment] = []
    for phase, state in sorted(stretches, key=lambda key: (key[0], -ranks.get(key[1], 0))):
        for start, end in _union(stretches[phase, state]):
            found.append(Segment(phase, start, end, state))
    return tuple(found)


def _union(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    stretches.sort()
    merged = [stretches[0]]
    for start, end in stretches[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
