"""Tables of DAG runs without a screen: cells, filters, tabs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts, Term, meets
from app.tui.models.grid import run_span, state_span
from app.tui.models.task_values import compact
from app.tui.reading_runs import RunEntry, Wanted
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import run_look, task_look
from store.secrets import masked
from store.states import DagRunState, DagRunType, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.runs import RunRow

TABS: dict[str, frozenset[DagRunState]] = {
    "All": frozenset(),
    "Running": frozenset({DagRunState.RUNNING}),
    "Queued": frozenset({DagRunState.QUEUED}),
    "Failed": frozenset({DagRunState.FAILED}),
    "Success": frozenset({DagRunState.SUCCESS}),
}
"""Tab -> the states of its runs; none: all."""

MOST_COUNTED = 10_000
"""A count of this many says "at least" (``store.queries.runs`` counts no further)."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
TROUBLE = (TaskInstanceState.FAILED, TaskInstanceState.UPSTREAM_FAILED)


def wanted_of(dag_id: str | None, tab: str, terms: Sequence[Term]) -> Wanted:
    """What the store can choose by: the tab, and what the filter says of state and type."""
    states, types = TABS[tab] or frozenset(DagRunState), frozenset(DagRunType)
    for term in terms:
        if term.field == "state":
            states &= frozenset(s for s in DagRunState if chooses(term, s.value))
        elif term.field == "type":
            types &= frozenset(t for t in DagRunType if chooses(term, t.value))
    return Wanted(
        dag_id,
        frozenset() if len(states) in (0, len(DagRunState)) else states,
        frozenset() if len(types) in (0, len(DagRunType)) else types,
    )


def chooses(term: Term, value: str) -> bool:
    """Whether a term lets a value through."""
    if term.operator not in (":", "="):
        return True
    return meets(term, value) is not term.negated


def facts_of(entry: RunEntry, now: datetime) -> Facts:
    """What the filter can ask of a run."""
    run = entry.run
    conf = conf_text(run)
    flags = {run.state.value, run.run_type.value}
    if run.note:
        flags.add("noted")
    if run.clear_number:
        flags.add("cleared")
    return Facts(
        text=" ".join((run.dag_id, run.run_id, run.note or "", run.triggered_by or "", conf)),
        flags=frozenset(flags),
        fields={
            "state": (run.state.value,),
            "type": (run.run_type.value,),
            "run": (run.run_id,),
            "dag": (run.dag_id,),
            "note": (run.note or "",),
            "by": (run.triggered_by or "",),
            "conf": (conf,),
        },
        numbers={
            "dur": seconds_of(run, now),
            "tasks": float(sum(entry.tasks.values())),
            "failed": float(sum(entry.tasks.get(state, 0) for state in TROUBLE)),
            "version": float(run.version),
        },
    )


def seconds_of(run: RunRow, now: datetime) -> float | None:
    """How long a run took, or is at work; None before it starts."""
    if run.duration is not None or run.started_at is None:
        return run.duration
    return max(0.0, (now - run.started_at).total_seconds())


def conf_text(run: RunRow) -> str:
    """The conf in one line; empty without one."""
    return compact(masked(run.conf)) if run.conf else ""


# cells


def run_cell(entry: RunEntry, scene: Scene) -> Spans:
    """State (glyph and word) and name."""
    run = entry.run
    state = run_span(run.state.value, scene.glyphs, f" {run_look(run.state).word:<7}")
    return (state, Span("  "), span(formats.run_name(run.run_id), "strong"))


def dag_cell(entry: RunEntry, scene: Scene) -> Spans:
    """The DAG."""
    return (span(entry.run.dag_id, "strong"),)


def took_cell(entry: RunEntry, scene: Scene) -> Spans:
    """How long it took; of one at work how long it has been."""
    seconds = seconds_of(entry.run, scene.now)
    if seconds is None:
        return (Span(scene.glyphs.dot, "faint"),)
    role = "text" if entry.run.ended_at is not None else f"state.run.{entry.run.state.value}"
    return (Span(duration(seconds), role),)


def started_cell(entry: RunEntry, scene: Scene) -> Spans:
    """When it started."""
    if entry.run.started_at is None:
        return (Span("not yet" if entry.run.ended_at is None else "never", "dim"),)
    return (Span(formats.clock(entry.run.started_at, scene.now, scene.zone), "text"),)


def tasks_cell(entry: RunEntry, scene: Scene) -> Spans:
    """Its task instances by state, those that need attention first."""
    ordered = sorted(entry.tasks.items(), key=lambda pair: task_look(pair[0]).order)
    parts: list[Spans] = []
    for state, number in ordered:
        look = state_span(state, scene.glyphs, formats.count(number))
        parts.append((look,))
    return joined(parts, Span(" "))


def logical_cell(entry: RunEntry, scene: Scene) -> Spans:
    """The logical date."""
    moment = entry.run.logical_date
    if moment is None:
        return (Span(scene.glyphs.dot, "faint"),)
    return (Span(formats.local(moment, scene.zone).strftime("%Y-%m-%d %H:%M"), "text"),)


def type_cell(entry: RunEntry, scene: Scene) -> Spans:
    """What made it."""
    return (Span(entry.run.run_type.value, "dim"),)


def by_cell(entry: RunEntry, scene: Scene) -> Spans:
    """Who, or what, triggered it."""
    return (span(entry.run.triggered_by or "", "dim"),)


def note_cell(entry: RunEntry, scene: Scene) -> Spans:
    """Its note."""
    return (span(entry.run.note or "", "accent"),)


def conf_cell(entry: RunEntry, scene: Scene) -> Spans:
    """Its params."""
    return (span(conf_text(entry.run), "dim"),)


def columns(*, of_all_dags: bool = False) -> list[Column[RunEntry]]:
    """The columns, the most wanted first: those that don't fit are a scroll to the right."""
    run = Column("run", "  STATE    RUN", 33, run_cell, _state_key, most=44)
    started = Column("started", "STARTED", 9, started_cell, _start_key, descending=True)
    took = Column("took", "TOOK", 7, took_cell, _took_key, right=True, descending=True)
    tasks = Column("tasks", "TASKS", 18, tasks_cell, _tasks_key, descending=True)
    rest = [
        Column("logical", "LOGICAL DATE", 16, logical_cell, _logical_key, descending=True),
        Column("type", "TYPE", 9, type_cell, lambda e: e.run.run_type.value),
        Column("by", "TRIGGERED BY", 14, by_cell, lambda e: e.run.triggered_by or ""),
        Column("note", "NOTE", 20, note_cell, lambda e: e.run.note or "", descending=True),
        Column("conf", "CONF", 30, conf_cell, lambda e: conf_text(e.run), grows=True),
    ]
    if not of_all_dags:
        return [run, started, took, tasks, *rest]
    dag = Column("dag", "DAG", 18, dag_cell, lambda e: e.run.dag_id.lower(), most=36)
    return [dag, run, took, started, tasks, *rest]


def _state_key(entry: RunEntry) -> str:
    return f"{run_look(entry.run.state).order:02}{entry.run.run_id}"  # quicker than a pair


def _start_key(entry: RunEntry) -> datetime:
    return entry.run.started_at or LONG_AGO


def _took_key(entry: RunEntry) -> float:
    return -1.0 if entry.run.duration is None else entry.run.duration


def _tasks_key(entry: RunEntry) -> tuple[int, int]:
    trouble = sum(entry.tasks.get(state, 0) for state in TROUBLE)
    return (trouble, sum(entry.tasks.values()))


def _logical_key(entry: RunEntry) -> datetime:
    return entry.run.logical_date or LONG_AGO


# lines


def detail_line(entry: RunEntry | None, scene: Scene) -> Spans:
    """What there is to say of the run under the cursor."""
    if entry is None:
        return ()
    run, glyphs = entry.run, scene.glyphs
    parts: list[Spans] = [(span(run.run_id, "text"),)]
    if run.note:
        parts.append((span(run.note, "accent"),))
    if run.ended_at is not None:
        parts.append((Span(f"ended {formats.ago(run.ended_at, scene.now)}", "dim"),))
    if run.clear_number:
        parts.append((Span(f"cleared {formats.plural(run.clear_number, 'time')}", "warning"),))
    if run.conf:
        parts.append((span(conf_text(run), "dim"),))
    if formats.somebody(run.triggered_by):
        parts.append((span(f"by {run.triggered_by}", "dim"),))
    parts.append((Span(f"version {run.version}", "dim"),))
    return (Span("  "), *joined(parts, Span(f" {glyphs.dot} ", "faint")))


def counted(number: int) -> str:
    """A count of rows; of very many that it is at least so many."""
    return f"{number:,}+" if number >= MOST_COUNTED else f"{number:,}"


def tabs_line(counts: Mapping[DagRunState, int], active: str) -> Spans:
    """The line of tabs with their counts."""
    parts: list[Span] = [Span(" ")]
    for tab, states in TABS.items():
        number = total_of(counts, states)
        words = formats.count(number) + ("+" if number >= MOST_COUNTED else "")
        if tab == active:
            parts.extend((Span(f" {tab} {words} ", "badge"), Span(" ")))
        else:
            busy = tab == "Failed" and number
            parts.append(Span(f" {tab} ", "dim"))
            parts.extend((Span(words, "error" if busy else "text"), Span("  ")))
    return tuple(parts[:-1])


def total_of(counts: Mapping[DagRunState, int], states: Collection[DagRunState]) -> int:
    """How many runs have one of these states; without states all."""
    return sum(number for state, number in counts.items() if not states or state in states)


def runs_named(runs: Sequence[RunRow]) -> str:
    """Some runs in a few words: "3 runs of recommend"."""
    dags = {run.dag_id for run in runs}
    if len(runs) == 1:
        return formats.run_name(runs[0].run_id)
    where = next(iter(dags)) if len(dags) == 1 else formats.plural(len(dags), "DAG")
    return f"{formats.plural(len(runs), 'run')} of {where}"
