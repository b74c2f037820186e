"""``dagtop db``."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import Column, note, print_json, print_table, say
from app.cli.session import (
    JsonOption,
    WorkspaceOption,
    YesOption,
    chosen_workspace,
    confirm,
    writing,
)
from store import client

if TYPE_CHECKING:
    from store.engine import Store
    from store.workspace import Workspace

app = group("Look after the database.")

NAMED_DAGS = 10
"""DAGs that are named in the question before runs are deleted."""


@app.command("upgrade")
def upgrade(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Bring the database up to date.

    With this version of dagtop, after a backup; makes the database if it is missing.
    """
    from store.maintenance import upgrade_workspace

    space = chosen_workspace(workspace)
    pid = client.runner_pid(space)
    if pid is not None:
        raise CommandError(
            f"a runner (pid {pid}) works with the database; stop it first with 'dagtop down'",
            ExitCode.REFUSED,
        )
    done = upgrade_workspace(space)
    if json:
        backup_path = None if done.backup is None else str(done.backup)
        print_json({"before": done.before, "after": done.after, "backup": backup_path})
    elif done.before is None:
        say(f"made the database, revision {done.after}")
    elif done.changed:
        say(f"upgraded from revision {done.before} to {done.after}; the backup is {done.backup}")
    else:
        say(f"the database is up to date, revision {done.after}")


@app.command("check")
def check(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Look for damage.

    Reads the whole database. Exit code 1 if something is wrong.
    """
    from store.maintenance import check as check_store

    with _any_version(chosen_workspace(workspace)) as store:
        found = check_store(store)
    if json:
        print_json({"revision": found.revision, "problems": found.problems})
    else:
        say("the database is well" if found.is_well else "\n".join(found.problems))
    if not found.is_well:
        raise typer.Exit(ExitCode.FAILED)


@app.command("vacuum")
def vacuum(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Give back the space that deletions have freed."""
    from store.maintenance import vacuum as vacuum_store

    with writing(workspace) as store:
        freed = vacuum_store(store)
    if json:
        print_json({"freed_bytes": freed})
    else:
        say(f"the database is {max(freed, 0) / 2**20:.1f} MiB smaller")


@app.command("prune")
def prune(
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Runs that ended before this: 90d, 12h.")
    ] = None,
    keep_runs: Annotated[
        int | None, typer.Option("--keep", min=0, help="Keep so many of the newest of each DAG.")
    ] = None,
    dag: Annotated[str | None, typer.Option(help="Only runs of this DAG.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete old runs with their logs.

    Without options: what the [retention] settings no longer keep.
    """
    from app.cli.lookups import find_dag
    from app.cli.times import parse_span
    from store import config, maintenance

    space = chosen_workspace(workspace)
    span = parse_span(older_than, "--older-than") if older_than is not None else None
    with writing(workspace) as store:
        if dag is not None:
            with store.read() as connection:
                find_dag(connection, dag)
        what = _what_goes(older_than, keep_runs)
        if span is None and keep_runs is None:
            if dag is not None:
                raise CommandError("say what goes: --older-than or --keep", ExitCode.USAGE)
            span, keep_runs = maintenance.limits_of(config.load(space).retention)
        going = maintenance.prunable(store, older_than=span, keep_runs=keep_runs, dag_id=dag)
        if dry_run:
            _show_prunable(going, json)
            return
        confirm(_prune_question(going, what), yes=yes)
        done = maintenance.prune(store, older_than=span, keep_runs=keep_runs, dag_id=dag)
    for run_key in done.run_ids:
        shutil.rmtree(space.tries / str(run_key), ignore_errors=True)
    if json:
        print_json(
            {
                "runs": len(done.run_ids),
                "events": done.events,
                "commands": done.commands,
                "versions": done.versions,
            }
        )
    else:
        say(f"deleted {len(done.run_ids)} runs and {done.events} events")
        note("'dagtop db vacuum' gives their space back")


def _show_prunable(going: dict[str, int], json: bool) -> None:
    if json:
        print_json({"dry_run": True, "runs": sum(going.values()), "dags": going})
        return
    columns = [Column("dag"), Column("runs", right=True)]
    rows = [(name, str(number)) for name, number in going.items()]
    print_table(columns, rows, empty="no run would go")
    note("nothing was deleted (--dry-run)")


def _what_goes(older_than: str | None, keep_runs: int | None) -> str:
    parts = []
    if older_than is not None:
        parts.append(f"that ended more than {older_than} ago")
    if keep_runs is not None:
        parts.append(f"beyond the newest {keep_runs} of each DAG")
    return " or ".join(parts) or "that [retention] no longer keeps"


def _prune_question(going: dict[str, int], what: str) -> str:
    total = sum(going.values())
    most = sorted(going.items(), key=lambda one: -one[1])
    named = ", ".join(f"{number} of {name}" for name, number in most[:NAMED_DAGS])
    more = ", …" if len(most) > NAMED_DAGS else ""
    of_dags = f" ({named}{more})" if named else ""
    return f"Delete {total} run{'' if total == 1 else 's'}{of_dags} {what}, with their logs?"


@app.command("backup")
def backup(
    file: Annotated[
        str | None, typer.Argument(help="The copy; .dagtop/backups/dagtop-TIME.db if not given.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the database while it is in use."""
    from store.maintenance import BACKUPS
    from store.maintenance import backup as backup_store

    space = chosen_workspace(workspace)
    stamp = datetime.now().astimezone().strftime("%Y%m%dT%H%M%S")
    target = Path(file).expanduser() if file else space.state / BACKUPS / f"dagtop-{stamp}.db"
    with _any_version(space) as store:
        backup_store(store, target.absolute())
    size = target.stat().st_size
    if json:
        print_json({"file": str(target.absolute()), "bytes": size})
    else:
        say(f"copied {size / 2**20:.1f} MiB to {target}")


def _any_version(space: Workspace) -> Store:
    """The store, whichever version of dagtop made it."""
    from store import config
    from store.engine import open_file, open_url

    url = config.load(space).store.url
    return open_url(url) if url else open_file(space.database)
