"""``dagtop artifacts``."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.groups import group
from app.cli.output import print_json, say
from app.cli.session import (
    DryRunOption,
    JsonOption,
    WorkspaceOption,
    chosen_workspace,
    reading,
    writing,
)

app = group("Files that tracked runs have logged, and who has read them.")

TrackedRunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A tracked run: its id, the beginning of it, or name."),
]


@app.command("list")
def list_artifacts(
    run: TrackedRunArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """List the files of a run."""
    from app.cli import artifact_views

    with reading(workspace) as store:
        artifact_views.list_files(store, run, json)


@app.command("get")
def get(
    run: TrackedRunArgument,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file of it, or a folder; '.' for all.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Where to; '-' prints a file. Otherwise here, under its name.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a file of a run, or a folder with all that is in it."""
    from app.cli import artifact_views

    with reading(workspace) as store:
        done = artifact_views.get(store, chosen_workspace(workspace), run, path, output)
    if json:
        print_json({"files": done})
    elif output != "-":
        for one in done:
            say(one)


@app.command("lineage")
def lineage(
    run: TrackedRunArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Show what a run has read of others, and who its files."""
    from app.cli import artifact_views

    with reading(workspace) as store:
        artifact_views.lineage(store, run, json)


@app.command("gc")
def collect(
    hours: Annotated[
        int, typer.Option(metavar="N", min=1, help="Only what is older than so many hours.")
    ] = 24,
    dry_run: DryRunOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete contents that no run refers to any more.

    The runner does so once in an hour by itself.
    """
    from store import collecting, config, remote

    space = chosen_workspace(workspace)
    with writing(workspace) as store:
        collecting.check_nothing_is_unread(store, space)
        age = hours * 3600.0
        done = collecting.collect(store, space, age=age, dry_run=dry_run)
        away = remote.of(config.load(space))
        if away is not None:
            remote.collect(store, away, age=age, dry_run=dry_run)
    if json:
        print_json({"contents": done.count, "bytes": done.octets, "dry_run": dry_run})
    else:
        word = "would delete" if dry_run else "deleted"
        what = "1 content" if done.count == 1 else f"{done.count} contents"
        say(f"{word} {what}, {done.octets:,} bytes")
