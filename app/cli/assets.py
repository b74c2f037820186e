"""``dagtop assets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.errors import not_found, usage_error
from app.cli.groups import group
from app.cli.output import Column, note, print_facts, print_json, print_table, say
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace, reading
from app.cli.times import shown

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.queries.assets import AssetEventRow, AssetRow, Consumer

app = group("List assets and their events, make them, record events.")

AssetArgument = Annotated[str, typer.Argument(metavar="ASSET", help="Name or URI of the asset.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]


@app.command("list")
def list_assets(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the assets.

    Who produces each, which DAGs run on it, and its last event.
    """
    from store.queries.assets import list_assets as assets_of

    with reading(workspace) as store, store.read() as connection:
        rows = assets_of(connection)
    if json:
        print_json({"assets": [_document(row) for row in rows]})
        return
    columns = [
        Column("asset"),
        Column("group"),
        Column("events", right=True),
        Column("last event"),
        Column("by"),
        Column("produced by", fold=True),
        Column("consumed by", fold=True),
    ]
    cells = [
        (
            row.name,
            row.group,
            str(row.event_count),
            "" if row.last_event is None else shown(row.last_event.timestamp, None),
            "" if row.last_event is None else _source(row.last_event),
            ", ".join(f"{one.dag_id}.{one.task_id}" for one in row.producers),
            ", ".join(map(_consumer, row.consumers)),
        )
        for row in rows
    ]
    print_table(columns, cells, empty="no pipeline file names an asset")


@app.command("details")
def details(
    asset: AssetArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Show all about an asset."""
    with reading(workspace) as store, store.read() as connection:
        row = _find(connection, asset)
    if json:
        print_json(_document(row))
        return
    from json import dumps

    print_facts(
        [
            ("asset", row.name),
            ("uri", row.uri),
            ("group", row.group),
            ("extra", dumps(row.extra) if row.extra else ""),
            ("produced by", ", ".join(f"{one.dag_id}.{one.task_id}" for one in row.producers)),
            ("read by", ", ".join(f"{one.dag_id}.{one.task_id}" for one in row.readers)),
            ("consumed by", ", ".join(map(_consumer, row.consumers))),
            ("events", str(row.event_count)),
            ("last event", "" if row.last_event is None else _event_words(row.last_event)),
        ]
    )


@app.command("events")
def events(
    asset: AssetArgument,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the events of an asset.

    The newest first, with the runs that followed from them.
    """
    from store.queries.assets import list_events

    with reading(workspace) as store, store.read() as connection:
        row = _find(connection, asset)
        page = list_events(connection, row.id, limit=limit)
    if json:
        print_json(
            {
                "asset": row.name,
                "events": [_event_document(one) for one in page.rows],
                "more": page.next is not None,
            }
        )
        return
    from json import dumps

    columns = [
        Column("at"),
        Column("by"),
        Column("run"),
        Column("extra", fold=True),
        Column("runs that followed", fold=True),
    ]
    cells = [
        (
            shown(one.timestamp, None),
            _source(one),
            one.source_run_id or "",
            dumps(one.extra) if one.extra else "",
            ", ".join(f"{run.dag_id} {run.run_id}" for run in one.runs),
        )
        for one in page.rows
    ]
    print_table(columns, cells, empty=f"asset {row.name} has had no event yet")
    if page.next is not None:
        note(f"the newest {limit}; --limit shows more")


@app.command("materialize")
def materialize(
    asset: AssetArgument, workspace: WorkspaceOption = None, json: JsonOption = False
) -> None:
    """Trigger the DAG that produces an asset.

    Prints the id of its run.
    """
    from app.cli.acting import act_or_leave

    space = chosen_workspace(workspace)
    with reading(str(space.root)) as store, store.read() as connection:
        row = _find(connection, asset)
    dags = list(dict.fromkeys(one.dag_id for one in row.producers))
    if len(dags) != 1:
        found = f"{len(dags)} DAGs produce it ({', '.join(dags)})" if dags else "no DAG produces it"
        raise usage_error(f"asset {row.name} can't be materialized: {found}")
    answer = act_or_leave(space, "trigger", {"dag_id": dags[0]}, json=json)
    if json:
        document = {"dag_id": dags[0], "run_id": answer["run_id"], "held": answer.get("held")}
        print_json(document)
        return
    say(str(answer["run_id"]))
    if answer.get("held"):
        note(f"nothing of it runs yet: {answer['held']}")


@app.command("record")
def record(
    asset: AssetArgument,
    extra: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="What the event says: a JSON object, or @FILE."),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Record an event of an asset by hand.

    DAGs run on it as on one that a task has made.
    """
    from app.cli.acting import act_or_leave
    from app.cli.conf import parse_conf

    space = chosen_workspace(workspace)
    with reading(str(space.root)) as store, store.read() as connection:
        row = _find(connection, asset)
    payload = {"asset": asset, "extra": parse_conf(extra, "--extra")}
    answer = act_or_leave(space, "asset_event", payload, json=json)
    if json:
        print_json(answer)
        return
    say(f"recorded an event of {row.name}")
    for one in row.consumers:
        if one.is_paused:
            note(f"{one.dag_id} is paused: it takes no notice of it")


def _find(connection: Connection, wanted: str) -> AssetRow:
    """The asset of that name or URI."""
    from store.queries.assets import find_assets, list_assets

    found = find_assets(connection, wanted)
    if not found:
        known = list_assets(connection)
        raise not_found("asset", wanted, {name for row in known for name in (row.name, row.uri)})
    if len(found) > 1:
        uris = ", ".join(row.uri if row.name == wanted else row.name for row in found)
        raise usage_error(f"{len(found)} assets are called {wanted!r}: give one of {uris}")
    return found[0]


def _source(event: AssetEventRow) -> str:
    """Who made an event."""
    if event.source_dag_id is None:
        return f"{event.actor or '?'}, by hand"
    index = event.source_map_index
    at = f"[{index}]" if index is not None and index >= 0 else ""
    return f"{event.source_dag_id}.{event.source_task_id}{at}"


def _event_words(event: AssetEventRow) -> str:
    run = f", run {event.source_run_id}" if event.source_run_id else ""
    return f"{shown(event.timestamp, None)}, {_source(event)}{run}"


def _consumer(one: Consumer) -> str:
    """A DAG that runs on the asset, and how far it is."""
    if one.is_paused:
        return f"{one.dag_id} (paused)"
    if one.one_is_enough:
        return f"{one.dag_id} (any of {one.needed} assets)"
    if one.needed > 1:
        return f"{one.dag_id} ({one.ready} of {one.needed} assets ready)"
    return one.dag_id


def _document(row: AssetRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "uri": row.uri,
        "group": row.group,
        "extra": row.extra,
        "event_count": row.event_count,
        "last_event": None if row.last_event is None else _event_document(row.last_event),
        "producing_tasks": [one._asdict() for one in row.producers],
        "consuming_tasks": [one._asdict() for one in row.readers],
        "scheduled_dags": [
            {
                "dag_id": one.dag_id,
                "is_paused": one.is_paused,
                "ready": one.ready,
                "needed": one.needed,
                "has_event": one.has_event,
            }
            for one in row.consumers
        ],
    }


def _event_document(event: AssetEventRow) -> dict[str, Any]:
    return {
        "id": event.id,
        "timestamp": event.timestamp,
        "extra": event.extra,
        "source_dag_id": event.source_dag_id,
        "source_run_id": event.source_run_id,
        "source_task_id": event.source_task_id,
        "source_map_index": event.source_map_index,
        "actor": event.actor,
        "created_dagruns": [
            {"dag_id": run.dag_id, "run_id": run.run_id, "state": run.state} for run in event.runs
        ],
    }
