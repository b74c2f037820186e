"""``dagtop config``: every setting, its value and where the value comes from."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from app.cli.errors import not_found
from app.cli.groups import group
from app.cli.output import Column, print_json, print_table
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace

app = group("Show the settings.")


@app.command("config")
def config(
    setting: Annotated[
        str | None, typer.Argument(help="Only this section or setting: runner, runner.parallelism.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show all settings.

    The value in force, where it comes from, and what it means.
    """
    from app.settings import describe as describe_ui
    from store.config import describe

    space = chosen_workspace(workspace)
    listed = [*describe(space), *describe_ui(space)]
    if setting is not None:
        names = [f"{one.section}.{one.key}" for one in listed]
        listed = [
            one for one in listed if setting in (one.section, one.key, f"{one.section}.{one.key}")
        ]
        if not listed:
            raise not_found("setting", setting, names)
    if json:
        print_json(
            {
                "settings": [
                    {
                        "section": one.section,
                        "key": one.key,
                        "value": one.shown,
                        "default": one.default,
                        "source": one.source,
                        "variable": one.variable,
                        "description": one.description,
                    }
                    for one in listed
                ]
            }
        )
        return
    print_table(
        [
            Column("setting"),
            Column("value"),
            Column("source"),
            Column("description", fold=True),
        ],
        [
            (f"{one.section}.{one.key}", jsonlib.dumps(one.shown), one.source, one.description)
            for one in listed
        ],
        empty="there are no settings",
    )
