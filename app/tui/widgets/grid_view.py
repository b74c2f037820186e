"""The grid of tasks and runs: sticky names, columns of runs with bars above, a cursor on a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from app.durations import duration
from app.tui.models.grid import (
    NOT_THERE,
    TYPE_LETTERS,
    bars,
    has_marks,
    label,
    marks_legend,
    run_span,
    state_span,
    version_mark,
    visible_rows,
)
from app.tui.spans import Span, Spans, fit, width_of
from app.tui.widgets.marking import MarkedRows

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.grid import Grid, GridRow, GridRun

PITCH = 2
"""Cells a run takes."""

NAME_LEAST = 18

FRAME = 4
"""Cells of a line that are neither names nor runs."""

NEAR = 8
"""Runs before the end of what is loaded at which more is asked for, so that nobody has to wait."""


def runs_in(width: int) -> int:
    """The most runs that a screen of this width has room for."""
    return max(NEAR, (width - NAME_LEAST - FRAME) // PITCH)


class GridView(MarkedRows):
    """Paints a ``Grid``; knows the cursor, what is marked, folded and scrolled to."""

    class Moved(Message):
        """The cursor is on another cell, or the cell has changed."""

    class Chosen(Message):
        """A cell was clicked twice."""

    class Unfolded(Message):
        """A mapped task was unfolded or folded: its map indexes are wanted, or not any more."""

    class WantsOlder(Message):
        """The cursor comes near the oldest run that is loaded."""

    class WantsNewer(Message):
        """The cursor comes near the newest run that is loaded."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.grid: Grid | None = None
        self.folded: set[str] = set()
        self.unfolded: set[str] = set()
        """Mapped tasks whose map indexes have rows."""
        self.words: tuple[str, ...] = ()
        self.rows: list[GridRow] = []
        self.run_index = 0
        self.newer = False
        """There are runs after those that are loaded."""
        self._beyond = 0
        """Steps that were taken beyond the end of what is loaded, until more is there."""
        self.first_run = 0
        self.name_width = NAME_LEAST
        self.has_marks = False
        """Types of runs and changes of the version have a line."""
        self._bars: list[list[Span]] = []
        self._cells: dict[tuple[int, str], Cell | None] = {}

    # what is shown

    def show(self, grid: Grid, *, run_id: str | None = None, task_id: str | None = None) -> None:
        """Show a grid. The cursor stays on its task and run; at the newest run it stays there."""
        old_run, old_row = self.run, self.row
        at_newest = self.grid is None or self.run_index == len(self.grid.runs) - 1
        width = 0 if self.grid is None else self.name_width
        self.grid = grid
        self.has_marks = has_marks(grid.runs)
        self._cells.clear()
        self.lay_out(keep=task_id or (old_row.id if old_row else None), at_least=width)
        keys = [run.run_id for run in grid.runs]
        wanted = run_id or (old_run.run_id if old_run and not at_newest else None)
        self.run_index = keys.index(wanted) if wanted in keys else len(keys) - 1
        beyond, self._beyond = self._beyond, 0
        if beyond:
            self.go_to_run(self.run_index + beyond)
        else:
            self.moved()

    def lay_out(self, keep: str | None = None, at_least: int = 0) -> None:
        """Work out the visible rows after a fold, a filter or a resize.

        ``at_least``: width of the names; counts in them come and go, and the runs beside them
        must not move each time.
        """
        if self.grid is None:
            return
        keep = keep or (self.row.id if self.row else None)
        self.rows = visible_rows(self.grid.rows, self.folded, self.words, self.unfolded)
        self.position.count = len(self.rows)
        self.marks &= set(self.keys)
        for index, row in enumerate(self.rows):
            if row.id == keep:
                self.position.cursor = index
        self.position.page = max(1, self.size.height - self.head_height)
        self.position.clamp()
        self._measure(at_least)

    def _measure(self, at_least: int) -> None:
        assert self.grid is not None
        newest = self.grid.runs[-1] if self.grid.runs else None
        self.name_width = self._width_for(self.rows[:2000], newest, at_least)
        self._bars = bars(self.grid.runs, self.bar_height, self.dagtop.glyphs)

    def _width_for(self, rows: Sequence[GridRow], run: GridRun | None, at_least: int) -> int:
        """How wide the names are, with the counts of a run, as far as there is room."""
        longest = 0
        if self.has_marks and self.grid is not None:
            longest = width_of(marks_legend(self.grid.runs, self.dagtop.glyphs)) - 1
        for row in rows:
            cell = self.cell(run, row) if run else None
            longest = max(longest, width_of(self._label(row, cell)))
        most = max(NAME_LEAST, self.size.width * 2 // 5)
        return max(NAME_LEAST, min(max(longest + 1, at_least), most))

    def _label(self, row: GridRow, cell: Cell | None) -> Spans:
        folded, unfolded = row.id in self.folded, row.id in self.unfolded
        return label(row, cell, folded, self.dagtop.glyphs, unfolded=unfolded)

    @property
    def bar_height(self) -> int:
        return 3 if self.size.height < 26 else 5

    @property
    def head_height(self) -> int:
        """Lines above the rows: the bars, the marks if there are any, the states of the runs."""
        return self.bar_height + 1 + self.has_marks

    @property
    def columns(self) -> int:
        """Runs that fit."""
        return max(1, (self.size.width - self.name_width - FRAME) // PITCH)

    @property
    def run(self) -> GridRun | None:
        """The run under the cursor."""
        if self.grid is None or not 0 <= self.run_index < len(self.grid.runs):
            return None
        return self.grid.runs[self.run_index]

    @property
    def run_before(self) -> GridRun | None:
        """The run before the one under the cursor."""
        return self.grid.runs[self.run_index - 1] if self.grid and self.run_index > 0 else None

    @property
    def row(self) -> GridRow | None:
        """The row under the cursor."""
        if not 0 <= self.position.cursor < len(self.rows):
            return None
        return self.rows[self.position.cursor]

    @property
    def keys(self) -> list[str]:
        return [row.id for row in self.rows]

    @property
    def current_key(self) -> str | None:
        row = self.row
        return None if row is None or row.kind == "more" else row.id

    def chosen(self) -> list[GridRow]:
        """What an action works on: the marked rows, else the one under the cursor."""
        if self.marks:
            return [row for row in self.rows if row.id in self.marks and row.kind != "more"]
        return [] if self.row is None else [self.row]

    def cell(self, run: GridRun, row: GridRow) -> Cell | None:
        """What is at a crossing; sums of groups are remembered."""
        if self.grid is None:
            return None
        if row.kind != "group":
            return self.grid.cells.get((run.id, row.id))
        key = (run.id, row.id)
        if key not in self._cells:
            self._cells[key] = self.grid.cell(run, row)
        return self._cells[key]

    @property
    def current(self) -> Cell | None:
        """What is under the cursor."""
        run, row = self.run, self.row
        return None if run is None or row is None else self.cell(run, row)

    # moving

    def sideways(self, step: int) -> None:
        self.go_to_run(self.run_index + step)

    def go_to_run(self, index: int) -> None:
        """Put the cursor on a run."""
        if self.grid is None or not self.grid.runs:
            return
        if index < NEAR and index <= self.run_index and self.grid.older is not None:
            self.post_message(self.WantsOlder())
        if index >= len(self.grid.runs) - NEAR and index >= self.run_index:
            self.post_message(self.WantsNewer())
        self.run_index = max(0, min(index, len(self.grid.runs) - 1))
        beyond = index - self.run_index
        more = self.grid.older is not None if beyond < 0 else self.newer
        self._beyond = self._beyond + beyond if beyond and more else 0
        self.moved()

    def fold(self) -> bool:
        """Fold or unfold the mapped task or the group under the cursor (or around it); False if
        there is none."""
        row = self.row
        if row is None:
            return False
        if row.kind in ("index", "more") or self._can_unfold(row):
            self.unfolded ^= {row.task_id}
            self.lay_out(keep=row.task_id)
            self.moved()
            self.post_message(self.Unfolded())
            return True
        group = row.id if row.kind == "group" else row.parent
        if group is None:
            return False
        self.folded ^= {group}
        self.lay_out(keep=group)
        self.moved()
        return True

    def _can_unfold(self, row: GridRow) -> bool:
        """Whether it is a task that has map indexes in some run."""
        if self.grid is None or row.kind != "task":
            return False
        cells = [self.cell(run, row) for run in self.grid.runs]
        return row.id in self.unfolded or any(cell and cell.is_mapped for cell in cells)

    def fold_all(self) -> bool:
        """Fold all groups and mapped tasks; if all are folded, unfold the groups. False if there
        is nothing to fold."""
        if self.grid is None:
            return False
        groups = {row.id for row in self.grid.rows if row.kind == "group"}
        had, self.unfolded = bool(self.unfolded), set()
        self.folded = set() if self.folded >= groups and not had else groups
        self.lay_out(keep=self.row.task_id if had and self.row else None)
        self.moved()
        if had:
            self.post_message(self.Unfolded())
        return bool(groups) or had

    def moved(self) -> None:
        self.position.clamp()
        self.mark_range()
        top, page = self.position.top, self.position.page
        self.name_width = self._width_for(self.rows[top : top + page], self.run, self.name_width)
        columns, last = self.columns, (len(self.grid.runs) if self.grid else 0)
        if self.run_index < self.first_run:
            self.first_run = self.run_index
        elif self.run_index >= self.first_run + columns:
            self.first_run = self.run_index - columns + 1
        self.first_run = max(0, min(self.first_run, last - columns))
        self.repaint()
        self.post_message(self.Moved())

    # painting

    def resized(self) -> None:
        super().resized()
        self.lay_out()
        self.moved()

    def build(self, y: int) -> Strip:
        if self.grid is None:
            return self.strip(())
        if y < self.bar_height:
            return self._bar_line(y)
        if y == self.head_height - 1:
            return self._state_line()
        if y == self.bar_height:
            return self._marks_line()
        index = self.position.top + y - self.head_height
        if index == 0 and not self.rows and self.words:
            return self.strip((Span(" No task passes the filter. Esc clears it.", "dim"),))
        if index >= len(self.rows):
            return self.strip(())
        return self._row_line(index, y - self.head_height)

    def _shown_runs(self) -> Sequence[GridRun]:
        assert self.grid is not None
        return self.grid.runs[self.first_run : self.first_run + self.columns]

    def _frame(self, left: Spans) -> list[Span]:
        glyphs = self.dagtop.glyphs
        line = [Span(" "), *fit(left, self.name_width, ellipsis=glyphs.ellipsis)]
        more = self.first_run or (self.grid is not None and self.grid.older is not None)
        return [*line, Span(glyphs.more_left if more else " ", "accent")]

    def _bar_line(self, y: int) -> Strip:
        left: Spans = ()
        runs = self._shown_runs()
        if y == 0:
            longest = (
                max((run.duration or 0.0 for run in self.grid.runs), default=0.0)
                if (self.grid)
                else 0.0
            )
            if longest:
                text = f"longest {duration(longest)}"
                left = fit((Span(text, "dim"),), self.name_width - 1, right=True)
        line = [Span(" "), *fit(left, self.name_width), Span(" ")]
        if y < len(self._bars):  # the size may be another one than they were made for
            for index in range(self.first_run, self.first_run + len(runs)):
                line.extend((self._bars[y][index], NOT_THERE))
        return self.strip(line)

    def _marks_line(self) -> Strip:
        """Types of the runs that the schedule didn't make; where the DAG's version changes."""
        assert self.grid is not None
        glyphs, runs = self.dagtop.glyphs, self.grid.runs
        legend = marks_legend(runs, glyphs, self.name_width)
        legend = fit(legend, self.name_width, ellipsis=glyphs.ellipsis)
        line = [Span(" "), *legend]
        for index in range(self.first_run, self.first_run + len(self._shown_runs())):
            changed = index > 0 and runs[index - 1].version != runs[index].version
            line.append(Span(version_mark(glyphs), "warning") if changed else NOT_THERE)
            line.append(Span(TYPE_LETTERS[runs[index].run_type], "accent"))
        return self.strip(line)

    def _state_line(self) -> Strip:
        glyphs = self.dagtop.glyphs
        line = self._frame((Span("TASK", "heading"),))
        for offset, run in enumerate(self._shown_runs()):
            piece = run_span(run.state.value, glyphs)
            chosen = self.first_run + offset == self.run_index
            line.append(Span(piece.text, f"{piece.role}@cursor") if chosen else piece)
            line.append(NOT_THERE)
        assert self.grid is not None
        if self.newer or self.first_run + self.columns < len(self.grid.runs):
            line.append(Span(glyphs.more_right, "accent"))
        return self.strip(line)

    def _row_line(self, index: int, y: int) -> Strip:
        row, glyphs = self.rows[index], self.dagtop.glyphs
        selected = index == self.position.cursor
        run = self.run
        name = self._label(row, self.cell(run, row) if run else None)
        ground = ("@cursor" if self.has_focus else "@idle") if selected else ""
        mark = Span(glyphs.cursor if selected else " ", f"accent{ground}")
        if row.id in self.marks and row.kind != "more":
            mark = Span(glyphs.mark, f"mark{ground}")
        cells = fit(name, self.name_width, ellipsis=glyphs.ellipsis)
        line = [mark, *(Span(piece.text, piece.role + ground) for piece in cells), Span(" ")]
        for offset, one in enumerate(self._shown_runs()):
            cell = self.cell(one, row)
            piece = NOT_THERE if cell is None else state_span(cell.state, glyphs)
            if selected and self.first_run + offset == self.run_index:
                piece = Span(piece.text, f"{piece.role}@cell")
            line.extend((piece, NOT_THERE))
        start, length = self.position.thumb()
        if length:
            used = sum(cell_len(piece.text) for piece in line)
            line.append(Span(" " * max(0, self.size.width - 1 - used)))
            line.append(Span(glyphs.thumb if start <= y < start + length else " ", "faint"))
        return self.strip(line)

    # mouse

    def on_click(self, event: events.Click) -> None:
        index = self.position.top + event.y - self.head_height
        column = (event.x - self.name_width - 2) // PITCH + self.first_run
        inside = event.y >= self.head_height and 0 <= index < len(self.rows)
        again = inside and index == self.position.cursor and event.chain >= 2
        if inside:
            self.position.cursor = index
        if self.grid is not None and 0 <= column < len(self.grid.runs):
            self.run_index, self._beyond = column, 0
        self.moved()
        if again:
            self.post_message(self.Chosen())
