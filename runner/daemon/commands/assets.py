"""Events of assets that people record by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from runner.daemon import assets
from runner.daemon.commands.common import Payload, Refused
from runner.daemon.turn import Turn
from store import models


def asset_event(turn: Turn, payload: Payload, actor: str) -> Any:
    """Make an event of an asset, named by its name or URI: DAGs run on it as on a task's."""
    wanted = payload["asset"]
    table = models.asset
    found = turn.connection.execute(
        select(table).where(or_(table.c.name == wanted, table.c.uri == wanted))
    ).all()
    if not found:
        raise Refused(f"there is no asset {wanted!r}; 'dagtop assets list' shows those there are")
    if len(found) > 1:
        named = [row for row in found if row.name == wanted]
        if len(named) != 1:
            raise Refused(
                f"{len(found)} assets are called {wanted!r}: give the other of name or uri"
            )
        found = named
    (asset,) = found
    extra = payload.get("extra") or {}
    key = assets.happened(turn, asset, extra, actor=actor)
    turn.changes.event(
        turn.now,
        "asset_event",
        f"{actor} recorded an event of asset {asset.name}",
        actor=actor,
        details={"asset": asset.name, "uri": asset.uri, "extra": extra},
    )
    waiting = assets.noted_for(turn.connection, asset.id)
    return {"event_id": key, "asset": asset.name, "uri": asset.uri, "dags": waiting}
