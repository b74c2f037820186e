"""The DAG list: the first screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import matches, parse
from app.tui.models.dags import (
    TABS,
    columns,
    detail_line,
    facts_of,
    in_tab,
    named,
    tab_counts,
    tabs_line,
)
from app.tui.reading import DagsSnapshot, read_dags
from app.tui.screens.base import DagtopScreen, counted
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.widgets.dialogs import Choices
    from store.queries.dags import DagRow


class DagsScreen(DagtopScreen):
    """All DAGs: state, schedule, recent runs."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table", "dags")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table", "dags")

    def __init__(self) -> None:
        super().__init__()
        self.tab = "All"
        self.filter_text = ""
        self._before_filter = ""
        self.snapshot: DagsSnapshot | None = None

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/",)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="tabs")
        yield Table(columns(), lambda dag: dag.dag_id, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    @property
    def table(self) -> Table[DagRow]:
        return self.query_one("#main", Table)

    def fetch(self) -> Fetch:
        return read_dags

    def show_snapshot(self, snapshot: DagsSnapshot) -> None:
        self.snapshot = snapshot
        self.dagtop.know_dags(tuple(dag.dag_id for dag in snapshot.dags))
        self.show_rows()
        self.show_banner()

    def show_rows(self) -> None:
        """Show what passes tab and filter."""
        if self.snapshot is None:
            return
        dags = self.snapshot.dags
        in_this_tab = [dag for dag in dags if in_tab(dag, self.tab)]
        terms = parse(self.filter_text)
        shown = [dag for dag in in_this_tab if matches(terms, facts_of(dag))]
        self.table.empty = self._empty_words(len(dags), len(in_this_tab))
        self.table.show(shown)
        tabs = self.query_one("#tabs", InfoLine)
        tabs.line = tabs_line(tab_counts(dags), self.tab)
        tabs.right = self._count_words(len(shown), len(dags))

    def _count_words(self, shown: int, total: int) -> Spans:
        parts: list[Span] = []
        if marks := len(self.table.marks):
            parts.append(Span(f"{marks} marked  ", "mark"))
        if self.filter_text:
            parts.extend((Span("/", "key"), span(self.filter_text, "accent"), Span("  ")))
        return (*parts, *counted(shown, total, "DAG" if total == 1 else "DAGs"))

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
        if not self.dagtop.trouble and self.snapshot is not None and self.snapshot.errors:
            errors = self.snapshot.errors
            number = "1 file" if len(errors) == 1 else f"{len(errors)} files"
            first = errors[0]
            place = first.file if first.line is None else f"{first.file}:{first.line}"
            return (
                Span(" ! ", "error"),
                Span(f"{number} can't be imported, ", "error"),
                Span("e", "key"),
                Span(" opens: ", "text"),
                span(f"{place} {first.error}", "dim"),
            )
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def on_table_moved(self) -> None:
        self._show_detail()
        if self.snapshot is not None:
            tabs = self.query_one("#tabs", InfoLine)
            tabs.right = self._count_words(len(self.table.items), len(self.snapshot.dags))

    def _show_detail(self) -> None:
        detail = self.query_one("#detail", InfoLine)
        detail.line = detail_line(self.table.current, self.dagtop.scene())

    def on_table_chosen(self) -> None:
        self.action_open()

    def step_back(self) -> bool:
        if self.table.clear_marks():
            return True
        if self.filter_text:
            self.filter_text = ""
            self.show_rows()
            return True
        return False

    # the filter

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self.filter_text
        prompt = self.query_one("#filter", PromptLine)
        await prompt.open(self.filter_text, "words  state:failed  tag:x  owner:x  paused  !not")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.filter_text = message.text.strip()
        self.show_rows()

    def on_prompt_line_escaped(self) -> None:
        self.filter_text = self._before_filter
        self.show_rows()

    # actions

    def action_open(self) -> None:
        """Open the DAG's grid."""
        dag = self.table.current
        if dag is not None:
            self.dagtop.open_dag(dag.dag_id)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def action_reverse(self) -> None:
        """Turn the order round."""
        table = self.table
        table.sort_by(table.sort_column or "name", not table.sort_descending)

    def action_mark(self) -> None:
        """Mark the row."""
        self.table.toggle_mark()

    def action_mark_all(self) -> None:
        """Mark all shown rows, or none."""
        self.table.toggle_all()

    def action_next_tab(self) -> None:
        """The next tab."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        self.tab = TABS[(TABS.index(self.tab) + step) % len(TABS)]
        self.show_rows()

    def action_errors(self) -> None:
        """Open the import errors."""
        if self.snapshot is None or not self.snapshot.errors:
            self.dagtop.say("all pipeline files can be imported")
            return
        parts: list[str] = []
        for error in self.snapshot.errors:
            place = error.file if error.line is None else f"{error.file}:{error.line}"
            parts.append(f"{place}\n{error.error}\n\n{(error.traceback or '').rstrip()}\n")
        self.dagtop.open_text("import errors", "\n".join(parts))

    def action_pause(self) -> None:
        """Pause what is on, unpause what is off; several marked: all follow the first."""
        chosen = self.table.chosen()
        if not chosen:
            return
        kind = "unpause" if chosen[0].is_paused else "pause"
        ids = [dag.dag_id for dag in chosen if dag.is_paused == chosen[0].is_paused]
        self.dagtop.act(kind, {"dag_ids": ids}, f"{kind}d {named(chosen)}")

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
            for dag in dags:
                payload = trigger_payload(dag.dag_id, {})
                self.dagtop.act("trigger", payload, f"triggered {dag.dag_id}")

        dialog = ConfirmDialog(
            f"Trigger {len(dags)} DAGs with their default params?",
            lines,
            f"trigger {len(dags)} DAGs",
        )
        self.app.push_screen(dialog, answered)
