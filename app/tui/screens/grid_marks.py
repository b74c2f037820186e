"""Marked rows of a grid: tasks, groups and map indexes, acted on together in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui.screens.acting import Selection, selections_of
from app.tui.screens.dag_views import RunViewScreen, executing
from app.tui.widgets.grid_view import GridView

if TYPE_CHECKING:
    from store.queries.grid import GridRow


class MarkedGridScreen(RunViewScreen):
    """A screen with a ``GridView`` (``#main``): actions work on its marks in the run under the
    cursor."""

    @property
    def view(self) -> GridView:
        return self.query_one("#main", GridView)

    def step_back(self) -> bool:
        return self.view.end_range() or self.view.clear_marks()

    def _chosen(self, *, works: bool = False) -> list[GridRow]:
        """The marked rows that the run under the cursor has, else the row under the cursor;
        ``works``: only those of tasks that have processes."""
        view, run = self.view, self.view.run
        rows = view.chosen()
        if run is None or not (view.marks or works):
            return rows
        cells = [(row, view.cell(run, row)) for row in rows]
        return [row for row, cell in cells if cell is not None and (not works or executing(cell))]

    def parts(self) -> list[Selection]:
        run = self.view.run
        if not self.view.marks or run is None:
            return super().parts()
        found = selections_of(self.dag_id, run.run_id, self._chosen())
        if not found:
            self.dagtop.say("this run has none of the marked tasks")
        return found

    def working(self) -> tuple[list[Selection], int]:
        view, run = self.view, self.view.run
        if not view.marks or run is None:
            return super().working()
        rows = self._chosen(works=True)
        ids = {task_id for row in rows if row.map_index is None for task_id in row.task_ids}
        ids |= {row.id for row in rows if row.map_index is not None and row.task_id not in ids}
        cells = {} if view.grid is None else view.grid.cells
        number = sum(executing(cells.get((run.id, key))) for key in ids)
        return selections_of(self.dag_id, run.run_id, rows), number

    def action_merged(self) -> None:
        """The logs of all that are marked, else as without marks."""
        from app.tui.screens.merged_log import MergedLogScreen

        view, run = self.view, self.view.run
        if not view.marks or run is None:
            super().action_merged()
            return
        rows = self._chosen()
        if not rows:
            self.dagtop.say("this run has none of the marked tasks")
            return
        tasks = tuple(dict.fromkeys(task_id for row in rows for task_id in row.task_ids))
        indexes = [(row.task_id, row.map_index) for row in rows if row.map_index is not None]
        chosen = frozenset(indexes)
        only = chosen if len(indexes) == len(rows) else None  # of a whole task all are shown
        name = f"{len(rows)} marked" if len(rows) > 1 else rows[0].id
        self.app.push_screen(MergedLogScreen(self.dag_id, run.run_id, tasks, only, name))

    def action_copy(self) -> None:
        """Copy the ids of all that are marked, one to a line, or of the row under the cursor."""
        if not self.view.marks:
            super().action_copy()
            return
        rows = self._chosen()
        self.dagtop.copy("\n".join(row.id for row in rows), f"{len(rows)} task ids")

    def action_note(self) -> None:
        """Write a note on the task instance under the cursor, or on its run."""
        if self.view.marks:
            self.dagtop.say("notes on several: Esc unmarks here, r opens the run, mark them there")
        else:
            super().action_note()

    def action_mark(self) -> None:
        """Mark the row."""
        self.view.toggle_mark()

    def action_mark_range(self) -> None:
        """Begin to mark a range of rows, or end it."""
        began = self.view.toggle_range()
        self.dagtop.say("moving marks the rows; v or Esc ends it" if began else "range ended")

    def action_mark_all(self) -> None:
        """Mark all shown rows, or none."""
        self.view.toggle_all()
