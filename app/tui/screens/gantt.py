"""One run of a DAG: what waited and ran when."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.gantt.painting import legend
from app.tui.models.gantt.rows import detail_line
from app.tui.models.grid import dag_line, fold_default, run_line
from app.tui.reading_gantt import GanttSnapshot, read_gantt
from app.tui.screens.acting import Selection
from app.tui.screens.base import counted
from app.tui.screens.dag_views import DagFocus, OneRunScreen
from app.tui.spans import Span, Spans, span, width_of
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.gantt_view import GanttForm, GanttView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.refresher import Fetch
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow, GridRun


class GanttScreen(OneRunScreen):
    """Tasks by time, live."""

    view_name: ClassVar[str] = "gantt"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "tasks", "run", "gantt")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "tasks", "run", "gantt")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: GanttSnapshot | None = None
        self._wanted = focus.task_id
        self._before_filter: tuple[str, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        form = self.look.kept.setdefault(self.view_name, GanttForm())
        yield GanttView(form, widget_id="main")
        yield InfoLine(widget_id="legend")
        yield InfoLine(widget_id="run")
        yield InfoLine(widget_id="cell")
        yield PromptLine("/", widget_id="filter")

    @property
    def view(self) -> GanttView:
        return self.query_one("#main", GanttView)

    def remember(self) -> None:
        row = self.row_now()
        if row is not None and row.kind == "task":
            self.look.task_id = row.id

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    def run_now(self) -> GridRun | None:
        return self.snapshot.run if self.snapshot is not None else None

    def row_now(self) -> GridRow | None:
        line = self.view.line
        return None if line is None else line.row

    def cell_now(self) -> Cell | None:
        line = self.view.line
        return None if line is None else self.view.cell(line)

    def selection(self) -> Selection | None:
        line, run = self.view.line, self.run_now()
        if line is None or run is None or line.map_index is None:
            return super().selection()
        return Selection(self.dag_id, run.run_id, (line.row.id,), (line.map_index,))

    def follow(self) -> None:
        self._wanted = self.look.task_id
        super().follow()

    def exports(self) -> list[Export]:
        """The chart as text; the phases of all tries as a table."""
        from app.tui.exporting import Export, table_csv, table_json
        from app.tui.models.gantt.exporting import phase_rows

        view = self.view
        rows = phase_rows(view.times, view.now())
        return [
            Export("the chart as text", "txt", view.text),
            Export("the phases as CSV", "csv", lambda: table_csv(rows)),
            Export("the phases as JSON", "json", lambda: table_json(rows)),
        ]

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_gantt, dag_id=self.dag_id, run_id=self.look.run_id)

    def show_snapshot(self, snapshot: GanttSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        view = self.view
        if view.snapshot is None and not view.form.folded:
            view.form.folded = fold_default(snapshot.rows, max(20, view.size.height * 3))
        task_id, self._wanted = self._wanted, None
        view.show(snapshot, task_id)
        self._show_lines()

    def tick(self) -> None:
        super().tick()
        self._show_lines()

    def on_gantt_view_moved(self) -> None:
        self._show_lines()

    def on_gantt_view_chosen(self) -> None:
        self.action_open()

    def _show_lines(self) -> None:
        snapshot, view, scene = self.snapshot, self.view, self.dagtop.scene()
        if snapshot is None:
            return
        dag = self.query_one("#dag", InfoLine)
        dag.line, dag.right = dag_line(snapshot.dag, scene), self._status()
        run = self.query_one("#run", InfoLine)
        run.line = run_line(snapshot.run, scene)
        run.right = () if snapshot.is_newest else (Span("older run", "warning"),)
        words = (Span("  "), *legend(scene.glyphs))
        line = self.query_one("#legend", InfoLine)
        line.line = words if width_of(words) <= line.size.width else words[:-2]
        line.display = self.app.size.height >= 20
        self.query_one("#cell", InfoLine).line = detail_line(
            view.line,
            None if view.line is None else view.cell(view.line),
            view.times,
            view.run_time,
            view.now(),
            scene,
        )

    def _status(self) -> Spans:
        """What is filtered for, the order, what of the run's time is seen."""
        view, words = self.view, list[Span]()
        assert self.snapshot is not None
        form = view.form
        tasks = sum(row.kind == "task" for row in self.snapshot.rows)
        shown = sum(not line.is_instance and line.row.kind == "task" for line in view.lines)
        if form.by_start:
            words.append(Span("by start  ", "accent"))
        if form.window is not None:
            share = 100 * form.window.span / view.whole.span
            words.append(Span(f"{share:.0f} % of the time  ", "warning"))
        if form.words:
            words.extend((Span("/", "key"), span(" ".join(form.words), "accent"), Span("  ")))
            return (*words, *counted(shown, tasks, "tasks"))
        return (*words, *counted(tasks, tasks, "task" if tasks == 1 else "tasks"))

    # going

    def fold_here(self) -> None:
        self.view.fold()

    def action_open(self) -> None:
        """Open the log of the try; a mapped task lists its instances, a group folds."""
        line, run = self.view.line, self.run_now()
        if line is None or run is None or line.map_index is None:
            super().action_open()
        else:
            self.dagtop.ways.open_log(self.dag_id, run.run_id, line.row.id, line.map_index)

    def action_details(self) -> None:
        """Show all about the task instance under the cursor."""
        line, run = self.view.line, self.run_now()
        if line is None or run is None or line.map_index is None:
            super().action_details()
        else:
            self.dagtop.ways.open_details(self.dag_id, run.run_id, line.row.id, line.map_index)

    def action_note(self) -> None:
        """Write a note on the task instance under the cursor, or on its run."""
        from app.tui.screens.noting import ask_note

        line, run = self.view.line, self.run_now()
        if line is None or run is None or line.map_index is None:
            super().action_note()
        else:
            ask_note(self.dagtop, self.dag_id, run.run_id, line.row.id, line.map_index)

    def step_back(self) -> bool:
        form = self.view.form
        if form.words:
            form.words = ()
            self._laid_out()
        elif form.window is not None:
            self.action_whole()
        else:
            return False
        return True

    # how it is looked at

    def action_fold(self) -> None:
        """Fold or unfold a group or a mapped task."""
        if not self.view.fold():
            self.dagtop.say("nothing is folded here: no group, no mapped task")

    def action_fold_all(self) -> None:
        """Fold everything, or unfold the groups."""
        if not self.view.fold_all():
            self.dagtop.say("there is nothing to fold: Space unfolds a mapped task")

    def action_order(self) -> None:
        """By start, or as the pipeline goes."""
        form = self.view.form
        form.by_start = not form.by_start
        self._laid_out()
        self.dagtop.say("in order of start" if form.by_start else "in the order of the pipeline")

    def action_zoom_in(self) -> None:
        """Half the time."""
        if not self.view.zoom(1):
            self.dagtop.say("there is no shorter time to see")

    def action_zoom_out(self) -> None:
        """Twice the time."""
        if not self.view.zoom(-1):
            self.dagtop.say("this is the whole run")

    def action_zoom(self) -> None:
        """The time of the task under the cursor."""
        if not self.view.zoom_to_line():
            self.dagtop.say("nothing happened here yet")

    def action_whole(self) -> None:
        """The whole run."""
        if self.view.form.window is None:
            self.dagtop.say("this is the whole run")
        self.view.form.window = None
        self.view.moved()

    def action_pan_left(self) -> None:
        """Earlier."""
        self._pan(-0.5)

    def action_pan_right(self) -> None:
        """Later."""
        self._pan(0.5)

    def _pan(self, share: float) -> None:
        if not self.view.pan(share):
            self.dagtop.say("this is the whole run: + zooms in")

    # the filter

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self.view.form.words
        prompt = self.query_one("#filter", PromptLine)
        await prompt.open(" ".join(self._before_filter), "words of task ids")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.view.form.words = tuple(message.text.lower().split())
        self._laid_out()

    def on_prompt_line_escaped(self) -> None:
        self.view.form.words = self._before_filter
        self._laid_out()

    def _laid_out(self) -> None:
        self.view.lay_out()
        self.view.moved()
