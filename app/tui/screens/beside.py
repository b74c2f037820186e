"""Screens of a run, or of one of its task instances, that lead to the views of the DAG, to the line
of code that failed, and to the editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.tui.models.instance import instance_name
from app.tui.models.places import Place
from app.tui.reading_tracked_run import read_runs_of
from app.tui.screens.base import DagtopScreen
from app.tui.screens.sourcing import edit_line, show_line
from app.tui.screens.views import DAG_VIEWS, views_line
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch


@dataclass(frozen=True, slots=True)
class Recorder:
    """What has recorded runs: a DAG run, a task instance of it, or one try of that."""

    dag_id: str
    run_id: str
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None

    @property
    def words(self) -> str:
        """What it is, in words."""
        if self.task_id is None:
            return "this DAG run"
        name = instance_name(self.task_id, -1 if self.map_index is None else self.map_index)
        return name if self.try_number is None else f"try {self.try_number} of {name}"

    def fetch(self) -> Fetch:
        """What reads its runs."""
        return partial(
            read_runs_of,
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
            try_number=self.try_number,
        )


class BesideScreen(DagtopScreen):
    """A screen that says which run and task it is about, and where that failed."""

    def subject(self) -> tuple[str, str, str | None]:
        """DAG, run and task that are looked at."""
        raise NotImplementedError

    def failed_at(self) -> tuple[str | None, Sequence[Place]]:
        """The task that failed, and the places that its error names, the innermost first."""
        raise NotImplementedError

    def show_dag_views(self) -> None:
        """Fill the line of the DAG's views: they open with the run in focus."""
        self.query_one("#views", InfoLine).line = views_line(DAG_VIEWS, "", self.app.size.width)

    def action_show_dag(self, name: str) -> None:
        """A view of the DAG with the run and the task in focus."""
        self.dagtop.ways.open_view(name, *self.subject())

    def recorder(self) -> Recorder | None:
        """What recorded the tracked runs that this leads to; None: there is no try yet."""
        dag_id, run_id, _ = self.subject()
        return Recorder(dag_id, run_id)

    def action_tracked_runs(self) -> None:
        """Show the tracked runs that it has recorded."""
        from app.tui.screens.tracked_of import open_runs_of

        recorder = self.recorder()
        if recorder is None:
            self.dagtop.say("there is no try yet")
        else:
            open_runs_of(self.dagtop, recorder)

    def action_error_line(self) -> None:
        """To the line of code that failed."""
        dag_id, run_id, _ = self.subject()
        show_line(self.dagtop, dag_id, run_id, *self.failed_at())

    def action_edit_file(self) -> None:
        """Open the file in the editor, at the line that failed, else where the task is defined."""
        dag_id, run_id, task_id = self.subject()
        edit_line(self.dagtop, dag_id, self.failed_at()[1], of=run_id, task_id=task_id)
