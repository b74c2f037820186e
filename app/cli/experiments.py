"""``dagtop experiments``."""

from __future__ import annotations

from app.cli.groups import group
from app.cli.output import Column, print_json, print_table
from app.cli.session import JsonOption, WorkspaceOption, reading

app = group("Experiments: what tracked runs belong to.")


@app.command("list")
def list_experiments(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the experiments with the number of their runs."""
    from store.queries.tracked_table import places

    with reading(workspace) as store, store.read() as connection:
        found, _ = places(connection)
    if json:
        documents = [
            {"name": one.name, "runs": one.active, "archived": one.archived} for one in found
        ]
        print_json({"experiments": documents})
        return
    columns = [Column("experiment"), Column("runs", right=True), Column("archived", right=True)]
    rows = [
        [one.name, f"{one.active:,}", f"{one.archived:,}" if one.archived else ""] for one in found
    ]
    print_table(columns, rows, empty="there is no experiment yet: the first tracked run makes one")
