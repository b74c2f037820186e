"""What depends on what in the workspace: DAGs and assets as nodes of one graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.dependencies import (
    Dependencies,
    asset_node,
    dag_node,
    edges_line,
    head_line,
    lines_of,
    node_line,
)
from app.tui.reading_assets import DependenciesSnapshot, read_condition, read_dependencies
from app.tui.screens.assets import ask_event, materialize
from app.tui.screens.picture import PictureScreen
from app.tui.spans import Spans
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.dependency_view import DependencyView
from app.tui.widgets.graph_view import GraphForm
from app.tui.widgets.prompt import PromptLine

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from app.tui.location import Location
    from app.tui.refresher import Fetch
    from store.queries.assets import AssetRow
    from store.queries.dags import DagRow


class DependenciesScreen(PictureScreen):
    """DAGs, assets, and what leads to what, live."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "picture", "dependencies")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "picture", "dependencies")
    node_word: ClassVar[str] = "DAG and no asset"
    name_word: ClassVar[str] = "name"
    too_large: ClassVar[str] = "z shows what is near"
    find_hint: ClassVar[str] = "words of names and URIs"

    def __init__(self, location: Location, asset_id: int | None = None) -> None:
        """``location``: that of this screen, with the DAG that is put under the cursor, if any;
        ``asset_id``: an asset that is."""
        super().__init__()
        self.snapshot: DependenciesSnapshot | None = None
        self._location = location
        self._wanted: str | None = None if asset_id is None else asset_node(asset_id)
        if location.dag_id is not None:
            self._wanted = dag_node(location.dag_id)
        self._condition: tuple[str | None, str] = (None, "")
        """Of the DAG with this node: what it waits for."""
        self._rest = Rest(self, self._read_condition)

    def location(self) -> Location:
        return self._location

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", "assets", "dependencies")

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="summary")
        yield DependencyView(GraphForm(), widget_id="main")
        yield InfoLine(widget_id="node")
        yield InfoLine(widget_id="edges")
        yield PromptLine("/", widget_id="find")

    @property
    def view(self) -> DependencyView:
        return self.query_one("#main", DependencyView)

    @property
    def found(self) -> Dependencies:
        """What was read; nothing before that."""
        return self.snapshot.found if self.snapshot is not None else Dependencies()

    @property
    def dag(self) -> DagRow | None:
        """The DAG under the cursor."""
        return self.found.dags.get(self.view.cursor or "")

    @property
    def asset(self) -> AssetRow | None:
        """The asset under the cursor."""
        return self.found.assets.get(self.view.cursor or "")

    @property
    def has_row(self) -> bool:
        return self.view.cursor is not None

    # snapshots

    def fetch(self) -> Fetch:
        return read_dependencies

    def show_snapshot(self, snapshot: DependenciesSnapshot) -> None:
        wanted, self._wanted = self._wanted, None
        self.view.show_all(snapshot.found, wanted)
        self.show_status()
        self._read_condition()
        if wanted is not None and self.view.whole.nodes and wanted != self.view.cursor:
            name = wanted.partition(" ")[2] if wanted.startswith("dag ") else "the asset"
            self.dagtop.say(f"{name} depends on nothing here, and nothing on it")

    def show_status(self) -> None:
        if self.snapshot is None:
            return
        summary = self.query_one("#summary", InfoLine)
        summary.line = head_line(self.found, self.snapshot.others, self.dagtop.scene())
        summary.right = self.status() if self.view.whole.nodes else ()
        node, scene = self.view.cursor, self.dagtop.scene()
        condition = self._condition[1] if self._condition[0] == node else ""
        self.query_one("#node", InfoLine).line = node_line(node, self.found, scene)
        self.query_one("#edges", InfoLine).line = edges_line(node, self.found, condition, scene)

    def tick(self) -> None:
        self.view.grow_older()
        super().tick()
        self.show_status()

    def on_graph_view_moved(self) -> None:
        self.show_status()
        if self._condition[0] != self.view.cursor:
            self._rest.begin()

    def on_graph_view_chosen(self) -> None:
        self.action_open()

    def _read_condition(self) -> None:
        """Read what the DAG under the cursor waits for."""
        dag, node = self.dag, self.view.cursor
        if dag is None or not self.is_current:
            return

        def then(words: str) -> None:
            if self.is_there:
                self._condition = (node, words)
                self.show_status()

        self.dagtop.refresher.once(lambda store: read_condition(store, dag.dag_id), then)

    # going

    def action_open(self) -> None:
        """Open the DAG; show the asset among the others."""
        if self.dag is not None:
            self.dagtop.ways.open_dag(self.dag.dag_id)
        elif self.asset is not None:
            self.dagtop.ways.open_asset(self.asset.id)

    # acting

    def action_trigger(self) -> None:
        """Trigger the DAG, or the one that produces the asset."""
        from app.tui.screens.triggering import trigger

        if self.dag is not None:
            trigger(self.dagtop, self.dag.dag_id)
        elif self.asset is not None:
            materialize(self.dagtop, self.asset)

    def action_record(self) -> None:
        """Record an event of the asset by hand."""
        asset = self.asset
        if asset is None:
            self.dagtop.say("put the cursor on an asset: events are of assets")
            return
        is_shared = self.snapshot is not None and asset.name in self.snapshot.shared
        ask_event(self.dagtop, asset, is_shared=is_shared)

    def action_copy(self) -> None:
        """Copy the DAG's id, or the asset's URI."""
        if self.dag is not None:
            self.dagtop.copy(self.dag.dag_id, "the DAG id")
        elif self.asset is not None:
            self.dagtop.copy(self.asset.uri, "the URI")

    def exports(self) -> list[Export]:
        """The edges, one a line."""
        from app.tui.exporting import Export

        picture = self.view.picture

        def text() -> str:
            return "".join(f"{line}\n" for line in lines_of(picture))

        return [Export("the dependencies as text", "txt", text)]
