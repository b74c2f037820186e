"""What the views of one task instance share: which try and which map index is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.formats import run_name
from app.tui.location import Location
from app.tui.models.instance import error_place, instance_name, log_title
from app.tui.models.places import Place, places_of_try
from app.tui.reading import InstanceFacts, TaskSnapshot, read_task
from app.tui.screens.base import DagtopScreen
from app.tui.screens.beside import BesideScreen, Recorder
from app.tui.screens.views import BESIDE_TASK, TASK_VIEWS, View, ViewsScreen
from app.tui.spans import span
from app.tui.theme import task_look
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.engine import Store
    from store.queries.tasks import TryRow

Read = Callable[["Store", InstanceFacts, "TryRow | None"], Any]
"""Reads, in the refresher's thread, what one view shows besides the instance and its tries."""


@dataclass(slots=True)
class TaskFocus:
    """The task instance that is looked at. Its views share one."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None = None
    """None: the first there is (-1 of a task that isn't mapped)."""
    try_number: int | None = None
    """None: the newest, also when there is a newer one."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What a view wants to find again when one comes back to it, by the view's name."""
    was_there: bool = False
    """Whether the task instance was ever read: if it isn't found then, it was deleted."""


class TaskViewScreen(BesideScreen, ViewsScreen):
    """One view of a task instance. Subclasses take a ``TaskFocus`` alone, have InfoLines
    ``#views`` and ``#title``, and show what arrived in ``show_task``."""

    views: ClassVar[Mapping[str, View]] = TASK_VIEWS
    beside: ClassVar[Mapping[str, View]] = BESIDE_TASK

    def __init__(self, focus: TaskFocus) -> None:
        super().__init__()
        self.look = focus
        self.snapshot: TaskSnapshot | None = None

    def make(self, view: View) -> DagtopScreen:
        return view.load()(self.look)

    def reader(self) -> Read | None:
        """What this view reads besides; its result is ``snapshot.own``."""
        return None

    def show_task(self) -> None:
        """Show ``snapshot``: it is another one, or another try of it was chosen."""

    def location(self) -> Location:
        look = self.look
        return Location(
            place=self.dagtop.ways.place_name,
            dag_id=look.dag_id,
            run_id=look.run_id,
            task_id=look.task_id,
            map_index=look.map_index,
            task_view=self.view_name,
        )

    def to_find_again(self) -> dict[str, Any]:
        return self.look.kept

    def crumbs(self) -> tuple[str, ...]:
        look = self.look
        label = None if self.facts is None else self.facts.instance.map_label
        index = -1 if look.map_index is None else look.map_index
        return (look.dag_id, run_name(look.run_id), instance_name(look.task_id, index, label))

    def fetch(self) -> Fetch:
        look = self.look
        return partial(
            read_task,
            dag_id=look.dag_id,
            run_id=look.run_id,
            task_id=look.task_id,
            map_index=look.map_index,
            try_number=look.try_number,
            read=self.reader(),
        )

    def show_snapshot(self, snapshot: TaskSnapshot) -> None:
        self.snapshot = snapshot
        if snapshot.facts is not None:
            self.look.map_index = snapshot.facts.instance.map_index
            self.look.was_there = True
        self.show_crumbs()
        self.show_title()
        self.show_task()

    @property
    def facts(self) -> InstanceFacts | None:
        """The instance and its tries; None before they are read, and where there are none."""
        return None if self.snapshot is None else self.snapshot.facts

    def current_try(self) -> TryRow | None:
        """The try that is shown."""
        return None if self.facts is None else self.facts.chosen_try(self.look.try_number)

    def show_title(self) -> None:
        """The line about the instance and its try."""
        title = self.query_one("#title", InfoLine)
        if self.facts is None:
            words = "" if self.snapshot is None else self.missing_words()
            title.line, title.end = (span(f" {words}", "warning"),) if words else (), ()
        else:
            scene, one = self.dagtop.scene(), self.current_try()
            title.line, title.end = log_title(self.facts, one, scene), error_place(one, scene)

    def tick(self) -> None:
        super().tick()
        self.show_title()

    def missing_words(self, without_try: str = "no try yet") -> str:
        """Why there is nothing to show: nothing is read yet, no such task, no try yet."""
        if self.snapshot is None:
            return "reading ..."
        if self.snapshot.facts is None:
            if self.look.was_there:
                return f"it is gone: {self.look.task_id} of run {self.look.run_id} was deleted"
            return f"run {self.look.run_id} has no task {self.look.task_id}"
        if self.current_try() is None:
            look = task_look(self.snapshot.facts.instance.state)
            return f"{without_try}: {look.word}, {look.meaning}"
        return ""

    # to the views of its DAG, and to the code

    def subject(self) -> tuple[str, str, str | None]:
        return self.look.dag_id, self.look.run_id, self.look.task_id

    def failed_at(self) -> tuple[str | None, Sequence[Place]]:
        """Where the shown try failed."""
        return self.look.task_id, places_of_try(self.current_try())

    def recorder(self) -> Recorder | None:
        """The shown try."""
        look, one = self.look, self.current_try()
        if one is None:
            return None
        return Recorder(look.dag_id, look.run_id, look.task_id, look.map_index, one.try_number)

    def action_show_dag(self, name: str) -> None:
        """A view of the DAG with the run and the task in focus; of events those of the task."""
        self.dagtop.ways.open_view(name, *self.subject(), events_of=self.look.task_id)

    # actions

    def action_previous_try(self) -> None:
        """The try before."""
        self._turn_try(-1)

    def action_next_try(self) -> None:
        """The next try."""
        self._turn_try(1)

    def _turn_try(self, step: int) -> None:
        one = self.current_try()
        if one is None or self.facts is None:
            self.dagtop.say("there is no try yet")
            return
        numbers = [row.try_number for row in self.facts.tries]
        index = numbers.index(one.try_number) + step
        if not 0 <= index < len(numbers):
            self.dagtop.say("there is no other try that way")
            return
        self.look.try_number = None if index == len(numbers) - 1 else numbers[index]
        if self.reader() is None:
            self.show_title()
            self.show_task()
        else:
            self.ask()

    def action_compare_tries(self) -> None:
        """What the tries of the instance have tracked, side by side."""
        look, index = self.look, -1 if self.look.map_index is None else self.look.map_index
        self.dagtop.ways.compare_tries(look.dag_id, look.run_id, look.task_id, index)

    def action_previous_instance(self) -> None:
        """The map index before."""
        self._turn_instance(-1)

    def action_next_instance(self) -> None:
        """The next map index."""
        self._turn_instance(1)

    def _turn_instance(self, step: int) -> None:
        indexes = self.snapshot.map_indexes if self.snapshot else ()
        if len(indexes) < 2 or self.look.map_index not in indexes:
            self.dagtop.say("this task has no other map index")
            return
        index = indexes.index(self.look.map_index) + step
        if not 0 <= index < len(indexes):
            self.dagtop.say("there is no other map index that way")
            return
        self.look.map_index, self.look.try_number = indexes[index], None
        self.ask_first()
