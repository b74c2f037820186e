"""``dagtop connections``. Passwords are never arguments: other users could see them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.cli.errors import not_found, usage_error
from app.cli.groups import group
from app.cli.output import Column, print_facts, print_json, print_table, say
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
from store.secrets import MASK

app = group("List, get, add and delete Connections.")

IdArgument = Annotated[str, typer.Argument(metavar="CONN_ID", help="Id of the Connection.")]


@app.command("list")
def list_connections(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the Connections, without passwords."""
    from app.cli import documents
    from store.queries.connections import list_connections as connections_of

    with reading(workspace) as store, store.read() as connection:
        rows = connections_of(connection)
    if json:
        print_json({"connections": [documents.of_connection(row) for row in rows]})
        return
    names = ("id", "type", "host", "port", "schema", "login", "password", "extra", "description")
    cells = [
        (
            row.conn_id,
            row.conn_type,
            row.host or "",
            "" if row.port is None else str(row.port),
            row.schema or "",
            row.login or "",
            MASK if row.has_password else "",
            ", ".join(row.extra_keys),
            row.description,
        )
        for row in rows
    ]
    columns = [Column(name, fold=name == "description") for name in names]
    print_table(columns, cells, empty="there is no Connection")


@app.command("get")
def get(
    conn_id: IdArgument,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show the password and secret extra settings.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show a Connection; its password is masked."""
    from app.cli.connection_uri import masked_extra
    from store.queries import connections

    with reading(workspace) as store, store.read() as connection:
        found = connections.get_connection(connection, conn_id)
        if found is None:
            known = [row.conn_id for row in connections.list_connections(connection)]
            raise not_found("Connection", conn_id, known)
    password = found.password
    if password and not show_secrets:
        password = MASK
    extra = found.extra if show_secrets else masked_extra(found.extra)
    document: dict[str, Any] = {
        "conn_id": found.conn_id,
        "conn_type": found.conn_type,
        "description": found.description,
        "host": found.host,
        "schema": found.schema,
        "login": found.login,
        "password": password,
        "port": found.port,
        "extra": extra,
    }
    if json:
        print_json(document)
        return
    print_facts([(name, "" if value is None else str(value)) for name, value in document.items()])


@app.command("add")
def add(
    conn_id: IdArgument,
    uri: Annotated[
        str | None,
        typer.Option(
            help="All of it as a URI, type://login@host:port/schema; - reads it from stdin."
        ),
    ] = None,
    conn_type: Annotated[
        str | None, typer.Option("--type", help="postgres, http, ssh, generic …")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host name or address.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port.")] = None,
    schema: Annotated[str | None, typer.Option(help="Database or schema.")] = None,
    login: Annotated[str | None, typer.Option(help="User name.")] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from stdin.")
    ] = False,
    extra: Annotated[
        str | None, typer.Option(metavar="JSON", help="Further settings: a JSON object.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Add a Connection, or replace one."""
    from dataclasses import replace

    from app.cli.connection_uri import parse_uri
    from app.cli.variables import read_secret
    from store import client, edits
    from store.queries.connections import ConnectionDetails

    if uri is None and conn_type is None:
        raise usage_error("say what it is: --uri, or --type with --host, --login and so on")
    if uri == "-":
        if password:
            raise usage_error("stdin can't hold both the URI and the password; put it in the URI")
        uri = read_secret(f"URI of {conn_id}")
    details = parse_uri(conn_id, uri) if uri else ConnectionDetails(conn_id, conn_type or "")
    given: dict[str, Any] = {
        "conn_type": conn_type,
        "host": host,
        "port": port,
        "schema": schema,
        "login": login,
        "extra": extra,
        "description": description or None,
        "password": read_secret(f"Password of {conn_id}") if password else None,
    }
    details = replace(details, **{name: one for name, one in given.items() if one is not None})
    with writing(workspace) as store, store.write() as connection:
        edits.set_connection(connection, details, client.user())
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"conn_id": conn_id})
    else:
        say(f"set Connection {conn_id}")


@app.command("delete")
def delete(
    conn_id: IdArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a Connection."""
    from store import client, edits

    confirm(f"Delete Connection {conn_id}? {FOR_GOOD}", yes=yes)
    with writing(workspace) as store, store.write() as connection:
        edits.delete_connection(connection, conn_id, client.user())
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"deleted": conn_id})
    else:
        say(f"deleted Connection {conn_id}")
