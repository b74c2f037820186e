"""The DAG list: the first screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.clicks import tab_at
from app.tui.commander import act_all
from app.tui.filters import Facts
from app.tui.formats import plural
from app.tui.models.dags import (
    TABS,
    columns,
    detail_line,
    facts_of,
    in_tab,
    named,
    tab_counts,
    tabs_line,
    trouble_with_files,
)
from app.tui.reading import DagsSnapshot, read_dags
from app.tui.screens.listing import ListScreen
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.widgets.dialogs import Choices
    from store.queries.dags import DagRow


class DagsScreen(ListScreen["DagRow"], PlaceScreen):
    """All DAGs: state, schedule, recent runs."""

    view_name: ClassVar[str] = "dags"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "dags")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "dags")
    filter_hint: ClassVar[str] = "words  state:failed  tag:x  owner:x  favourite  !paused"
    first_order: ClassVar[str] = "name"

    def __init__(self) -> None:
        super().__init__()
        self.tab = "All"
        self.snapshot: DagsSnapshot | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="tabs")
        yield Table(columns(), lambda dag: dag.dag_id, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def facts(self, row: DagRow) -> Facts:
        return facts_of(row, self.dagtop.memory.favourites)

    def fetch(self) -> Fetch:
        return read_dags

    def show_snapshot(self, snapshot: DagsSnapshot) -> None:
        self.snapshot = snapshot
        self.show_rows()
        self.show_banner()

    def show_rows(self) -> None:
        """Show what passes tab and filter."""
        if self.snapshot is None:
            return
        dags = self.snapshot.dags
        in_this_tab = [dag for dag in dags if in_tab(dag, self.tab)]
        self.table.empty = self._empty_words(len(dags), len(in_this_tab))
        self.table.show(self.passing(in_this_tab))
        tabs = self.query_one("#tabs", InfoLine)
        tabs.line = tabs_line(tab_counts(dags), self.tab)
        tabs.right = self.count_words(len(dags), "DAG", "DAGs")

    def _empty_words(self, total: int, in_tab: int) -> str:
        if total == 0:
            return "No DAGs yet: put a pipeline file into dags/ and it appears here."
        if in_tab == 0:
            return f"No DAG is under {self.tab}. Tab goes on."
        return "No DAG passes the filter. Esc clears it."

    def show_banner(self) -> None:
        super().show_banner()
        if self.snapshot is None and self.dagtop.trouble:
            self.table.empty = ""
            self.table.repaint()

    def banner(self) -> Spans:
        if not self.dagtop.trouble and self.snapshot is not None:
            line = trouble_with_files(self.snapshot.errors, self.snapshot.warnings)
            if line:
                return line
        return super().banner()

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def on_table_moved(self) -> None:
        self._show_detail()
        if self.snapshot is not None:
            tabs = self.query_one("#tabs", InfoLine)
            tabs.right = self.count_words(len(self.snapshot.dags), "DAG", "DAGs")

    def _show_detail(self) -> None:
        detail = self.query_one("#detail", InfoLine)
        detail.line = detail_line(self.table.current, self.dagtop.scene())

    @property
    def pointed_at(self) -> str | None:
        return self.table.current.dag_id if self.table.current is not None else None

    # actions

    def action_open(self) -> None:
        """Open the DAG's grid."""
        dag = self.table.current
        if dag is not None:
            self.dagtop.ways.open_dag(dag.dag_id)

    def action_next_tab(self) -> None:
        """The next tab."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self._turn(-1)

    def kept(self) -> dict[str, Any]:
        return {**super().kept(), "tab": self.tab}

    def restore(self, kept: Mapping[str, Any]) -> None:
        super().restore(kept)
        tab = kept.get("tab")
        self.tab = tab if tab in TABS else TABS[0]

    def _turn(self, step: int) -> None:
        if self.snapshot is None:
            self.dagtop.say("there are no DAGs yet")
            return
        self._show_tab(TABS[(TABS.index(self.tab) + step) % len(TABS)])

    def on_info_line_clicked(self, message: InfoLine.Clicked) -> None:
        tab = tab_at(message.line.line, TABS, message.x)
        if message.line.id == "tabs" and tab is not None:
            self._show_tab(tab)

    def _show_tab(self, tab: str) -> None:
        self.tab = tab
        self.keep()
        self.show_rows()

    def action_errors(self) -> None:
        """Open the import errors."""
        if self.snapshot is None or not (self.snapshot.errors or self.snapshot.warnings):
            self.dagtop.say("all pipeline files can be imported")
            return
        self.dagtop.ways.open_errors(self.snapshot)

    def action_copy(self) -> None:
        """Copy the ids."""
        chosen = self.table.chosen()
        if chosen:
            self.dagtop.copy("\n".join(dag.dag_id for dag in chosen), plural(len(chosen), "DAG id"))

    def action_pause(self) -> None:
        """Pause what is on, unpause what is off; several marked: all follow the first."""
        chosen = self.table.chosen()
        if not chosen:
            return
        kind = "unpause" if chosen[0].is_paused else "pause"
        ids = [dag.dag_id for dag in chosen if dag.is_paused == chosen[0].is_paused]
        self.dagtop.act(kind, {"dag_ids": ids}, f"{kind}d {named(chosen)}")

    def action_favourite(self) -> None:
        """Give the DAGs a star, or take it away; several marked: all follow the first."""
        from app.tui.screens.favouring import turn_favourite

        if chosen := self.table.chosen():
            changed = set(turn_favourite(self.dagtop, [dag.dag_id for dag in chosen]))
            self.forget_facts(lambda dag: dag.dag_id in changed)
            self.show_rows()

    def action_edit_schedule(self) -> None:
        """Edit the schedule of the DAG under the cursor, or of all that are marked."""
        from app.tui.screens.scheduling import ask_schedule

        if ids := [dag.dag_id for dag in self.table.chosen()]:
            ask_schedule(self.dagtop, *ids)

    def action_edit_file(self) -> None:
        """Open the file of the DAG under the cursor in the editor."""
        from app.tui.screens.sourcing import edit_line

        if dag := self._only("edit files"):
            edit_line(self.dagtop, dag.dag_id)

    def action_backfill(self) -> None:
        """Backfill the DAG under the cursor."""
        from app.tui.screens.backfilling import ask_backfill

        if dag := self._only("backfill"):
            ask_backfill(self.dagtop, dag.dag_id)

    def action_delete(self) -> None:
        """Delete DAGs with all their runs, after asking."""
        from app.tui.screens.deleting import ask_delete_dags

        if chosen := self.table.chosen():
            ask_delete_dags(self.dagtop, chosen)

    def _only(self, what: str) -> DagRow | None:
        """The one DAG that is marked or under the cursor; says so where several are."""
        chosen = self.table.chosen()
        if len(chosen) > 1:
            self.dagtop.say(f"{what} one at a time: {len(chosen)} DAGs are marked")
        return chosen[0] if len(chosen) == 1 else None

    def action_trigger(self) -> None:
        """Trigger a run; several marked: one of each, with default params."""
        from app.tui.screens.triggering import trigger

        chosen = self.table.chosen()
        if len(chosen) == 1:
            trigger(self.dagtop, chosen[0].dag_id)
        elif chosen:
            self._trigger_all(chosen)

    def _trigger_all(self, dags: list[DagRow]) -> None:
        from app.tui.screens.triggering import trigger_payload
        from app.tui.widgets.dialogs import ConfirmDialog

        lines = [(Span("  "), span(dag.dag_id)) for dag in dags]

        def answered(choices: Choices | None) -> None:
            if choices is None:
                return
            payloads = [trigger_payload(dag.dag_id, {}) for dag in dags]
            act_all(self.dagtop, "trigger", payloads, f"triggered {named(dags)}")

        dialog = ConfirmDialog(
            f"Trigger {len(dags)} DAGs with their default params?",
            lines,
            f"trigger {len(dags)} DAGs",
            number=len(dags),
        )
        self.app.push_screen(dialog, answered)
