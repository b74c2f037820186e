"""What the views of runs side by side share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from app.comparing.table import Line, table_of
from app.tui.formats import plural, stamp
from app.tui.location import Location
from app.tui.models.compare.form import CompareFocus
from app.tui.models.compare.sheet import about_line
from app.tui.reading_compare import CompareSnapshot, Own, read_compared
from app.tui.screens.base import DagtopScreen
from app.tui.screens.views import COMPARE_VIEWS, View, ViewsScreen
from app.tui.spans import Spans
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.compared import ComparedRun

T = TypeVar("T")


class CompareViewScreen(ViewsScreen):
    """One view of some runs. Subclasses have InfoLines ``#views`` and ``#compared``, and show what
    arrived in ``show_runs``."""

    views: ClassVar[Mapping[str, View]] = COMPARE_VIEWS

    def __init__(self, runs: Sequence[str] | CompareFocus) -> None:
        """``runs``: their uuids, or what another view of them has left."""
        super().__init__()
        self.look = runs if isinstance(runs, CompareFocus) else CompareFocus(list(runs))
        self.snapshot: CompareSnapshot | None = None
        self._made: dict[str, tuple[Any, Any, Any]] = {}

    def make(self, view: View) -> DagtopScreen:
        return view.load()(self.look)

    def location(self) -> Location:
        return Location(
            place=self.dagtop.ways.place_name,
            view=self.view_name,
            compared=tuple(self.look.uuids),
        )

    def to_find_again(self) -> dict[str, Any]:
        self.look.kept["focus"] = self.look
        return self.look.kept

    def crumbs(self) -> tuple[str, ...]:
        return ("compare", plural(len(self.look.uuids), "run"))

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_compared, uuids=tuple(self.look.uuids), own=self.reader())

    def reader(self) -> Own | None:
        """What this view reads besides; its result is ``own``."""
        return None

    @property
    def own(self) -> Any:
        """What this view has read besides; None before it is read."""
        return None if self.snapshot is None else self.snapshot.own

    def mounted(self) -> None:
        super().mounted()
        read = self.look.read
        if read is not None and self.reader() is None:  # another view has read the same
            self.show_snapshot(read)

    def show_snapshot(self, snapshot: CompareSnapshot) -> None:
        self.snapshot = self.look.read = snapshot
        self.show_crumbs()
        self.show_about()
        self.show_runs()

    def show_runs(self) -> None:
        """Show ``runs``: they are others, or in another order, or have logged more."""

    def made(self, what: str, make: Callable[[], T], *of: object) -> T:
        """What is made of the runs: anew only when they, their order or ``of`` are others."""
        basis = (tuple(self.look.uuids), *of)
        snapshot, kept_of, kept = self._made.get(what, (None, None, None))
        if snapshot is not self.snapshot or kept_of != basis:
            kept = make()
            self._made[what] = (self.snapshot, basis, kept)
        return cast("T", kept)

    @property
    def runs(self) -> tuple[ComparedRun, ...]:
        """The runs in their order; empty before they are read."""
        return self.made("runs", self._runs)

    def _runs(self) -> tuple[ComparedRun, ...]:
        found = {run.row.uuid: run for run in self.snapshot.runs} if self.snapshot else {}
        return tuple(found[uuid] for uuid in self.look.uuids if uuid in found)

    def table_lines(self) -> list[Line]:
        """All rows of the table, with the times of the user's zone."""
        zone, summary = self.dagtop.zone, self.look.summary

        def make() -> list[Line]:
            return table_of(self.runs, summary, lambda at: stamp(at, zone))

        return self.made("lines", make, summary)

    @property
    def baseline(self) -> int | None:
        """The place of the baseline among the runs."""
        uuids = [run.row.uuid for run in self.runs]
        return uuids.index(self.look.baseline) if self.look.baseline in uuids else None

    def show_about(self) -> None:
        """Say which runs these are."""
        gone = self.snapshot.gone if self.snapshot is not None else 0
        about = self.query_one("#compared", InfoLine)
        about.line = about_line(self.runs, self.look, gone)
        about.right = self.about_view()

    def about_view(self) -> Spans:
        """How they are looked at, at the right of that line."""
        return ()

    def empty_words(self) -> str:
        """Why there is nothing to show."""
        if self.snapshot is None:
            return "reading ..."
        return "These runs are deleted. Esc leads back."
