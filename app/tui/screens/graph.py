"""One DAG: its tasks as nodes of a graph, in the states they have in one run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.grid import cell_line, dag_line, run_line
from app.tui.models.marks import run_marked, trouble_of
from app.tui.reading import (
    CellFacts,
    GraphSnapshot,
    read_cell,
    read_graph,
)
from app.tui.screens.dag_views import DagFocus, OneRunScreen
from app.tui.screens.picture import PictureScreen
from app.tui.spans import Span
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.graph_view import GraphForm, GraphView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow, GridRun


class GraphScreen(PictureScreen, OneRunScreen):
    """Tasks and edges, live."""

    view_name: ClassVar[str] = "graph"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere", "list", "picture", "view", "tasks", "run", "graph",
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "picture", "view", "tasks", "run", "graph"
    )

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: GraphSnapshot | None = None
        self._cell: CellFacts | None = None
        self._place: tuple[object, ...] = ()
        self._wanted = focus.task_id
        self._rest = Rest(self, self._read_error)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        form = self.look.kept.setdefault("graph", GraphForm())
        yield GraphView(form, widget_id="main")
        yield InfoLine(widget_id="run")
        yield InfoLine(widget_id="cell")
        yield PromptLine("/", widget_id="find")

    @property
    def view(self) -> GraphView:
        return self.query_one("#main", GraphView)

    def remember(self) -> None:
        row = self.view.row
        if row is not None:
            self.look.task_id = row.id if row.kind == "task" else row.task_ids[0]

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    def run_now(self) -> GridRun | None:
        grid = self.view.grid
        return grid.runs[-1] if grid is not None and grid.runs else None

    def row_now(self) -> GridRow | None:
        return self.view.row

    def cell_now(self) -> Cell | None:
        return self.view.current

    def follow(self) -> None:
        self._wanted = self.look.task_id
        super().follow()

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_graph, dag_id=self.dag_id, run_id=self.look.run_id)

    def show_snapshot(self, snapshot: GraphSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        task_id, self._wanted = self._wanted, None
        self.view.show(snapshot.shape, snapshot.grid, task_id)
        self.show_status()
        self._read_error()

    def show_status(self) -> None:
        if self.snapshot is None:
            return
        info = self.query_one("#dag", InfoLine)
        info.line = dag_line(self.snapshot.dag, self.dagtop.scene())
        info.right = self.status()

    def tick(self) -> None:
        super().tick()
        self.show_status()
        self._show_lines()

    def on_graph_view_moved(self) -> None:
        run, row, cell = self.run_now(), self.view.row, self.view.current
        place = (run and run.id, row and row.id, cell and cell.state)
        if place == self._place:
            self.show_status()
            self._show_lines()
            return
        self._place, self._cell = place, None
        self.show_status()
        self._show_lines()
        self._rest.begin()

    def on_graph_view_chosen(self) -> None:
        self.action_open()

    def _show_lines(self) -> None:
        if self.snapshot is None:
            return
        view, scene = self.view, self.dagtop.scene()
        info = self.query_one("#run", InfoLine)
        run, facts = self.run_now(), self._cell
        info.line = run_line(run, scene, marked=run_marked(facts, run and run.id, scene))
        info.right = () if self.snapshot.is_newest else (Span("older run", "warning"),)
        trouble = trouble_of(facts and facts.instance, scene)
        self.query_one("#cell", InfoLine).line = cell_line(view.row, view.current, trouble, scene)

    def _read_error(self) -> None:
        """Read what went wrong with the task under the cursor, and who marked it or the run."""
        run, row, cell = self.run_now(), self.view.row, self.view.current
        if not self.is_current or run is None or row is None:
            return
        single = row.kind == "task" and cell is not None and not cell.is_mapped
        place = (row.id, -1) if single else None

        def then(facts: CellFacts) -> None:
            now, node = (self.run_now(), self.view.row) if self.is_there else (None, None)
            if now is None or node is None or (now.id, node.id) != (run.id, row.id):
                return
            self._cell = facts
            self._show_lines()

        self.dagtop.refresher.once(lambda store: read_cell(store, run.id, run.state, place), then)

    # going

    def fold_here(self) -> None:
        self.view.fold()

    # how it is looked at

    def action_fold(self) -> None:
        """Fold or unfold a group."""
        if not self.view.fold():
            self.dagtop.say("no group is around this task")

    def action_fold_all(self) -> None:
        """Fold or unfold all groups."""
        if not self.view.fold_all():
            self.dagtop.say("there are no groups to fold")
