"""``dagtop metrics``."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.groups import group
from app.cli.session import CsvOption, JsonOption, WorkspaceOption, form_of, reading

app = group("Show the metrics of a tracked run.")

TrackedArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of a tracked run, its beginning, or its name.")
]


@app.command("metrics")
def metrics(
    run: TrackedArgument,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="All points of this metric.")
    ] = None,
    csv: CsvOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the metrics of a tracked run, or all points of one."""
    from app.cli import tracked_views

    with reading(workspace) as store:
        tracked_views.show_metrics(store, run, key, form_of(json=json, csv=csv))
