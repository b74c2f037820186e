"""What is done with tracked runs from the shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import print_json, say
from app.cli.session import FOR_GOOD, chosen_workspace, confirm, reading, writing
from app.cli.tracked_views import counted, find_tracked, understood
from store import client, tracked_edits
from store.queries import tracked_table
from store.run_filter import Filter, parse, select_runs
from store.run_filter.tree import Node, Or, Standings, conjunction

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.engine import Store

Change = Callable[["Connection", Sequence[str], str, datetime], object]
MOST_NAMED = 3
"""Runs that a question names."""


def chosen(store: Store, names: Sequence[str], where: str, *, children: bool = False) -> list[str]:
    """The uuids of the runs that are named or pass the filter, archived ones too."""
    if not names and not where:
        raise usage_error("name runs, or choose them with --filter")
    uuids = [find_tracked(store, name).uuid for name in names]
    with store.read() as connection:
        if where:
            either: list[Node] = [Or((Standings("active"), Standings("deleted")))]
            wanted = understood(parse, where)
            if wanted.root is not None:
                either.append(wanted.root)
            query = select_runs(Filter(conjunction(either)), now=datetime.now(UTC))
            ids = list(connection.execute(query).scalars())
            uuids.extend(tracked_table.uuids_of(connection, ids))
        uuids = list(dict.fromkeys(uuids))
        if not uuids:
            raise CommandError("no run passes the filter", ExitCode.NOT_FOUND)
        if children:
            uuids = [one.uuid for one in tracked_edits.with_descendants(connection, uuids)]
    return uuids


def tag(
    folder: str | None, names: Sequence[str], where: str, pairs: Sequence[str], *, json: bool
) -> None:
    """Set tags on runs, or take those away that have no value."""
    tags: dict[str, str | None] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise usage_error(f"--set {pair}: write KEY=VALUE, or KEY= to take the tag away")
        tags[key.strip()] = value or None
    with writing(folder) as store:
        uuids = chosen(store, names, where)
        with store.write() as connection:
            tracked_edits.set_tags(connection, uuids, tags, client.user(), datetime.now(UTC))
    _say(folder, uuids, "tagged", json)


def rename(folder: str | None, name: str, new: str, *, json: bool) -> None:
    """Give a run another name."""
    with writing(folder) as store:
        uuid = find_tracked(store, name).uuid
        with store.write() as connection:
            at = datetime.now(UTC)
            former = tracked_edits.rename(connection, uuid, new, client.user(), at)
    client.ring(chosen_workspace(folder))
    if json:
        print_json({"run_id": uuid, "run_name": " ".join(new.split()), "former_name": former})
    else:
        say(f"{former} is called {' '.join(new.split())} now")


def archive(
    folder: str | None, names: Sequence[str], where: str, *, children: bool, json: bool
) -> None:
    """Archive runs."""
    _change(folder, names, where, tracked_edits.archive, "archived", children, json)


def restore(
    folder: str | None, names: Sequence[str], where: str, *, children: bool, json: bool
) -> None:
    """Bring archived runs back."""
    _change(folder, names, where, tracked_edits.restore, "restored", children, json)


def _change(
    folder: str | None,
    names: Sequence[str],
    where: str,
    change: Callable[[Connection, Sequence[str], str, datetime], list[str]],
    done: str,
    children: bool,
    json: bool,
) -> None:
    with writing(folder) as store:
        uuids = chosen(store, names, where, children=children)
        with store.write() as connection:
            changed = change(connection, uuids, client.user(), datetime.now(UTC))
    _say(folder, changed, done, json)


def forget(
    folder: str | None, names: Sequence[str], where: str, *, children: bool, yes: bool, json: bool
) -> None:
    """Delete runs for good, after asking."""
    with reading(folder) as store:
        uuids = chosen(store, names, where, children=children)
        with store.read() as connection:
            runs = tracked_edits.targets(connection, uuids)
    shown = ", ".join(one.words for one in runs[:MOST_NAMED])
    more = f" and {len(runs) - MOST_NAMED:,} more" if len(runs) > MOST_NAMED else ""
    what = counted(len(runs))
    confirm(f"Delete {what} with all that was logged: {shown}{more}? {FOR_GOOD}", yes=yes)
    with writing(folder) as store, store.write() as connection:
        tracked_edits.delete_runs(connection, uuids, client.user(), datetime.now(UTC))
    _say(folder, uuids, "deleted", json)


def _say(folder: str | None, uuids: Sequence[str], done: str, json: bool) -> None:
    client.ring(chosen_workspace(folder))
    if json:
        print_json({done: list(uuids)})
    elif uuids:
        say(f"{done} {counted(len(uuids))}")
    else:
        say(f"nothing to do: all are {done} already")
