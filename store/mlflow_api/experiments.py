"""MLflow's calls about experiments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from store import events, records, tracking
from store.mlflow_api.asked import ACTIVE, DELETED, Call, cut, listed, order
from store.mlflow_api.conditions import passes
from store.mlflow_api.errors import ApiError, missing
from store.models import experiment, experiment_tag
from store.values import EPOCH, milliseconds

DEFAULT = "Default"
DEFAULT_ID = "0"
"""MLflow's id of the experiment for those who name none."""
PSEUDO = "x"
NAME_LENGTH = 500
"""Characters at most, as in MLflow."""
PAGE, MOST = 1000, 50_000


@dataclass(frozen=True, slots=True)
class Unmade:
    """The experiment for those who name none, before the first run is in it."""

    id: int = 0
    name: str = DEFAULT
    artifact_location: None = None
    created_at: datetime = EPOCH
    deleted_at: None = None


Known = Row[Any] | Unmade
ORDER: dict[str, Callable[[Known], Any]] = {
    "name": lambda row: row.name,
    "experiment_id": lambda row: row.id,
    "creation_time": lambda row: row.created_at,
    "last_update_time": lambda row: row.created_at,
}


def create(call: Call) -> dict[str, Any]:
    name = _new_name(call, "name")
    _make_sure_none_is_called(call, name)
    values = {
        "name": name,
        "created_at": call.now,
        "artifact_location": call.text_or(None, "artifact_location"),
    }
    statement = insert(experiment).returning(experiment.c.id)
    key = call.connection.execute(statement, values).scalar_one()
    _put_tags(call, key, call.pairs("tags"))
    return {"experiment_id": str(key)}


def get(call: Call) -> dict[str, Any]:
    return {"experiment": _answered(call, known(call, call.text("experiment_id")))}


def get_by_name(call: Call) -> dict[str, Any]:
    name = call.text("experiment_name")
    if name == DEFAULT:
        return {"experiment": _answered(call, known(call, DEFAULT_ID))}
    found = call.connection.execute(_named(name)).first()
    if found is None:
        raise missing("experiment", name)
    return {"experiment": _answered(call, found)}


def search(call: Call) -> dict[str, Any]:
    text = call.text_or("", "filter")
    found: list[Known] = []
    rows: list[Known] = list(call.connection.execute(select(experiment)).all())
    if not any(row.name == DEFAULT for row in rows):
        rows.append(Unmade())
    tags = _tags_by_experiment(call)
    for row in rows:
        if row.deleted_at is not None and call.view == ACTIVE:
            continue
        if row.deleted_at is None and call.view == DELETED:
            continue
        facts = {
            "name": row.name,
            "creation_time": milliseconds(row.created_at),
            "last_update_time": milliseconds(row.created_at),
            "tags": tags.get(row.id, {}),
        }
        if passes(text, facts):
            found.append(row)
    found.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    order(found, call, ORDER)
    page, token = cut(found, call, MOST, PAGE)
    documents = [document(call, row, tags.get(row.id, {})) for row in page]
    return {"experiments": documents, **({"next_page_token": token} if token else {})}


def remove(call: Call) -> dict[str, Any]:
    row = row_of(call, call.text("experiment_id"))
    _change(call, row, f"archived experiment {row.name}", deleted_at=call.now)
    return {}


def restore(call: Call) -> dict[str, Any]:
    row = row_of(call, call.text("experiment_id"))
    _change(call, row, f"restored experiment {row.name}", deleted_at=None)
    return {}


def rename(call: Call) -> dict[str, Any]:
    row, name = row_of(call, call.text("experiment_id")), _new_name(call, "new_name")
    if name == row.name:
        return {}
    if row.name == DEFAULT:
        raise ApiError(f"the experiment {DEFAULT} keeps its name: clients know it by its id, 0")
    _make_sure_none_is_called(call, name)
    _change(call, row, f"renamed experiment {row.name} to {name}", name=name)
    return {}


def _new_name(call: Call, word: str) -> str:
    name = call.text(word)
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise ApiError(
            f"the name of an experiment has at most {NAME_LENGTH} characters, none of them a "
            f"control character: {name[:60]!r}"
        )
    return name


def set_tag(call: Call) -> dict[str, Any]:
    row = row_of(call, call.text("experiment_id"))
    _put_tags(call, row.id, {call.key("key"): call.text_or("", "value")})
    return {}


def delete_tag(call: Call) -> dict[str, Any]:
    row = row_of(call, call.text("experiment_id"))
    mine = experiment_tag.c.experiment_id == row.id
    call.connection.execute(
        delete(experiment_tag).where(mine, experiment_tag.c.key == call.text("key"))
    )
    return {}


def row_of(call: Call, key: str) -> Row[Any]:
    """The experiment of that id of MLflow's, to be written to: that for those who name none is made
    by it. Raises ``ApiError`` where there is none."""
    found = known(call, key)
    if isinstance(found, Unmade):
        tracking.ensure_experiment(call.connection, DEFAULT, call.now)
        return call.connection.execute(_named(DEFAULT)).one()
    return found


def known(call: Call, key: str) -> Known:
    """The experiment of that id of MLflow's. Raises ``ApiError`` where there is none."""
    found = _found(call, key)
    if found is None:
        raise missing("experiment with id", key)
    return found


def all_known(call: Call, keys: Sequence[Any]) -> list[Known]:
    """The experiments with these ids, of those that there are."""
    every = [_found(call, str(key)) for key in keys]
    return [one for one in every if one is not None]


def _found(call: Call, key: str) -> Known | None:
    if key == DEFAULT_ID:
        return call.connection.execute(_named(DEFAULT)).first() or Unmade()
    if key.isascii() and key.isdecimal() and len(key) < 19:
        return call.connection.execute(
            select(experiment).where(experiment.c.id == int(key))
        ).first()
    if key.startswith(PSEUDO):
        rows = call.connection.execute(select(experiment)).all()
        return next((row for row in rows if pseudo_id(row.name) == key), None)
    return None


def pseudo_id(name: str) -> str:
    """What a client beside no runner calls an experiment, whose id it couldn't ask for."""
    return PSEUDO + hashlib.sha256(name.encode()).hexdigest()[:16]


def id_of(row: Any) -> str:
    """MLflow's id of an experiment."""
    return DEFAULT_ID if row.name == DEFAULT else str(row.id)


def _tags_by_experiment(call: Call, key: int | None = None) -> dict[int, dict[str, str]]:
    """The tags of all experiments, or of one."""
    query = select(experiment_tag)
    if key is not None:
        query = query.where(experiment_tag.c.experiment_id == key)
    tags: dict[int, dict[str, str]] = {}
    for row in call.connection.execute(query):
        tags.setdefault(row.experiment_id, {})[row.key] = row.value
    return tags


def _answered(call: Call, row: Known) -> dict[str, Any]:
    return document(call, row, _tags_by_experiment(call, row.id).get(row.id, {}))


def document(call: Call, row: Known, tags: dict[str, str]) -> dict[str, Any]:
    """An experiment as MLflow has it."""
    at = milliseconds(row.created_at)
    return {
        "experiment_id": id_of(row),
        "name": row.name,
        "artifact_location": row.artifact_location
        or f"{call.artifact_root}/experiments/{id_of(row)}",
        "lifecycle_stage": "deleted" if row.deleted_at else "active",
        "creation_time": at,
        "last_update_time": at,
        "tags": listed(tags),
    }


def _named(name: str) -> Any:
    return select(experiment).where(experiment.c.name == name)


def _make_sure_none_is_called(call: Call, name: str) -> None:
    if name == DEFAULT or call.connection.execute(_named(name)).first() is not None:
        raise ApiError(f"Experiment {name!r} already exists.", "RESOURCE_ALREADY_EXISTS")


def _put_tags(call: Call, key: int, tags: dict[str, str]) -> None:
    rows = [{"experiment_id": key, "key": name, "value": value} for name, value in tags.items()]
    records.put(call.connection, experiment_tag, rows)


def _change(call: Call, row: Any, message: str, **values: Any) -> None:
    call.connection.execute(update(experiment).where(experiment.c.id == row.id).values(values))
    events.record(
        call.connection,
        "experiment_changed",
        call.user,
        message,
        at=call.now,
        details={"experiment": row.name},
    )
