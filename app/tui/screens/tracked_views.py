"""What the views of one tracked run share: the run, its title, what is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.location import Location
from app.tui.models.tracked_run import title_line
from app.tui.reading_tracked_run import Read, TrackedSnapshot, read_tracked
from app.tui.screens import tracked_acting
from app.tui.screens.base import DagtopScreen
from app.tui.screens.views import TRACKED_VIEWS, View, ViewsScreen
from app.tui.spans import Span, span
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.tracked_page import TrackedPage

SHORT = 8
"""Digits of a run's id in words."""


@dataclass(slots=True)
class TrackedFocus:
    """The tracked run that is looked at. Its views share one."""

    uuid: str
    kept: dict[str, Any] = field(default_factory=dict)
    """What views want to find again, by their names; "view" is the one that was shown last."""
    name: str = ""
    """Of the run, once it is read."""
    was_there: bool = False
    """Whether it was ever read: if it isn't found then, it was deleted."""


class TrackedViewScreen(ViewsScreen):
    """One view of a tracked run. Subclasses have InfoLines ``#views`` and ``#title``, and show what
    arrived in ``show_page``."""

    views: ClassVar[Mapping[str, View]] = TRACKED_VIEWS

    def __init__(self, focus: TrackedFocus | str) -> None:
        """``focus``: the run, or its uuid alone."""
        super().__init__()
        self.look = TrackedFocus(focus) if isinstance(focus, str) else focus
        self.look.kept["view"] = self.view_name
        self.snapshot: TrackedSnapshot | None = None

    def make(self, view: View) -> DagtopScreen:
        return view.load()(self.look)

    def reader(self) -> Read | None:
        """What this view reads besides; its result is ``snapshot.own``."""
        return None

    def show_page(self, page: TrackedPage) -> None:
        """Show the run: ``snapshot`` is another one."""

    def show_missing(self, words: str) -> None:
        """Say in the middle that there is no such run."""

    @property
    def page(self) -> TrackedPage | None:
        """The run; None before it is read, and where there is none."""
        return None if self.snapshot is None else self.snapshot.page

    def location(self) -> Location:
        return Location(place=self.dagtop.ways.place_name, tracked=self.look.uuid)

    def to_find_again(self) -> dict[str, Any]:
        return self.look.kept

    def crumbs(self) -> tuple[str, ...]:
        return ("tracked runs", self.look.name or self.look.uuid[:SHORT])

    def fetch(self) -> Fetch:
        return partial(read_tracked, uuid=self.look.uuid, read=self.reader())

    def show_snapshot(self, snapshot: TrackedSnapshot) -> None:
        self.snapshot = snapshot
        page = snapshot.page
        if page is None:
            self.query_one("#title", InfoLine).line = (span(f" {self.missing_words()}", "warning"),)
            self.show_missing(self.missing_words())
            return
        self.look.was_there, self.look.name = True, page.row.name
        self.show_crumbs()
        self.show_title()
        self.show_page(page)

    def missing_words(self) -> str:
        """Why there is nothing to show."""
        if self.snapshot is None:
            return "reading ..."
        short = self.look.uuid[:SHORT]
        if self.look.was_there:
            return f"it is gone: tracked run {short} was deleted"
        return f"there is no tracked run {short}"

    def show_title(self) -> None:
        """The line about the run."""
        if self.page is not None:
            self.query_one("#title", InfoLine).line = title_line(self.page, self.dagtop.scene())

    def tick(self) -> None:
        super().tick()
        self.show_title()

    def show_right(self, *words: Span) -> None:
        """What stands at the right of the title."""
        self.query_one("#title", InfoLine).right = words

    # ways

    def action_run_details(self) -> None:
        """The DAG run that recorded it."""
        page = self.page
        if page is None:
            return
        if page.row.dag_id is None or page.row.run_id is None:
            self.dagtop.say("no DAG run recorded it: it comes from a script")
        elif page.version is None:
            self.dagtop.say(f"its DAG run {page.row.run_id} was deleted", "warning")
        else:
            self.dagtop.ways.open_run(page.row.dag_id, page.row.run_id)

    def action_details(self) -> None:
        """The task instance that recorded it."""
        row = None if self.page is None else self.page.row
        if row is None:
            return
        if row.dag_id is None or row.run_id is None or row.task_id is None:
            self.dagtop.say("no task recorded it: it comes from a script")
        else:
            self.dagtop.ways.open_details(row.dag_id, row.run_id, row.task_id, row.map_index)

    def action_parent(self) -> None:
        """The run that it is nested in."""
        page = self.page
        if page is not None and page.parent is not None:
            self.dagtop.ways.open_tracked(page.parent.uuid)
        elif page is not None:
            self.dagtop.say("it is nested in no other run")

    def action_copy_id(self) -> None:
        """Copy the run's id."""
        self.dagtop.copy(self.look.uuid, "the run id")

    # acting

    def action_edit_note(self) -> None:
        """Edit the note."""
        if self.page is not None:
            tracked_acting.ask_note(self.dagtop, self.page)

    def action_tag(self) -> None:
        """Set a tag, or take one away."""
        if self.page is not None:
            tracked_acting.ask_tag(self.dagtop, self.page, self.tag_here())

    def tag_here(self) -> str:
        """The tag under the cursor; empty: none."""
        return ""

    def action_rename(self) -> None:
        """Give it another name."""
        if self.page is not None:
            tracked_acting.ask_name(self.dagtop, self.page)

    def action_archive(self) -> None:
        """Archive it, or restore it."""
        if self.page is not None:
            tracked_acting.ask_archive(self.dagtop, self.page)

    def action_delete(self) -> None:
        """Delete it for good."""
        if self.page is not None:
            tracked_acting.ask_delete(self.dagtop, self.page)

    def action_reproduce(self) -> None:
        """Run it again with the same params."""
        if self.page is not None:
            tracked_acting.reproduce(self.dagtop, self.page)
