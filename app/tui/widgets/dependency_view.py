"""DAGs and assets as nodes joined by lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.tui.models.dependencies import EMPTY, Dependencies, line_labels, node_text
from app.tui.widgets.graph_view import GraphForm, GraphView

if TYPE_CHECKING:
    from app.tui.spans import Spans
    from store.queries.grid import GridRow


class DependencyView(GraphView):
    """A ``GraphView`` of ``Dependencies``: what is said in and between its nodes is their own."""

    def __init__(self, look: GraphForm, *, widget_id: str | None = None) -> None:
        super().__init__(look, widget_id=widget_id)
        self.empty = ()
        self.dependencies = Dependencies()

    def show_all(self, dependencies: Dependencies, node: str | None = None) -> None:
        """Show what was read, the cursor on ``node``."""
        self.dependencies, self.empty = dependencies, EMPTY
        self.show(dependencies.shape, None, node)

    def grow_older(self) -> None:
        """Say again how long ago things were, where that has changed."""
        if self._texts != [self.node_text(row) for row in self.picture.nodes]:
            self.lay_out(again=False)

    def node_text(self, row: GridRow) -> Spans:
        return node_text(row.id, self.dependencies, self.dagtop.scene())

    def line_labels(self) -> dict[str, str]:
        return line_labels(self.picture)

    @property
    def found(self) -> list[str]:
        return self.dependencies.found(self.words)
