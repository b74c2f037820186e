"""The table of a run's task instances: its columns, and why each of them waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.columns import GAP, GUTTER, NAME_SHARE, Column
from app.tui.models.grid import state_span
from app.tui.models.instance import instance_name, took
from app.tui.models.run import MIDDLE, Place
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import task_look
from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.tasks import InstanceRow

WIDE = 140
"""Columns from which on the table has room for all its columns."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the rows of the table show besides the task instances."""

    operators: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[Place, str] = field(default_factory=dict)
    """Why those wait that wait, and what went wrong in those that failed."""


def waited(row: InstanceRow, now: datetime) -> float | None:
    """Seconds from when it could have run to its start, or to now."""
    if row.scheduled_at is None:
        return None
    if row.started_at is not None:
        return max(0.0, (row.started_at - row.scheduled_at).total_seconds())
    if row.ended_at is not None:
        return None
    return max(0.0, (now - row.scheduled_at).total_seconds())


def task_cell(row: InstanceRow, scene: Scene) -> Spans:
    """The task, and which instance of a mapped one."""
    head = (span(row.task_id, "strong"),)
    if row.map_index < 0:
        return head
    label = (span(f" {row.map_label}", "dim"),) if row.map_label else ()
    return (*head, Span(f"[{row.map_index}]", "accent"), *label)


def state_cell(row: InstanceRow, scene: Scene) -> Spans:
    """The state, glyph and word."""
    return (state_span(row.state, scene.glyphs, f" {task_look(row.state).word}"),)


def try_cell(row: InstanceRow, scene: Scene) -> Spans:
    """Which try of how many."""
    if not row.try_number:
        return ()
    role = "warning" if row.try_number > 1 else "text"
    return (Span(f"{row.try_number}/{max(row.max_tries + 1, row.try_number)}", role),)


def _started_cell(row: InstanceRow, scene: Scene) -> Spans:
    return (Span(formats.clock(row.started_at, scene.now, scene.zone), "dim"),)


def took_cell(row: InstanceRow, scene: Scene) -> Spans:
    """How long it took, or has taken so far."""
    return (Span(duration(took(row, scene.now))),)


def _waited_cell(row: InstanceRow, scene: Scene) -> Spans:
    return (Span(duration(waited(row, scene.now)), "dim" if row.started_at else "warning"),)


def pool_cell(row: InstanceRow, scene: Scene) -> Spans:
    """The pool, and how many slots of it."""
    slots = f" ×{row.pool_slots}" if row.pool_slots != 1 else ""
    return (span(row.pool, "dim"), Span(slots, "dim"))


def run_columns(beside: Beside, width: int, longest: int = 0) -> list[Column[InstanceRow]]:
    """The columns of the table. In ``width`` cells all are seen, or why something waits takes the
    room that names of ``longest`` cells and states leave."""

    def operator_cell(row: InstanceRow, scene: Scene) -> Spans:
        return (span(beside.operators.get(row.task_id, ""), "dim"),)

    def why_cell(row: InstanceRow, scene: Scene) -> Spans:
        return why_spans(row, beside.why, scene)

    task: Column[InstanceRow] = Column("task", "TASK", 16, task_cell, _name_key, most=44)
    state = Column("state", "STATE", 17, state_cell, lambda r: task_look(r.state).order)
    tries = Column("try", "TRY", 5, try_cell, lambda r: r.try_number, right=True, descending=True)
    started = Column("started", "STARTED", 9, _started_cell, _start_key)
    took_ = Column("took", "TOOK", 7, took_cell, _took_key, right=True, descending=True)
    waited_ = Column("waited", "WAITED", 7, _waited_cell, _waited_key, right=True, descending=True)
    pool = Column("pool", "POOL", 12, pool_cell, lambda r: r.pool)
    operator = Column(
        "operator", "OPERATOR", 14, operator_cell, lambda r: beside.operators.get(r.task_id, "")
    )
    before, after = [state, tries, took_], [started, waited_, pool, operator]
    if width >= MIDDLE:
        before, after = [state, tries, started, took_, waited_], [pool, operator]
    if width >= WIDE:
        before, after = [*before, *after], []
    taken = sum(GAP + column.width for column in before) + GUTTER + GAP + 1
    names = min(max(16, longest), int(width * NAME_SHARE))
    room = max(10, width - taken - names)
    why = Column(
        "why", "WHY", room, why_cell, lambda r: beside.why.get(_name_key(r), ""), grows=True
    )
    return [task, *before, why, *after]


def why_spans(row: InstanceRow, why: Mapping[Place, str], scene: Scene) -> Spans:
    """Why it waits, or what went wrong."""
    words = why.get((row.task_id, row.map_index), "")
    if words:
        bad = row.state in (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY)
        return (span(words, "error" if bad else "warning"),)
    if row.next_at is not None and row.state not in FINISHED_TASK_STATES:
        left = formats.countdown(row.next_at, scene.now)
        return (Span(f"looked at again {left}" if left != "due" else "due", "dim"),)
    return ()


def _name_key(row: InstanceRow) -> Place:
    return row.task_id, row.map_index


def _start_key(row: InstanceRow) -> float:
    return row.started_at.timestamp() if row.started_at else 0.0


def _took_key(row: InstanceRow) -> float:
    return row.duration or 0.0


def _waited_key(row: InstanceRow) -> float:
    if row.scheduled_at is None or row.started_at is None:
        return 0.0
    return (row.started_at - row.scheduled_at).total_seconds()


def row_line(row: InstanceRow | None, why: Mapping[Place, str], scene: Scene) -> Spans:
    """The row under the cursor in full, below the table."""
    if row is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    look = task_look(row.state)
    name = instance_name(row.task_id, row.map_index, row.map_label)
    parts: list[Spans] = [
        (span(name, "text"),),
        (state_span(row.state, scene.glyphs, f" {look.word}"),),
        why_spans(row, why, scene) or (Span(look.meaning, "dim"),),
    ]
    if row.note:
        parts.append((span(row.note, "accent"),))
    return (Span("  "), *joined(parts, dot))
