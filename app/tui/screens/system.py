"""System: the runner, its processes, the machine, the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.machine import MachineSampler, Watch
from app.tui.models.system import Known, as_text, page
from app.tui.reading_system import (
    Folders,
    SystemLook,
    SystemSample,
    SystemSnapshot,
    log_tail,
    read_folders,
    read_system,
)
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.refresher import Fetch

FOLDERS_PERIOD = 60.0
"""Seconds between two walks through the folders."""


class Looked(Message):
    """The machine, the runner and the processes were looked at."""

    def __init__(self, sample: SystemSample) -> None:
        super().__init__()
        self.sample = sample

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Looked)


class Measured(Message):
    """The folders were measured."""

    def __init__(self, folders: Folders) -> None:
        super().__init__()
        self.folders = folders


class SystemScreen(PlaceScreen):
    """Sections that scroll."""

    view_name: ClassVar[str] = "system"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "system")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "system")
    sampler: ClassVar[Callable[[Path], Any]] = MachineSampler
    """What samples the machine; another one in tests."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: SystemSnapshot | None = None
        self.sample: SystemSample | None = None
        self.folders: Folders | None = None
        self._watches: tuple[Watch[Any], ...] = ()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield TextView(wrap=False, widget_id="main")

    # what is shown

    def fetch(self) -> Fetch:
        return partial(read_system, now=self.dagtop.clock())

    def show_snapshot(self, snapshot: SystemSnapshot) -> None:
        self.snapshot = snapshot
        self.show_page()

    def lines(self) -> list[Spans]:
        """The page as it is now."""
        if self.snapshot is None and self.sample is None:
            return [(Span("" if self.dagtop.trouble else " reading ...", "dim"),)]
        can_act = not self.dagtop.read_only
        known = Known(self.snapshot, self.sample, self.folders, self.dagtop.runner, can_act)
        return page(known, self.dagtop.scene(), self.app.size.width - 1)

    def show_page(self) -> None:
        """Show what is known."""
        if self.is_there:
            self.query_one("#main", TextView).show(self.lines())

    def show_runner(self) -> None:
        super().show_runner()
        self.show_page()

    def tick(self) -> None:
        self.show_page()

    def resized(self) -> None:
        super().resized()
        self.show_page()

    # it is looked at only while it is shown

    def resumed(self) -> None:
        super().resumed()
        if not self._watches:
            workspace = self.dagtop.workspace
            look = SystemLook(workspace, type(self).sampler(workspace.root)).look
            self._watches = (
                Watch(look, lambda sample: self.post_message(Looked(sample))),
                Watch(
                    partial(read_folders, workspace),
                    lambda folders: self.post_message(Measured(folders)),
                    FOLDERS_PERIOD,
                ),
            )
        for watch in self._watches:
            watch.start()

    def suspended(self) -> None:
        super().suspended()
        for watch in self._watches:
            watch.stop()

    def on_unmount(self) -> None:
        self.suspended()

    def on_looked(self, message: Looked) -> None:
        self.sample = message.sample
        self.show_page()

    def on_measured(self, message: Measured) -> None:
        self.folders = message.folders
        self.show_page()

    # actions

    def action_copy(self) -> None:
        """Copy the page."""
        self.dagtop.copy(as_text(self.lines()), "the page")

    async def action_runner_log(self) -> None:
        """Show the end of the runner's log."""
        text = await asyncio.to_thread(log_tail, self.dagtop.workspace.runner_log)
        self.dagtop.ways.open_text(("runner.log",), text)
