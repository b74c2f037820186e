"""The log of the try that recorded a tracked run, below the curve of one of its metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.chart import Chart
from app.tui.models.tracked_charts import ChartsForm, chart_of, is_system, title_of
from app.tui.models.tracked_run import recorded_by
from app.tui.reading_tracked_run import LogOfRun, Read, read_log_place
from app.tui.screens.log import file_name
from app.tui.screens.log_asking import LogAsking, LogWishes
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.widgets.chart import ChartView
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.log_filter import parse_filter

if TYPE_CHECKING:
    from store.queries.tracked_page import TrackedPage

CURVE = ChartsForm(across="wall")
"""How the curve is drawn: by the time of day, as the log goes."""


class TrackedLogScreen(TrackedViewScreen, LogAsking):
    """The curve's cursor is at the time of the log's line in the middle."""

    view_name: ClassVar[str] = "log"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "log",
        "tracked_run",
        "tracked_log",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "log", "tracked_run", "tracked_log")

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        self.wishes: LogWishes = self.look.kept.setdefault("log", LogWishes())
        self.key: str = self.look.kept.get("log curve", "")
        self._shown: Path | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield ChartView(widget_id="curve")
        yield from self.log_body()

    @property
    def curve(self) -> ChartView:
        return self.query_one("#curve", ChartView)

    def fit(self) -> None:
        super().fit()
        self.set_class(self.app.size.height >= 36, "-tall")

    # snapshots

    def reader(self) -> Read:
        return partial(read_log_place, keys=(self.key,) if self.key else ())

    @property
    def own(self) -> LogOfRun | None:
        """The try and its curve."""
        return None if self.snapshot is None else self.snapshot.own

    def show_page(self, page: TrackedPage) -> None:
        if not self.key and (keys := self._keys()):
            self.key = keys[0]
            self.look.kept["log curve"] = self.key
            self.ask()
        own, view = self.own, self.view
        if own is None:
            self.show_missing(
                f"the log of {recorded_by(page.row)} was deleted with its task instance"
                if page.row.task_id
                else "no task recorded it: what a script prints is not kept"
            )
        else:
            path = self.dagtop.workspace.log(own.dag_run_id, own.one.id)
            view.waiting = "there is no log any more: it was deleted, by upkeep or by hand"
            if own.one.started_at is None:
                view.waiting = "the try has not started yet: its log begins when it does"
            if path != self._shown:
                self._shown, self.time_range = path, None
                view.origin = own.one.started_at
                view.open(path, parse_filter(self.wishes.filter, self.wishes.level))
        self._show_curve()
        self.show_status()

    def show_missing(self, words: str) -> None:
        self.view.waiting = words
        self.view.open(None)
        self._shown = None

    def _show_curve(self) -> None:
        own = self.own
        found = [] if own is None else [one for one in own.curves if one.key == self.key]
        self.set_class(bool(found), "-curve")
        if found and self.page is not None:
            summary = next((one for one in self.page.metrics if one.key == self.key), None)
            title = title_of(self.key, summary, self.dagtop.scene())
            chart: Chart = chart_of(found[0], None, CURVE, title=title)
            self.curve.show(chart)
            self._point()

    def _point(self) -> None:
        """Put the curve's cursor where the log is."""
        self.curve.point_at(self.view.time_shown())

    def on_log_pager_changed(self) -> None:
        """The log was scrolled, or grew."""
        self._point()

    # the curve

    def _keys(self) -> Sequence[str]:
        """The metrics, those of the machine last."""
        metrics = self.page.metrics if self.page is not None else ()
        return sorted((one.key for one in metrics if one.count > 1), key=is_system)

    def action_next_curve(self) -> None:
        """The curve of the next metric."""
        keys = self._keys()
        if not keys:
            self.dagtop.say("no metric has more than one point: there is no curve")
            return
        place = keys.index(self.key) + 1 if self.key in keys else 0
        self.key = self.look.kept["log curve"] = keys[place % len(keys)]
        self.dagtop.say(f"the curve of {self.key}")
        self.ask()

    # the log

    def log_is_live(self) -> bool:
        return self.own is not None and self.own.one.ended_at is None

    def log_end(self) -> datetime:
        ended = None if self.own is None else self.own.one.ended_at
        return ended or self.dagtop.clock()

    def log_path(self) -> Path | None:
        return self._shown

    def default_name(self) -> str:
        return file_name("run", self.look.uuid[:8], self.look.name)
