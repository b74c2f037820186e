"""The lines around the table of tracked runs: tabs, and what is under the cursor. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.instance import instance_name
from app.tui.models.tracked_columns import (
    ATTRIBUTE,
    ATTRIBUTES,
    METRIC,
    NAME,
    NOTE,
    PARAM,
    PARTS,
    ColumnSpec,
    Sheet,
    lowest_is_best,
    seconds_of,
    value_of,
)
from app.tui.models.tracked_lines import Line
from app.tui.models.tracked_looks import number_text, shown_value, status_span, status_word
from app.tui.models.tracked_view import TABS, TableView
from app.tui.reading_tracked import TrackedSnapshot
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span

if TYPE_CHECKING:
    from store.metric_points import Summary
    from store.queries.tracked_table import Entry

NO_RUNS = "No run is tracked yet: dagtop.log_metric() in a task, or in a script, makes one."
MOST_NOTE = 200
"""Characters of a note that a line begins with."""


def tabs_line(
    view: TableView, called: str, snapshot: TrackedSnapshot, marks: int
) -> tuple[Spans, Spans]:
    """The tabs, what the table is grouped by and the view's name; how many runs there are."""
    left: list[Span] = [Span(" ")]
    for tab in TABS:
        if tab == view.tab:
            left.extend((Span(f" {tab} {snapshot.total:,} ", "badge"), Span(" ")))
        else:
            left.append(Span(f" {tab}  ", "dim"))
    if view.group is not None:
        kind, key = view.group
        left.extend((Span(" by ", "dim"), span(key if kind == "attribute" else f"{kind} {key}")))
    if called:
        left.extend((Span("  view ", "dim"), span(called, "accent")))
    right: list[Span] = []
    if marks:
        right.append(Span(f"{marks:,} marked  ", "mark"))
    if snapshot.hidden:
        right.append(Span(f"{snapshot.hidden:,} hidden  ", "warning"))
    if view.filter:
        right.extend((Span("/", "key"), span(view.filter, "accent"), Span("  ")))
        right.append(Span(f"{snapshot.passing:,} of {snapshot.total:,}", "accent"))
    else:
        right.append(Span(formats.plural(snapshot.total, "run"), "dim"))
    if snapshot.more_groups:
        right.append(Span(" in more groups than these", "warning"))
    return tuple(left), tuple(right)


def empty_words(snapshot: TrackedSnapshot, read_only: bool) -> str:
    """Why there is no run, and what to do."""
    view = snapshot.look.view
    if not snapshot.everywhere:
        return NO_RUNS
    if view.filter and snapshot.total:
        if snapshot.unknown:
            lacking = span(" and no ".join(snapshot.unknown)).text
            return f"No run passes the filter: no {lacking} was ever logged. Esc clears it."
        return "No run passes the filter. Esc clears it."
    if snapshot.passing and snapshot.hidden:
        return "All runs are hidden. X shows them."
    if view.tab == "Archived":
        restores = "" if read_only else " a archives runs under Active."
        return f"No run is archived here.{restores} Tab goes on."
    where = "of the chosen experiments" if view.experiments or view.dags else "here"
    return f"No run {where} is active. e chooses experiments, Tab shows archived ones."


def column_words(
    spec: ColumnSpec,
    entry: Entry | None,
    line: Line | None,
    view: TableView,
    sheet: Sheet,
    scene: Scene,
) -> Spans:
    """The column under the cursor, and all that is known of its value in this row."""
    head: list[Span] = [Span("  "), span(spec.words, "accent")]
    for rank, one in enumerate(view.order, 1):
        if one.spec == spec:
            way = "down" if one.descending else "up"
            head.append(Span(f", sorted {way}{f' {rank}.' if rank > 1 else ''}", "dim"))
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    if line is not None and line.group is not None:
        facts = _group_facts(spec, line, scene)
    elif entry is None:
        facts = []
    elif spec.kind == METRIC:
        facts = _metric_facts(spec, entry.metrics.get(spec.key), sheet, scene)
    elif spec.kind == ATTRIBUTE:
        facts = _attribute_facts(spec, entry, scene)
    else:
        found = (entry.params if spec.kind == PARAM else entry.tags).get(spec.key)
        words = Span("none", "dim") if found is None else span(shown_value(spec.key, found))
        facts = [(words,)]
    return (*joined([tuple(head), *facts], dot),)


def _group_facts(spec: ColumnSpec, line: Line, scene: Scene) -> list[Spans]:
    assert line.group is not None
    spread = line.group.spreads.get((spec.key, spec.part)) if spec.kind == METRIC else None
    runs: Spans = (Span(formats.plural(line.group.runs, "run")),)
    if spread is None:
        return [runs]
    parts = (("min", spread.low), ("mean", spread.mean), ("max", spread.high))
    finite = (Span(f"of {spread.runs:,} with a finite value", "dim"),)
    return [runs, *((Span(f"{name} ", "dim"), Span(f"{one:.8g}")) for name, one in parts), finite]


def _metric_facts(spec: ColumnSpec, one: Summary | None, sheet: Sheet, scene: Scene) -> list[Spans]:
    if one is None:
        return [(Span("not logged", "dim"),)]
    facts: list[Spans] = []
    steps = {"last": one.last_step, "min": one.min_step, "max": one.max_step}
    names = (spec.part, *(part for part in PARTS if part != spec.part))
    for name in names if one.count > 1 else ("last",):
        value = value_of(one, name)
        text = f"{value:.8g}" if math.isfinite(value) else number_text(value, scene.glyphs)
        role = "text" if math.isfinite(value) else "warning"
        step = f" at {steps[name]:,}" if steps.get(name) is not None else ""
        facts.append((Span(f"{name} ", "dim"), Span(text, role), Span(step, "dim")))
    if spec in sheet.best:
        word = "least" if lowest_is_best(spec) else "most"
        best: Spans = (Span(f"best: {word}, {number_text(sheet.best[spec], scene.glyphs)}", "dim"),)
        facts.insert(1, best)
    points = formats.plural(one.count, "point")
    lost = [f"{n:,} {what}" for n, what in ((one.nan_count, "NaN"), (one.inf_count, "inf")) if n]
    facts.insert(1, (Span(points, "dim"), Span(f", {', '.join(lost)}" if lost else "", "warning")))
    return facts


def _attribute_facts(spec: ColumnSpec, entry: Entry, scene: Scene) -> list[Spans]:
    row = entry.row
    if spec == NAME:
        return [(span(row.name),), (Span(row.uuid, "dim"),)]
    moment = {"started": row.started_at, "ended": row.ended_at, "archived": row.deleted_at}
    if spec.key in moment:
        text = formats.stamp(moment[spec.key], scene.zone) or "not yet"
        return [(Span(text),)]
    if spec.key == "run_id":
        return [(Span(row.uuid),)]
    return [(span(ATTRIBUTES[spec.key].text(row, scene) or "none"),)]


def detail_line(entry: Entry | None, line: Line | None, scene: Scene) -> Spans:
    """What there is to say of the run under the cursor."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    if line is not None and line.group is not None:
        fold = "unfolds" if line.folded else "folds"
        return (Span("  "), Span("z", "key"), Span(f" or Enter {fold} the group", "dim"))
    if entry is None:
        return ()
    row = entry.row
    took = duration(seconds_of(row, scene))
    state = f" {status_word(row.status)} {'after' if row.ended_at else 'for'} {took}"
    parts: list[Spans] = [(status_span(row.status, scene.glyphs), Span(state))]
    if row.deleted_at is not None:
        parts.append((Span(f"archived {formats.ago(row.deleted_at, scene.now)}", "warning"),))
    if note := entry.tags.get(NOTE):
        first = note.strip()[:MOST_NOTE].partition("\n")[0]
        parts.append((span(first, "accent"),))
    parts.append((span(row.experiment, "text"),))
    if row.dag_id is not None:
        task = instance_name(row.task_id or "", -1 if row.map_index is None else row.map_index, "")
        tries = f" try {row.try_number}" if row.try_number else ""
        run = formats.run_name(row.run_id or "")
        parts.append((span(f"{row.dag_id} {run} {task}{tries}", "dim"),))
    if row.user_id:
        parts.append((span(f"by {row.user_id}", "dim"),))
    parts.append((Span(row.uuid[:8], "dim"),))
    return (Span("  "), *joined(parts, dot))
