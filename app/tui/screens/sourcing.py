"""From a run, a task instance or an error to the line of code, on screen and in the editor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.tui.models.places import Place
from app.tui.reading_code import read_files, read_place
from app.tui.spans import span

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


def show_line(
    app: DagtopApp, dag_id: str, run_id: str, task_id: str | None, places: Sequence[Place]
) -> None:
    """Show the source of the run's version at the first of the places that is in its file."""
    if not places:
        app.say("no error names a line of code here; Code shows the source")
        return
    folder = app.scene().folder

    def then(files: tuple[str, ...]) -> None:
        if not files:
            app.say(f"there is no DAG {dag_id}", "warning")
            return
        place = next((one for one in places if one.file.removeprefix(folder) in files), None)
        where = span(str(places[0]).removeprefix(folder)).text
        if place is None:
            app.say(f"it failed in {where}, which is not a file of this DAG", "warning")
            return
        words = f"it failed here, line {place.line}"
        if place != places[0]:
            words = f"it failed in {where}, called from line {place.line}"
        app.ways.open_code(dag_id, run_id, task_id, place.line, words)

    app.read_first(lambda store: read_files(store, dag_id, run_id), then)


def edit_line(
    app: DagtopApp,
    dag_id: str,
    places: Sequence[Place] = (),
    line: int = 0,
    of: int | str | None = None,
    task_id: str | None = None,
) -> None:
    """Open the first of the places whose file there is in the editor, else ``line`` of the DAG's
    file, else where it defines a task. ``of``: the version, or the run, that these lines are of."""
    from app.tui.editor import edit

    root = app.workspace.root

    def then(found: tuple[Place, int | None] | str) -> None:
        if isinstance(found, str):
            app.say(found, "warning")
        else:
            place, changed = found
            words = f", which has changed since version {changed}" if changed else ""
            edit(app, place, words if place.line else "")

    app.read_first(lambda store: read_place(store, root, dag_id, places, line, of, task_id), then)
