"""The model registry: named models, their numbered versions, and aliases such as ``champion``.

Every change is on the audit trail, in the same transaction. ``store.queries.registry`` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from store import events, records
from store.edits import unknown
from store.errors import InvalidValue, NotFound
from store.models import model_alias, model_version, registered_model

READY, PENDING, FAILED = "READY", "PENDING_REGISTRATION", "FAILED_REGISTRATION"
"""MLflow's statuses of a model version."""
STATUSES = (READY, PENDING, FAILED)

NAME_LENGTH, ALIAS_LENGTH = 256, 255
"""Characters at most: MLflow's limits."""
_ALIAS = re.compile(r"[\w-]+", re.ASCII)
_LIKE_VERSION = re.compile(r"v\d+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and when, for the audit trail."""

    actor: str
    at: datetime
    where: Mapping[str, Any] = field(default_factory=dict)
    """Of the task that does it: dag_id, dag_run_id, run_id, task_id, map_index, try_number."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version of a registered model as it is made."""

    source: str
    """A path among the run's artifacts, or a URI."""
    run_uuid: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Iterable[str] = ()
    logged_model_id: str | None = None
    status: str = READY


def check_model_name(name: str) -> None:
    """Raise ``InvalidValue`` for what can't be the name of a model: it stands in ``name@alias`` and
    ``models:/name/1``."""
    if not name.strip():
        raise InvalidValue("a registered model needs a name")
    if len(name) > NAME_LENGTH or not name.isprintable() or set(name) & set("/:@"):
        raise InvalidValue(
            f"{name[:40]!r} can't be the name of a model: it has no '/', ':' or '@', no control "
            f"characters, and {NAME_LENGTH} characters at most"
        )


def check_alias(alias: str) -> None:
    """Raise ``InvalidValue`` for what can't be an alias, or would look like a version."""
    if not _ALIAS.fullmatch(alias) or len(alias) > ALIAS_LENGTH:
        raise InvalidValue(
            f"{alias[:40]!r} can't be an alias: it has letters, digits, '_' and '-', such as "
            "champion"
        )
    if alias.lower() == "latest" or _LIKE_VERSION.fullmatch(alias) or alias.isdecimal():
        raise InvalidValue(f"{alias!r} can't be an alias: it would be taken for a version")


def create_model(
    connection: Connection,
    name: str,
    by: By,
    *,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> int:
    """Make a registered model without versions; its id. Raises ``InvalidValue`` where there is
    one of that name."""
    check_model_name(name)
    if _model_id(connection, name) is not None:
        raise InvalidValue(f"there is a model {name} already")
    return _insert_model(connection, name, by, description, tags or {})


def ensure_model(connection: Connection, name: str, by: By) -> int:
    """The id of the registered model of that name, which is made if there is none."""
    found = _model_id(connection, name)
    if found is not None:
        return found
    check_model_name(name)
    return _insert_model(connection, name, by, "", {})


def _insert_model(
    connection: Connection, name: str, by: By, description: str, tags: Mapping[str, str]
) -> int:
    row = {
        "name": name,
        "description": description,
        "created_at": by.at,
        "updated_at": by.at,
        "tags": dict(tags),
        "newest_version": 0,
    }
    query = insert(registered_model).returning(registered_model.c.id)
    key = connection.execute(query, row).scalar_one()
    _tell(connection, by, "model_made", f"made model {name}", {"model": name})
    return key


def create_version(connection: Connection, name: str, new: NewVersion, by: By) -> int:
    """Register a version of a model, which is made if need be; the version's number, one more than
    any it has had. Its aliases are taken from the versions that had them."""
    aliases = list(dict.fromkeys(new.aliases))
    for alias in aliases:
        check_alias(alias)
    if not new.source:
        raise InvalidValue(f"a version of model {name} needs a path or URI to be at")
    _check_status(new.status)
    model_id = ensure_model(connection, name, by)
    columns = registered_model.c
    number = connection.execute(
        update(registered_model)
        .where(columns.id == model_id)
        .values(newest_version=columns.newest_version + 1, updated_at=by.at)
        .returning(columns.newest_version)
    ).scalar_one()
    row = {
        "model_id": model_id,
        "version": number,
        "run_uuid": new.run_uuid,
        "source": new.source,
        "logged_model_id": new.logged_model_id,
        "description": new.description,
        "user_id": by.actor,
        "status": new.status,
        "created_at": by.at,
        "updated_at": by.at,
        "tags": dict(new.tags),
    }
    connection.execute(insert(model_version), row)
    told = {"model": name, "version": number, "run": new.run_uuid, "source": new.source}
    what = f"registered version {number} of model {name}"
    _tell(connection, by, "model_registered", what, told)
    for alias in aliases:
        _put_alias(connection, model_id, name, alias, number, by)
    return number


def set_alias(connection: Connection, name: str, alias: str, version: int, by: By) -> int | None:
    """Have an alias mean a version; the version that had it before. Raises ``NotFound``."""
    check_alias(alias)
    model_id = _version_of(connection, name, version).model_id
    return _put_alias(connection, model_id, name, alias, version, by)


def _put_alias(
    connection: Connection, model_id: int, name: str, alias: str, version: int, by: By
) -> int | None:
    of_alias = (model_alias.c.model_id == model_id) & (model_alias.c.alias == alias)
    before = connection.execute(select(model_alias.c.version).where(of_alias)).scalar()
    if before == version:
        return before
    row = {
        "model_id": model_id,
        "alias": alias,
        "version": version,
        "set_at": by.at,
        "set_by": by.actor,
    }
    records.put(connection, model_alias, [row])
    was = f", before version {before}" if before is not None else ""
    told = {"model": name, "alias": alias, "version": version, "before": before}
    what = f"version {version} of model {name} became {alias}{was}"
    _tell(connection, by, "model_alias_set", what, told)
    return before


def delete_alias(connection: Connection, name: str, alias: str, by: By) -> int:
    """Take an alias away; the version that had it. Raises ``NotFound``."""
    model_id = model_id_of(connection, name)
    of_model = model_alias.c.model_id == model_id
    known = dict(
        connection.execute(select(model_alias.c.alias, model_alias.c.version).where(of_model)).all()
    )
    if alias not in known:
        raise NotFound(f"{unknown('alias', alias, known)} (of model {name})")
    connection.execute(delete(model_alias).where(of_model, model_alias.c.alias == alias))
    what = f"version {known[alias]} of model {name} is no longer {alias}"
    told = {"model": name, "alias": alias, "version": known[alias]}
    _tell(connection, by, "model_alias_removed", what, told)
    return known[alias]


def change_model(
    connection: Connection,
    name: str,
    by: By,
    *,
    new_name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> None:
    """Rename or describe a model, set tags (None takes one away). Raises ``NotFound``."""
    model_id = model_id_of(connection, name)
    values: dict[str, Any] = {}
    if new_name is not None and new_name != name:
        check_model_name(new_name)
        if _model_id(connection, new_name) is not None:
            raise InvalidValue(f"there is a model {new_name} already")
        values["name"] = new_name
    if description is not None:
        values["description"] = description
    columns = registered_model.c
    if tags:
        old = connection.execute(select(columns.tags).where(columns.id == model_id)).scalar_one()
        values["tags"] = _merged(old, tags)
    if not values:
        return
    connection.execute(
        update(registered_model)
        .where(columns.id == model_id)
        .values({**values, "updated_at": by.at})
    )
    done = f"renamed model {name} to {new_name}" if "name" in values else f"changed model {name}"
    _tell(connection, by, "model_changed", done, {"model": name, **values})


def change_version(
    connection: Connection,
    name: str,
    version: int,
    by: By,
    *,
    description: str | None = None,
    status: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> None:
    """Describe a version, set its tags (None takes one away) or status. Raises ``NotFound``."""
    row = _version_of(connection, name, version)
    values: dict[str, Any] = {}
    if description is not None:
        values["description"] = description
    if status is not None:
        _check_status(status)
        values["status"] = status
    if tags:
        values["tags"] = _merged(row.tags, tags)
    if not values:
        return
    connection.execute(
        update(model_version)
        .where(model_version.c.id == row.id)
        .values({**values, "updated_at": by.at})
    )
    told = {"model": name, "version": version, **values}
    what = f"changed version {version} of model {name}"
    _tell(connection, by, "model_version_changed", what, told)


def delete_version(connection: Connection, name: str, version: int, by: By) -> None:
    """Delete a version and its aliases; its files stay with its run. Raises ``NotFound``."""
    row = _version_of(connection, name, version)
    connection.execute(
        delete(model_alias).where(
            model_alias.c.model_id == row.model_id, model_alias.c.version == version
        )
    )
    connection.execute(delete(model_version).where(model_version.c.id == row.id))
    told = {"model": name, "version": version, "run": row.run_uuid, "source": row.source}
    what = f"deleted version {version} of model {name}"
    _tell(connection, by, "model_version_deleted", what, told)


def delete_model(connection: Connection, name: str, by: By) -> int:
    """Delete a model with all versions and aliases; how many versions. Raises ``NotFound``."""
    model_id = model_id_of(connection, name)
    connection.execute(delete(model_alias).where(model_alias.c.model_id == model_id))
    of_model = model_version.c.model_id == model_id
    count = connection.execute(delete(model_version).where(of_model)).rowcount
    connection.execute(delete(registered_model).where(registered_model.c.id == model_id))
    what = f"deleted model {name} with {count} version{'' if count == 1 else 's'}"
    _tell(connection, by, "model_deleted", what, {"model": name, "versions": count})
    return count


def made_by(connection: Connection, uuids: Sequence[str]) -> list[str]:
    """The versions, in words, that are among the files of these runs."""
    columns = model_version.c
    query = (
        select(registered_model.c.name, columns.version)
        .join(model_version, columns.model_id == registered_model.c.id)
        .where(columns.run_uuid.in_(uuids))
        .order_by(registered_model.c.name, columns.version)
    )
    return [f"version {version} of model {name}" for name, version in connection.execute(query)]


def model_id_of(connection: Connection, name: str) -> int:
    """The id of the registered model of that name. Raises ``NotFound``."""
    found = _model_id(connection, name)
    if found is None:
        names = connection.execute(select(registered_model.c.name)).scalars()
        raise NotFound(unknown("model", name, names))
    return found


def _model_id(connection: Connection, name: str) -> int | None:
    columns = registered_model.c
    return connection.execute(select(columns.id).where(columns.name == name)).scalar()


def _version_of(connection: Connection, name: str, version: int) -> Any:
    model_id = model_id_of(connection, name)
    columns = model_version.c
    row = connection.execute(
        select(model_version).where(columns.model_id == model_id, columns.version == version)
    ).first()
    if row is None:
        raise NotFound(f"model {name} has no version {version}")
    return row


def _check_status(status: str) -> None:
    if status not in STATUSES:
        raise InvalidValue(f"the status of a version is {', '.join(STATUSES)}, not {status!r}")


def _merged(old: Mapping[str, str], changed: Mapping[str, str | None]) -> dict[str, str]:
    both = {**old, **changed}
    return {key: value for key, value in both.items() if value is not None}


def _tell(connection: Connection, by: By, kind: str, message: str, details: Any) -> None:
    events.record(connection, kind, by.actor, message, at=by.at, details=details, **by.where)
