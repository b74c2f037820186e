"""The pools, and who holds their slots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.formats import plural
from app.tui.models import pools as models
from app.tui.models.fields import CHOICE, FIXED, FormField
from app.tui.reading_admin import PoolsSnapshot, read_pools
from app.tui.screens.admin import AdminScreen
from app.tui.screens.base import counted
from app.tui.screens.listing import ListScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from app.tui.widgets.text_view import TextView
from app.tui.writing_admin import delete_pools, save_pool, save_pools

if TYPE_CHECKING:
    from app.tui.columns import Column
    from app.tui.refresher import Fetch
    from store.queries.admin import SlotRow
    from store.queries.pools import PoolRow

MOST_SHOWN = 500
"""Task instances of a pool that are read."""
MOST_BELOW = 50
"""Of those listed below the pools."""
AS_IT_IS = "as it is"
"""Of a field of several pools that differ."""
TALL = 30
"""Lines of a terminal from which on there is room for them."""


class PoolsScreen(AdminScreen["PoolRow"]):
    """Slots: how many, who uses them."""

    view_name: ClassVar[str] = "pools"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "admin")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "admin")
    filter_hint: ClassVar[str] = "words  full  slots>4  open<2  wait>0  !not"
    first_order: ClassVar[str] = "name"
    noun: ClassVar[str] = "pool"
    nouns: ClassVar[str] = "pools"
    empty_words: ClassVar[str] = "No pools yet: A adds one."
    empty_read_only: ClassVar[str] = "No pools yet."

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: PoolsSnapshot | None = None
        self._below = ""
        """The pool whose task instances are listed below the table; empty: none."""

    def make_columns(self) -> Sequence[Column[PoolRow]]:
        return models.columns(self.app.size.width)

    def name_of(self, row: PoolRow) -> str:
        return row.name

    def rows(self) -> Sequence[PoolRow]:
        return () if self.snapshot is None else self.snapshot.pools

    def facts(self, row: PoolRow) -> Facts:
        return models.facts_of(row)

    def body(self) -> Iterable[Widget]:
        *above, detail, prompt = super().body()
        below = TextView(wrap=False, widget_id="below")
        below.can_focus = False
        yield from (*above, detail, below, prompt)

    def fetch(self) -> Fetch:
        limit = MOST_BELOW if self._below else 0
        return partial(read_pools, name=self._below, limit=limit)

    def show_snapshot(self, snapshot: PoolsSnapshot) -> None:
        super().show_snapshot(snapshot)
        self._show_below()

    def on_table_moved(self) -> None:
        row = self.table.current
        wanted = row.name if row is not None and self.app.size.height >= TALL else ""
        if wanted != self._below:
            self._below = wanted
            self.ask()

    def tick(self) -> None:
        super().tick()
        self._show_below()

    def _show_below(self) -> None:
        """Who holds and waits for the slots of the pool under the cursor, where there is room."""
        found = self.snapshot
        if found is not None and found.name:
            lines = models.slot_lines(found.slots, found.total, self.dagtop.scene())
            heading = (Span("  "), span(f"{found.name}: who holds slots, who waits", "heading"))
            self.query_one("#below", TextView).show([heading, *lines])

    def summary(self) -> Spans:
        return models.legend(self.dagtop.glyphs) if self.rows() else ()

    def detail(self, row: PoolRow | None) -> Spans:
        return models.detail_line(row, self.dagtop.scene())

    def known(self) -> set[str]:
        return {row.name for row in self.rows() if row.exists}

    def delete_all(self, connection: Any, names: Sequence[str]) -> str:
        return delete_pools(connection, names)

    def copy(self, row: PoolRow) -> None:
        self.dagtop.copy(row.name, "the name")

    def warnings(self, rows: Sequence[PoolRow]) -> list[Spans]:
        lines: list[Spans] = []
        for row in rows:
            slots = row.used + row.scheduled
            if slots:
                words = f"{row.name}: {plural(slots, 'slot')} used or waited for now"
                lines.append((Span("! ", "warning"), span(words)))
        words = "Tasks that name it wait until it is made again."
        if len(rows) > 1:
            words = "Tasks that name them wait until they are made again."
        return [*lines, (), (Span(words, "dim"),)]

    # forms

    def edit(self, name: str | None) -> None:
        row = next((one for one in self.rows() if one.name == name), None)
        check = partial(models.problems, known=self.known())

        def save(connection: Any, name: str | None, touched: Mapping[str, str]) -> str:
            if row is not None and not row.exists:
                return save_pool(connection, None, {"name": row.name, **touched})
            return save_pool(connection, name, touched)

        self.open_form(name, pool_fields(row), save, check)

    def edit_all(self, rows: Sequence[PoolRow]) -> None:
        """The form of several pools at once."""

        def save(connection: Any, name: str | None, touched: Mapping[str, str]) -> str:
            return save_pools(connection, [row.name for row in rows], touched)

        fields, check = fields_of_all(rows), models.problems_of_all
        self.open_form(None, fields, save, check, title=plural(len(rows), "pool"))

    # actions

    def action_edit(self) -> None:
        """Change the marked pools, else the one under the cursor."""
        chosen = self.table.chosen()
        rows = [row for row in chosen if row.exists]
        if len(chosen) < 2:
            super().action_edit()
        elif not rows:
            self.dagtop.say("none of these pools exists: edit one to make it", "warning")
        else:
            if missing := len(chosen) - len(rows):
                self.dagtop.say(f"{plural(missing, 'marked pool')} not made yet: left out")
            self.edit_all(rows)

    def action_open(self) -> None:
        """Open the task instances that hold and wait for the slots."""
        row = self.table.current
        if row is not None:
            self.look(row.name)

    def look(self, name: str) -> None:
        self.app.push_screen(PoolScreen(name))

    def ask_delete(self, rows: Sequence[PoolRow]) -> None:
        """The default pool stays, whatever is marked."""
        if rows and not any(row.exists for row in rows):
            self.dagtop.say(f"pool {rows[0].name} does not exist: nothing to delete", "warning")
        rows = [row for row in rows if row.exists]
        others = [row for row in rows if row.name != models.DEFAULT_POOL]
        if len(others) < len(rows):
            words = f"{models.DEFAULT_POOL} can't be deleted; give it fewer slots instead"
            self.dagtop.say(words, "error" if not others else "warning")
        super().ask_delete(others)


class PoolScreen(ListScreen["SlotRow"]):
    """The task instances that hold slots of a pool, and those that wait for them."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table")
    filter_hint: ClassVar[str] = "words  state:queued  dag:x  task:x  slots>1  !not"
    first_order: ClassVar[str] = "task"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.pool_name = name
        self.snapshot: PoolsSnapshot | None = None

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", "pools", self.pool_name)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="summary")
        yield InfoLine(widget_id="detail")
        yield Table(
            models.slot_columns(), lambda row: str(row.id), empty="reading ...", widget_id="main"
        )
        yield PromptLine("/", widget_id="filter")

    def facts(self, row: SlotRow) -> Facts:
        return models.slot_facts(row)

    def fetch(self) -> Fetch:
        return partial(read_pools, name=self.pool_name, limit=MOST_SHOWN)

    @property
    def pool(self) -> PoolRow | None:
        """The pool as it is now; None if somebody deleted it."""
        pools = self.snapshot.pools if self.snapshot else ()
        return next((row for row in pools if row.name == self.pool_name), None)

    def show_snapshot(self, snapshot: PoolsSnapshot) -> None:
        self.snapshot = snapshot
        self.show_rows()

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = list(self.snapshot.slots)
        self.table.empty = "No task instance passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "No task instance holds a slot of this pool or waits for one."
        self.table.show(self.passing(rows))
        pool, scene = self.pool, self.dagtop.scene()
        summary = self.query_one("#summary", InfoLine)
        detail = self.query_one("#detail", InfoLine)
        if pool is None or not pool.exists:
            words = " There is no such pool: its tasks wait until it is made."
            summary.line = (Span(words, "warning"),)
            detail.line = ()
        else:
            summary.line = (Span(" "), *models.bar(pool, scene.glyphs))
            detail.line = models.detail_line(pool, scene)
        self._show_count()

    def _show_count(self) -> None:
        total = self.snapshot.total if self.snapshot else 0
        shown = len(self.snapshot.slots) if self.snapshot else 0
        words = self.count_words(shown, "task instance", "task instances")
        if total > shown and not self.filter_text:
            words = counted(shown, total, "task instances")
        self.query_one("#summary", InfoLine).right = words

    def on_table_moved(self) -> None:
        self._show_count()

    def action_open(self) -> None:
        """Open the log of the task instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_log(row.dag_id, row.run_id, row.task_id, row.map_index)


def pool_fields(pool: PoolRow | None) -> list[FormField]:
    """The fields of the form of a pool, or of a new one."""
    deferred = "yes" if pool is not None and pool.include_deferred else "no"
    return [
        FormField("name", "pool", about="What tasks call it: pool='gpu'.")
        if pool is None
        else FormField("name", "pool", FIXED, pool.name),
        FormField(
            "slots",
            "slots",
            text="" if pool is None else str(pool.slots),
            about="How many tasks with one slot run at the same time; -1: no limit.",
        ),
        FormField(
            "include_deferred",
            "with deferred",
            CHOICE,
            deferred,
            "Whether deferred tasks hold their slots.",
            options=("no", "yes"),
        ),
        FormField(
            "description",
            "description",
            text="" if pool is None else pool.description,
            about="What it is for.",
        ),
    ]


def fields_of_all(pools: Sequence[PoolRow]) -> list[FormField]:
    """The fields of the form of several pools: where they differ, a field is empty at first."""
    names = ", ".join(pool.name for pool in pools)
    slots = {str(pool.slots) for pool in pools}
    differ = len({pool.include_deferred for pool in pools}) > 1
    deferred = "yes" if pools[0].include_deferred else "no"
    return [
        FormField("name", "pools", FIXED, names),
        FormField(
            "slots",
            "slots",
            text=slots.pop() if len(slots) == 1 else "",
            about="How many tasks run at once in each; -1: no limit; empty: as it is.",
        ),
        FormField(
            "include_deferred",
            "with deferred",
            CHOICE,
            AS_IT_IS if differ else deferred,
            "Whether deferred tasks hold their slots.",
            options=(AS_IT_IS, "no", "yes") if differ else ("no", "yes"),
        ),
    ]
