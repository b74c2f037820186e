"""The tracked runs that a DAG run has recorded, or one task instance of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.durations import duration
from app.tui import formats
from app.tui.bindings import bindings
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.tracked_looks import status_span, status_word
from app.tui.models.tracked_run import recorded_by
from app.tui.scene import Scene
from app.tui.screens.beside import Recorder
from app.tui.screens.listing import ListScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.refresher import Fetch
    from store.queries.tracked import TrackedRow


def open_runs_of(app: DagtopApp, recorder: Recorder) -> None:
    """Show the tracked run that was recorded, or the list where there are several."""

    def then(found: tuple[TrackedRow, ...]) -> None:
        if not found:
            app.say(f"{recorder.words} has recorded no run: log_metric, log_param ... do")
        elif len(found) == 1:
            app.ways.open_tracked(found[0].uuid)
        else:
            app.push_screen(TrackedOfScreen(recorder))

    app.read_first(recorder.fetch(), then)


class TrackedOfScreen(ListScreen["TrackedRow"]):
    """A table of few runs; Enter opens one."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table")
    filter_hint: ClassVar[str] = "words  status:failed  task:train  took>10  !not"
    first_order: ClassVar[str] = "name"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.snapshot: tuple[TrackedRow, ...] | None = None

    def crumbs(self) -> tuple[str, ...]:
        of = self.recorder
        tail = () if of.task_id is None else (of.words,)
        return (of.dag_id, formats.run_name(of.run_id), *tail, "tracked runs")

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="title")
        yield Table(columns(), lambda row: row.uuid, empty="reading ...", widget_id="main")
        yield PromptLine("/", widget_id="filter")

    def fetch(self) -> Fetch:
        return self.recorder.fetch()

    def show_snapshot(self, snapshot: tuple[TrackedRow, ...]) -> None:
        self.snapshot = snapshot
        self.sift(snapshot)

    def show_rows(self) -> None:
        rows = self.snapshot or ()
        self.table.empty = "No run passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "The runs are gone: they were archived or deleted."
        self.table.show(self.passing(rows))
        title = self.query_one("#title", InfoLine)
        title.line = (Span(" recorded by ", "dim"), span(self.recorder.words, "strong"))
        title.right = self.count_words(len(rows), "tracked run", "tracked runs")

    def facts(self, row: TrackedRow) -> Facts:
        return Facts(
            f"{row.name} {row.uuid} {recorded_by(row)}",
            flags=frozenset({status_word(row.status)}),
            fields={"status": [status_word(row.status)], "task": [row.task_id or ""]},
            numbers={"took": row.duration or 0.0},
        )

    def action_open(self) -> None:
        """Open the run."""
        if (row := self.table.current) is not None:
            self.dagtop.ways.open_tracked(row.uuid)


def columns() -> list[Column[TrackedRow]]:
    """The columns of the table."""
    return [
        Column("name", "run", 20, _name, sort=lambda row: row.name.lower(), most=44),
        Column("status", "status", 9, _status, sort=lambda row: row.status),
        Column("took", "took", 8, _took, sort=lambda row: row.duration or 0.0, right=True),
        Column("started", "started", 9, _started, sort=lambda row: row.started_at),
        Column("task", "task", 16, _task, sort=recorded_by),
        Column("experiment", "experiment", 18, _experiment, sort=lambda row: row.experiment),
    ]


def _name(row: TrackedRow, scene: Scene) -> Spans:
    return (status_span(row.status, scene.glyphs), Span(" "), span(row.name or row.uuid[:8]))


def _status(row: TrackedRow, scene: Scene) -> Spans:
    return (span(status_word(row.status), status_span(row.status, scene.glyphs).role),)


def _took(row: TrackedRow, scene: Scene) -> Spans:
    seconds = ((row.ended_at or scene.now) - row.started_at).total_seconds()
    return (Span(duration(max(0.0, seconds)) or "0s"),)


def _started(row: TrackedRow, scene: Scene) -> Spans:
    return (Span(formats.clock(row.started_at, scene.now, scene.zone), "dim"),)


def _task(row: TrackedRow, _: Scene) -> Spans:
    return (span(recorded_by(row), "dim"),)


def _experiment(row: TrackedRow, _: Scene) -> Spans:
    return (span(row.experiment, "dim"),)
