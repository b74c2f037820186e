"""On wide terminals a DAG's grid stands to the left of its other views, and leads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from app.tui.models.grid import fold_default
from app.tui.reading import GridSnapshot, read_grid
from app.tui.screens.views import ViewsScreen
from app.tui.timers import Rest
from app.tui.widgets.grid_view import GridView

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.engine import Store

SPLIT_WIDTH = 150
"""Columns from which on there is room for the grid beside another view."""

SIDE_RUNS, MOST_SIDE_RUNS = 40, 640
"""Runs that the grid at the side loads at first, and at most."""


@dataclass(frozen=True, slots=True)
class Both:
    """What the two halves show."""

    grid: GridSnapshot | None
    view: Any


def read_both(store: Store, dag_id: str, runs: int, view: Fetch | None) -> Both:
    """The grid at the side, and what the view reads for itself."""
    grid = read_grid(store, dag_id, runs)
    return Both(grid, None if view is None else view(store))


class SideScreen(ViewsScreen):
    """A view of a DAG with the grid at its side, where there is room for it.

    The cursor of the grid chooses run and task for the other half: ``follow`` is called.
    """

    splits: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._split = False
        self._side_runs = SIDE_RUNS
        self._following = Rest(self, self._lead)

    # what both halves say of themselves

    @property
    def dag_id(self) -> str:
        """The DAG that is looked at."""
        raise NotImplementedError

    def looked_at(self) -> tuple[str | None, str | None]:
        """Run (None: the newest) and task that the other half has in focus."""
        raise NotImplementedError

    def look_at(self, run_id: str | None, task_id: str | None) -> None:
        """Put run and task into focus."""
        raise NotImplementedError

    def follow(self) -> None:
        """Show what was put into focus."""
        self.ask()

    # the frame

    def middle(self) -> Iterable[Widget]:
        if not self.splits:
            yield from self.body()
            return
        with Horizontal(id="split"):
            yield GridView(widget_id="side")
            with Vertical(id="rest"):
                yield from self.body()

    @property
    def side(self) -> GridView:
        """The grid at the side."""
        return self.query_one("#side", GridView)

    def mounted(self) -> None:
        super().mounted()
        self._lay_out_halves()

    def fit(self) -> None:
        super().fit()
        self.set_class(self._has_room, "-split")

    @property
    def _has_room(self) -> bool:
        return self.splits and self.app.size.width >= SPLIT_WIDTH

    def resized(self) -> None:
        super().resized()
        if self._lay_out_halves():
            self.ask()

    def _lay_out_halves(self) -> bool:
        """The grid was shown or hidden, as there is room; whether that changed anything."""
        split = self._has_room
        changed, self._split = split != self._split, split
        if changed and not split and self.side.has_focus:
            self.query_one("#main").focus()
        return changed

    # snapshots

    def ask(self) -> None:
        fetch = self.fetch()
        if self._split:
            fetch = partial(read_both, dag_id=self.dag_id, runs=self._side_runs, view=fetch)
        self.serial = self.dagtop.refresher.show(fetch)

    def receive(self, serial: int, snapshot: Any) -> None:
        if isinstance(snapshot, Both):
            if serial == self.serial and self.is_there:
                self._show_side(snapshot.grid)
            snapshot = snapshot.view
        super().receive(serial, snapshot)

    def _show_side(self, snapshot: GridSnapshot | None) -> None:
        if snapshot is None:
            return
        side = self.side
        run_id, task_id = None, None
        if side.grid is None:
            run_id, task_id = self.looked_at()
            side.folded = fold_default(snapshot.grid.rows, max(20, side.size.height * 3))
        side.show(snapshot.grid, run_id=run_id, task_id=task_id)

    def on_grid_view_moved(self) -> None:
        if not self._split or not self.side.has_focus:
            return
        self._following.begin()

    def on_grid_view_wants_older(self) -> None:
        grid = self.side.grid if self._split else None
        # fewer than were asked for: more would be too many cells
        if grid is not None and self._side_runs <= len(grid.runs) < MOST_SIDE_RUNS:
            self._side_runs *= 4
            self.ask()

    def _lead(self) -> None:
        """The grid's cursor rests: the other half goes there."""
        side = self.side
        run, row = side.run, side.row
        newest = side.grid is None or run is None or run is side.grid.runs[-1]
        task = row.id if row is not None and row.kind == "task" else None
        wanted = (None if newest or run is None else run.run_id, task or self.looked_at()[1])
        if self.is_there and wanted != self.looked_at():
            self.look_at(*wanted)
            self.follow()

    # actions

    def action_travel(self, way: str) -> None:
        """Move in the half that has the focus."""
        if self._split and self.side.has_focus:
            self.side.travel(way)
        else:
            super().action_travel(way)

    def action_other_half(self) -> None:
        """To the grid at the side, and back."""
        if not self._split:
            self.dagtop.say(f"there is one half only: two need {SPLIT_WIDTH} columns")
            return
        target = self.query_one("#main") if self.side.has_focus else self.side
        target.focus()
