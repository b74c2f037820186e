"""A run on a time axis: a row for each task, a bar for each of its tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.gantt.axis import (
    SECOND,
    Window,
    around,
    clock_text,
    elapsed_text,
    horizon,
    micros_of,
    ticks,
)
from app.tui.models.gantt.painting import bar
from app.tui.models.gantt.rows import (
    Line,
    Times,
    critical_path,
    line_label,
    lines_of,
    seconds,
    took,
)
from app.tui.spans import Span, Spans, fit, plain, width_of
from app.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from app.tui.reading_gantt import GanttSnapshot
    from store.queries.cells import Cell

HEAD = 2
"""Lines above the rows: times of day, and times since the start."""

NAME_LEAST = 18
TOOK = 8
"""Cells of the column of durations."""


@dataclass(slots=True)
class GanttForm:
    """How a chart is looked at; found again when one comes back to it."""

    folded: set[str] = field(default_factory=set)
    """Groups."""
    unfolded: set[str] = field(default_factory=set)
    """Mapped tasks."""
    by_start: bool = False
    words: tuple[str, ...] = ()
    window: Window | None = None
    """What is zoomed to; None: the whole run, as it grows."""


class GanttView(RowsView):
    """Paints a ``GanttSnapshot``; knows the cursor, what is folded and what is zoomed to."""

    class Moved(Message):
        """The cursor is on another row, or the row has changed."""

    class Chosen(Message):
        """A row was clicked twice."""

    def __init__(self, form: GanttForm, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.form = form
        self.snapshot: GanttSnapshot | None = None
        self.times = Times()
        self.lines: list[Line] = []
        self.critical: frozenset[str] = frozenset()
        self.name_width = NAME_LEAST
        self._cells: dict[str, Cell | None] = {}
        self._bars: dict[str, tuple[tuple[object, ...], Spans]] = {}
        self._total = (0, 1)
        """(now, how long the run took until then)"""

    # what is shown

    def show(self, snapshot: GanttSnapshot, task_id: str | None = None) -> None:
        """Show a run. The cursor stays on its row."""
        before = self.snapshot
        if before is not None and _run_of(before) != _run_of(snapshot):
            self.name_width = NAME_LEAST
            self.form.window = None
        self.snapshot = snapshot
        self.times = snapshot.times
        self._cells.clear()
        self._bars.clear()
        self._total = (0, 1)
        now = self.now()
        ends = {name: self.times.last(name, now) for name in self.times.of_task}
        known = {name: end for name, end in ends.items() if end is not None}
        self.critical = frozenset(critical_path(known, snapshot.edges))
        self.lay_out(keep=task_id)
        self.moved()

    def lay_out(self, keep: str | None = None) -> None:
        """Work out the rows after a fold, a filter, another order or size."""
        if self.snapshot is None:
            return
        current = self.line
        keep = keep or (current.key if current is not None else None)
        form = self.form
        self.lines = lines_of(
            self.snapshot.rows,
            self.times,
            folded=form.folded,
            unfolded=form.unfolded,
            words=form.words,
            by_start=form.by_start,
        )
        self.position.count = len(self.lines)
        for index, line in enumerate(self.lines):
            if line.key == keep:
                self.position.cursor = index
        self.position.page = max(1, self.size.height - HEAD)
        self.position.clamp()
        longest = max((self._label_width(line) for line in self.lines), default=0)
        most = max(NAME_LEAST, self.size.width * 2 // 5)
        self.name_width = min(max(longest + 1, self.name_width), most)

    @property
    def line(self) -> Line | None:
        """The row under the cursor."""
        if not 0 <= self.position.cursor < len(self.lines):
            return None
        return self.lines[self.position.cursor]

    def cell(self, line: Line) -> Cell | None:
        """The sum of a row's instances; None where the run has none of them."""
        if line.key not in self._cells:
            self._cells[line.key] = _cell_of(line)
        return self._cells[line.key]

    # time

    def now(self) -> int:
        """Where what goes on has come to: the clock, or the end of the run."""
        run = self.snapshot.run if self.snapshot is not None else None
        return micros_of(self.dagtop.clock() if run is None or not run.ended_at else run.ended_at)

    @property
    def is_live(self) -> bool:
        """Whether the run goes on."""
        run = self.snapshot.run if self.snapshot is not None else None
        return run is not None and run.ended_at is None

    @property
    def start(self) -> int:
        """When the run began, or the first thing in it."""
        run = self.snapshot.run if self.snapshot is not None else None
        starts = [] if self.times.start is None else [self.times.start]
        if run is not None and run.started_at is not None:
            starts.append(micros_of(run.started_at))
        return min(starts, default=self.now())

    @property
    def total(self) -> int:
        """How long the run took, or has taken."""
        now = self.now()
        if self._total[0] != now:
            ended = self.times.end(now) or now
            self._total = (now, max(1, max(ended, now) - self.start))
        return self._total[1]

    @property
    def run_time(self) -> int:
        """How long the run took since it was cleared last; what was before is on the chart too."""
        run = self.snapshot.run if self.snapshot is not None else None
        if run is None or run.started_at is None:
            return self.total
        return max(1, self.now() - micros_of(run.started_at))

    @property
    def whole(self) -> Window:
        """The time from the start of the run to its end; to the next tick while it goes on."""
        start, now = self.start, self.now()
        if self.is_live:
            return Window(start, horizon(start, now, self.chart_width))
        return Window(start, max(start + SECOND // 1000, start + self.total))

    @property
    def window(self) -> Window:
        """What is seen."""
        return self.form.window or self.whole

    @property
    def chart_width(self) -> int:
        """Cells for the bars."""
        return max(4, self.size.width - self.name_width - TOOK - 5)

    def zoom(self, step: int) -> bool:
        """See half or twice as much time, around the row under the cursor; False at the end."""
        whole, window = self.whole, self.window
        anchor = self._anchor(window)
        if step > 0:
            narrowed = window.narrowed(whole, anchor)
            if narrowed == window:
                return False
            self.form.window = narrowed
        elif self.form.window is None:
            return False
        else:
            self.form.window = window.widened(whole, anchor)
        self.moved()
        return True

    def _anchor(self, window: Window) -> int:
        line, now = self.line, self.now()
        several = [] if line is None else [s for one in self.times.of_line(line) for s in one]
        if several:
            start = min(one.start for one in several)
            middle = (start + max(one.until(now) for one in several)) // 2
            if window.start <= middle <= window.end:
                return middle
        return (window.start + window.end) // 2

    def zoom_to_line(self) -> bool:
        """See the time of the row under the cursor; False where nothing happened in it."""
        line, now = self.line, self.now()
        several = [] if line is None else [s for one in self.times.of_line(line) for s in one]
        if not several:
            return False
        start, end = min(s.start for s in several), max(s.until(now) for s in several)
        self.form.window = around(start, end, self.whole)
        self.moved()
        return True

    def pan(self, share: float) -> bool:
        """See earlier or later time, by a share of what is seen; False where all is seen."""
        if self.form.window is None:
            return False
        self.form.window = self.form.window.moved(self.whole, share)
        self.moved()
        return True

    # moving

    def sideways(self, step: int) -> None:
        self.pan(step / 8)

    def fold(self) -> bool:
        """Fold or unfold the group or mapped task under the cursor, or what is around it."""
        line = self.line
        if line is None:
            return False
        form = self.form
        if line.is_mapped or line.is_instance:
            form.unfolded ^= {line.row.id}
            self.lay_out(keep=line.row.id)
        else:
            group = line.row.id if line.row.kind == "group" else line.row.parent
            if group is None or form.by_start:
                return False
            form.folded ^= {group}
            self.lay_out(keep=group)
        self.moved()
        return True

    def fold_all(self) -> bool:
        """Fold everything; if all is folded, unfold the groups. False if nothing folds."""
        if self.snapshot is None:
            return False
        groups = {row.id for row in self.snapshot.rows if row.kind == "group"}
        all_folded = self.form.folded >= groups and not self.form.unfolded
        had_unfolded = bool(self.form.unfolded)
        self.form.folded = set() if all_folded else groups
        self.form.unfolded = set()
        self.lay_out()
        self.moved()
        return bool(groups) or had_unfolded

    def moved(self) -> None:
        """Something else is seen."""
        self.position.clamp()
        self.repaint()
        self.post_message(self.Moved())

    # painting

    def resized(self) -> None:
        super().resized()
        self._bars.clear()
        self.lay_out()
        self.moved()

    def build(self, y: int) -> Strip:
        if self.snapshot is None:
            return self.strip(())
        if y < HEAD:
            return self.strip(self._axis(y))
        index = self.position.top + y - HEAD
        if index >= len(self.lines):
            return self.strip(())
        return self.strip(self._row(index, y - HEAD))

    def text(self) -> str:
        """The whole chart as text, as wide as it is on screen."""
        painted = [self._axis(y) for y in range(HEAD)]
        rows = (self._row(index, -1)[1:] for index in range(len(self.lines)))  # without cursor
        painted.extend([Span(" "), *row] for row in rows)
        return "".join(f"{plain(line).rstrip()}\n" for line in painted)

    def _axis(self, y: int) -> list[Span]:
        glyphs, window, width = self.dagtop.glyphs, self.window, self.chart_width
        took_title = fit((Span("TOOK", "heading"),), TOOK, right=True)
        left: Spans = (Span("  "), *fit((Span("  TASK", "heading"),), self.name_width))
        head: list[Span] = (
            [*left, *took_title, Span("  ")] if y else [Span(" " * (self.name_width + TOOK + 4))]
        )
        run = self.snapshot.run if self.snapshot is not None else None
        if run is None or (run.started_at is None and self.times.start is None):
            return head  # nothing has happened yet
        x = 0
        start = self.start
        for column, elapsed in ticks(window, start, width):
            text = elapsed_text(elapsed)
            if y == 0:
                text = clock_text(start + elapsed, window, width, self.dagtop.zone)
            if column < x or column + len(text) + 1 > width:
                continue
            head.extend((Span(" " * (column - x)), Span(glyphs.divider, "faint")))
            head.append(Span(text, "text" if y == 0 else "dim"))
            x = column + 1 + len(text)
        return head

    def _label(self, line: Line) -> Spans:
        form = self.form
        folded = line.row.id in form.folded and line.row.kind == "group"
        return line_label(
            line,
            self.cell(line),
            folded=folded,
            by_start=form.by_start,
            glyphs=self.dagtop.glyphs,
            critical=line.row.id in self.critical,
        )

    def _label_width(self, line: Line) -> int:
        """The width of a label, quickly for the many that are a name alone."""
        if line.is_instance or line.row.kind == "group" or len(line.instances) > 1:
            return width_of(self._label(line))
        name = line.row.id if self.form.by_start else line.row.label
        return 2 + 2 * line.depth + cell_len(name) + (3 if line.row.is_mapped else 0)

    def _row(self, index: int, y: int) -> list[Span]:
        line, glyphs, now = self.lines[index], self.dagtop.glyphs, self.now()
        selected = index == self.position.cursor
        ground = ("@cursor" if self.has_focus else "@idle") if selected else ""
        critical = line.row.id in self.critical and not line.is_instance
        left: list[Span] = [
            Span(glyphs.cursor if selected else " ", "accent"),
            Span(glyphs.mark if critical else " ", "mark"),
            *fit(self._label(line), self.name_width, ellipsis=glyphs.ellipsis),
        ]
        worked = took(line, self.times, now)
        words = (Span("" if worked is None else seconds(worked), "text"),)
        left.extend(fit(words, TOOK, right=True))
        painted = [Span(one.text, one.role + ground) for one in left] if ground else left
        painted = [*painted, Span("  "), *self._bar(line, now)]
        start, length = self.position.thumb()
        if length:
            painted.append(Span(glyphs.thumb if start <= y < start + length else " ", "faint"))
        return painted

    def _bar(self, line: Line, now: int) -> Spans:
        """The bar of a row, made anew only if time or window are others."""
        key = (self.window, self.chart_width, now if self.is_live else 0, self.dagtop.glyphs)
        known = self._bars.get(line.key)
        if known is None or known[0] != key:
            segments = self.times.shown(line, now)
            several = len(line.instances) > 1
            made = bar(
                segments, key[0], key[1], now, self.dagtop.glyphs, self.total, several=several
            )
            known = self._bars[line.key] = (key, made)
        return known[1]

    # mouse

    def on_click(self, event: events.Click) -> None:
        index = self.position.top + event.y - HEAD
        if event.y < HEAD or not 0 <= index < len(self.lines):
            return
        again = index == self.position.cursor and event.chain >= 2
        self.position.cursor = index
        self.moved()
        if again:
            self.post_message(self.Chosen())


def _run_of(snapshot: GanttSnapshot) -> int | None:
    return None if snapshot.run is None else snapshot.run.id


def _cell_of(line: Line) -> Cell | None:
    from store.queries.cells import PRIORITY, Cell

    counts: dict[object, int] = {}
    for one in line.instances:
        counts[one.state] = counts.get(one.state, 0) + 1
    if not counts:
        return None
    return Cell(
        state=min((one.state for one in line.instances), key=PRIORITY.__getitem__),
        counts=counts,  # type: ignore[arg-type]
        is_mapped=any(one.map_index >= 0 for one in line.instances),
        try_number=max(one.try_number for one in line.instances),
    )
