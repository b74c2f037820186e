"""The tracked runs of all experiments, as a table: the place "Experiments"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from app.tui.bindings import bindings
from app.tui.clicks import tab_at
from app.tui.formats import plural
from app.tui.models.tracked_lines import Line, parent_line
from app.tui.models.tracked_view import TABS, TableView
from app.tui.screens.tracked_filter import FilteredRuns
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.tracked import TrackedRow

LEAST, MOST = 2, 50
"""Runs that are compared."""
NAMES = tuple(TABS)


class TrackedRunsScreen(FilteredRuns):
    """Tracked runs: filtered, sorted, grouped, marked, acted on."""

    view_name: ClassVar[str] = "experiments"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "tracked")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "tracked")
    first_order: ClassVar[str] = "started"

    def of_experiment(self, experiments: tuple[str, ...], dags: tuple[str, ...] = ()) -> None:
        """Show the runs of these when this comes up, whatever was shown before."""
        view = TableView(experiments, dags, columns=self.view.columns)
        if self.is_attached:
            self.change(view, called="")
        else:
            self._wanted = view

    _wanted: TableView | None = None

    def mounted(self) -> None:
        super().mounted()
        if self._wanted is not None:
            self.view, self.filter_text, self.view_called = self._wanted, "", ""

    # the tabs

    def action_next_tab(self) -> None:
        """The next tab."""
        self._turn_tab(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self._turn_tab(-1)

    def _turn_tab(self, step: int) -> None:
        self._show_tab(NAMES[(NAMES.index(self.view.tab) + step) % len(NAMES)])

    def _show_tab(self, tab: str) -> None:
        self.change(replace(self.view, tab=tab))

    def on_info_line_clicked(self, message: InfoLine.Clicked) -> None:
        tab = tab_at(message.line.line, NAMES, message.x)
        if message.line.id == "tabs" and tab is not None:
            self._show_tab(tab)

    # what is chosen from lists

    def action_columns(self) -> None:
        """Choose the columns."""
        from app.tui.screens.tracked_picks import ask_columns

        ask_columns(self)

    def action_experiments(self) -> None:
        """Choose experiments and DAGs."""
        from app.tui.screens.tracked_picks import ask_experiments

        ask_experiments(self)

    def action_views(self) -> None:
        """Open, save, rename or delete views."""
        from app.tui.screens.tracked_picks import ask_views

        ask_views(self)

    def action_group(self) -> None:
        """Group runs; those that are grouped, no more."""
        from app.tui.screens.tracked_picks import ask_group

        if self.view.group is not None:
            self.change(replace(self.view, group=None))
            self.dagtop.say("runs are not grouped any more")
        else:
            ask_group(self)

    # folding

    def action_fold(self) -> None:
        """Fold or unfold the group or the children; of a child its parent's."""
        table = self.table
        line = table.current
        if line is None:
            self.dagtop.say("nothing is grouped or nested here: b groups")
            return
        if line.group is None and not line.children:
            above = parent_line(table.items, table.position.cursor)
            if above is None:
                self.dagtop.say("nothing is nested in this run")
                return
            table.go_to(above.key)
            line = above
        if line.group is not None:
            self.unfolded ^= {line.group.value}
        else:
            self.folded ^= {line.run}
        self.ask()

    def action_fold_all(self) -> None:
        """Fold all; where all are folded, unfold them."""
        heads = [line for line in self.table.items if line.group is not None or line.children]
        if not heads:
            self.dagtop.say("nothing is grouped or nested here: b groups")
        elif self.view.group is not None:
            unfolds = all(line.folded for line in heads)
            values = {line.group.value for line in heads if line.group is not None}
            self.unfolded = frozenset(values) if unfolds else frozenset()
        elif any(line.folded for line in heads):
            self.folded = frozenset()
        else:
            self.folded = frozenset(line.run for line in heads)
        self.ask()

    def action_nest(self) -> None:
        """Children below their parents, or not."""
        self.change(replace(self.view, nest=not self.view.nest))
        if not self.view.nest:
            self.dagtop.say("children stand where the order has them")
        elif self.view.nests:
            self.dagtop.say("children stand below their parents")
        else:
            self.dagtop.say("children stand below their parents where runs are sorted by start")

    # pins, and what is hidden

    def action_pin(self) -> None:
        """Keep runs on top; those that are pinned go back to their places."""
        line = self.table.current

        def then(uuids: list[str]) -> None:
            chosen = set(uuids)
            if chosen <= set(self.pinned):
                self.pinned = tuple(one for one in self.pinned if one not in chosen)
                words = f"{plural(len(uuids), 'run')} no more on top"
            else:
                self.pinned = tuple(dict.fromkeys((*self.pinned, *uuids)))
                words = f"{plural(len(uuids), 'run')} on top, whatever the filter"
            self.table.clear_marks()
            self.keep()
            self.ask()
            self.dagtop.say(words)

        if line is not None:
            self.with_uuids(then)

    def action_hide(self) -> None:
        """Leave runs out of the table until X."""

        def then(uuids: list[str]) -> None:
            self.hidden |= set(uuids)
            self.pinned = tuple(one for one in self.pinned if one not in self.hidden)
            self.table.clear_marks()
            self.keep()
            self.ask()
            self.dagtop.say(f"{plural(len(uuids), 'run')} hidden; X shows them again")

        self.with_uuids(then)

    def action_show_hidden(self) -> None:
        """Show all hidden runs again."""
        number = len(self.hidden)
        self.hidden = frozenset()
        self.keep()
        self.ask()
        self.dagtop.say(f"{plural(number, 'run')} shown again" if number else "no run is hidden")

    # going

    def action_open(self) -> None:
        """Open the run; a group is unfolded."""
        line = self.table.current
        if line is not None and line.group is not None:
            self.action_fold()
        elif (entry := self.current_entry()) is not None:
            self.dagtop.ways.open_tracked(entry.row.uuid)

    def action_compare(self) -> None:
        """The marked runs side by side."""
        marked = len(self.run_marks())
        if not LEAST <= marked <= MOST:
            self.dagtop.say(f"mark {LEAST} to {MOST} runs with Space to compare them: {marked} are")
            return
        self.with_uuids(self.dagtop.ways.open_compared)

    def _recorded(self) -> TrackedRow | None:
        """The run under the cursor, if a task recorded it."""
        entry = self.current_entry()
        if entry is None:
            return None
        row = entry.row
        if row.dag_id is None or row.run_id is None:
            self.dagtop.say("no task recorded it, but a script: it has no DAG run and no log here")
            return None
        return row

    def action_run_details(self) -> None:
        """Open the DAG run that recorded it."""
        row = self._recorded()
        if row is not None and row.dag_id is not None and row.run_id is not None:
            self.dagtop.ways.open_run(row.dag_id, row.run_id)

    def action_details(self) -> None:
        """Open the task instance that recorded it."""
        place = self._place(self._recorded())
        if place is not None:
            self.dagtop.ways.open_details(*place)

    def action_log(self) -> None:
        """Open the log of the task instance that recorded it."""
        place = self._place(self._recorded())
        if place is not None:
            self.dagtop.ways.open_log(*place)

    @staticmethod
    def _place(row: TrackedRow | None) -> tuple[str, str, str, int] | None:
        if row is None or row.dag_id is None or row.run_id is None or row.task_id is None:
            return None
        return row.dag_id, row.run_id, row.task_id, -1 if row.map_index is None else row.map_index

    def action_copy_id(self) -> None:
        """Copy the ids of the chosen runs."""

        def then(uuids: list[str]) -> None:
            what = f"run id {uuids[0]}" if len(uuids) == 1 else f"{len(uuids):,} run ids"
            self.dagtop.copy("\n".join(uuids), what)

        self.with_uuids(then)

    # acting

    def action_tag(self) -> None:
        """Set a tag on runs, or take it away."""
        from app.tui.screens.tracked_bulk import ask_tag

        self.with_uuids(lambda uuids: ask_tag(self, uuids))

    def action_rename(self) -> None:
        """Give the run under the cursor another name."""
        from app.tui.screens.tracked_bulk import ask_rename

        if (entry := self.current_entry()) is not None:
            ask_rename(self, entry.row.uuid, entry.row.name)

    def action_archive(self) -> None:
        """Archive runs; restore those that are."""
        from app.tui.screens.tracked_bulk import ask_archive

        self.with_uuids(lambda uuids: ask_archive(self, uuids))

    def action_delete(self) -> None:
        """Delete runs for good."""
        from app.tui.screens.tracked_bulk import ask_delete

        self.with_uuids(lambda uuids: ask_delete(self, uuids))

    def exports(self) -> list[Export]:
        """The marked runs, or all that pass the filter, with the columns that are shown."""
        from app.tui.screens.tracked_exports import exports

        return exports(self)

    def facts(self, row: Line) -> Any:
        raise NotImplementedError("the store filters this table")

    def show_rows(self) -> None:
        """Show what was read."""
        if self.snapshot is not None:
            self.show_snapshot(self.snapshot)
