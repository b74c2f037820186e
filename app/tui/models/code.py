"""What stands above the source of a DAG: which version it is, of what. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.source import dag_line, definition_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span

if TYPE_CHECKING:
    from app.tui.reading_code import CodeSnapshot


def version_line(snapshot: CodeSnapshot, scene: Scene) -> Spans:
    """ "version 3 of 5, current, of run scheduled 11-21 05:40", or the two sides of a diff."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = []
    if snapshot.diff is not None and snapshot.other is not None:
        old, new = sorted((snapshot.other, snapshot.version))
        words = (Span("version ", "dim"), Span(f"{old} -> {new}", "strong"))
        parts.append((*words, Span(f" of {len(snapshot.numbers)}", "dim")))
        if snapshot.changes is not None:
            plus, minus = snapshot.changes.plus, snapshot.changes.minus
            lines = (Span(f"+{plus}", "diff.added"), Span(f" -{minus}", "diff.removed"))
            parts.append((*lines, Span(" lines", "dim")))
    else:
        words = (Span("version ", "dim"), Span(str(snapshot.version), "strong"))
        parts.append((*words, Span(f" of {len(snapshot.numbers)}", "dim")))
        if snapshot.version == snapshot.current:
            parts.append((Span("current", "good"),))
        else:
            parts.append((Span("older than current", "warning"),))
    parts.append(_run_words(snapshot))
    parts.append((span(snapshot.dag.file),))
    since = formats.clock(snapshot.created_at, scene.now, scene.zone)
    parts.append((Span(f"since {since}", "dim"),))
    return (Span(" "), *joined(parts, dot))


def _run_words(snapshot: CodeSnapshot) -> Spans:
    if snapshot.run_id is None:
        return ()
    name = span(formats.run_name(snapshot.run_id))
    if snapshot.run_version == snapshot.version:
        return (Span("of run ", "dim"), name)
    return (Span("not of run ", "warning"), name, Span(f" (that is {snapshot.run_version})", "dim"))


def first_line(snapshot: CodeSnapshot) -> int:
    """Index of the line to begin at: in a file with several DAGs where this one is defined."""
    line = dag_line(snapshot.source, snapshot.structure) if snapshot.shares_file else None
    return line or 0


def definitions(snapshot: CodeSnapshot) -> dict[str, int]:
    """Index of the line that defines it, by task id, in the order of the file."""
    source = snapshot.source
    found = {task.task_id: definition_line(source, task) for task in snapshot.structure.tasks}
    known = [(line, task_id) for task_id, line in found.items() if line is not None]
    return {task_id: line for line, task_id in sorted(known)}
