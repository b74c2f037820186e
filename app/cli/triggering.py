"""What ``dagtop dags trigger`` and ``backfill`` tell the runner, and waiting for a run's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from app.cli.errors import usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import note, print_json, say
from app.cli.session import reading
from store.workspace import Workspace

if TYPE_CHECKING:
    from store.structure import DagStructure


def settled(
    space: Workspace,
    dag: str,
    conf: str | None,
    pairs: list[str] | None,
    dates: Mapping[str, str | None],
    like: str | None = None,
) -> dict[str, Any]:
    """Conf and ``dates`` as the runner wants them. Reads the store only if there is need."""
    given = {name: text for name, text in dates.items() if text is not None}
    if conf is None and not pairs and not given and like is None:
        return {"conf": None, "logical_date": None}
    from app.cli.conf import check_conf, parse_conf, with_params
    from app.cli.dag_views import structure_of

    document = parse_conf(conf)
    with reading(str(space.root)) as store:
        structure = structure_of(store, dag)
        if like is not None:
            from app.cli.lookups import find_run

            with store.read() as connection:
                document = (find_run(connection, dag, like).conf or {}) | document
    params = with_params(document, pairs or (), structure.params)
    check_conf(params, structure.params)
    if len(given.keys() - {"logical_date"}) == 1:
        raise usage_error("give both --data-interval-start and --data-interval-end, or neither")
    return {"conf": params or None, "logical_date": None, **moments(structure, given)}


def moments(structure: DagStructure, dates: Mapping[str, str | None]) -> dict[str, str]:
    """The dates that are given, by name of their options, in the DAG's time zone."""
    from app.cli.times import parse_moment, zone_named

    zone = zone_named(structure.timezone)
    return {
        name: parse_moment(text, zone, f"--{name.replace('_', '-')}").isoformat()
        for name, text in dates.items()
        if text is not None
    }


def window_of(
    space: Workspace, dag: str, start: str | None, end: str | None, catchup: bool | None
) -> dict[str, Any]:
    """What ``dags schedule`` was given of a window, as ``window``; nothing: nothing."""
    if start is None and end is None and catchup is None:
        return {}
    from app.cli.dag_views import structure_of

    with reading(str(space.root)) as store:
        found = moments(structure_of(store, dag), {"start": start, "end": end})
    return {"window": {**found, "catchup": catchup}}


def show_triggered(
    space: Workspace, dag: str, answer: Mapping[str, Any], *, wait: bool, json: bool
) -> None:
    """Print the run that was made; with ``wait`` what became of it: exit code 1 if it failed."""
    from app.cli.own_command import command_line

    made = str(answer["run_id"])
    link = command_line(space, "--dag", dag, "--run", made)
    held = answer.get("held")
    document: dict[str, Any] = {"dag_id": dag, "run_id": made, "open": link, "held": held}
    if not json:
        say(made)
        note(f"open it: {link}")
    if held:
        note(f"nothing of it runs yet: {held}")
    if wait:
        _wait_for_end(space, dag, made, document, json)
    if json:
        print_json(document)
    if document.get("state", "success") != "success":
        raise typer.Exit(ExitCode.FAILED)


def _wait_for_end(
    space: Workspace, dag: str, run_id: str, document: dict[str, Any], json: bool
) -> None:
    """Wait until a run has ended, and put what became of it into the document."""
    from app.cli.following import wait_for_run
    from app.durations import duration

    with reading(str(space.root)) as store:
        row = wait_for_run(store, dag, run_id)
    document |= {"state": row.state, "started_at": row.started_at, "ended_at": row.ended_at}
    if not json:
        note(f"{row.state} after {duration(row.duration) or 'no time'}")
