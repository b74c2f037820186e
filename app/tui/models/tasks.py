"""Tables of task instances across runs without a screen: columns, filter, lines. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts, Term
from app.tui.models.grid import state_span
from app.tui.models.instance import instance_name, took
from app.tui.models.run_table import (
    pool_cell,
    state_cell,
    task_cell,
    took_cell,
    try_cell,
    waited,
    why_spans,
)
from app.tui.models.runs import LONG_AGO, chooses
from app.tui.reading_instances import TaskEntry, Wanted
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import task_look
from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.tasks import InstanceRow

WIDE = 100
"""Columns from which on names and states have more room."""
WIDEST = 160
"""Columns from which on there is room for all columns: why something waits has the rest."""

Why = Callable[[TaskEntry], str]
"""Why a task instance waits, or what went wrong in it."""
ALL_STATES: frozenset[TaskInstanceState | None] = frozenset({None, *TaskInstanceState})


def wanted_of(dag_id: str | None, task_id: str | None, terms: Sequence[Term]) -> Wanted:
    """What the store is asked for: of the states those that the filter lets through."""
    states = ALL_STATES
    for term in terms:
        if term.field == "state":
            states &= frozenset(one for one in states if chooses(term, task_look(one).word))
    return Wanted(
        dag_id,
        task_id,
        frozenset() if len(states) in (0, len(ALL_STATES)) else states,
        tuple(term for term in terms if term.field != "state"),
    )


def waits(row: InstanceRow) -> bool:
    """Whether something keeps it from running."""
    return row.state not in FINISHED_TASK_STATES and row.state is not TaskInstanceState.RUNNING


def facts_of(entry: TaskEntry, why: str, now: datetime) -> Facts:
    """What the filter can ask of a task instance."""
    row, run_id = entry.placed.instance, entry.placed.run_id
    word, name = task_look(row.state).word, instance_name(row.task_id, row.map_index)
    # What the store looks for words in must be in the text, and the other way round.
    names = (row.dag_id, run_id, row.task_id, row.map_label or "", row.note or "")
    return Facts(
        text=" ".join((*names, row.state or "", name)),
        flags=frozenset({word}),
        fields={
            "state": (word,),
            "dag": (row.dag_id,),
            "run": (run_id,),
            "task": (row.task_id,),
            "tag": entry.tags,
            "pool": (row.pool,),
            "operator": (entry.operator,),
            "why": (why,),
            "note": (row.note or "",),
        },
        numbers={
            "dur": took(row, now),
            "waited": waited(row, now),
            "tries": float(row.try_number),
            "index": float(row.map_index),
        },
    )


def columns(why: Why, width: int, *, of_one_task: bool = False) -> list[Column[TaskEntry]]:
    """The columns, the most wanted first: those that don't fit are a scroll to the right."""

    def run_cell(entry: TaskEntry, scene: Scene) -> Spans:
        name = span(formats.run_name(entry.placed.run_id), "strong" if of_one_task else "text")
        index = entry.placed.instance.map_index
        return (name, Span(f" [{index}]", "accent")) if of_one_task and index >= 0 else (name,)

    def why_cell(entry: TaskEntry, scene: Scene) -> Spans:
        row = entry.placed.instance
        return why_spans(row, {(row.task_id, row.map_index): why(entry)}, scene)

    wide = width >= WIDE
    took_, try_ = _of_row(took_cell), _of_row(try_cell)
    run = Column("run", "RUN", 21, run_cell, _run_key, most=44)
    before = [
        Column(
            "state", "STATE", 17 if wide or of_one_task else 11, _of_row(state_cell), _state_key
        ),
        Column("took", "TOOK", 7, took_, _took_key, right=True, descending=True),
    ]
    after = [
        Column("try", "TRY", 5, try_, _try_key, right=True, descending=True),
        _clock("started", lambda row: row.started_at),
        _clock("ended", lambda row: row.ended_at),
        Column("why", "WHY", 20, why_cell, why, grows=True),
        Column("pool", "POOL", 12, _of_row(pool_cell), lambda e: e.placed.instance.pool),
        Column("operator", "OPERATOR", 14, _operator_cell, lambda e: e.operator),
    ]
    if width >= WIDEST:
        after.append(after.pop(3))
    if of_one_task:
        return [run, *before, *after]
    task = Column("task", "TASK", 16, _of_row(task_cell), _name_key, most=44 if wide else 16)
    dag = Column("dag", "DAG", 18 if wide else 14, _dag_cell, lambda e: e.placed.instance.dag_id)
    return [task, *before, dag, run, *after]


def _of_row(cell: Callable[[InstanceRow, Scene], Spans]) -> Callable[[TaskEntry, Scene], Spans]:
    return lambda entry, scene: cell(entry.placed.instance, scene)


def _clock(key: str, moment: Callable[[InstanceRow], datetime | None]) -> Column[TaskEntry]:
    def cell(row: InstanceRow, scene: Scene) -> Spans:
        return (Span(formats.clock(moment(row), scene.now, scene.zone), "dim"),)

    def sort(entry: TaskEntry) -> datetime:
        return moment(entry.placed.instance) or LONG_AGO

    return Column(key, key.upper(), 9, _of_row(cell), sort, descending=True)


def _dag_cell(entry: TaskEntry, scene: Scene) -> Spans:
    return (span(entry.placed.instance.dag_id, "text"),)


def _operator_cell(entry: TaskEntry, scene: Scene) -> Spans:
    return (span(entry.operator, "dim"),)


def _name_key(entry: TaskEntry) -> tuple[str, int]:
    return entry.placed.instance.task_id, entry.placed.instance.map_index


def _run_key(entry: TaskEntry) -> str:
    return entry.placed.run_id


def _state_key(entry: TaskEntry) -> int:
    return task_look(entry.placed.instance.state).order


def _took_key(entry: TaskEntry) -> float:
    return entry.placed.instance.duration or 0.0


def _try_key(entry: TaskEntry) -> int:
    return entry.placed.instance.try_number


def detail_line(entry: TaskEntry | None, why: str, scene: Scene) -> Spans:
    """The row under the cursor in full, below the table."""
    if entry is None:
        return ()
    row = entry.placed.instance
    look = task_look(row.state)
    place = (row.task_id, row.map_index)
    parts: list[Spans] = [
        (state_span(row.state, scene.glyphs, f" {look.word}"),),
        why_spans(row, {place: why}, scene) or (Span(look.meaning, "dim"),),
        (span(instance_name(row.task_id, row.map_index, row.map_label), "text"),),
        (span(row.dag_id, "text"),),
        (span(entry.placed.run_id, "dim"),),
    ]
    if row.note:
        parts.insert(2, (span(row.note, "accent"),))
    return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))
