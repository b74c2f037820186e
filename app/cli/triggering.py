"""What ``dagtop dags trigger`` and ``backfill`` tell the runner, and waiting for a run's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.cli.errors import usage_error
from app.cli.output import note
from app.cli.session import reading
from store.workspace import Workspace


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
    from app.cli.times import parse_moment, zone_named

    document = parse_conf(conf)
    with reading(str(space.root)) as store:
        structure = structure_of(store, dag)
        if like is not None:
            from app.cli.lookups import find_run

            with store.read() as connection:
                document = (find_run(connection, dag, like).conf or {}) | document
    params = with_params(document, pairs or (), structure.params)
    check_conf(params, structure.params)
    zone = zone_named(structure.timezone)
    moments = {
        name: parse_moment(text, zone, option(name)).isoformat() for name, text in given.items()
    }
    ends = [name for name in moments if name != "logical_date"]
    if len(ends) == 1:
        raise usage_error("give both --data-interval-start and --data-interval-end, or neither")
    return {"conf": params or None, "logical_date": None, **moments}


def option(name: str) -> str:
    """The option for a date: ``--logical-date``."""
    return f"--{name.replace('_', '-')}"


def wait_for_end(
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
