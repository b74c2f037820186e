"""A task instance, a run, a mapped task: what panels and tables say of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.becoming import becoming_lines, ending_line, signals_line
from app.durations import duration
from app.other_versions import version_lines
from app.tui import formats
from app.tui.columns import Column
from app.tui.models.grid import run_span, state_span
from app.tui.models.marks import mark_words
from app.tui.reading import InstanceFacts, error_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, task_look
from store.states import TaskInstanceState

if TYPE_CHECKING:
    from store.queries.tasks import InstanceRow, TryRow

LABEL = 10
NAMED_INDEXES = 6
"""Map indexes that are named one by one."""


def instance_name(task_id: str, map_index: int, map_label: str | None = None) -> str:
    """``train``, ``train[3]``, ``train[3] eu-west``."""
    if map_index < 0:
        return task_id
    return f"{task_id}[{map_index}] {map_label}" if map_label else f"{task_id}[{map_index}]"


def fact(name: str, *pieces: Span) -> Spans:
    """A line "name  value"."""
    return (Span(f"{name:<{LABEL}}", "dim"), *pieces)


def instance_lines(facts: InstanceFacts, reasons: Sequence[str], scene: Scene) -> list[Spans]:
    """The panel about a task instance."""
    instance, run, glyphs = facts.instance, facts.run, scene.glyphs
    look = task_look(instance.state)
    name = instance_name(instance.task_id, instance.map_index, instance.map_label)
    lines: list[Spans] = [
        (span(name, "title"),),
        (state_span(instance.state, glyphs, f" {look.word}"), meaning_of(facts, scene)),
    ]
    lines.extend(fact("why", span(reason, "warning")) for reason in reasons)
    if facts.tries and instance.state != TaskInstanceState.SUCCESS and facts.mark is None:
        lines.extend(trouble_lines(facts.tries[-1], scene))
    lines.append(())
    state = run_span(run.state.value, glyphs, " ")
    lines.append(fact("run", state, span(formats.run_name(run.run_id))))
    if instance.next_at is not None and instance.ended_at is None:
        left = formats.countdown(instance.next_at, scene.now)
        lines.append(fact("next try", Span(left)))
    lines.append(fact("tries", Span(f"{instance.try_number} of {instance.max_tries + 1}")))
    slots = "" if instance.pool_slots == 1 else f", {instance.pool_slots} slots"
    lines.append(fact("pool", span(instance.pool), Span(slots, "dim")))
    lines.extend(phase_lines(instance, scene))
    if instance.note:
        lines.append(fact("note", span(instance.note, "accent")))
    for one in reversed(facts.tries[-6:]):
        lines.append(())
        lines.extend(try_lines(one, scene))
    return lines


def meaning_of(facts: InstanceFacts, scene: Scene) -> Span:
    """What stands behind a state: what it means, or who gave it by hand."""
    if facts.mark is None:
        return Span(f"  {task_look(facts.instance.state).meaning}", "dim")
    words = mark_words(facts.mark, scene, noted=facts.mark.note != facts.instance.note)
    return span(f"  {words}", "accent")


def phase_lines(instance: InstanceRow, scene: Scene) -> list[Spans]:
    """When it was scheduled, queued, started, ended, and how long each took."""
    lines: list[Spans] = []
    stations = (
        ("scheduled", instance.scheduled_at),
        ("queued", instance.queued_at),
        ("started", instance.started_at),
        ("ended", instance.ended_at),
    )
    previous = None
    for name, moment in stations:
        if moment is None:
            continue
        took = ""
        if previous is not None and moment >= previous:
            took = f"  +{duration((moment - previous).total_seconds())}"
        lines.append(fact(name, Span(formats.stamp(moment, scene.zone)), Span(took, "dim")))
        previous = moment
    return lines


def try_lines(one: TryRow, scene: Scene) -> list[Spans]:
    """One try: state, times, process, what went wrong."""
    glyphs = scene.glyphs
    state = task_look(one.state)
    glyph = state.ascii_glyph if glyphs.is_ascii else state.glyph
    head = [
        Span(f"try {one.try_number:<{LABEL - 4}}", "heading"),
        Span(f"{glyph} {state.word}", f"state.{one.state}"),
    ]
    if one.duration is not None:
        head.append(Span(f"  {duration(one.duration)}"))
    lines: list[Spans] = [tuple(head)]
    where = [part for part in (one.hostname, f"pid {one.pid}" if one.pid else None) if part]
    if where:
        lines.append(fact("", span(", ".join(where), "dim")))
    used = resources(one)
    if used:
        lines.append(fact("", Span(used, "dim")))
    lines.extend(trouble_lines(one, scene))
    return lines


def trouble_lines(one: TryRow, scene: Scene) -> list[Spans]:
    """What went wrong in a try, and where."""
    lines: list[Spans] = []
    if one.reason and one.reason != error_line(one):
        lines.append(fact("", span(one.reason, "text")))
    if one.error_type or one.error_message:
        lines.append(fact("", span(error_line(one), "error")))
    if one.error_place:
        lines.append(fact("", Span("at ", "dim"), span(scene.place(one.error_place), "accent")))
    return lines


def resources(one: TryRow) -> str:
    """CPU and memory of a try, in words."""
    parts: list[str] = []
    if one.cpu_seconds is not None:
        parts.append(f"CPU {duration(one.cpu_seconds)}")
    if one.peak_rss is not None:
        parts.append(f"peak {formats.size(one.peak_rss)}")
    if one.read_bytes or one.write_bytes:
        parts.append(
            f"read {formats.size(one.read_bytes)}, written {formats.size(one.write_bytes)}"
        )
    return ", ".join(parts)


def reasons_for(reply: object, task_id: str, map_index: int) -> list[str]:
    """What the runner's answer to GetReasons says of one instance (of a run as a whole too)."""
    if not isinstance(reply, list):
        return [reply] if isinstance(reply, str) else []
    found = [
        (str(task), int(index), str(reason)) for task, index, reason in reply if reason is not None
    ]
    exact = [r for task, index, r in found if task == task_id and index == map_index]
    loose = [r for task, index, r in found if task == task_id and index != map_index]
    whole = [r for task, _, r in found if not task]
    return exact or whole or list(dict.fromkeys(loose))[:3]


# the table of a mapped task's instances


def instance_columns(errors: Mapping[int, str]) -> list[Column[InstanceRow]]:
    """The columns of the table of mapped instances."""

    def index_cell(row: InstanceRow, scene: Scene) -> Spans:
        number = "-" if row.map_index < 0 else str(row.map_index)
        if row.map_label:
            return (Span(f"{number:>5} ", "dim"), span(row.map_label, "strong"))
        return (Span(f"{number:>5}", "strong"),)

    def state_cell(row: InstanceRow, scene: Scene) -> Spans:
        return (state_span(row.state, scene.glyphs, f" {task_look(row.state).word}"),)

    def tries_cell(row: InstanceRow, scene: Scene) -> Spans:
        role = "warning" if row.try_number > 1 else "text"
        return (Span(f"{row.try_number}/{row.max_tries + 1}", role),)

    def took_cell(row: InstanceRow, scene: Scene) -> Spans:
        return (Span(duration(took(row, scene.now))),)

    def started_cell(row: InstanceRow, scene: Scene) -> Spans:
        return (Span(formats.clock(row.started_at, scene.now, scene.zone), "dim"),)

    def error_cell(row: InstanceRow, scene: Scene) -> Spans:
        return (span(errors.get(row.id, ""), "error"),)

    return [
        Column("index", "INDEX", 8, index_cell, lambda r: r.map_index, most=34),
        Column("state", "STATE", 16, state_cell, lambda r: task_look(r.state).order),
        Column("tries", "TRIES", 5, tries_cell, lambda r: r.try_number, right=True),
        Column(
            "took", "TOOK", 8, took_cell, lambda r: r.duration or 0.0, right=True, descending=True
        ),
        Column("started", "STARTED", 10, started_cell, _start_key),
        Column("error", "ERROR", 12, error_cell, lambda r: errors.get(r.id, ""), grows=True),
    ]


def _start_key(row: InstanceRow) -> float:
    return row.started_at.timestamp() if row.started_at else 0.0


def took(row: InstanceRow, now: datetime) -> float | None:
    """Seconds that it took, or has taken so far."""
    if row.duration is not None:
        return row.duration
    if row.started_at is None or row.state not in _AT_WORK:
        return None
    return max(0.0, (now - row.started_at).total_seconds())


_AT_WORK = frozenset(
    {TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING, TaskInstanceState.DEFERRED}
)


_AGAIN = (TaskInstanceState.UP_FOR_RETRY, TaskInstanceState.UP_FOR_RESCHEDULE)
"""States that end by themselves, at a time that is known."""


def touched_lines(reply: object, verb: str, glyphs: Glyphs) -> list[Spans]:
    """What a dry run says an action would touch, tasks of mapped ones together, and what runs again
    by it."""
    if isinstance(reply, str):
        later = "What this touches can't be said now; yes writes it down for the next runner."
        return [(span(reply, "warning"),), (Span(later, "dim"),)]
    facts = reply if isinstance(reply, dict) else {}
    instances, again = facts.get("instances", []), facts.get("again", [])
    if not instances:
        return [(Span("Nothing would change.", "warning"),)]
    lines: list[Spans] = [
        (span(f"{first[:1].upper()}{first[1:]}", "warning"), span(f": {rest}"))
        for first, rest in version_lines(facts.get("versions", []))
    ]
    if held := facts.get("held"):
        lines.append((Span("The runs wait: ", "warning"), span(f"{held}.")))
    lines += [(Span(words),) for words in becoming_lines(facts.get("become", []))]
    lines += _named_lines(instances, verb, glyphs)
    if words := signals_line(instances):
        lines.append((Span(words, "warning"),))
    if again:
        lines += _named_lines(again, "Runs again below:", glyphs)
    return lines


def whole_lines(reply: object, glyphs: Glyphs) -> list[Spans]:
    """What a dry run says a mark of whole runs does."""
    if not isinstance(reply, dict):
        return touched_lines(reply, "", glyphs)
    become = reply.get("become", [])
    lines: list[Spans] = [(Span(words),) for words in becoming_lines(become)]
    if all(now == then for _, now, then in become):
        return [*lines, (Span("Nothing would change.", "warning"),)]
    return [*lines, (Span(ending_line(reply), "dim"),)]


def _named_lines(instances: Sequence[Sequence[Any]], verb: str, glyphs: Glyphs) -> list[Spans]:
    """How many they are, and a line for each task and state."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    runs: set[str] = set()
    for one in instances:
        run_id, task_id, index, state = (*one, None, None, None, None)[:4]
        runs.add(str(run_id))
        groups.setdefault((str(task_id), state), []).append(-1 if index is None else index)
    total = formats.plural(len(instances), "task instance")
    where = f" in {formats.plural(len(runs), 'run')}:"
    lines: list[Spans] = [(Span(f"{verb} ", "dim"), Span(total, "strong"), Span(where, "dim"))]
    for (task_id, state), found in groups.items():
        look, indexes = task_look(state), sorted(set(found))
        glyph = look.ascii_glyph if glyphs.is_ascii else look.glyph
        sign = "x" if glyphs.is_ascii else "×"
        times = f" {sign} {len(found)}" if len(found) > len(indexes) else ""
        if times and indexes != [-1]:  # of several runs; not that many of each
            times = f", {len(found)} in all"
        role, name = f"state.{state or 'none'}", indexed_name(task_id, indexes)
        lines.append((Span(f"  {glyph} ", role), span(name), Span(times, "dim")))
    return lines


def indexed_name(task_id: str, indexes: Sequence[int]) -> str:
    """A task with map indexes of it, as many as there is room for: "train[0] [1] and 48 more"."""
    mapped = [index for index in indexes if index >= 0]
    shown = mapped if len(mapped) <= NAMED_INDEXES + 1 else mapped[:NAMED_INDEXES]
    more = f" and {len(mapped) - len(shown)} more" if len(mapped) > len(shown) else ""
    return task_id + " ".join(f"[{index}]" for index in shown) + more


def log_title(facts: InstanceFacts, one: TryRow | None, scene: Scene) -> Spans:
    """The line above a log: state, try, times, the error."""
    instance = facts.instance
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    state = instance.state.value if instance.state else None
    if one is not None and one.try_number != instance.try_number:
        state = one.state
    look = task_look(state)
    glyph = look.ascii_glyph if scene.glyphs.is_ascii else look.glyph
    parts: list[Spans] = [(Span(f"{glyph} {look.word}", f"state.{state or 'none'}"),)]
    mark = facts.mark if one is None or one.try_number == instance.try_number else None
    if mark is not None:
        parts.append((span(mark_words(mark, scene), "accent"),))
    if instance.next_at is not None and state in _AGAIN:
        left = formats.countdown(instance.next_at, scene.now)
        at = formats.clock(instance.next_at, scene.now, scene.zone)
        parts.append((Span("again ", "dim"), Span(f"{left}, {at}", "warning")))
    if one is not None:
        parts.append((Span(f"try {one.try_number} of {instance.max_tries + 1}"),))
        if one.duration is not None:
            parts.append((Span(duration(one.duration)),))
        elif one.started_at is not None:
            begun = formats.clock(one.started_at, scene.now, scene.zone)
            parts.append((Span(f"since {begun}"),))
        line = error_line(one)
        if line and mark is None:
            parts.append((span(line, "error" if one.error_type else "text"),))
    return (Span(" "), *joined(parts, dot))


def error_place(one: TryRow | None, scene: Scene) -> Spans:
    """Where a try failed, to stand behind that."""
    if one is None or not one.error_place:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    return (dot, span(scene.place(one.error_place), "accent"))
