"""``dagtop variables``."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.errors import CommandError, not_found, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import Column, note, on_terminal, print_json, print_table, say
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

app = group("List, get, set and delete Variables.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Name of the Variable.")]
MASKED_NOTE = "secret by its name, so not shown; --show-secrets shows it"


@app.command("list")
def list_variables(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the Variables.

    Values that are secret by their name are masked.
    """
    from app.cli import documents
    from store.queries.variables import list_variables as variables_of

    with reading(workspace) as store, store.read() as connection:
        rows = variables_of(connection)
    if json:
        print_json({"variables": [documents.of_variable(row) for row in rows]})
        return
    print_table(
        [Column("key"), Column("value", fold=True), Column("description", fold=True)],
        [(row.key, row.value, row.description) for row in rows],
        empty="there is no Variable",
    )


@app.command("get")
def get(
    key: KeyArgument,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show it even if its name says it is secret.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print the value of a Variable."""
    from app.cli import documents
    from store.queries.variables import list_variables as variables_of

    with reading(workspace) as store, store.read() as connection:
        rows = {row.key: row for row in variables_of(connection, reveal=show_secrets)}
    if key not in rows:
        raise not_found("Variable", key, rows)
    row = rows[key]
    if json:
        print_json(documents.of_variable(row))
    elif row.masked:
        raise CommandError(f"{key} is {MASKED_NOTE}", ExitCode.REFUSED)
    elif on_terminal():
        say(row.value)
    else:
        sys.stdout.write(row.value + "\n")  # a script wants it as it is


@app.command("set")
def set_variable(
    key: KeyArgument,
    value: Annotated[
        str | None, typer.Argument(help="Its value; asked for, or read from stdin, if not given.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make a Variable, or change one."""
    from store import client, edits

    text = read_secret(f"Value of {key}") if value is None else value
    with writing(workspace) as store, store.write() as connection:
        edits.set_variable(connection, key, text, client.user(), description=description)
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"key": key})
    else:
        say(f"set {key}")


@app.command("delete")
def delete(
    key: KeyArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a Variable."""
    from store import client, edits

    confirm(f"Delete Variable {key}? {FOR_GOOD}", yes=yes)
    with writing(workspace) as store, store.write() as connection:
        edits.delete_variable(connection, key, client.user())
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"deleted": key})
    else:
        say(f"deleted {key}")


@app.command("import")
def import_variables(
    file: Annotated[str, typer.Argument(help="A JSON object, as 'export' writes it; - for stdin.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Set Variables from a JSON file.

    All or none; the format is Airflow's.
    """
    from store import client, edits

    variables = _read_variables(file)
    with writing(workspace) as store, store.write() as connection:
        edits.set_variables(connection, variables, client.user())
    client.ring(chosen_workspace(workspace))
    if json:
        print_json({"imported": sorted(variables)})
    else:
        say(f"set {len(variables)} Variables")


@app.command("export")
def export_variables(
    file: Annotated[str, typer.Argument(help="The file to write; - for stdout.")] = "-",
    workspace: WorkspaceOption = None,
) -> None:
    """Write all Variables to a JSON file.

    Secret ones included; only you can read the file.
    """
    from store.queries.variables import list_variables as variables_of

    with reading(workspace) as store, store.read() as connection:
        rows = variables_of(connection, reveal=True)
    document: dict[str, Any] = {
        row.key: {"value": row.value, "description": row.description}
        if row.description
        else row.value
        for row in rows
    }
    if file == "-":
        print_json(document)
        return
    text = jsonlib.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            os.fchmod(descriptor, 0o600)
            target.write(text)
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}", ExitCode.FAILED) from None
    note(f"wrote {len(rows)} Variables to {file}")


def _read_variables(file: str) -> dict[str, tuple[str, str | None]]:
    """Key -> (value, description) of an exported file."""
    from app.variable_files import variables_in

    try:
        return variables_in(sys.stdin.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise usage_error(f"{file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise usage_error(f"{file} {error}") from None


def read_secret(prompt: str) -> str:
    """A value that shows up neither on the screen nor in the process list: asked for, or stdin."""
    if sys.stdin.isatty():
        return typer.prompt(prompt, hide_input=True, default="", show_default=False)
    return sys.stdin.read().rstrip("\r\n")
