"""Screens of a run, or of one of its task instances, that lead to the views of the DAG, to the line
of code that failed, and to the editor."""

from __future__ import annotations

from collections.abc import Sequence

from app.tui.models.places import Place
from app.tui.screens.base import DagtopScreen
from app.tui.screens.sourcing import edit_line, show_line
from app.tui.screens.views import DAG_VIEWS, views_line
from app.tui.widgets.chrome import InfoLine


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

    def action_error_line(self) -> None:
        """To the line of code that failed."""
        dag_id, run_id, _ = self.subject()
        show_line(self.dagtop, dag_id, run_id, *self.failed_at())

    def action_edit_file(self) -> None:
        """Open the file in the editor, at the line that failed, else where the task is defined."""
        dag_id, run_id, task_id = self.subject()
        edit_line(self.dagtop, dag_id, self.failed_at()[1], of=run_id, task_id=task_id)
