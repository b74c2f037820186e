"""MLflow's calls about experiments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from store import events, records, tracking
from store.mlflow_api.asked import ACTIVE, DELETED, Call, cut, milliseconds
from store.mlflow_api.conditions import passes
from store.mlflow_api.errors import ApiError, missing
from store.models import experiment, experiment_tag

DEFAULT = "Default"
DEFAULT_ID = "0"
"""MLflow's id of the experiment for those who name none."""
NAME_LENGTH = 500
"""Characters at most, as in MLflow."""
PAGE, MOST = 1000, 50_000


def create(call: Call) -> dict[str, Any]:
    name = _new_name(call, "name")
    if call.connection.execute(_named(name)).first() is not None:
        raise ApiError(f"Experiment {name!r} already exists.", "RESOURCE_ALREADY_EXISTS")
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
    return {"experiment": document(call, row_of(call, call.text("experiment_id")))}


def get_by_name(call: Call) -> dict[str, Any]:
    name = call.text("experiment_name")
    if name == DEFAULT:
        return {"experiment": document(call, row_of(call, DEFAULT_ID))}
    found = call.connection.execute(_named(name)).first()
    if found is None:
        raise missing("experiment", name)
    return {"experiment": document(call, found)}


def search(call: Call) -> dict[str, Any]:
    row_of(call, DEFAULT_ID)
    text = call.text_or("", "filter")
    found = []
    for row in call.connection.execute(select(experiment)).all():
        if row.deleted_at is not None and call.view == ACTIVE:
            continue
        if row.deleted_at is None and call.view == DELETED:
            continue
        facts = {
            "name": row.name,
            "creation_time": milliseconds(row.created_at),
            "last_update_time": milliseconds(row.created_at),
            "tags": tags_of(call, row.id),
        }
        if passes(text, facts):
            found.append(row)
    found.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    page, token = cut(_ordered(found, call.several("order_by")), call, MOST, PAGE)
    documents = [document(call, row) for row in page]
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
    if DEFAULT in (row.name, name):  # its id is known to every client
        raise ApiError(f"experiment {DEFAULT} keeps its name, and is the only one")
    if call.connection.execute(_named(name)).first() is not None:
        raise ApiError(f"Experiment {name!r} already exists.", "RESOURCE_ALREADY_EXISTS")
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
    """The experiment of that id of MLflow's. Raises ``ApiError`` where there is none."""
    if key == DEFAULT_ID:
        known = call.connection.execute(_named(DEFAULT)).first()
        if known is None:
            tracking.ensure_experiment(call.connection, DEFAULT, call.now)
            known = call.connection.execute(_named(DEFAULT)).one()
        return known
    row = None
    if key.isascii() and key.isdecimal() and len(key) < 19:
        row = call.connection.execute(select(experiment).where(experiment.c.id == int(key))).first()
    if row is None:
        raise missing("experiment with the id", key)
    return row


def id_of(row: Any) -> str:
    """MLflow's id of an experiment."""
    return DEFAULT_ID if row.name == DEFAULT else str(row.id)


def tags_of(call: Call, key: int) -> dict[str, str]:
    """The tags of an experiment."""
    columns = experiment_tag.c
    query = select(columns.key, columns.value).where(columns.experiment_id == key)
    return dict(call.connection.execute(query).all())


def document(call: Call, row: Any) -> dict[str, Any]:
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
        "tags": [{"key": k, "value": v} for k, v in tags_of(call, row.id).items()],
    }


def _named(name: str) -> Any:
    return select(experiment).where(experiment.c.name == name)


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


def _ordered(rows: list[Any], wanted: list[Any]) -> list[Any]:
    names = {
        "name": "name",
        "experiment_id": "id",
        "creation_time": "created_at",
        "last_update_time": "created_at",
    }
    for one in reversed(wanted):
        word, _, direction = str(one).strip().partition(" ")
        name = names.get(word.strip("`"), "")
        if not name:
            raise ApiError(f"Invalid order_by {one!r}: {', '.join(names)} can be ordered by")
        rows = sorted(
            rows, key=lambda row: getattr(row, name), reverse=direction.strip().upper() == "DESC"
        )
    return rows
