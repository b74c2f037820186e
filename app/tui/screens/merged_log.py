"""The logs of several task instances of a run as one, in the order of their times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.formats import plural, run_name
from app.tui.location import Location
from app.tui.models.instance import instance_name
from app.tui.models.places import Place, places_on_screen
from app.tui.reading_log import MergedSnapshot, MergedTry, read_merged
from app.tui.screens.beside import BesideScreen
from app.tui.screens.log import file_name
from app.tui.screens.log_asking import LogAsking, LogWishes
from app.tui.spans import Span, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_filter import parse_filter
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_merge import MergedLines, Part

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.widgets.log_times import TimeRange
    from store.queries.tasks import InstanceRow

LogSpot = tuple[Path, int]
"""A line of one of the logs: its file, and an offset in it."""

ROLES = (
    "accent",
    "good",
    "state.deferred",
    "warning",
    "state.up_for_reschedule",
    "state.skipped",
    "state.upstream_failed",
)
"""Colours of the tasks; the name before each line says the same."""


@dataclass(slots=True)
class LeftLogs:
    """How merged logs were looked at when they were left."""

    name: str
    wishes: LogWishes
    time_range: TimeRange | None = None
    top: LogSpot | None = None
    """The line at the top; None: the end was followed."""
    match: LogSpot | None = None
    """What was found last: a match, an error."""


MOST_KEPT = 300
"""Marked map indexes with which logs are a place: it is written down with the last view."""


class MergedLogScreen(BesideScreen, LogAsking):
    """Lines of the newest tries, each after the name of its task."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "log", "merged")
    without: ClassVar[frozenset[str]] = frozenset(
        {"log.fold", "log.fold_all", "everywhere.letters"}
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "log", "merged")

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        task_ids: tuple[str, ...] | None = None,
        instances: frozenset[tuple[str, int]] | None = None,
        name: str = "",
    ) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_ids = task_ids
        self.instances = instances
        self._name = name
        self.wishes = LogWishes()
        self.snapshot: MergedSnapshot | None = None
        self._shown: tuple[MergedTry, ...] | None = None
        self._left: LeftLogs | None = None

    def location(self) -> Location | None:
        if len(self.instances or ()) > MOST_KEPT:
            return None
        tasks = tuple((task_id, None) for task_id in self.task_ids or ())
        logs = tasks if self.instances is None else tuple(sorted(self.instances))
        place = self.dagtop.ways.place_name
        return Location(place, self.dag_id, run_id=self.run_id, logs=logs)

    def crumbs(self) -> tuple[str, ...]:
        name = f"{self._name} logs" if self._name else "logs"
        return (self.dag_id, run_name(self.run_id), name)

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="title")
        yield from self.log_body()

    def fetch(self) -> Fetch:
        return partial(
            read_merged,
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_ids=self.task_ids,
            instances=self.instances,
        )

    def show_snapshot(self, snapshot: MergedSnapshot) -> None:
        view = self.view
        view.origin = snapshot.started_at
        view.waiting = "no task of these has begun yet"
        if snapshot.dag_run_id is None:
            view.waiting = f"there is no run {self.run_id}"
        self.snapshot = snapshot
        self._show_new_tries()
        self._show_title(snapshot)
        self.show_status()

    def tick(self) -> None:
        super().tick()
        self._show_new_tries()

    # coming back

    def mounted(self) -> None:
        location = self.location()
        left = self._left = None if location is None else self.dagtop.ways.left.get(location)
        if left is not None:
            self._name, self.wishes, self.time_range = left.name, left.wishes, left.time_range
        super().mounted()

    def suspended(self) -> None:
        super().suspended()
        if self.is_there:
            self._leave()

    def step_back(self) -> bool:
        if super().step_back():
            return True
        self._leave()
        return False

    def _leave(self) -> None:
        """Keep what is looked at, for when one comes back, once there is something."""
        location = self.location()
        if location is not None and self._shown is not None:
            left = LeftLogs(self._name, self.wishes, self.time_range, *self._spots())
            self.dagtop.ways.left[location] = left

    def _spots(self) -> tuple[LogSpot | None, LogSpot | None]:
        """The line at the top, unless the end is followed, and the match."""
        view = self.view
        if view.source is None or view.following or view.top_spot is None:
            return None, None
        paths = [part.lines.file.path for part in view.source.parts]
        found = (view.top_spot, view.match)
        top, match = (None if spot is None else (paths[spot[0]], spot[1]) for spot in found)
        return top, match

    def _show_new_tries(self) -> None:
        """Merge the logs that began too, once no search and no saving of the others is at work."""
        if self.snapshot is None or (self._shown is not None and self.view.jobs.busy):
            return
        tries = self.snapshot.tries
        shown = tuple(one.try_id for one in self._shown or ())
        if self._shown is None or shown != tuple(one.try_id for one in tries):
            self._show_tries(self.snapshot)
        self._shown = tries

    def _show_tries(self, snapshot: MergedSnapshot) -> None:
        """Merge these logs; where one read, that line stays on top, if it is still there."""
        view = self.view
        left, self._left = self._left, None
        top, match = self._spots() if left is None else (left.top, left.match)
        clock = view.paint().clock
        wanted = parse_filter(self.wishes.filter, self.wishes.level)
        parts: list[Part] = []
        for number, one in enumerate(snapshot.tries):
            label = label_of(one)
            lines = FileLines(LogFile(self._path(snapshot, one)), replace(wanted, label=label))
            with suppress(OSError):  # the view looks again, and says so
                lines.refresh()
            role = ROLES[number % len(ROLES)]
            parts.append(Part(label, role, lines, one.started_at.timestamp()))
        follow = view.following if left is None else top is None
        view.show_source(MergedLines(parts, clock) if parts else None, follow=follow)
        if self.time_range is not None:
            self.show_filtered()
        number = {part.lines.file.path: number for number, part in enumerate(parts)}
        if top is not None and top[0] in number:
            found = match if match is not None and match[0] in number else None
            view.rest_at(
                (number[top[0]], top[1]), None if found is None else (number[found[0]], found[1])
            )

    def _path(self, snapshot: MergedSnapshot, one: MergedTry) -> Path:
        assert snapshot.dag_run_id is not None
        return self.dagtop.workspace.log(snapshot.dag_run_id, one.try_id)

    def _show_title(self, snapshot: MergedSnapshot) -> None:
        shown, live = len(snapshot.tries), sum(one.live for one in snapshot.tries)
        words = [Span(f" {plural(shown, 'log')} by time", "title")]
        if snapshot.instances > shown:
            words.append(span(f" of {snapshot.instances:,}, those that began last", "warning"))
        if snapshot.earlier:
            earlier = (
                "an earlier one" if snapshot.earlier == 1 else f"{snapshot.earlier:,} earlier ones"
            )
            words.append(Span(f"  newest tries only, without {earlier}", "warning"))
        if live:
            words.append(Span(f"  {live} running", "good"))
        self.query_one("#title", InfoLine).line = tuple(words)

    def log_is_live(self) -> bool:
        return any(one.live for one in self._shown or ())

    def _part(self) -> int | None:
        """Number of the log that the line is from that is meant."""
        place = self.view.current()
        return None if place is None else self._part_of(place)

    def _part_of(self, place: int) -> int:
        number: int = self.view.source.offset(place)[0]
        return number

    def _try(self) -> MergedTry | None:
        """The try that wrote the line that is meant."""
        part = self._part()
        return self._shown[part] if part is not None and self._shown else None

    def subject(self) -> tuple[str, str, str | None]:
        one = self._try()
        return self.dag_id, self.run_id, None if one is None else one.task_id

    def failed_at(self) -> tuple[str | None, Sequence[Place]]:
        """In the traceback on screen, of the log that the line is from; else as its try failed."""
        one, part = self._try(), self._part()
        if one is None:
            return None, ()
        shown = self.view.text_from_here(lambda place: self._part_of(place) == part)
        found = places_on_screen(shown, self.dagtop.scene().folder)
        return one.task_id, found or one.failed_at

    def log_path(self) -> Path | None:
        """The log of the line that is meant."""
        part = self._part()
        return None if part is None else self.view.source.parts[part].lines.file.path

    def default_name(self) -> str:
        return file_name(self.dag_id, self.run_id, self._name or "all")

    # actions

    def action_open(self) -> None:
        """Open the log of the task that the line is from."""
        one = self._try()
        if one is not None:
            self.dagtop.ways.open_log(self.dag_id, self.run_id, one.task_id, one.map_index)


def of_instances(
    dag_id: str, run_id: str, rows: Sequence[InstanceRow], otherwise: str = ""
) -> MergedLogScreen:
    """The merged logs of several instances; of one alone those of all: of its run, or of the task
    ``otherwise``."""
    if len(rows) > 1:
        tasks = tuple(sorted({row.task_id for row in rows}))
        chosen = frozenset((row.task_id, row.map_index) for row in rows)
        return MergedLogScreen(dag_id, run_id, tasks, chosen, plural(len(rows), "instance"))
    return MergedLogScreen(dag_id, run_id, (otherwise,) if otherwise else None, name=otherwise)


def label_of(one: MergedTry) -> str:
    """What stands before the lines of a try, without control sequences."""
    return span(instance_name(one.task_id, one.map_index, one.map_label)).text


def logs_at(location: Location) -> MergedLogScreen:
    """The merged logs of a location."""
    logs = location.logs or ()
    tasks = tuple(dict.fromkeys(task_id for task_id, _ in logs))
    chosen = frozenset((task_id, index) for task_id, index in logs if index is not None)
    name = plural(len(chosen), "instance") if chosen else plural(len(tasks), "task")
    name = tasks[0] if len(tasks) == 1 and not chosen else name
    return MergedLogScreen(
        location.dag_id or "", location.run_id or "", tasks or None, chosen or None,
        name if logs else "",
    )  # fmt: skip
