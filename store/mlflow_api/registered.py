"""MLflow's calls about registered models and their versions."""

from __future__ import annotations

from typing import Any

from store import logged_models, registry, tracking
from store.logged_models import ADDRESS
from store.mlflow_api.asked import Call, cut, listed, order, whole
from store.mlflow_api.conditions import passes
from store.mlflow_api.errors import ApiError, missing
from store.mlflow_api.logged import address_of, stored_address
from store.queries import registry as models
from store.queries.registry import ModelRow, Reference, VersionRow
from store.values import milliseconds

MODELS, RUNS = "models:/", "runs:/"
PAGE, MOST = 100, 200_000
STAGE = "None"
"""MLflow's stages are gone in favour of aliases."""


def create_model(call: Call) -> dict[str, Any]:
    name = call.text("name")
    if models.registered_models(call.connection, name):
        raise ApiError(f"Registered Model (name={name}) already exists.", "RESOURCE_ALREADY_EXISTS")
    description = call.text_or("", "description")
    registry.create_model(
        call.connection, name, _by(call), description=description, tags=call.pairs("tags")
    )
    return get_model(call)


def get_model(call: Call) -> dict[str, Any]:
    return {"registered_model": _model(call, models.get_model(call.connection, call.text("name")))}


def change_model(call: Call) -> dict[str, Any]:
    name, description = call.text("name"), _description(call)
    registry.change_model(call.connection, name, _by(call), description=description)
    return get_model(call)


def rename_model(call: Call) -> dict[str, Any]:
    new = call.text("new_name")
    registry.change_model(call.connection, call.text("name"), _by(call), new_name=new)
    return {"registered_model": _model(call, models.get_model(call.connection, new))}


def delete_model(call: Call) -> dict[str, Any]:
    registry.delete_model(call.connection, call.text("name"), _by(call))
    return {}


def search_models(call: Call) -> dict[str, Any]:
    text = call.text_or("", "filter")
    found = [
        row
        for row in models.registered_models(call.connection)
        if passes(text, {"name": row.name, "tags": row.tags})
    ]
    order(found, call, {"name": lambda row: row.name, "timestamp": lambda row: row.updated_at})
    page, token = cut(found, call, MOST, PAGE)
    documents = [_model(call, row) for row in page]
    return {"registered_models": documents, **({"next_page_token": token} if token else {})}


def set_model_tag(call: Call) -> dict[str, Any]:
    tags = {call.key("key"): call.text_or("", "value")}
    registry.change_model(call.connection, call.text("name"), _by(call), tags=tags)
    return {}


def delete_model_tag(call: Call) -> dict[str, Any]:
    tags = {call.text("key"): None}
    registry.change_model(call.connection, call.text("name"), _by(call), tags=tags)
    return {}


def create_version(call: Call) -> dict[str, Any]:
    name = call.text("name")
    models.get_model(call.connection, name)
    model_id = call.text_or("", "model_id")
    logged = logged_models.get(call.connection, model_id) if model_id else None
    run_uuid, source = _resolved(call, call.text("source"), call.text_or(None, "run_id"))
    new = registry.NewVersion(
        source=source,
        run_uuid=run_uuid or (logged.run_uuid if logged else None),
        description=call.text_or("", "description"),
        tags=call.pairs("tags"),
        logged_model_id=model_id or None,
    )
    number = registry.create_version(call.connection, name, new, _by(call))
    return _answer(call, Reference(name, version=number))


def _resolved(call: Call, told: str, run_uuid: str | None) -> tuple[str | None, str]:
    """The run and the path among its files that a source means, which tasks and MLflow 2 know, too;
    else the run that is named and the source as it is."""
    source = stored_address(call, told)
    if source.startswith(MODELS):
        inner = source.removeprefix(MODELS)
        logged = logged_models.get(call.connection, inner)
        if logged is not None:
            source = logged.artifact_location
        elif "/" not in inner:
            raise missing("logged model", inner)
        else:
            name, _, number = inner.rpartition("/")
            meant = Reference(name, version=whole(number, f"the version of {told}", 0))
            found = models.get_version(call.connection, meant)
            return found.run_uuid, found.source
    for start in (RUNS, ADDRESS):
        if source.startswith(start):
            run, _, path = source.removeprefix(start).partition("/")
            if tracking.run_with_uuid(call.connection, run) is not None:
                return run, path
    return run_uuid, source


def get_version(call: Call) -> dict[str, Any]:
    return _answer(call, _meant(call))


def change_version(call: Call) -> dict[str, Any]:
    meant = _meant(call)
    registry.change_version(
        call.connection, meant.name, meant.version or 0, _by(call), description=_description(call)
    )
    return _answer(call, meant)


def delete_version(call: Call) -> dict[str, Any]:
    meant = _meant(call)
    registry.delete_version(call.connection, meant.name, meant.version or 0, _by(call))
    return {}


def search_versions(call: Call) -> dict[str, Any]:
    text = call.text_or("", "filter")
    found = [
        row
        for row in models.versions(call.connection)
        if passes(
            text,
            {
                "name": row.name,
                "version_number": row.version,
                "version": row.version,
                "run_id": row.run_uuid,
                "source_path": row.source,
                "tags": row.tags,
            },
        )
    ]
    keys = {
        "name": lambda row: row.name,
        "version_number": lambda row: row.version,
        "creation_timestamp": lambda row: row.created_at,
        "last_updated_timestamp": lambda row: row.updated_at,
    }
    order(found, call, keys)
    page, token = cut(found, call, MOST, PAGE)
    documents = [_version(call, row) for row in page]
    return {"model_versions": documents, **({"next_page_token": token} if token else {})}


def latest_versions(call: Call) -> dict[str, Any]:
    found = models.get_model(call.connection, call.text("name"))
    return {"model_versions": _newest(call, found)}


def download_uri(call: Call) -> dict[str, Any]:
    row = models.get_version(call.connection, _meant(call))
    logged = logged_models.get(call.connection, row.logged_model_id or "")
    if logged is not None:  # its source is models:/m-…, which MLflow 2 doesn't know
        return {"artifact_uri": address_of(call, logged.artifact_location)}
    return {"artifact_uri": _source(call, row)}


def set_version_tag(call: Call) -> dict[str, Any]:
    return _tag_version(call, call.text_or("", "value"))


def delete_version_tag(call: Call) -> dict[str, Any]:
    return _tag_version(call, None)


def _tag_version(call: Call, value: str | None) -> dict[str, Any]:
    meant = _meant(call)
    tags = {call.key("key"): value}
    registry.change_version(call.connection, meant.name, meant.version or 0, _by(call), tags=tags)
    return {}


def set_alias(call: Call) -> dict[str, Any]:
    meant = _meant(call)
    registry.set_alias(
        call.connection, meant.name, call.text("alias"), meant.version or 0, _by(call)
    )
    return {}


def delete_alias(call: Call) -> dict[str, Any]:
    """One that no version has is no error, as in MLflow."""
    name, alias = call.text("name"), call.text("alias")
    if alias in models.get_model(call.connection, name).aliases:
        registry.delete_alias(call.connection, name, alias, _by(call))
    return {}


def get_by_alias(call: Call) -> dict[str, Any]:
    name, alias = call.text("name"), call.text("alias")
    if alias not in models.get_model(call.connection, name).aliases:
        raise ApiError(f"Registered model alias {alias} not found.")  # MLflow's code for it
    return _answer(call, Reference(name, alias=alias))


def _description(call: Call) -> str | None:
    """The new description; None: it stays."""
    given = call.asked.get("description")
    return None if given is None else str(given)


def _by(call: Call) -> registry.By:
    return registry.By(call.user, call.now)


def _meant(call: Call) -> Reference:
    return Reference(call.text("name"), version=whole(call.text("version"), "version", 0))


def _answer(call: Call, meant: Reference) -> dict[str, Any]:
    return {"model_version": _version(call, models.get_version(call.connection, meant))}


def _model(call: Call, row: ModelRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "creation_timestamp": milliseconds(row.created_at),
        "last_updated_timestamp": milliseconds(row.updated_at),
        "tags": listed(row.tags),
        "aliases": [{"alias": a, "version": str(v)} for a, v in row.aliases.items()],
        "latest_versions": _newest(call, row),
    }


def _newest(call: Call, row: ModelRow) -> list[dict[str, Any]]:
    if row.newest_version is None:
        return []
    meant = Reference(row.name, version=row.newest_version)
    return [_version(call, models.get_version(call.connection, meant))]


def _source(call: Call, row: VersionRow) -> str:
    """Where the files of a version are: of a path among those of a run, too."""
    if row.run_uuid is not None and ":/" not in row.source:
        return f"{call.artifact_root}/{row.run_uuid}/{row.source}"
    return address_of(call, row.source)


def _version(call: Call, row: VersionRow) -> dict[str, Any]:
    model_id = {"model_id": row.logged_model_id} if row.logged_model_id else {}
    return {
        "name": row.name,
        "version": str(row.version),
        "creation_timestamp": milliseconds(row.created_at),
        "last_updated_timestamp": milliseconds(row.updated_at),
        "user_id": row.user_id,
        "current_stage": STAGE,
        "description": row.description,
        "source": _source(call, row),
        "run_id": row.run_uuid or "",
        "status": row.status,
        "tags": listed(row.tags),
        "aliases": list(row.aliases),
        **model_id,
    }
