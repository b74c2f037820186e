"""The table of tracked runs: what is read of it, and how it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from app.tui.formats import plural
from app.tui.models.tracked_columns import (
    METRIC,
    NAME,
    PARTS,
    ColumnSpec,
    Sheet,
    can_sort,
    grow_widths,
    table_columns,
)
from app.tui.models.tracked_lines import Line
from app.tui.models.tracked_view import (
    TableView,
    sorted_by,
    sorted_by_more,
    turned,
    view_from,
    with_part,
)
from app.tui.models.tracked_words import column_words, detail_line, empty_words, tabs_line
from app.tui.reading_tracked import (
    FIRST,
    GROWS,
    MARGIN,
    MOST,
    Look,
    TableReader,
    TrackedSnapshot,
    is_chosen,
    read_entries,
    read_uuids,
)
from app.tui.screens.listing import ListScreen
from app.tui.screens.places import PlaceScreen
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.filter_line import FilterHint, FilterLine
from app.tui.widgets.tracked_table import TrackedTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.tui.refresher import Fetch
    from store.queries.tracked_table import Entry

WIDE = 110
"""Columns of the terminal from which on the experiment stands before what was logged."""
MOST_KEPT = 500
"""Pinned or hidden runs that are remembered."""


class TrackedList(ListScreen[Line], PlaceScreen):
    """The table, as the store has it: filtered, sorted and grouped there. Of its rows those are
    read that are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: TrackedSnapshot | None = None
        self.view = TableView()
        self.view_called = ""
        """The name of the saved view that was opened; empty: none."""
        self.sheet = Sheet()
        self.unfolded: frozenset[str | None] = frozenset()
        self.folded: frozenset[int] = frozenset()
        self.pinned: tuple[str, ...] = ()
        self.hidden: frozenset[str] = frozenset()
        self._auto: tuple[ColumnSpec, ...] | None = None
        self._limit = FIRST
        self._lines: tuple[Line, ...] = ()
        self._reading = False
        self._from_top = False
        """What comes next is another order: it is looked at from its top."""
        self._when_whole: Callable[[], None] | None = None
        """What is to be done once the place of all runs is known."""
        self._asked = (0, 0)
        """The lines that are read whole whenever something changes."""
        self._rest = Rest(self, self._watch)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="tabs")
        columns = table_columns((), self.sheet, self.app.size.width)
        yield TrackedTable(columns, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="column")
        yield InfoLine(widget_id="detail")
        yield FilterLine(widget_id="filter")
        hint = FilterHint(widget_id="hint")
        hint.display = False
        yield hint

    @property
    def table(self) -> TrackedTable:
        return self.query_one("#main", TrackedTable)

    # what is remembered

    def kept(self) -> dict[str, Any]:
        return {
            "view": self.view.as_json(),
            "called": self.view_called,
            "pinned": list(self.pinned),
            "hidden": sorted(self.hidden),
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        self.view = view_from(kept.get("view"))
        self.filter_text = self.view.filter
        called = kept.get("called")
        self.view_called = called if isinstance(called, str) else ""
        texts = {
            name: [one for one in found if isinstance(one, str)][:MOST_KEPT]
            for name in ("pinned", "hidden")
            if isinstance(found := kept.get(name), list)
        }
        self.pinned = tuple(texts.get("pinned", ()))
        self.hidden = frozenset(texts.get("hidden", ()))

    # what is read

    @property
    def columns(self) -> tuple[ColumnSpec, ...] | None:
        """The columns that are shown; None until they are chosen."""
        return self.view.columns if self.view.columns is not None else self._auto

    def fetch(self) -> Fetch:
        look = Look(
            self.view,
            self.columns,
            self.unfolded,
            self.folded,
            self.pinned,
            self.hidden,
            self._limit,
            self.app.size.width >= WIDE,
        )
        self._asked = self._window()
        return TableReader(look, self._asked, self.dagtop.clock)

    def _window(self) -> tuple[int, int]:
        """The lines that are read whole: those that are seen, and some around them."""
        if not self.query("#main"):
            return 0, 100
        position = self.table.position
        page = max(position.page, 20)
        return position.top - MARGIN * page, position.top + (1 + MARGIN) * page

    def show_snapshot(self, snapshot: TrackedSnapshot) -> None:
        first = self.snapshot is None
        self.snapshot = snapshot
        self._reading = False
        if self.view.columns is None and is_chosen(snapshot.columns):
            self._auto = snapshot.columns
        sheet, table = self.sheet, self.table
        sheet.entries, sheet.best = dict(snapshot.entries), snapshot.best
        sheet.is_grouped = snapshot.look.view.group is not None
        table.empty = empty_words(snapshot, self.dagtop.read_only)
        changed = first or self._from_top or snapshot.lines != self._lines
        self._lines = snapshot.lines
        if self._from_top:
            table.position.top = 0
        self._show_columns()
        if changed:
            show = table.show_from_top if self._from_top else table.show
            self._from_top = False
            show(snapshot.lines)
        else:
            table.repaint()
        self.show_counts()
        self._go_on()
        self._read_seen()

    def _show_columns(self) -> None:
        """Show the columns, as wide as what was read needs."""
        shown = self.snapshot.columns if self.snapshot is not None else ()
        grow_widths(self.sheet, shown, self._seen_lines(MARGIN))
        made = table_columns(shown, self.sheet, self.app.size.width)
        table = self.table
        table.order = tuple((one.spec.id, one.descending) for one in self.view.order)
        if [(c.key, c.width) for c in made] != [(c.key, c.width) for c in table.all_columns]:
            table.set_columns(made)
        else:
            table.repaint()

    def resized(self) -> None:
        super().resized()
        if self.is_there:
            self._show_columns()
            self._read_seen()

    def _go_on(self) -> None:
        """Learn the place of more runs where the cursor comes near the end of those known."""
        if self.snapshot is None or self.snapshot.is_whole or self._limit >= MOST:
            self._is_whole()
            return
        position = self.table.position
        near = position.cursor + 3 * position.page >= len(self._lines)
        if near or self._when_whole is not None:
            self._limit = MOST if self._when_whole is not None else min(MOST, self._limit * GROWS)
            self.ask()

    def _is_whole(self) -> None:
        then, self._when_whole = self._when_whole, None
        if then is not None:
            then()

    def when_whole(self, then: Callable[[], None]) -> None:
        """Do something once the place of all runs is known, as far as it ever is."""
        self._when_whole = then
        self._go_on()

    def _seen_lines(self, pages: int = 0) -> Sequence[Line]:
        position, page = self.table.position, max(1, self.table.position.page)
        first = max(0, position.top - pages * page)
        return self._lines[first : position.top + (1 + pages) * page]

    def _read_seen(self) -> None:
        """Read what is seen of the rows that were not, with some around them."""
        entries = self.sheet.entries
        if self._reading or self.snapshot is None:
            return
        if all(not line.run or line.run in entries for line in self._seen_lines()):
            return
        self._reading = True
        wanted = [one.run for one in self._seen_lines(MARGIN) if one.run and one.run not in entries]
        serial = self.serial

        def then(found: dict[int, Entry]) -> None:
            self._reading = False
            if not self.is_there or serial != self.serial:
                return
            gone = {key for key in wanted if key not in found}
            self.sheet.entries.update(found)
            self._show_columns()
            self.show_detail()
            if not gone:  # else a snapshot that lacks them is on its way
                self._read_seen()

        columns = self.snapshot.columns
        self.dagtop.refresher.once(partial(read_entries, ids=wanted, columns=columns), then)

    def _watch(self) -> None:
        """Have what is seen now read again when something changes."""
        position = self.table.position
        first, last = self._asked
        if self.is_current and not first <= position.top <= last - position.page:
            self.ask()

    def on_table_moved(self) -> None:
        self.show_detail()
        if self.snapshot is not None:
            self.show_counts()
            self._read_seen()
            self._go_on()
            self._rest.begin()

    def action_travel(self, way: str) -> None:
        """Move; to the end once it is known where that is."""
        if way == "bottom" and self.snapshot is not None and not self.snapshot.is_whole:
            self.when_whole(partial(super().action_travel, way))
        else:
            super().action_travel(way)

    # what is said

    def show_counts(self) -> None:
        """The line of tabs, and how many runs are shown."""
        tabs, snapshot = self.query_one("#tabs", InfoLine), self.snapshot
        if snapshot is None:
            return
        marks = len(self.table.marks)
        tabs.line, tabs.right = tabs_line(self.view, self.view_called, snapshot, marks)

    def tick(self) -> None:
        super().tick()
        self.show_detail()

    def show_detail(self) -> None:
        """The lines about the column and the row under the cursor."""
        line, scene = self.table.current, self.dagtop.scene()
        entry = None if line is None else self.sheet.entries.get(line.run)
        spec = self.current_spec
        self.query_one("#column", InfoLine).line = column_words(
            spec, entry, line, self.view, self.sheet, scene
        )
        self.query_one("#detail", InfoLine).line = detail_line(entry, line, scene)

    # how it is looked at

    def change(self, view: TableView, *, called: str | None = None) -> None:
        """Look at it in another way."""
        old = self.view
        if (view.experiments, view.dags, view.tab) != (old.experiments, old.dags, old.tab):
            self._auto, self._limit = None, FIRST
            self.unfolded, self.folded = frozenset(), frozenset()
            self.sheet.widths.clear()
        if view.group != old.group:
            self.unfolded = frozenset()
            self.sheet.widths.clear()
        if view.filter != old.filter:
            self._limit = FIRST
        self._from_top = replace(view, columns=old.columns) != old
        self.view, self.filter_text = view, view.filter
        if called is not None:
            self.view_called = called
        self._when_whole = None
        self.keep()
        self.show_crumbs()
        self.ask()

    def choose_columns(self) -> None:
        """Choose the columns anew, by the runs that pass the filter; those that somebody has chosen
        stay."""
        if self.view.columns is None and self._auto is not None:
            self._auto = None
            self.sheet.widths.clear()
            self.ask()

    def crumbs(self) -> tuple[str, ...]:
        chosen = (*self.view.experiments, *self.view.dags)
        where = (
            () if not chosen else (chosen[0],) if len(chosen) == 1 else (f"{len(chosen)} of them",)
        )
        return (*super().crumbs(), "experiments", *where)

    @property
    def current_spec(self) -> ColumnSpec:
        """The column under the cursor."""
        shown = self.snapshot.columns if self.snapshot is not None else ()
        return next((one for one in shown if one.id == self.table.column), NAME)

    def _sort(self, spec: ColumnSpec, *, more: bool) -> None:
        if not can_sort(spec):
            self.dagtop.say(f"runs can't be sorted by {spec.words}")
            return
        order = (sorted_by_more if more else sorted_by)(self.view.order, spec)
        self.change(replace(self.view, order=order))
        words = ", ".join(f"{one.spec.words} {'down' if one.descending else 'up'}" for one in order)
        self.dagtop.say(f"sorted by {words}" if words else "sorted by start, the newest first")

    def action_sort(self) -> None:
        """Sort by the column under the cursor."""
        self._sort(self.current_spec, more=False)

    def action_sort_more(self) -> None:
        """Sort by the column under the cursor, too."""
        self._sort(self.current_spec, more=True)

    def sort_by_head(self, key: str) -> None:
        self.table.go_to_column(key)
        self._sort(self.current_spec, more=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.change(replace(self.view, order=turned(self.view.order)))

    def _fixed(self) -> TableView:
        """The view with the columns that are shown, so that they can be changed."""
        shown = self.columns
        if shown is None and self.snapshot is not None:
            shown = self.snapshot.columns
        return self.view if shown is None else replace(self.view, columns=shown)

    def action_next_part(self) -> None:
        """Another value of the metric under the cursor."""
        spec = self.current_spec
        if spec.kind != METRIC:
            self.dagtop.say("metrics have last, min, max, mean, first: go to one with l")
            return
        part = PARTS[(PARTS.index(spec.part) + 1) % len(PARTS)]
        self.table.go_to_column(replace(spec, part=part).id)
        self.change(with_part(self._fixed(), spec, part))

    def action_column_left(self) -> None:
        """Move the column to the left."""
        self._move_column(-1)

    def action_column_right(self) -> None:
        """Move the column to the right."""
        self._move_column(1)

    def _move_column(self, step: int) -> None:
        view, spec = self._fixed(), self.current_spec
        columns = list(view.columns or ())
        place = columns.index(spec) + step if spec in columns else -1
        if not 0 <= place < len(columns):
            at_end = "is at the end already" if spec in columns else "stays: go to another with l"
            self.dagtop.say(f"{spec.words} {at_end}")
            return
        columns.remove(spec)
        columns.insert(place, spec)
        self.change(replace(view, columns=tuple(columns)))

    # what is chosen

    def run_keys(self) -> list[int]:
        """The ids of the marked runs, else of the one under the cursor."""
        ids = [line.run for line in self.table.chosen() if line.run]
        if not ids:
            self.dagtop.say("that is no run: go to one, or mark some")
        return list(dict.fromkeys(ids))

    def with_uuids(self, then: Callable[[list[str]], None]) -> None:
        """Do something with the uuids of the chosen runs."""
        if ids := self.run_keys():
            known = [self.sheet.entries.get(key) for key in ids]
            if all(known):
                then([one.row.uuid for one in known if one is not None])
            else:
                self.dagtop.read_first(partial(read_uuids, ids=ids), then)

    def current_entry(self) -> Entry | None:
        """The run under the cursor, if it is one and was read."""
        line = self.table.current
        entry = None if line is None else self.sheet.entries.get(line.run)
        if entry is None:
            self.dagtop.say("that is no run: go to one")
        return entry

    def action_mark_all(self) -> None:
        """Mark all runs that pass the filter, or none."""
        if self.snapshot is not None and not self.snapshot.is_whole:
            self.dagtop.say("reading all runs to mark them ...")
            self.when_whole(self._mark_all)
        else:
            self._mark_all()

    def _mark_all(self) -> None:
        self.table.toggle_all()
        if marked := len(self.run_marks()):
            self.dagtop.say(f"marked {plural(marked, 'run')}")

    def run_marks(self) -> set[int]:
        """The ids of the runs that are marked."""
        if not self.table.marks:
            return set()
        return {line.run for line in self.table.chosen() if line.run}
