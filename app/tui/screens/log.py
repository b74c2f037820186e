"""A try's log, followed live."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.places import Place, places_on_screen
from app.tui.screens.log_asking import LogAsking, LogWishes
from app.tui.screens.task_instance_views import InstanceScreen
from app.tui.screens.task_views import TaskFocus
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.log_filter import parse_filter
from app.tui.widgets.log_view import LogView


class LogScreen(InstanceScreen, LogAsking):
    """The log of one try; ``(`` and ``)`` change the try, ``<`` and ``>`` the map index."""

    view_name: ClassVar[str] = "log"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "task",
        "log",
        "log_instance",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "task", "log", "log_instance")

    def __init__(self, focus: TaskFocus) -> None:
        super().__init__(focus)
        self.wishes: LogWishes = focus.kept.setdefault("log", LogWishes())
        self._shown: Path | None = None

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield from self.log_body()

    # snapshots

    def show_task(self) -> None:
        """Show the chosen try's log, if it isn't shown already."""
        one = self.current_try()
        path = None if one is None else self.dagtop.workspace.log(one.dag_run_id, one.id)
        view: LogView = self.view
        started = None if one is None else one.started_at
        view.waiting = self.missing_words() or (
            "the try has not started yet: its log begins when it does"
            if started is None
            else f"there is no log any more: {self._place_of(path)} was deleted, by upkeep "
            "([retention] log_days) or by hand"
        )
        if path != self._shown or path is None:
            self._shown, self.time_range = path, None
            view.origin = started
            wanted = parse_filter(self.wishes.filter, self.wishes.level)
            view.open(path, wanted)
        elif view.origin != started:
            view.origin = started
            view.repaint_lines()
        self.show_status()

    def failed_at(self) -> tuple[str | None, Sequence[Place]]:
        """In the traceback on screen, from the error gone to on; else as the try failed."""
        shown = self.view.text_from_here()
        places = places_on_screen(shown, self.dagtop.scene().folder)
        return (self.look.task_id, places) if places else super().failed_at()

    def _place_of(self, path: Path | None) -> str:
        """The path as one finds it from the workspace's folder."""
        root = self.dagtop.workspace.root
        return "it" if path is None else os.path.relpath(path, root)

    def log_is_live(self) -> bool:
        one = self.current_try()
        return one is not None and one.ended_at is None

    def log_end(self) -> datetime:
        one = self.current_try()
        ended = None if one is None else one.ended_at
        return ended or self.dagtop.clock()

    def log_path(self) -> Path | None:
        return self._shown

    def default_name(self) -> str:
        look, one = self.look, self.current_try()
        parts = [look.dag_id, look.run_id, look.task_id]
        if look.map_index is not None and look.map_index >= 0:
            parts.append(str(look.map_index))
        parts.append(f"try{one.try_number if one else 0}")
        return file_name(*parts)


def file_name(*parts: str) -> str:
    """A name for a file with a log, of names that may hold anything."""
    return "-".join(re.sub(r"[^\w.+-]+", "_", part)[:60].strip("._") for part in parts) + ".log"
