"""The runs of all DAGs, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.clicks import tab_at
from app.tui.models.runs import TABS, columns, tabs_line
from app.tui.screens.places import PlaceScreen
from app.tui.screens.run_list import RunsTable
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

NAMES = tuple(TABS)


class AllRunsScreen(RunsTable, PlaceScreen):
    """All runs there are, newest first, by state in tabs."""

    view_name: ClassVar[str] = "runs"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "place",
        "list",
        "table",
        "runs",
        "all_runs",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "runs", "all_runs")
    filter_hint: ClassVar[str] = "words  dag:x  state:failed  type:manual  dur>10m  note:x  !not"

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="tabs")
        yield Table(
            columns(of_all_dags=True),
            lambda entry: str(entry.run.id),
            empty="reading ...",
            widget_id="main",
        )
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def tab_states(self) -> frozenset[Any]:
        return TABS[self.tab]

    def show_counts(self) -> None:
        if self.snapshot is not None:
            tabs = self.query_one("#tabs", InfoLine)
            tabs.line = tabs_line(self.snapshot.counts, self.tab)
            tabs.right = self.count_spans(self.total())

    def empty_words(self) -> str:
        if self.tab != NAMES[0] and not self.filter_text and self.read.next is None:
            return f"No run is under {self.tab}. Tab goes on."
        return super().empty_words()

    # the tabs

    def kept(self) -> dict[str, Any]:
        return {**super().kept(), "tab": self.tab}

    def restore(self, kept: Mapping[str, Any]) -> None:
        super().restore(kept)
        tab = kept.get("tab")
        self.tab = tab if tab in TABS else NAMES[0]

    def action_next_tab(self) -> None:
        """The next tab."""
        self._turn_tab(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self._turn_tab(-1)

    def _turn_tab(self, step: int) -> None:
        self._show_tab(NAMES[(NAMES.index(self.tab) + step) % len(NAMES)])

    def on_info_line_clicked(self, message: InfoLine.Clicked) -> None:
        tab = tab_at(message.line.line, NAMES, message.x)
        if message.line.id == "tabs" and tab is not None:
            self._show_tab(tab)

    def _show_tab(self, tab: str) -> None:
        self.tab = tab
        self.keep()
        self.show_rows()
