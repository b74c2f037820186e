"""States that users gave by hand, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.reading import CellFacts, error_line
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from app.tui.reading import InstanceFacts
    from store.queries.marks import Mark
    from store.queries.tasks import TryRow


def mark_words(mark: Mark, scene: Scene, *, noted: bool = True) -> str:
    """ "marked success by ann, 06:36", and what was written with it."""
    whole = "the run was " if mark.of_run else ""
    note = f": {mark.note.strip().partition(chr(10))[0]}" if noted and mark.note else ""
    return f"{whole}{mark.message}, {formats.clock(mark.at, scene.now, scene.zone)}{note}"


def run_marked(facts: CellFacts | None, dag_run_id: int | None, scene: Scene) -> str:
    """Who gave a run its state, if that is known of this one and somebody did."""
    if facts is None or facts.dag_run_id != dag_run_id or facts.run_mark is None:
        return ""
    return mark_words(facts.run_mark, scene, noted=False)  # runs show their notes


def trouble_of(facts: InstanceFacts | None, scene: Scene) -> Spans:
    """Who gave a task instance its state, else what went wrong in its newest try: for a footer."""
    if facts is None:
        return ()
    if facts.mark is not None:
        return (span(mark_words(facts.mark, scene), "accent"),)
    last = facts.tries[-1] if facts.tries else None
    if last is None or not (last.error_type or (last.reason and last.state != "success")):
        return ()
    return (span(error_line(last), "error"),)


def lines_before(one: TryRow, mark: Mark, scene: Scene) -> list[Spans]:
    """What went wrong in a try whose task instance was marked then: it no longer holds."""
    line = error_line(one)
    if not line or line == mark.message:
        return []
    lines: list[Spans] = [(Span("   before the mark: ", "dim"), span(line, "dim"))]
    if one.error_place:
        lines.append((Span("   at ", "dim"), span(scene.place(one.error_place), "accent")))
    return lines
