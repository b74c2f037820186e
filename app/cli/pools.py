"""``dagtop pools``."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.groups import group
from app.cli.output import Column, print_json, print_table, say
from app.cli.session import (
    FOR_GOOD,
    JsonOption,
    WorkspaceOption,
    YesOption,
    chosen_workspace,
    confirm,
    reading,
    writing,
)

app = group("List, make and delete pools of slots.")


@app.command("list")
def list_pools(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the pools and their slots."""
    from app.cli import documents
    from store.queries.pools import list_pools as pools_of

    with reading(workspace) as store, store.read() as connection:
        rows = pools_of(connection)
    if json:
        print_json({"pools": [documents.of_pool(row) for row in rows]})
        return
    columns = [
        Column("pool"),
        Column("slots", right=True),
        Column("used", right=True),
        Column("open", right=True),
        Column("queued", right=True),
        Column("scheduled", right=True),
        Column("deferred", right=True),
        Column("description", fold=True),
    ]
    cells = [
        (
            row.name,
            "no limit" if row.slots < 0 else str(row.slots),
            str(row.used),
            "" if row.open is None else str(row.open),
            str(row.queued),
            str(row.scheduled),
            f"{row.deferred}{' (counted)' if row.include_deferred else ''}",
            row.description,
        )
        for row in rows
    ]
    print_table(columns, cells, empty="there is no pool")


@app.command("set")
def set_pool(
    name: Annotated[str, typer.Argument(help="Name of the pool.")],
    slots: Annotated[int, typer.Argument(help="Number of slots; -1 for no limit.")],
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    include_deferred: Annotated[
        bool | None,
        typer.Option(
            "--include-deferred/--exclude-deferred",
            help="Whether deferred tasks hold their slots.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make a pool, or change one."""
    from app.cli import documents
    from store import client, edits
    from store.queries.pools import get_pool

    with writing(workspace) as store:
        with store.write() as connection:
            edits.set_pool(
                connection,
                name,
                slots,
                client.user(),
                description=description,
                include_deferred=include_deferred,
            )
        with store.read() as connection:
            row = get_pool(connection, name)
    client.ring(chosen_workspace(workspace))
    if json and row is not None:
        print_json(documents.of_pool(row))
    else:
        number = "no limit" if slots < 0 else "1 slot" if slots == 1 else f"{slots} slots"
        say(f"pool {name} has {number}")


@app.command("delete")
def delete(
    name: Annotated[str, typer.Argument(help="Name of the pool.")],
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a pool.

    Tasks that name it wait until it is made again.
    """
    from store import client, edits

    confirm(f"Delete pool {name}? {FOR_GOOD}", yes=yes)
    with writing(workspace) as store, store.write() as connection:
        edits.delete_pool(connection, name, client.user())
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"deleted": name})
    else:
        say(f"deleted pool {name}")
