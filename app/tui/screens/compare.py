"""Runs side by side: attributes, params, metrics, tags, datasets as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.table import METRICS, SECTIONS, SUMMARIES, Line
from app.tui.bindings import bindings
from app.tui.models.compare.form import LEAST, MOST
from app.tui.models.compare.sheet import Sheet, detail_line, rows_of
from app.tui.reading_compare import read_children
from app.tui.screens.comparing import CompareViewScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.compare_table import CompareTable
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.compared import ComparedRun


class CompareScreen(CompareViewScreen):
    """The table; a cell of it is under the cursor."""

    view_name: ClassVar[str] = "table"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "compare", "compare_table")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "compare", "compare_table")

    _before_filter = ""
    _sorted: tuple[str, bool] | None = None
    """The row that the runs were last sorted by, and whether its least is first."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield CompareTable(widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    @property
    def table(self) -> CompareTable:
        return self.query_one("#main", CompareTable)

    # what is shown

    def lines(self) -> list[Line]:
        """All rows that there are."""
        return self.table_lines()

    @property
    def differences(self) -> bool:
        """Whether only rows are shown that are not the same in all runs."""
        return self.look.differences

    @differences.setter
    def differences(self, only: bool) -> None:
        self.look.differences = only

    def show_runs(self) -> None:
        look, table = self.look, self.table
        rows = rows_of(self.lines(), look, differences=self.differences)
        table.empty = self.empty_words()
        sheet = Sheet(rows, self.runs, self.baseline, dict(look.lowest), frozenset(look.folded))
        table.show(sheet, row=look.row, run=look.run)
        self.show_about()

    def empty_words(self) -> str:
        if self.runs and self.look.words:
            return f"No key has {self.look.words} in it. Esc clears the filter."
        if self.runs:
            return "They differ in nothing. d shows everything."
        return super().empty_words()

    def about_view(self) -> Spans:
        look = self.look
        words = [Span(f"metrics: {look.summary}", "dim")]
        if self.differences:
            words.insert(0, Span("only differences  ", "accent"))
        if look.words:
            words[:0] = [Span("/", "key"), span(f"{look.words}  ", "accent")]
        return tuple(words)

    def on_compare_table_moved(self) -> None:
        table = self.table
        if table.row is not None:
            self.look.row = table.row.id
        run = self.run_now()
        if run is not None:
            self.look.run = run.row.uuid
        detail = detail_line(
            table.row, table.column, table.sheet, self.look.summary, self.dagtop.glyphs
        )
        self.query_one("#detail", InfoLine).line = detail

    def on_compare_table_chosen(self) -> None:
        self.action_open()

    def run_now(self) -> ComparedRun | None:
        """The run under the cursor."""
        runs = self.table.sheet.runs
        return runs[self.table.column] if self.table.column < len(runs) else None

    def step_back(self) -> bool:
        look = self.look
        if look.words:
            look.words = ""
        elif look.differences:
            self.differences = False
        elif look.baseline is not None:
            look.baseline = None
        else:
            return False
        self.show_runs()
        return True

    # rows

    def action_differences(self) -> None:
        """Only the rows that differ, or all."""
        self.differences = not self.differences
        self.show_runs()

    def action_summary(self) -> None:
        """Another value of the metrics."""
        names = list(SUMMARIES)
        self.look.summary = names[(names.index(self.look.summary) + 1) % len(names)]
        self.show_runs()
        self.dagtop.say(f"metrics show their {self.look.summary} value")

    def action_direction(self) -> None:
        """Turn round what is the best of a metric."""
        line = self._line("which value of it is the best")
        if line is None:
            return
        if not line.is_metric:
            self.dagtop.say(f"{line.key} is no metric: nothing of it is the best")
            return
        lowest = not line.lowest(self.look.lowest)
        self.look.lowest[line.key] = lowest
        self.show_runs()
        self.dagtop.say(f"{'less' if lowest else 'more'} of {line.key} is better")

    def _line(self, what: str) -> Line | None:
        row = self.table.row
        if row is None or row.line is None:
            self.dagtop.say(f"go to a row to choose {what}")
            return None
        return row.line

    async def action_filter(self) -> None:
        """Only some keys."""
        self._before_filter = self.look.words
        await self.query_one("#filter", PromptLine).open(self.look.words, "words of keys")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self._filter(message.text.strip())

    def on_prompt_line_escaped(self) -> None:
        self._filter(self._before_filter)

    def _filter(self, words: str) -> None:
        self.look.words = words
        self.show_runs()

    def action_fold(self) -> None:
        """Fold or unfold the section under the cursor."""
        row = self.table.row
        if row is not None:
            self.look.folded ^= {row.section}
            self.look.row = row.section
            self.show_runs()
        else:
            self.dagtop.say("there is no section to fold")

    def action_fold_all(self) -> None:
        """Fold all sections; if they are, unfold them."""
        row, every = self.table.row, set[str](SECTIONS)
        self.look.folded = set() if self.look.folded >= every else every
        self.look.row = row.section if row is not None else ""
        self.show_runs()

    def action_open(self) -> None:
        """Fold the section, or show a cell whole."""
        row, run = self.table.row, self.run_now()
        if row is None or run is None:
            self.dagtop.say("there is nothing to open")
        elif row.line is None:
            self.action_fold()
        else:
            text = row.line.texts[self.table.column]
            if text is None:
                self.dagtop.say(f"{run.row.name} has no {row.line.key}")
            else:
                self.dagtop.ways.open_text((run.row.name, row.line.key), text)

    def action_copy_cell(self) -> None:
        """Copy the cell under the cursor."""
        row, run = self.table.row, self.run_now()
        if row is None or run is None:
            self.dagtop.say("there is nothing to copy")
        elif row.line is None:
            self.dagtop.copy(run.row.uuid, "the run's id")
        else:
            self.dagtop.copy(row.line.texts[self.table.column] or "", row.line.key)

    # runs

    def action_baseline(self) -> None:
        """Measure all by the run under the cursor, or by none."""
        run = self.run_now()
        if run is None:
            self.dagtop.say("there is no run to measure by")
            return
        is_it = self.look.baseline == run.row.uuid
        self.look.baseline = None if is_it else run.row.uuid
        self.show_runs()
        self.dagtop.say("no baseline" if is_it else f"all is measured by {run.row.name}")

    def action_sort(self) -> None:
        """Sort the runs by the row under the cursor."""
        line = self._line("what the runs are sorted by")
        if line is None:
            return
        lowest = line.lowest(self.look.lowest) if line.section == METRICS else True
        if self._sorted == (line.name, lowest):
            lowest = not lowest
        self._sorted = (line.name, lowest)
        self.look.arrange(line.order(lowest=lowest), [run.row.uuid for run in self.runs])
        self.show_runs()
        first = "least" if line.numbers else "first"
        last = "greatest" if line.numbers else "last"
        self.dagtop.say(f"sorted by {line.key}, the {first if lowest else last} at the left")

    def action_remove(self) -> None:
        """Compare without the run under the cursor."""
        run = self.run_now()
        if run is None or len(self.runs) < 2:
            self.dagtop.say("this is the last run: Esc leads back")
            return
        self.look.remove(run.row.uuid)
        self.show_crumbs()
        self.show_runs()
        self.ask()
        self.dagtop.say(f"{run.row.name} is left out")

    def action_run_page(self) -> None:
        """All there is to know of the run under the cursor."""
        run = self.run_now()
        if run is None:
            self.dagtop.say("there is no run under the cursor")
        else:
            self.dagtop.ways.open_tracked(run.row.uuid)

    def action_siblings(self) -> None:
        """Compare all runs that are nested in the same one."""
        run = self.run_now()
        if run is None or run.row.parent_uuid is None:
            self.dagtop.say("the run is nested in no other: P compares those nested in it")
            return
        self._compare_nested(run.row.parent_uuid)

    def action_children(self) -> None:
        """Compare the runs that are nested in the run under the cursor."""
        run = self.run_now()
        if run is None:
            self.dagtop.say("there is no run under the cursor")
            return
        self._compare_nested(run.row.uuid)

    def _compare_nested(self, parent: str) -> None:
        def then(uuids: list[str]) -> None:
            if len(uuids) < LEAST:
                self.dagtop.say("fewer than two runs are nested in it")
            elif uuids == self.look.uuids:
                self.dagtop.say("these are all that are nested in it")
            else:
                first = f", the first {MOST}" if len(uuids) == MOST else ""
                self.look.uuids = uuids
                self.dagtop.say(f"{len(uuids)} runs that are nested in it{first}")
                self.show_crumbs()
                self.ask()

        self.dagtop.read_first(lambda store: read_children(store, parent, MOST), then)

    def action_move_left(self) -> None:
        """Move the run under the cursor to the left."""
        self._move(-1)

    def action_move_right(self) -> None:
        """Move the run under the cursor to the right."""
        self._move(1)

    def _move(self, step: int) -> None:
        run = self.run_now()
        if run is None or not self.look.move(run.row.uuid, step):
            self.dagtop.say("the run is at the end")
            return
        self.look.run = run.row.uuid
        self.show_runs()

    def action_first_run(self) -> None:
        """To the first run."""
        self.table.sideways(-len(self.runs))

    def action_last_run(self) -> None:
        """To the last run."""
        self.table.sideways(len(self.runs))

    # out of here

    def exports(self) -> list[Export]:
        """The table as it is shown, a row for each key."""
        from app.tui.exporting import Export, table_csv, table_json

        lines = [
            row.line
            for row in rows_of(self.lines(), self.look, differences=self.differences)
            if row.line is not None
        ]
        uuids = [run.row.uuid for run in self.runs]
        rows = [{"key": line.name, **dict(zip(uuids, line.texts, strict=True))} for line in lines]
        return [
            Export("the table as CSV", "csv", lambda: table_csv(rows)),
            Export("the table as JSON", "json", lambda: table_json(rows)),
        ]
