"""One DAG's grid without a screen: rows that fold, labels, cells, bars. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.scheduling import file_trouble, has_ended, in_words, is_held
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span, width_of
from app.tui.theme import Glyphs, run_look, task_look
from store.states import DagRunType

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow, GridRun
    from store.queries.runs import RunKey
    from store.states import TaskInstanceState

NOT_THERE = Span(" ")
GONE = "gone from the file"
"""Of a task that runs have, and the newest version of the pipeline hasn't."""


TYPE_LETTERS = {
    DagRunType.MANUAL: "m",
    DagRunType.SCHEDULED: " ",
    DagRunType.BACKFILL: "b",
    DagRunType.ASSET_TRIGGERED: "a",
}
"""What stands over a run that the schedule didn't make."""

TYPE_WORDS = {
    DagRunType.MANUAL: "manual",
    DagRunType.BACKFILL: "backfill",
    DagRunType.ASSET_TRIGGERED: "asset",
}
SHORT = {"manual": "man", "backfill": "bf", "version": "ver"}
"""Of them, and of the other mark, in little room."""


def has_marks(runs: Sequence[GridRun]) -> bool:
    """Whether some run is not the schedule's, or the DAG changed between two."""
    return any(run.run_type is not DagRunType.SCHEDULED for run in runs) or (
        len({run.version for run in runs}) > 1
    )


def marks_legend(runs: Sequence[GridRun], glyphs: Glyphs, width: int = 0) -> Spans:
    """What the marks over the runs mean; in shorter words where ``width`` is too little."""
    types = {run.run_type for run in runs}
    found = [
        (Span(TYPE_LETTERS[kind], "accent"), word)
        for kind, word in TYPE_WORDS.items()
        if kind in types
    ]
    if len({run.version for run in runs}) > 1:
        found.append((Span(version_mark(glyphs), "warning"), "version"))
    line = joined([(sign, Span(f" {word}", "dim")) for sign, word in found], Span(" "))
    if width and width_of(line) > width:
        short = [(sign, Span(f" {SHORT.get(word, word)}", "dim")) for sign, word in found]
        line = joined(short, Span(" "))
    return line


def version_mark(glyphs: Glyphs) -> str:
    """What stands before a run that is of another version than the one before it."""
    return "|" if glyphs.is_ascii else "│"


def visible_rows(
    rows: Sequence[GridRow],
    folded: Collection[str],
    words: Sequence[str] = (),
    unfolded: Collection[str] = (),
) -> list[GridRow]:
    """The rows that are seen: not inside a folded group; with ``words``, tasks that have them all.

    A filter shows the tasks it finds whatever is folded, and the groups around them. Map indexes
    are seen of mapped tasks that are ``unfolded``.
    """
    rows = [row for row in rows if row.kind in ("task", "group") or row.parent in unfolded]
    if words:
        found = {
            row.id
            for row in rows
            if row.kind == "task" and all(word in row.id.lower() for word in words)
        }
        return [row for row in rows if row.id in found or found.intersection(row.task_ids)]
    shown: list[GridRow] = []
    hidden: set[str] = set()
    for row in rows:
        if row.parent is not None and (row.parent in hidden or row.parent in folded):
            hidden.add(row.id)
            continue
        shown.append(row)
    return shown


def state_span(state: TaskInstanceState | None, glyphs: Glyphs, text: str = "") -> Span:
    """A state's glyph (and words) in its colour."""
    look = task_look(state)
    glyph = look.ascii_glyph if glyphs.is_ascii else look.glyph
    return Span(f"{glyph}{text}", f"state.{state.value if state else 'none'}")


def run_span(state: str, glyphs: Glyphs, text: str = "") -> Span:
    """A run state's glyph (and words) in its colour."""
    look = run_look(state)
    return Span(
        f"{look.ascii_glyph if glyphs.is_ascii else look.glyph}{text}", f"state.run.{state}"
    )


def counts_spans(counts: Mapping[TaskInstanceState | None, int], glyphs: Glyphs) -> Spans:
    """``447✓ 3✗``: most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], task_look(pair[0]).order))
    parts: list[Spans] = []
    for state, number in ordered:
        look = state_span(state, glyphs)
        parts.append((Span(f"{formats.count(number)}{look.text}", look.role),))
    return joined(parts, Span(" "))


def label(
    row: GridRow, cell: Cell | None, folded: bool, glyphs: Glyphs, *, unfolded: bool = False
) -> Spans:
    """The name of a row, indented; of mapped tasks and groups what the selected run holds."""
    indent = "  " * row.depth
    if row.kind == "more":
        return (Span(f"{indent}{row.label}", "dim"),)
    if row.map_index is not None:
        number, _, name = row.label.partition(" ")
        return (Span(indent), Span(number, "accent"), span(f" {name}" if name else "", "dim"))
    if row.kind == "group":
        sign = glyphs.folded if folded else glyphs.unfolded
        head: Spans = (Span(f"{indent}{sign} ", "accent"), span(row.label, "strong"))
        if not folded or cell is None:
            return head
        return (*head, Span(" "), *counts_spans(cell.counts, glyphs))
    role = "dim" if row.is_gone else "text"
    name = span(row.label, role)
    if not row.is_mapped:
        return (Span(indent), name)
    sign = Span(f"{glyphs.unfolded} ", "accent") if unfolded else Span("")
    head = (Span(indent), sign, name, Span(" []", "dim"))
    if cell is None or not cell.is_mapped:
        return head
    number = Span(f" {formats.count(cell.instances)} ", "text")
    dot = Span(f"{glyphs.dot} ", "faint")
    return (*head, number, dot, *counts_spans(cell.counts, glyphs))


def bars(
    runs: Sequence[GridRun], height: int, glyphs: Glyphs, longest: float | None = None
) -> list[list[Span]]:
    """Lines (top first) of one character a run: bars of durations, in the colour of the state."""
    longest = longest or max((run.duration or 0.0 for run in runs), default=0.0)
    lines: list[list[Span]] = []
    for level in range(height - 1, -1, -1):
        line: list[Span] = []
        for run in runs:
            role = f"state.run.{run.state.value}"
            share = (run.duration or 0.0) / longest if longest else 0.0
            filled = share * height * 8 - level * 8
            if run.duration is None:
                line.append(Span(" "))
            elif filled >= 8:
                line.append(Span(glyphs.bars[7], role))
            elif filled > 0 or level == 0:
                line.append(Span(glyphs.bars[max(0, min(7, round(filled) - 1))], role))
            else:
                line.append(Span(" "))
        lines.append(line)
    return lines


def dag_line(dag: DagRow, scene: Scene) -> Spans:
    """What there is to say of the DAG, above the grid."""
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    switch = Span("off", "dim") if dag.is_paused else Span("on", "good")
    parts: list[Spans] = [(switch, *scene.star(dag.dag_id, " "))]
    parts += file_trouble(dag)
    parts.append((span(in_words(dag, scene), "text"),))
    if has_ended(dag, scene):
        parts.append((Span("ended: no further run", "warning"),))
    if dag.schedule_override is not None:
        parts.append((Span("overridden", "warning"),))
    if dag.next_run_after is not None and not dag.is_paused and not is_held(dag):
        left = formats.countdown(dag.next_run_after, scene.now)
        moment = formats.clock(dag.next_run_after, scene.now, scene.zone)
        parts.append((Span("next ", "dim"), Span(f"{left}, {moment}", "text")))
    if dag.description:
        parts.append((span(dag.description, "dim"),))
    if dag.tags:
        parts.append((span(" ".join(f"#{tag}" for tag in dag.tags), "dim"),))
    return (Span(" "), *joined(parts, dot))


def run_line(
    run: GridRun | None,
    scene: Scene,
    *,
    before: GridRun | None = None,
    some: bool = False,
    marked: str = "",
) -> Spans:
    """The run under the cursor. ``before``: the run before it; ``some``: a filter chooses runs;
    ``marked``: who gave it its state by hand."""
    if run is None:
        words = "no run passes the filter: Esc clears it" if some else "no runs yet"
        return (Span(f"  {words}", "dim"),)
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(run_span(run.state.value, scene.glyphs, f" {run.state.value}"),)]
    if marked:
        parts.append((span(marked, "accent"),))
    if run.duration is not None:
        parts.append((Span(duration(run.duration), "text"),))
    elif run.started_at is not None:
        begun = formats.clock(run.started_at, scene.now, scene.zone)
        parts.append((Span(f"since {begun}", "text"),))
    if run.ended_at is not None:
        parts.append((Span(formats.ago(run.ended_at, scene.now), "dim"),))
    if before is not None and before.version != run.version:
        parts.append((Span(f"version {before.version} to {run.version}", "warning"),))
    parts.append((span(run.run_id, "dim"),))
    if run.note:
        parts.append((span(run.note, "accent"),))
    return (Span("  run   ", "dim"), *joined(parts, dot))


def cell_line(row: GridRow | None, cell: Cell | None, trouble: Spans, scene: Scene) -> Spans:
    """The task instance under the cursor; ``trouble``: its error, or who marked it."""
    if row is None:
        return ()
    glyphs = scene.glyphs
    dot = Span(f" {glyphs.dot} ", "faint")
    head = (Span("  group " if row.kind == "group" else "  task  ", "dim"),)
    if row.kind == "more":
        return (*head, span(row.task_id, "text"), dot, span(row.label, "dim"))
    gone: list[Spans] = [(Span(GONE, "warning"),)] if row.is_gone else []
    if cell is None:
        parts = [(span(row.id, "text"),), *gone, (Span("not in this run", "dim"),)]
        return (*head, *joined(parts, dot))
    parts = [
        (span(row.id, "text"),),
        *gone,
        (state_span(cell.state, glyphs, f" {task_look(cell.state).word}"),),
    ]
    if cell.instances > 1:
        parts.append(counts_spans(cell.counts, glyphs))
    elif cell.try_number > 1:
        parts.append((Span(f"try {cell.try_number}", "text"),))
    if (took := cell.took) is not None:
        parts.append((Span(f"{duration(took)}{' in all' if cell.has_pauses else ''}", "text"),))
    if trouble:
        parts.append(trouble)
    return (*head, *joined(parts, dot))


def cell_lines(
    row: GridRow | None, cell: Cell | None, reasons: Sequence[str], scene: Scene
) -> list[Spans]:
    """The panel about a group or a mapped task in a run: its instances by state, what waits."""
    if row is None:
        return []
    lines: list[Spans] = [(span(row.id, "title"),)]
    if row.is_gone:
        lines.append((Span(GONE, "warning"),))
    if cell is None:
        return [*lines, (Span("not in this run", "dim"),)]
    lines.append((Span(formats.plural(cell.instances, "task instance"), "dim"),))
    lines.append(())
    for state, number in sorted(cell.counts.items(), key=lambda pair: task_look(pair[0]).order):
        look = task_look(state)
        glyph = state_span(state, scene.glyphs)
        lines.append(
            (
                Span(f"{number:>5,} ", "strong"),
                Span(f"{glyph.text} {look.word:<16}", glyph.role),
                Span(look.meaning, "dim"),
            )
        )
    if reasons:
        lines.append(())
        lines.extend((Span("why: ", "dim"), span(reason, "warning")) for reason in reasons)
    if cell.is_mapped and row.kind == "task":
        lines.extend(((), (Span("Enter", "key"), Span(" lists them.", "dim"))))
    return lines


def fold_default(rows: Sequence[GridRow], most: int) -> set[str]:
    """Groups folded at first: all, where the rows don't fit on the screen otherwise."""
    if len(rows) <= most:
        return set()
    return {row.id for row in rows if row.kind == "group"}


def windows_to(keys: Sequence[RunKey], held: int) -> list[RunKey]:
    """Where the windows of ``held`` runs end that one goes through from the newest run to the last
    of ``keys``: each begins in the middle of the one before."""
    step = held - held // 2
    number = -(-max(0, len(keys) - held) // step)
    return [keys[step * place - 1] for place in range(1, number + 1)]
