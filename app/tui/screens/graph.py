"""One DAG: its tasks as nodes of a graph, in the states they have in one run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.grid import cell_line, dag_line, run_line
from app.tui.reading import (
    GraphSnapshot,
    InstanceFacts,
    error_line,
    read_facts,
    read_graph,
)
from app.tui.screens.dag_views import DagFocus, OneRunScreen
from app.tui.spans import Span, Spans, span
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.graph_view import GraphForm, GraphView
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.dags import DagRow
    from store.queries.grid import Cell, GridRow, GridRun


class GraphScreen(OneRunScreen):
    """Tasks and edges, live."""

    view_name: ClassVar[str] = "graph"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "tasks", "run", "graph")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "tasks", "run", "graph")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: GraphSnapshot | None = None
        self.error = ""
        self._place: tuple[object, ...] = ()
        self._wanted = focus.task_id
        self._rest = Rest(self, self._read_error)
        self._before_find: tuple[tuple[str, ...], str | None] = ((), None)

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
        self._show_dag()
        self._read_error()

    def _show_dag(self) -> None:
        if self.snapshot is None:
            return
        info = self.query_one("#dag", InfoLine)
        info.line = dag_line(self.snapshot.dag, self.dagtop.scene())
        info.right = self._status()

    def _status(self) -> Spans:
        """What is searched for, how much is seen, and where there is more."""
        view, glyphs = self.view, self.dagtop.glyphs
        words: list[Span] = []
        if view.words:
            found = view.found
            at = found.index(view.cursor) + 1 if view.cursor in found else 0
            words.extend((Span("/", "key"), span(" ".join(view.words), "accent")))
            words.append(Span(f" {at} of {len(found)}  ", "dim" if found else "warning"))
        if view.look.hops:
            steps = "step" if view.look.hops == 1 else "steps"
            words.append(Span(f"{view.look.hops} {steps} around  ", "warning"))
        shown, total = len(view.picture.nodes), len(view.whole.nodes)
        role = "dim" if shown == total else "accent"
        words.append(Span(f"{shown} of {total}" if shown != total else f"{total} nodes", role))
        marks = (glyphs.more_left, glyphs.more_right, glyphs.up, glyphs.down)
        more = "".join(
            mark if there else " " for mark, there in zip(marks, view.hidden(), strict=True)
        )
        return (*words, Span(f" {more}" if more.strip() else "", "accent"))

    def tick(self) -> None:
        super().tick()
        self._show_dag()
        self._show_lines()

    def on_graph_view_moved(self) -> None:
        run, row, cell = self.run_now(), self.view.row, self.view.current
        place = (run and run.id, row and row.id, cell and cell.state)
        if place == self._place:
            self._show_dag()
            self._show_lines()
            return
        self._place, self.error = place, ""
        self._show_dag()
        self._show_lines()
        self._rest.begin()

    def on_graph_view_chosen(self) -> None:
        self.action_open()

    def _show_lines(self) -> None:
        if self.snapshot is None:
            return
        view, scene = self.view, self.dagtop.scene()
        info = self.query_one("#run", InfoLine)
        info.line = run_line(self.run_now(), scene)
        info.right = () if self.snapshot.is_newest else (Span("older run", "warning"),)
        self.query_one("#cell", InfoLine).line = cell_line(
            view.row, view.current, self.error, scene
        )

    def _read_error(self) -> None:
        """Read what went wrong with the task under the cursor."""
        run, row, cell = self.run_now(), self.view.row, self.view.current
        if not self.is_current or run is None or row is None or cell is None:
            return
        if row.kind != "task" or cell.is_mapped:
            return
        place = (run.id, row.id)

        def then(facts: InstanceFacts | None) -> None:
            now, node = (self.run_now(), self.view.row) if self.is_there else (None, None)
            if now is None or node is None or (now.id, node.id) != place:
                return
            last = facts.tries[-1] if facts is not None and facts.tries else None
            shown = last is not None and (last.error_type or last.state != "success")
            self.error = error_line(last) if last is not None and shown else ""
            self._show_lines()

        self.dagtop.refresher.once(lambda store: read_facts(store, *place, -1), then)

    # going

    def fold_here(self) -> None:
        self.view.fold()

    def step_back(self) -> bool:
        view = self.view
        if view.words:
            view.find((), view.cursor)
            self._show_dag()
            return True
        return view.widen()

    # how it is looked at

    def action_fold(self) -> None:
        """Fold or unfold a group."""
        if not self.view.fold():
            self.dagtop.say("no group is around this task")

    def action_fold_all(self) -> None:
        """Fold or unfold all groups."""
        if not self.view.fold_all():
            self.dagtop.say("there are no groups to fold")

    def action_zoom(self) -> None:
        """Only what is near, or everything."""
        hops = self.view.narrow()
        if not hops:
            self.dagtop.say("all nodes")

    def action_turn(self) -> None:
        """The other direction."""
        self.view.turn()

    def action_frame(self) -> None:
        """Boxes, or names alone."""
        self.view.frame()

    def action_fit(self) -> None:
        """The form that fits."""
        self.view.fit()
        if any(self.view.hidden()):
            self.dagtop.say("no form of it fits: * folds the groups, z shows what is near")
        else:
            self.dagtop.say("this form shows all of it")

    def action_pan_left(self) -> None:
        """Move the window left."""
        self._pan(-1, 0)

    def action_pan_down(self) -> None:
        """Move the window down."""
        self._pan(0, 1)

    def action_pan_up(self) -> None:
        """Move the window up."""
        self._pan(0, -1)

    def action_pan_right(self) -> None:
        """Move the window right."""
        self._pan(1, 0)

    def _pan(self, right: int, down: int) -> None:
        if any(self.view.hidden()):
            self.view.pan(right, down)
        else:
            self.dagtop.say("all of the graph is on the screen")

    # the search

    async def action_find(self) -> None:
        """Open the search."""
        self._before_find = (self.view.words, self.view.cursor)
        prompt = self.query_one("#find", PromptLine)
        await prompt.open(" ".join(self.view.words), "words of task ids")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.view.find(tuple(message.text.lower().split()), self._before_find[1])
        self._show_dag()

    def on_prompt_line_entered(self, message: PromptLine.Entered) -> None:
        if self.view.words and not self.view.found:
            self.dagtop.say(f"no task has {message.text.strip()} in its id", "warning")

    def on_prompt_line_escaped(self) -> None:
        words, cursor = self._before_find
        self.view.find(words, cursor)
        self.view.go_to(cursor)

    def action_next_match(self) -> None:
        """To the next task found."""
        self._go_to_match(1)

    def action_previous_match(self) -> None:
        """To the task found before."""
        self._go_to_match(-1)

    def _go_to_match(self, direction: int) -> None:
        if not self.view.words:
            self.dagtop.say("nothing is searched for: / searches")
        elif not self.view.find_next(direction):
            self.dagtop.say("no task is found")
