"""The rows of a Gantt chart, the critical path, and what is said of the row under the cursor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.gantt.axis import SECOND, moment_of
from app.tui.models.gantt.painting import is_long
from app.tui.models.gantt.phases import WAITING, Phase, Segment, segments_of, together
from app.tui.models.grid import counts_spans, label, state_span, visible_rows
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, task_look
from store.states import TASK_STATE_LOOKS, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.gantt import InstanceTimes
    from store.queries.grid import GridRow

ORDER = tuple(
    None if state is None else state.value
    for state in sorted(TASK_STATE_LOOKS, key=lambda state: TASK_STATE_LOOKS[state].order)
)
"""States, the most important first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: a group, a task, or one instance of a mapped task."""

    key: str
    row: GridRow
    """The task or group that it belongs to."""
    instances: tuple[InstanceTimes, ...]
    depth: int
    is_instance: bool = False

    @property
    def is_mapped(self) -> bool:
        """Whether it is a task whose instances can be shown one by one."""
        indexed = any(one.map_index >= 0 for one in self.instances)
        return indexed and self.row.kind == "task" and not self.is_instance

    @property
    def map_index(self) -> int | None:
        return self.instances[0].map_index if self.is_instance else None


@dataclass(slots=True)
class Times:
    """What happened in a run: the instances of each task, and what each of them did."""

    of_task: dict[str, list[InstanceTimes]] = field(default_factory=dict)
    segments: dict[tuple[str, int], tuple[Segment, ...]] = field(default_factory=dict)
    start: int | None = None
    """Of the first thing that happened."""

    @classmethod
    def of(cls, instances: Iterable[InstanceTimes]) -> Times:
        """What some instances did."""
        times = cls()
        starts: list[int] = []
        for one in instances:
            times.of_task.setdefault(one.task_id, []).append(one)
            segments = times.segments[one.task_id, one.map_index] = segments_of(one)
            if segments:
                starts.append(segments[0].start)
        times.start = min(starts, default=None)
        return times

    def of_line(self, line: Line) -> list[tuple[Segment, ...]]:
        """What each instance of a row did."""
        return [self.segments[one.task_id, one.map_index] for one in line.instances]

    def shown(self, line: Line, now: int) -> tuple[Segment, ...]:
        """What a row shows."""
        several = self.of_line(line)
        if len(several) == 1:
            return several[0]
        return together(several, now, ORDER)

    def end(self, now: int) -> int | None:
        """Of the last thing that happened, or now while something goes on."""
        found = [segments[-1].until(now) for segments in self.segments.values() if segments]
        return max(found, default=None)

    def first(self, task_id: str) -> int | None:
        """When a task first was at something."""
        return min((s[0].start for s in self._segments(task_id)), default=None)

    def last(self, task_id: str, now: int) -> int | None:
        """When a task was done; None if it took no time."""
        found = [s[-1].until(now) for s in self._segments(task_id) if s[-1].phase < Phase.DECIDED]
        return max(found, default=None)

    def _segments(self, task_id: str) -> list[tuple[Segment, ...]]:
        keys = ((task_id, one.map_index) for one in self.of_task.get(task_id, ()))
        return [self.segments[key] for key in keys if self.segments[key]]


def lines_of(
    rows: Sequence[GridRow],
    times: Times,
    *,
    folded: Collection[str] = (),
    unfolded: Collection[str] = (),
    words: Sequence[str] = (),
    by_start: bool = False,
) -> list[Line]:
    """The rows that are seen. ``folded`` are groups, ``unfolded`` are mapped tasks.

    By start there are no groups: tasks in the order in which they began.
    """
    if by_start:
        seen = [row for row in visible_rows(rows, (), words) if row.kind == "task"]
        starts = {row.id: times.first(row.id) for row in seen}
        far = max((at for at in starts.values() if at is not None), default=0) + 1
        seen.sort(key=lambda row: far if starts[row.id] is None else starts[row.id] or 0)
    else:
        seen = visible_rows(rows, folded, words)
    found: list[Line] = []
    for row in seen:
        depth = 0 if by_start else row.depth
        instances = [one for name in row.task_ids for one in times.of_task.get(name, ())]
        line = Line(row.id, row, tuple(instances), depth)
        found.append(line)
        if row.id in unfolded and line.is_mapped:
            found.extend(
                Line(f"{row.id}[{one.map_index}]", row, (one,), depth + 1, is_instance=True)
                for one in instances
            )
    return found


def critical_path(ends: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The tasks that the run's end waited for: from the one that ended last back along the
    upstream that ended last. ``ends`` has the tasks that took time; others are looked through.
    """
    if not ends:
        return ()
    upstream: dict[str, list[str]] = {}
    for source, target in edges:
        upstream.setdefault(target, []).append(source)
    current = max(sorted(ends), key=ends.__getitem__)
    path = [current]
    while True:
        near: list[str] = []
        seen = set(path)
        queue = list(upstream.get(current, ()))
        while queue:
            task = queue.pop()
            if task in seen:
                continue
            seen.add(task)
            if task in ends:
                near.append(task)
            else:
                queue.extend(upstream.get(task, ()))
        if not near:
            return tuple(reversed(path))
        current = max(sorted(near), key=ends.__getitem__)
        path.append(current)


# words


def line_label(
    line: Line, cell: Cell | None, *, folded: bool, by_start: bool, glyphs: Glyphs, critical: bool
) -> Spans:
    """The state's glyph and the name; of several instances their counts."""
    state = Span("  ") if cell is None else state_span(cell.state, glyphs, " ")
    if line.is_instance:
        one = line.instances[0]
        words: Spans = (Span("  " * line.depth), Span(f"[{one.map_index}]", "text"))
        return (state, *words, span(f" {one.map_label}" if one.map_label else "", "dim"))
    if by_start:
        name: Spans = (span(line.row.id),)
        if cell is not None and cell.is_mapped:
            name = (*name, Span(" [] ", "dim"), *counts_spans(cell.counts, glyphs))
    else:
        name = label(line.row, cell, folded, glyphs)
    if critical:
        name = tuple(Span(one.text, "strong" if one.role == "text" else one.role) for one in name)
    return (state, *name)


def took(line: Line, times: Times, now: int) -> int | None:
    """How long a row was at work: its newest tries, those of several from first to last."""
    tries = [
        [one for one in segments if one.phase is Phase.RUNNING] for segments in times.of_line(line)
    ]
    newest = [running[-1] for running in tries if running]
    if not newest:
        return None
    return max(one.until(now) for one in newest) - min(one.start for one in newest)


def seconds(micros: int) -> str:
    """A time in words."""
    return duration(micros / SECOND)


def share(part: int, total: int) -> str:
    """ "12 % of the run"; of very little "<1 %"; empty of what is longer than the run: it was
    before that was cleared."""
    if total <= 0 or part > total + max(SECOND, total // 50):
        return ""
    percent = min(100.0, 100 * part / total)
    return f"{'<1' if percent < 1 else round(percent)} % of the run"


def detail_line(
    line: Line | None, cell: Cell | None, times: Times, total: int, now: int, scene: Scene
) -> Spans:
    """How long the row under the cursor waited and worked, and how much of the run that is."""
    if line is None:
        return ()
    glyphs = scene.glyphs
    dot = Span(f" {glyphs.dot} ", "faint")
    kind = {True: "  task  ", False: "  group "}[line.row.kind == "task"]
    name = (
        f"{line.row.id}[{line.map_index}]"
        if line.is_instance and line.map_index is not None
        else line.row.id
    )
    head = (Span(kind, "dim"),)
    if cell is None:
        return (*head, span(name), dot, Span("not in this run", "dim"))
    look = task_look(cell.state)
    parts: list[Spans] = [(span(name),), (state_span(cell.state, glyphs, f" {look.word}"),)]
    one = line.instances[0] if len(line.instances) == 1 else None
    if one is None:
        parts.append(counts_spans(cell.counts, glyphs))
    elif one.try_number > 1 or one.max_tries:
        parts.append((Span(f"try {one.try_number} of {one.max_tries + 1}"),))
    if one is not None:
        parts.extend(_waiting(times.segments[one.task_id, one.map_index], total, now))
    worked = took(line, times, now)
    if worked is not None:
        word = "took" if one is None or _is_over(cell.state) else "at work for"
        part = share(worked, total)
        of_run = (Span(f" ({part})", "dim"),) if part else ()
        parts.append((Span(f"{word} {seconds(worked)}"), *of_run))
    begun = min((s.start for several in times.of_line(line) for s in several), default=None)
    if begun is not None:
        at = formats.local(moment_of(begun), scene.zone).strftime("%H:%M:%S")
        parts.append((Span(f"from {at}", "dim"),))
    return (*head, *joined(parts, dot))


def _is_over(state: TaskInstanceState | None) -> bool:
    return state not in (TaskInstanceState.RUNNING, TaskInstanceState.DEFERRED)


def _waiting(segments: Sequence[Segment], total: int, now: int) -> list[Spans]:
    """How long the newest try waited in which phase; long waiting stands out."""
    parts: list[Spans] = []
    words = {Phase.BETWEEN: "between tries", Phase.SCHEDULED: "scheduled", Phase.QUEUED: "queued"}
    newest = max((s.try_number for s in segments), default=0)
    for phase in sorted(WAITING):
        found = [
            s
            for s in segments
            if s.phase is phase
            and (s.state is not None if phase is Phase.BETWEEN else s.try_number == newest)
        ]
        if found:
            long = any(is_long(s, now, total) for s in found)
            taken = sum(s.length(now) for s in found)
            part = share(taken, total)
            extra = f" ({part})" if long and part else ""
            role = "warning" if long else "dim"
            parts.append((Span(f"{words[phase]} {seconds(taken)}{extra}", role),))
    return parts
