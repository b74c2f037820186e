"""One DAG: its backfills, held, limited and cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.commander import act_all
from app.tui.filters import Facts
from app.tui.formats import plural
from app.tui.models.backfills import (
    backfill_lines,
    backfills_named,
    columns,
    detail_line,
    facts_of,
)
from app.tui.models.grid import dag_line
from app.tui.params import line
from app.tui.reading_backfills import BackfillsSnapshot, read_backfills
from app.tui.screens.acting_runs import NAMED
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.screens.listing import ListScreen
from app.tui.spans import Span, Spans
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from store.states import DagRunState

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.refresher import Fetch
    from store.queries.backfills import BackfillRow
    from store.queries.dags import DagRow


class BackfillsScreen(ListScreen["BackfillRow"], DagViewScreen):
    """All backfills of a DAG, newest first."""

    view_name: ClassVar[str] = "backfills"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "table", "backfills")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "table", "backfills")
    filter_hint: ClassVar[str] = "words  state:paused  by:ann  failed>0  runs>10  !not"
    first_order: ClassVar[str] = "id"

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: BackfillsSnapshot | None = None
        self._asked: tuple[ConfirmDialog, list[int]] | None = None
        """The question whether backfills are to end, and of which it is."""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield Table(columns(), lambda row: str(row.id), empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def facts(self, row: BackfillRow) -> Facts:
        return facts_of(row)

    def remember(self) -> None:
        self.look.kept[self.view_name] = self.table.current_key

    def dag_now(self) -> DagRow | None:
        return None if self.snapshot is None else self.snapshot.dag

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_backfills, dag_id=self.dag_id)

    def show_snapshot(self, snapshot: BackfillsSnapshot | None) -> None:
        if snapshot is None:
            self.table.empty = ""
            self.table.repaint()
            self.show_missing()
            return
        self.show_rows()
        self._renew_question(snapshot.rows)
        kept = self.look.kept.pop(self.view_name, None)
        if isinstance(kept, str):
            self.table.go_to(kept)

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = self.snapshot.rows
        self.table.empty = "No backfill passes the filter. Esc clears it."
        if not rows:
            how = "" if self.dagtop.read_only else " B makes the runs of a span of time."
            self.table.empty = f"There are no backfills of this DAG.{how}"
        self.table.show(self.passing(rows))
        self._show_lines()

    def _show_lines(self) -> None:
        scene = self.dagtop.scene()
        if self.snapshot is not None:
            info = self.query_one("#dag", InfoLine)
            info.line = dag_line(self.snapshot.dag, scene)
            info.right = self.count_words(len(self.snapshot.rows), "backfill", "backfills")
        self.query_one("#detail", InfoLine).line = detail_line(self.table.current, scene)

    def on_table_moved(self) -> None:
        self._show_lines()

    def tick(self) -> None:
        super().tick()
        self._show_lines()

    # actions

    def action_open(self) -> None:
        """The runs of the backfill."""
        from app.tui.screens.runs import RunsScreen

        row = self.table.current
        if row is not None:
            self.app.push_screen(RunsScreen(DagFocus(self.dag_id), backfill_id=row.id))

    def action_pause(self) -> None:
        """Pause what runs, let go on what is paused; several marked: all follow the first."""
        if rows := self._open_ones("paused"):
            held = rows[0].paused_at is not None
            kind, word = ("unpause_backfill", "unpaused") if held else ("pause_backfill", "paused")
            those = [row for row in rows if (row.paused_at is not None) == held]
            payloads = [{"backfill_id": row.id} for row in those]
            act_all(self.dagtop, kind, payloads, f"{word} {backfills_named(those)}")

    def action_cancel(self) -> None:
        """Cancel backfills, after asking."""
        if rows := self._open_ones("cancelled"):
            self._asked = (ask_cancel_backfills(self.dagtop, rows), [row.id for row in rows])

    def _renew_question(self, rows: Sequence[BackfillRow]) -> None:
        """Runs start and end while it is asked whether backfills are to end."""
        if self._asked is None:
            return
        dialog, ids = self._asked
        now = {row.id: row for row in rows}
        if dialog not in self.app.screen_stack:
            self._asked = None
        elif found := [now[one] for one in ids if one in now]:
            dialog.renew(cancel_lines(self.dagtop, found))

    def action_edit(self) -> None:
        """Set how many runs of the backfill run at the same time."""
        if rows := self._open_ones("given another limit"):
            ask_limit(self.dagtop, rows)

    def action_copy(self) -> None:
        """Copy the ids."""
        rows = self.table.chosen()
        if rows:
            ids = "\n".join(str(row.id) for row in rows)
            self.dagtop.copy(ids, f"the id of {backfills_named(rows)}")

    def _open_ones(self, what: str) -> list[BackfillRow]:
        """Of the marked backfills, else the one under the cursor, those that are not over."""
        chosen = self.table.chosen()
        found = [row for row in chosen if row.is_open]
        if not chosen:
            self.dagtop.say("no backfill is under the cursor")
        elif not found:
            words = f"{backfills_named(chosen)} is {chosen[0].state}"
            if len(chosen) > 1:
                words = f"all {len(chosen)} are over"
            self.dagtop.say(f"{words}: it can't be {what}" if len(chosen) == 1 else words)
        return found


def queued_runs(rows: Sequence[BackfillRow]) -> int:
    """How many runs of backfills have not started."""
    return sum(row.runs.get(DagRunState.QUEUED, 0) for row in rows)


def cancel_lines(app: DagtopApp, rows: Sequence[BackfillRow]) -> list[Spans]:
    """The backfills, and how many runs fail if they are cancelled now."""
    queued = queued_runs(rows)
    running = sum(row.runs.get(DagRunState.RUNNING, 0) for row in rows)
    lines: list[Spans] = [*backfill_lines(rows, app.scene(), NAMED), ()]
    verb = "fails" if queued == 1 else "fail"
    lines.append(
        (Span(f"{plural(queued, 'queued run')} {verb} without having started.", "strong"),)
    )
    if running:
        goes = "goes" if running == 1 else "go"
        words = f"{plural(running, 'running one')} {goes} on: Enter on a backfill lists its runs."
        lines.append((Span(words, "dim"),))
    return lines


def ask_cancel_backfills(app: DagtopApp, rows: Sequence[BackfillRow]) -> ConfirmDialog:
    """Ask whether backfills are to end, say how many runs fail by it, and do it."""
    named = backfills_named(rows)

    def answered(choices: Choices | None) -> None:
        if choices is None:
            return
        payloads = [{"backfill_id": row.id} for row in rows]
        act_all(app, "cancel_backfill", payloads, f"cancelled {named}")

    lines, number = cancel_lines(app, rows), max(queued_runs(rows), len(rows))
    dialog = ConfirmDialog(f"Cancel {named}?", lines, f"cancel {named}", number=number)
    app.push_screen(dialog, answered)
    return dialog


def ask_limit(app: DagtopApp, rows: Sequence[BackfillRow]) -> None:
    """Ask how many runs of backfills run at the same time, and set it."""

    def send(form: FormScreen, values: Values) -> None:
        done = (
            f"{plural(values['max_active_runs'], 'run')} of {backfills_named(rows)} may run at once"
        )
        form.act([("limit_backfill", {"backfill_id": row.id, **values}) for row in rows], done)

    LimitForm(app, rows).open(app, send)


class LimitForm(FormScreen):
    """One number, and what it is now."""

    def __init__(self, app: DagtopApp, rows: Sequence[BackfillRow]) -> None:
        now = sorted({row.max_active_runs for row in rows})
        head = backfill_lines(rows, app.scene(), NAMED)
        head.append((Span("now   ", "dim"), Span(", ".join(map(str, now)))))
        field = line(
            "max active runs",
            "whole number",
            text=str(now[0]) if len(now) == 1 else "",
            required=True,
            description="How many runs of the backfill run at the same time. What runs already "
            "goes on.",
        )
        super().__init__("Limit", [field], "set", head=head)

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        try:
            limit = int(texts[0])
        except ValueError:
            return {}, {0: "a whole number is wanted, as 10"}
        if not 1 <= limit <= 10**9:
            return {}, {0: "give at least 1" if limit < 1 else f"give at most {10**9}"}
        return {"max_active_runs": limit}, {}
