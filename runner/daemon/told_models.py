"""What a journal tells of registered models, and of files that runs have read, into the store."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from runner.journal.records import ArtifactUsed, ModelAliasSet, ModelRegistered
from store import events, registry, tracking
from store.errors import InvalidValue, NotFound
from store.registry import By, NewVersion

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Who:
    """Who tells it, for the audit trail."""

    actor: str
    where: Mapping[str, Any]


def take_in(
    connection: Connection,
    run_id: int | None,
    record: ModelRegistered | ModelAliasSet | ArtifactUsed,
    who: Who,
) -> None:
    """Write what a tracked run tells. ``run_id``: its row, of which the registration of what it has
    logged itself, and the use of a file, are facts. What can't be done is on the audit trail:
    whoever told it has gone on."""
    by = By(who.actor, datetime.fromtimestamp(record.at, UTC), who.where)
    try:
        match record:
            case ModelRegistered():
                _registered(connection, run_id, record, by)
            case ModelAliasSet(version=None):
                with contextlib.suppress(NotFound):  # none has it: that is what was wanted
                    registry.delete_alias(connection, record.name, record.alias, by)
            case ModelAliasSet():
                registry.set_alias(connection, record.name, record.alias, record.version or 0, by)
            case ArtifactUsed():
                assert run_id is not None
                tracking.use_artifact(
                    connection, run_id, record.path, record.digest, record.producer, by.at
                )
    except (InvalidValue, NotFound) as error:
        log.warning("%s: %s", who.actor, error)
        message = f"could not be done: {error}"
        events.record(connection, "model_refused", by.actor, message, at=by.at, **by.where)


def _registered(
    connection: Connection, run_id: int | None, record: ModelRegistered, by: By
) -> None:
    own = None if run_id is None else tracking.uuid_of(connection, run_id)
    new = NewVersion(
        record.path,
        record.of or own,
        record.description,
        record.tags,
        record.aliases,
    )
    registry.create_version(connection, record.name, new, by)
