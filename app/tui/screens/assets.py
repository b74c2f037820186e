"""Assets: what tasks produce and DAGs run on; and the events of one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models import assets as models
from app.tui.params import JSON, Field, value_of
from app.tui.reading_assets import AssetSnapshot, AssetsSnapshot, read_asset, read_assets
from app.tui.screens.forms import Errors, FormScreen, Values
from app.tui.screens.listing import ListScreen, PagedList
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.filters import Facts
    from app.tui.refresher import Fetch
    from store.queries.assets import AssetEventRow, AssetRow

EXTRA = Field(
    "extra",
    JSON,
    ("object",),
    "",
    description="What the event says: a JSON object, or nothing. The tasks of the runs that "
    "follow find it in triggering_asset_events.",
)


class AssetsScreen(ListScreen["AssetRow"], PlaceScreen):
    """All assets that pipeline files name."""

    view_name: ClassVar[str] = "assets"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "assets")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "assets")
    filter_hint: ClassVar[str] = "words  dag:x  group:x  waits  events>1  !not"
    first_order: ClassVar[str] = "name"

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: AssetsSnapshot | None = None
        self._wanted: int | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="summary")
        yield Table(
            models.columns(self.app.size.width),
            lambda row: str(row.id),
            empty="reading ...",
            widget_id="main",
        )
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def resized(self) -> None:
        super().resized()
        for table in self.query("#main").results(Table):
            table.set_columns(models.columns(self.app.size.width))

    def fetch(self) -> Fetch:
        return read_assets

    def facts(self, row: AssetRow) -> Facts:
        return models.facts_of(row)

    def show_snapshot(self, snapshot: AssetsSnapshot) -> None:
        self.snapshot = snapshot
        self.show_rows()
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not self.table.go_to(str(wanted)):
            self.step_back()  # the filter hides it
            self.table.go_to(str(wanted))

    def point_at(self, asset_id: int) -> None:
        """Put the cursor on an asset with the next snapshot."""
        self._wanted = asset_id

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = self.snapshot.assets
        self.table.empty = "No asset passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "No assets yet: outlets=[Asset('orders')] of a task makes one."
        self.table.show(self.passing(rows))
        self._show_count()

    def _show_count(self) -> None:
        total = len(self.snapshot.assets) if self.snapshot else 0
        summary = self.query_one("#summary", InfoLine)
        summary.line = (Span(" A task's success makes an event of its outlets.", "dim"),)
        summary.right = self.count_words(total, "asset", "assets")

    def on_table_moved(self) -> None:
        self._show_detail()
        self._show_count()

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def _show_detail(self) -> None:
        line = models.detail_line(self.table.current, self.dagtop.scene())
        self.query_one("#detail", InfoLine).line = line

    # actions

    def action_open(self) -> None:
        """Open the events of the asset."""
        row = self.table.current
        if row is not None:
            self.app.push_screen(AssetScreen(row.id, row.name))

    def action_record(self) -> None:
        """Record an event by hand."""
        row = self.table.current
        if row is not None and self.snapshot is not None:
            names = [one.name for one in self.snapshot.assets]
            ask_event(self.dagtop, row, is_shared=names.count(row.name) > 1)

    def action_materialize(self) -> None:
        """Trigger the DAG that produces the asset."""
        if self.table.current is not None:
            materialize(self.dagtop, self.table.current)

    def action_dependencies(self) -> None:
        """The graph of DAGs and assets, at the asset under the cursor."""
        row = self.table.current
        self.dagtop.ways.open_dependencies(asset_id=None if row is None else row.id)

    def action_copy(self) -> None:
        """Copy the URI."""
        row = self.table.current
        if row is not None:
            self.dagtop.copy(row.uri, "the URI")


class AssetScreen(PagedList["AssetEventRow"]):
    """The events of an asset, newest first; older ones are read at the end."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table", "asset")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table", "asset")
    filter_hint: ClassVar[str] = "words  dag:x  run:x  hand  !not"
    first_order: ClassVar[str] = "time"

    def __init__(self, asset_id: int, name: str) -> None:
        super().__init__()
        self.asset_id = asset_id
        self.asset_name = name
        self.snapshot: AssetSnapshot | None = None

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", "assets", self.asset_name)

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="summary")
        yield InfoLine(widget_id="asset")
        yield Table(
            models.event_columns(), lambda row: str(row.id), empty="reading ...", widget_id="main"
        )
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def fetch(self) -> Fetch:
        return partial(read_asset, asset_id=self.asset_id, pages=self.pages)

    def facts(self, row: AssetEventRow) -> Facts:
        return models.event_facts(row)

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        self.table.empty = "No event passes the filter. Esc clears it."
        if not self.snapshot.events:
            self.table.empty = "It has had no event yet. A records one by hand."
            if self.dagtop.read_only:
                self.table.empty = "It has had no event yet."
        self.table.show(self.passing(self.snapshot.events))
        self._show_count()

    def _show_count(self) -> None:
        if self.snapshot is None:
            return
        asset, scene = self.snapshot.asset, self.dagtop.scene()
        summary = self.query_one("#summary", InfoLine)
        summary.right = self.paged_words(len(self.snapshot.events), "event", "events")
        line = self.query_one("#asset", InfoLine)
        if asset is None:
            summary.line, line.line = (Span(" There is no such asset.", "warning"),), ()
            return
        made = models.task_words(asset.producers) or "no task"
        summary.line = (Span(" produced by ", "dim"), span(made))
        line.line = models.detail_line(asset, scene, with_event=False)

    def on_table_moved(self) -> None:
        self._show_detail()
        self._show_count()

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def _show_detail(self) -> None:
        line = models.event_line(self.table.current, self.dagtop.scene())
        self.query_one("#detail", InfoLine).line = line

    # actions

    def action_open(self) -> None:
        """Open the run that made the event."""
        row = self.table.current
        if row is None:
            return
        if row.source_dag_id is None or row.source_run_id is None:
            self.dagtop.say("it was recorded by hand: no run has made it")
        else:
            self.dagtop.ways.open_run(row.source_dag_id, row.source_run_id)

    def action_followers(self) -> None:
        """Open the run that followed from the event."""
        row = self.table.current
        if row is None:
            return
        if not row.runs:
            self.dagtop.say("no run has followed from it yet")
            return
        self.dagtop.ways.open_run(row.runs[0].dag_id, row.runs[0].run_id)
        if len(row.runs) > 1:
            self.dagtop.say(f"the first of {len(row.runs)} runs that followed from it")

    def action_dependencies(self) -> None:
        """The graph of DAGs and assets, at this one."""
        self.dagtop.ways.open_dependencies(asset_id=self.asset_id)

    def action_record(self) -> None:
        """Record an event by hand."""
        found = self.snapshot
        if found is not None and found.asset is not None:
            ask_event(self.dagtop, found.asset, is_shared=found.is_shared)

    def action_copy(self) -> None:
        """Copy what the event says."""
        row = self.table.current
        if row is not None:
            self.dagtop.copy(models.extra_words(row) or "{}", "the event's extra")


def materialize(app: DagtopApp, asset: AssetRow) -> None:
    """Trigger the DAG that produces an asset."""
    from app.tui.screens.triggering import trigger

    dags = list(dict.fromkeys(one.dag_id for one in asset.producers))
    if len(dags) == 1:
        trigger(app, dags[0])
    elif dags:
        app.say(f"{len(dags)} DAGs produce {asset.name}: trigger one of them")
    else:
        app.say(f"no DAG produces {asset.name}: A records an event of it")


def ask_event(app: DagtopApp, asset: AssetRow, *, is_shared: bool = False) -> None:
    """Ask what an event of the asset says, and record it. ``is_shared``: others have its name."""

    def send(form: FormScreen, values: Values) -> None:
        payload = {"asset": asset.uri if is_shared else asset.name, **values}
        form.act([("asset_event", payload)], f"recorded an event of {asset.name}")

    EventForm(asset).open(app, send)


class EventForm(FormScreen):
    """What the event says, and whom it makes run."""

    def __init__(self, asset: AssetRow) -> None:
        head: list[Spans] = []
        for number, one in enumerate(asset.consumers):
            words = "  takes no notice of it" if one.is_paused else ""
            name = Span("      " if number else "runs  ", "dim")
            head.append((name, *models.consumer_spans(one), Span(words, "warning")))
        if not asset.consumers:
            head.append((Span("runs  ", "dim"), Span("no DAG: none has it in its schedule")))
        super().__init__(f"Event of {asset.name}", [EXTRA], "record", head=head)

    def check(self, texts: list[str]) -> tuple[Values, Errors]:
        if not texts[0].strip():
            return {"extra": None}, {}
        try:
            extra: Any = value_of(EXTRA, texts[0])
        except ValueError as error:
            return {}, {0: str(error)}
        if not isinstance(extra, dict):
            return {}, {0: 'a JSON object is wanted: {"name": value}'}
        return {"extra": extra}, {}
