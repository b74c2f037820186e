"""A run on its screen: state, progress, facts, what failed, the columns of its tasks. Pure."""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.assets import consumed_words
from app.tui.models.grid import counts_spans, run_span, state_span
from app.tui.models.instance import instance_name
from app.tui.models.last_lines import MOST
from app.tui.models.marks import mark_words
from app.tui.models.run_estimate import Estimate
from app.tui.models.task_values import compact, value_lines
from app.tui.reading import error_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, span, width_of
from app.tui.theme import task_look
from store.secrets import masked
from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from app.tui.reading_run import RunSnapshot
    from store.queries.marks import Mark
    from store.queries.runs import RunRow
    from store.queries.tasks import InstanceRow, TryRow

CONF = 3
"""Lines that a conf has among the facts; a longer one stands below them."""

FAILURES = 5
"""Failed tasks whose errors stand above the table."""

BAR = 24
"""Cells of the bar of progress, where there is room."""

MIDDLE = 100
"""Columns from which on there is room for times of day."""

NAMED = 2
"""Failed tasks that are named as the reason why another didn't run."""

TROUBLED = frozenset({TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY})
"""States of what failed, perhaps to be tried again."""

LABEL = 14
COLUMN = 38
"""Cells that a column of facts has at least."""

Fact = tuple[str, Spans]
Place = tuple[str, int]
"""Task id and map index."""


def done_of(instances: Sequence[InstanceRow]) -> tuple[int, int]:
    """How many are done, of how many."""
    return sum(row.state in FINISHED_TASK_STATES for row in instances), len(instances)


def reached_at(run: RunRow, instances: Sequence[InstanceRow]) -> datetime | None:
    """When as many were done as are done now; None before the run has started."""
    if run.started_at is None:
        return None
    ends = [row.ended_at for row in instances if row.ended_at and row.state in FINISHED_TASK_STATES]
    return max([run.started_at, *ends])


def state_line(run: RunRow, scene: Scene) -> Spans:
    """State and times."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(run_span(run.state.value, scene.glyphs, f" {run.state.value}"),)]
    if run.ended_at is not None:
        if run.duration is not None:
            parts.append((Span(f"took {duration(run.duration)}"),))
        parts.append((Span(f"ended {formats.ago(run.ended_at, scene.now)}", "dim"),))
    elif run.started_at is not None:
        took = duration(max(0.0, (scene.now - run.started_at).total_seconds()))
        begun = formats.clock(run.started_at, scene.now, scene.zone)
        parts.append((Span(took), Span(f" since {begun}", "dim")))
    else:
        parts.append((Span(f"queued {formats.ago(run.queued_at, scene.now)}", "dim"),))
    by = (Span(" by ", "dim"), span(run.triggered_by)) if formats.somebody(run.triggered_by) else ()
    parts.append((Span(run.run_type.value, "text"), *by))
    return (Span(" "), *joined(parts, dot))


def progress_line(
    instances: Sequence[InstanceRow], width: int, scene: Scene, *, is_bare: bool = False
) -> Spans:
    """The bar of what is done, by state, and the states in numbers, unless it is to be bare."""
    done, total = done_of(instances)
    if not total:
        return (Span(" no task instances yet", "dim"),)
    counts: dict[TaskInstanceState | None, int] = {}
    for row in instances:
        counts[row.state] = counts.get(row.state, 0) + 1
    room = BAR if width >= 100 else BAR // 2
    percent = Span(f" {100 * done // total:3d}% ", "strong")
    words = () if is_bare else counts_spans(counts, scene.glyphs)
    return (Span(" "), *bar(counts, room, scene), percent, Span(" "), *words)


def bar(counts: Mapping[TaskInstanceState | None, int], width: int, scene: Scene) -> Spans:
    """What is finished, as cells of a bar in the colours of the states; the rest is a rule."""
    total = sum(counts.values())
    finished = sorted(
        (state for state in counts if state in FINISHED_TASK_STATES),
        key=lambda state: task_look(state).order,
    )
    line: list[Span] = []
    filled = before = 0
    for state in finished:
        before += counts[state]
        cells = width * before // total - filled
        filled += cells
        line.append(Span(scene.glyphs.bars[7] * cells, f"state.{state.value if state else 'none'}"))
    line.append(Span(scene.glyphs.rule * (width - filled), "faint"))
    return tuple(piece for piece in line if piece.text)


def estimate_words(found: Estimate | None, scene: Scene, width: int = MIDDLE) -> Spans:
    """When it will end: "ends in 2m to 5m, 12:02 to 12:05 (from 18 runs)"; narrow without the
    times of day."""
    if found is None:
        return ()
    runs = formats.plural(found.runs, "run")
    if found.likely is None or found.late is None:
        return (Span(f"slower than the last {runs}", "warning"),)
    left = [formats.coarse((end - scene.now).total_seconds()) for end in (found.likely, found.late)]
    ends = [formats.clock(end, scene.now, scene.zone) for end in (found.likely, found.late)]
    return (
        Span("ends in ", "dim"),
        Span(_range(left), "strong"),
        Span(f", {_range(ends)}" if width >= MIDDLE else "", "text"),
        Span(f" (from {runs})", "dim"),
    )


def _range(words: Sequence[str]) -> str:
    return words[0] if len(set(words)) == 1 else " to ".join(words)


# what stands between the progress and the table


def about_lines(
    snapshot: RunSnapshot,
    run_why: Sequence[str],
    width: int,
    scene: Scene,
    room: int = 0,
) -> list[Spans]:
    """All facts of the run, then what failed, then a conf that takes more than a line. What is
    left of ``room`` lines is for what failed tries said last."""
    run = snapshot.run
    facts_of_run = _facts(run, scene)
    if snapshot.mark is not None:
        words = mark_words(snapshot.mark, scene, noted=False)
        facts_of_run.insert(0, ("by hand", (span(words, "accent"),)))
    if snapshot.assets:
        facts_of_run.append(("assets", (span(consumed_words(snapshot.assets)),)))
    lines = in_columns(facts_of_run, width)
    if snapshot.trouble:
        lines.insert(0, (Span(f" {'broken':<{LABEL}}", "dim"), span(snapshot.trouble, "error")))
    else:  # or it would be said twice
        lines.extend(
            (Span(f" {'why it waits':<{LABEL}}", "dim"), span(why, "warning")) for why in run_why
        )
    below = _note_and_conf(run, width)
    return [*lines, *_failures(snapshot, width, scene, room - len(lines) - len(below)), *below]


def _failures(snapshot: RunSnapshot, width: int, scene: Scene, room: int) -> list[Spans]:
    """What failed, and below each what it said last: first those whose error names no place."""
    failures = snapshot.failures[:FAILURES]
    if not failures:
        return []
    number = sum(row.state in TROUBLED for row in snapshot.instances)
    words = f" what failed last, of {number:,}" if number > FAILURES else " what failed"
    lines: list[Spans] = [(Span(words, "heading"),)]
    room -= 1 + len(failures)
    counts = dict.fromkeys((one.id for _, one in failures), 0)
    order = sorted((one for _, one in failures), key=lambda one: one.error_place is not None)
    for one in order * MOST:
        if room > 0 and counts[one.id] < len(snapshot.said.get(one.id, ())):
            counts[one.id] += 1
            room -= 1
    for row, one in failures:
        mark = snapshot.marks.get(row.id)
        line = failure_line(row, one, scene, mark)
        lines.append(fit(line, width, ellipsis=scene.glyphs.ellipsis))
        said = snapshot.said.get(one.id, ())
        for text in said[len(said) - counts[one.id] :]:
            shown = (Span("      "), span(text, "dim"))
            lines.append(fit(shown, width, ellipsis=scene.glyphs.ellipsis))
    return lines


def _note_and_conf(run: RunRow, width: int) -> list[Spans]:
    lines: list[Spans] = []
    facts: list[Fact] = []
    if run.note:
        facts.extend(_several("note", run.note.strip().split("\n"), "accent"))
    conf = compact(masked(run.conf)) if run.conf else ""
    pieces = textwrap.wrap(conf, max(20, width - LABEL - 3))
    fits = len(pieces) <= CONF
    if fits:
        facts.extend(_several("conf", pieces, "strong"))
    facts.append(("run id", (span(run.run_id),)))
    lines.extend(in_columns(facts, width))
    if not fits:
        lines.append((Span(" conf", "heading"),))
        lines.extend((Span("   "), span(text)) for text in value_lines(masked(run.conf), 0))
    return lines


def _facts(run: RunRow, scene: Scene) -> list[Fact]:
    def moment(name: str, then: datetime | None) -> list[Fact]:
        return [] if then is None else [(name, (Span(formats.stamp(then, scene.zone)),))]

    facts: list[Fact] = []
    facts += moment("started", run.started_at) or moment("queued", run.queued_at)
    facts += moment("ended", run.ended_at)
    facts += moment("logical date", run.logical_date)
    facts.append(("version", (Span(str(run.version)),)))
    start, end = run.data_interval_start, run.data_interval_end
    if start is not None and end is not None and start != end:
        shown = [formats.stamp(one, scene.zone) for one in (start, end)]
        facts.append(("data interval", (Span(_range(shown)),)))
    if run.clear_number:
        facts.append(("cleared", (Span(formats.plural(run.clear_number, "time")),)))
    if run.experiment:
        facts.append(("experiment", (span(run.experiment),)))
    if run.backfill_id is not None:
        facts.append(("backfill", (Span(str(run.backfill_id)),)))
    return facts


def _several(name: str, texts: Sequence[str], role: str) -> list[Fact]:
    return [(name if not number else "", (span(text, role),)) for number, text in enumerate(texts)]


def in_columns(facts: Sequence[Fact], width: int) -> list[Spans]:
    """Facts one below another; short ones side by side, where there is room for columns."""
    columns = max(1, width // COLUMN)
    cells = max(1, (width - 1) // columns)
    lines: list[Spans] = []
    row: list[Span] = []
    taken = 0
    names = [*(name for name, _ in facts[1:]), "the end"][: len(facts)]
    for (name, value), following in zip(facts, names, strict=True):
        text = (Span(f"{name:<{LABEL}}", "dim"), *value)
        alone = not name or not following  # one of several lines
        needed = columns if alone else -(-(width_of(text) + 2) // cells)
        if taken and taken + needed > columns:
            lines.append((Span(" "), *row))
            row, taken = [], 0
        row.extend(text)
        taken += needed
        padding = taken * cells - width_of(row)
        if taken < columns and padding > 0:
            row.append(Span(" " * padding))
    if row:
        lines.append((Span(" "), *row))
    return lines


def failure_line(row: InstanceRow, one: TryRow, scene: Scene, mark: Mark | None = None) -> Spans:
    """A failed task: what went wrong in its newest try, and where; or who marked it."""
    name = instance_name(row.task_id, row.map_index)
    error = error_line(one) or task_look(one.state).word
    line = [
        Span("  "),
        state_span(row.state, scene.glyphs, " "),
        span(name, "strong"),
        Span(f"  try {one.try_number} of {max(row.max_tries + 1, one.try_number)}  ", "dim"),
    ]
    if mark is not None:
        return (*line, span(mark_words(mark, scene), "accent"))
    if one.error_place:
        place = scene.place(one.error_place)
        line.extend((span(place, "accent"), Span("  ")))
    return (*line, span(error, "error"))


# why tasks wait


def reasons_by_place(reply: object) -> tuple[dict[Place, str], list[str]]:
    """What the runner says of each task instance, and of the run as a whole."""
    places: dict[Place, str] = {}
    whole: list[str] = []
    if isinstance(reply, list):
        for task, index, reason in reply:
            if reason is not None and task:
                places.setdefault((str(task), int(index)), str(reason))
            elif reason is not None:
                whole.append(str(reason))
    return places, whole


def why_of(snapshot: RunSnapshot, reasons: Mapping[Place, str], scene: Scene) -> dict[Place, str]:
    """The words in the last column: reasons to wait, errors, or who marked it."""
    words: dict[Place, str] = {
        (row.task_id, row.map_index): error_line(one) for row, one in snapshot.failures
    }
    if reasons:
        rows = snapshot.instances
        over = {(row.task_id, row.map_index) for row in rows if row.state in FINISHED_TASK_STATES}
        words.update({place: why for place, why in reasons.items() if place not in over})
    words.update(upstream_failures(snapshot))
    for task, index, why in snapshot.ending:
        words[task, index] = f"has been told to end: {why}"
    for row in snapshot.instances if snapshot.marks else ():
        mark = snapshot.marks.get(row.id)
        if mark is not None:
            noted = (mark.note or "") != (row.note or "")  # the line below the table has that one
            words[row.task_id, row.map_index] = mark_words(mark, scene, noted=noted)
    return words


def upstream_failures(snapshot: RunSnapshot) -> dict[Place, str]:
    """Of what didn't run for it, which tasks failed upstream: "broken failed"."""
    state = TaskInstanceState.UPSTREAM_FAILED
    behind = [row for row in snapshot.instances if row.state is state]
    failed: dict[str, list[str]] = {}
    for row in snapshot.instances:
        if behind and row.state is TaskInstanceState.FAILED:
            failed.setdefault(row.task_id, []).append(instance_name(row.task_id, row.map_index))
    found: dict[Place, str] = {}
    words: dict[str, str] = {}
    for row in behind:
        if row.task_id not in words:
            names = _failed_above(row.task_id, snapshot.upstream, failed)
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            words[row.task_id] = f"{', '.join(names[:NAMED])}{more} failed" if names else ""
        if words[row.task_id]:
            found[row.task_id, row.map_index] = words[row.task_id]
    return found


def _failed_above(
    task_id: str, upstream: Mapping[str, Sequence[str]], failed: Mapping[str, Sequence[str]]
) -> list[str]:
    """What failed among all that is upstream of a task, the nearest first."""
    names: list[str] = []
    seen, line = {task_id}, deque(upstream.get(task_id, ()))
    while line:
        above = line.popleft()
        if above in seen:
            continue
        seen.add(above)
        names.extend(failed.get(above, ()))
        if above not in failed:
            line.extend(upstream.get(above, ()))
    return names


def why_lines(instances: Sequence[InstanceRow], why: Mapping[Place, str]) -> list[str]:
    """Each reason once, with the tasks that wait for it, those of most tasks first."""
    groups: dict[str, list[str]] = {}
    for row in instances:
        reason = why.get((row.task_id, row.map_index))
        if reason and row.state not in FINISHED_TASK_STATES:
            groups.setdefault(reason, []).append(instance_name(row.task_id, row.map_index))
    lines: list[str] = []
    for reason, names in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        lines.append(f"{reason}  ({formats.plural(len(names), 'task instance')})")
        more = f", and {len(names) - 20:,} more" if len(names) > 20 else ""
        lines.extend((f"    {', '.join(names[:20])}{more}", ""))
    return lines
