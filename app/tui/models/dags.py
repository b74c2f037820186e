"""The DAG list without a screen: tabs, filters and cells, as pure functions of a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.scheduling import file_trouble, has_ended, in_words, is_held
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import Glyphs, run_look, task_look

if TYPE_CHECKING:
    from store.queries.dags import DagRow, FileRow, FileWarning, RecentRun

TABS = ("All", "Active", "Paused", "Running", "Failed")
STRIP = 10
"""Runs in the strip of recent ones."""

COUNTED = 20
"""Runs that are counted by state: the newest, as many as the store reads for a list."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(9999, 1, 1, tzinfo=UTC)
SHOWN_COUNTS = ("running", "queued", "failed", "success")


def in_tab(dag: DagRow, tab: str) -> bool:
    """Whether a DAG belongs under a tab."""
    match tab:
        case "Active":
            return not dag.is_paused
        case "Paused":
            return dag.is_paused
        case "Running":
            return _runs_in(dag, "running") + _runs_in(dag, "queued") > 0
        case "Failed":
            return dag.last_run is not None and dag.last_run.state == "failed"
        case _:
            return True


def tab_counts(dags: Sequence[DagRow]) -> dict[str, int]:
    """How many DAGs each tab has."""
    return {tab: sum(in_tab(dag, tab) for dag in dags) for tab in TABS}


def tabs_line(counts: dict[str, int], active: str) -> Spans:
    """The line of tabs with their counts."""
    parts: list[Span] = [Span(" ")]
    for tab in TABS:
        number = formats.count(counts.get(tab, 0))
        if tab == active:
            parts.extend((Span(f" {tab} {number} ", "badge"), Span(" ")))
        else:
            busy = tab == "Failed" and counts.get(tab, 0)
            parts.append(Span(f" {tab} ", "dim"))
            parts.extend((Span(number, "error" if busy else "text"), Span("  ")))
    return tuple(parts[:-1])


def facts_of(dag: DagRow, favourites: Collection[str] = ()) -> Facts:
    """What the filter can ask of a DAG."""
    flags = {"paused" if dag.is_paused else "active"}
    if dag.dag_id in favourites:
        flags.add("favourite")
    states = [dag.last_run.state.value] if dag.last_run else ["never"]
    if _runs_in(dag, "running"):
        flags.add("running")
        states.append("running")
    return Facts(
        text=" ".join((dag.dag_id, dag.display_name, *dag.tags)),
        flags=frozenset(flags),
        fields={
            "state": states,
            "tag": dag.tags,
            "owner": dag.owners,
            "dag": (dag.dag_id, dag.display_name),
            "schedule": (dag.schedule, dag.schedule_words),
            "file": (dag.file,),
            "is": sorted(flags),
        },
        numbers={
            "dur": dag.last_run.duration if dag.last_run else None,
            "runs": float(sum(dag.run_counts.values())),
        },
    )


def _runs_in(dag: DagRow, state: str) -> int:
    return next((n for key, n in dag.run_counts.items() if key.value == state), 0)


# cells


def name_cell(dag: DagRow, scene: Scene) -> Spans:
    """On or off, the star of a favourite in the last cell before the name, and the name."""
    switch = Span("off", "dim") if dag.is_paused else Span("on ", "good")
    star = scene.star(dag.dag_id) or (Span(" "),)
    role = "dim" if dag.is_paused else "strong"
    if is_held(dag):
        return (switch, *star, Span("! ", "error"), span(dag.display_name or dag.dag_id, "error"))
    return (switch, *star, span(dag.display_name or dag.dag_id, role))


def last_cell(dag: DagRow, scene: Scene) -> Spans:
    """State of the newest run: glyph, word, age."""
    run = dag.last_run
    if run is None:
        return (Span("never ran", "dim"),)
    when = run.ended_at or run.started_at or run.run_after
    glyph, role = glyph_of(run.state, scene.glyphs), f"state.run.{run.state.value}"
    age = formats.age(when, scene.now)
    return (Span(f"{glyph} {run_look(run.state).word:<7} ", role), Span(f"{age:>4}", "dim"))


def next_cell(dag: DagRow, scene: Scene) -> Spans:
    """When the next run is made: countdown and time."""
    if dag.schedule_error:
        return (Span("error", "error"),)
    if has_ended(dag, scene):
        return (Span("ended", "warning"),)
    if is_held(dag) and not dag.is_paused and dag.next_run_after is not None:
        return (Span("file is broken" if dag.is_active else "file is gone", "error"),)
    if dag.is_paused or dag.next_run_after is None:
        return (Span("-" if scene.glyphs.is_ascii else scene.glyphs.dot, "faint"),)
    left = formats.countdown(dag.next_run_after, scene.now)
    moment = formats.clock(dag.next_run_after, scene.now, scene.zone)
    role = "warning" if left == "due" else "text"
    return (Span(f"{left:<7}", role), Span(moment, "dim"))


def schedule_cell(dag: DagRow, scene: Scene) -> Spans:
    """What the author wrote."""
    if not dag.schedule or dag.schedule == "None":
        return (Span("by hand", "dim"), *override_mark(dag))
    words = dag.schedule_words if dag.schedule == "Asset" else dag.schedule
    return (span(words, "text"), *override_mark(dag))


def words_cell(dag: DagRow, scene: Scene) -> Spans:
    """What the schedule means."""
    return (span(in_words(dag, scene), "dim"),)


def override_mark(dag: DagRow) -> Spans:
    """That the schedule isn't the one of the file."""
    return () if dag.schedule_override is None else (Span(" !", "warning"),)


def override_words(dag: DagRow, scene: Scene) -> str:
    """Who has put the schedule in the place of the file's, and when; empty if nobody has."""
    if dag.schedule_override is None:
        return ""
    since = formats.clock(dag.schedule_override_at, scene.now, scene.zone)
    return f"overridden by {dag.schedule_override_by} since {since}"


def counts_cell(dag: DagRow, scene: Scene) -> Spans:
    """The newest runs by state, those that need attention first."""
    parts: list[Spans] = []
    for state in SHOWN_COUNTS:
        number = _runs_in(dag, state)
        if number:
            glyph = glyph_of(state, scene.glyphs)
            parts.append((Span(f"{glyph}{formats.count(number)}", f"state.run.{state}"),))
    return joined(parts, Span(" "))


def tasks_cell(dag: DagRow, scene: Scene) -> Spans:
    """Task instances of the newest run by state."""
    parts: list[Spans] = []
    for state, number in sorted(
        dag.recent_task_states.items(), key=lambda pair: task_look(pair[0]).order
    ):
        look = task_look(state)
        glyph = look.ascii_glyph if scene.glyphs.is_ascii else look.glyph
        role = f"state.{state.value if state else 'none'}"
        parts.append((Span(f"{glyph}{formats.count(number)}", role),))
    return joined(parts, Span(" "))


def strip_cell(dag: DagRow, scene: Scene) -> Spans:
    """The newest runs, newest right: height is duration, colour and glyph are the state."""
    return recent_strip(dag.recent_runs[-STRIP:], scene.glyphs, STRIP)


NEARLY = 7 / 8
"""The longest bar leaves the top of its line free, or it would run into the line above."""


def recent_strip(runs: Sequence[RecentRun], glyphs: Glyphs, width: int) -> Spans:
    """One character a run. Only a run that succeeded shows its duration; the others their glyph."""
    longest = max((run.duration or 0.0 for run in runs), default=0.0)
    parts: list[Span] = [Span(" " * (width - len(runs)))]
    for run in runs:
        role = f"state.run.{run.state.value}"
        if run.state.value == "success":
            share = (run.duration or 0.0) / longest if longest else 0.0
            parts.append(Span(glyphs.bar(share * NEARLY), role))
        else:
            parts.append(Span(glyph_of(run.state, glyphs), role))
    return tuple(part for part in parts if part.text)


def place_of(file: str, line: int | None) -> str:
    """``dags/etl.py:12``."""
    return file if line is None else f"{file}:{line}"


def trouble_with_files(errors: Sequence[FileRow], warnings: Sequence[FileWarning]) -> Spans:
    """The banner: how many files can't be imported, else how many warnings there are; the first."""
    if errors:
        role, first = "error", errors[0]
        words, what = f"{formats.plural(len(errors), 'file')} can't be imported, ", first.error
    elif warnings:
        role, first = "warning", warnings[0]
        words, what = f"{formats.plural(len(warnings), 'warning')}, ", first.message
    else:
        return ()
    return (
        Span(" ! ", role),
        Span(words, role),
        Span("e", "key"),
        Span(" opens: ", "text"),
        span(f"{place_of(first.file, first.line)} {what}", "dim"),
    )


def tags_cell(dag: DagRow, scene: Scene) -> Spans:
    """Its tags."""
    return (span(" ".join(dag.tags), "dim"),)


def owner_cell(dag: DagRow, scene: Scene) -> Spans:
    """Its owners."""
    return (span(", ".join(dag.owners), "dim"),)


def glyph_of(state: str, glyphs: Glyphs) -> str:
    """The glyph of a run's state."""
    look = run_look(state)
    return look.ascii_glyph if glyphs.is_ascii else look.glyph


def columns() -> list[Column[DagRow]]:
    """The columns, the most wanted first: those that don't fit are a scroll to the right."""
    return [
        Column("name", "    DAG", 20, name_cell, lambda d: d.dag_id.lower(), most=44),
        Column("last", "LAST RUN", 14, last_cell, _last_key, descending=True),
        Column("next", "NEXT RUN", 16, next_cell, _next_key),
        Column("strip", "RECENT", STRIP, strip_cell),
        Column("counts", f"LAST {COUNTED}", 9, counts_cell, _count_key, descending=True),
        Column("schedule", "SCHEDULE", 14, schedule_cell, lambda d: d.schedule),
        Column("tasks", "LAST RUN'S TASKS", 18, tasks_cell),
        Column("tags", "TAGS", 16, tags_cell, lambda d: " ".join(d.tags)),
        Column("owner", "OWNER", 14, owner_cell, lambda d: ", ".join(d.owners)),
        Column("words", "SCHEDULE IN WORDS", 24, words_cell, grows=True),
    ]


def _last_key(dag: DagRow) -> datetime:
    return dag.last_run.run_after if dag.last_run else LONG_AGO


def _next_key(dag: DagRow) -> datetime:
    return FAR_OFF if dag.is_paused or is_held(dag) else dag.next_run_after or FAR_OFF


def _count_key(dag: DagRow) -> int:
    return sum(dag.run_counts.values())


def detail_line(dag: DagRow | None, scene: Scene) -> Spans:
    """What there is to say of the row under the cursor."""
    if dag is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    words = in_words(dag, scene)
    parts = file_trouble(dag)
    if dag.schedule_error:
        parts.append((span(dag.schedule_error, "error"),))
    if dag.schedule not in ("", "None", "Asset") and not words.startswith(dag.schedule):
        parts.append((span(dag.schedule, "text"),))
    parts.append((span(words, "dim"),))
    if has_ended(dag, scene):
        parts.append((Span("ended: no further run (@ sets another end)", "warning"),))
    if override := override_words(dag, scene):
        parts.append((span(override, "warning"),))
    if dag.description:
        parts.append((span(dag.description, "dim"),))
    parts.append((span(dag.file, "dim"),))
    if dag.tags:
        parts.append((span(" ".join(f"#{tag}" for tag in dag.tags), "dim"),))
    if dag.owners:
        parts.append((span(", ".join(dag.owners), "dim"),))
    return (Span("  "), *joined(parts, dot))


def named(dags: Sequence[DagRow], most: int = 6) -> str:
    """The ids in words: "a, b and 3 more"."""
    names = [dag.dag_id for dag in dags[:most]]
    if len(dags) > most:
        return f"{', '.join(names)} and {len(dags) - most} more"
    return ", ".join(names)
