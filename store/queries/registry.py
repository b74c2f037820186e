"""Registered models and their versions, as lists and pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from store.edits import unknown
from store.errors import InvalidValue, NotFound
from store.models import experiment, model_alias, model_version, registered_model, tracked_run

SCHEME = "models:/"
"""What MLflow writes before a reference to a model."""
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A registered model."""

    id: int
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    tags: Mapping[str, str]
    newest_version: int | None
    """Of those that are there; None: it has none."""
    versions: int
    """How many it has."""
    aliases: Mapping[str, int]
    """Versions by alias."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a registered model."""

    id: int
    name: str
    """Of the model."""
    version: int
    run_uuid: str | None
    source: str
    """A path among the run's artifacts, or a URI."""
    logged_model_id: str | None
    description: str
    user_id: str
    status: str
    """READY, PENDING_REGISTRATION, FAILED_REGISTRATION (MLflow's)."""
    created_at: datetime
    updated_at: datetime
    tags: Mapping[str, str]
    run_key: int | None
    """The run's row; None: it is gone, or was never here."""
    run_name: str | None
    experiment: str | None
    aliases: tuple[str, ...]

    @property
    def path(self) -> str | None:
        """Where its files are among those of its run; None: they are elsewhere."""
        inner = self.source.removeprefix(f"runs:/{self.run_uuid}/")  # as MLflow's clients say it
        is_elsewhere = self.run_uuid is None or ":/" in inner or inner.startswith("/")
        return None if is_elsewhere else inner


@dataclass(frozen=True, slots=True)
class Reference:
    """What ``name@alias``, ``name/3`` or ``name`` (the newest version) mean."""

    name: str
    alias: str = ""
    version: int | None = None

    @property
    def text(self) -> str:
        if self.alias:
            return f"{self.name}@{self.alias}"
        return self.name if self.version is None else f"{self.name}/{self.version}"


def parse_reference(text: str) -> Reference:
    """Read ``name@alias``, ``name/version``, ``name``, each with or without ``models:/`` before it.
    Raises ``InvalidValue``."""
    name = text.removeprefix(SCHEME)
    if "@" in name:
        name, _, alias = name.rpartition("@")
        if name and alias:
            return Reference(name, alias=alias)
    else:
        name, slash, number = name.partition("/")
        if name and (not slash or number.lower() == LATEST):
            return Reference(name)
        if name and number.isascii() and number.isdecimal():
            return Reference(name, version=int(number))
    raise InvalidValue(
        f"{text!r} names no version of a model: write name@alias, name/version, or name for the "
        "newest"
    )


def registered_models(connection: Connection, name: str | None = None) -> list[ModelRow]:
    """All registered models by name, or the one of that name."""
    columns = registered_model.c
    newest, number = func.max(model_version.c.version), func.count(model_version.c.id)
    query = (
        select(registered_model, newest.label("newest"), number.label("number"))
        .outerjoin(model_version, model_version.c.model_id == columns.id)
        .group_by(columns.id)
        .order_by(columns.name)
    )
    if name is not None:
        query = query.where(columns.name == name)
    rows = connection.execute(query).all()
    aliases = _aliases(connection, name)
    return [
        ModelRow(
            row.id,
            row.name,
            row.description,
            row.created_at,
            row.updated_at,
            row.tags,
            row.newest,
            row.number,
            aliases.get(row.id, {}),
        )
        for row in rows
    ]


def get_model(connection: Connection, name: str) -> ModelRow:
    """The registered model of that name. Raises ``NotFound``."""
    found = registered_models(connection, name)
    if not found:
        names = connection.execute(select(registered_model.c.name)).scalars()
        raise NotFound(unknown("model", name, names))
    return found[0]


def versions(
    connection: Connection,
    *,
    name: str | None = None,
    run_uuid: str | None = None,
    limit: int | None = None,
) -> list[VersionRow]:
    """Versions of models, the newest first: of the model of that name, made by that run."""
    columns = model_version.c
    query = _versions().order_by(columns.created_at.desc(), columns.id.desc())
    if name is not None:
        query = query.where(registered_model.c.name == name)
    if run_uuid is not None:
        query = query.where(columns.run_uuid == run_uuid)
    return _rows(connection, query if limit is None else query.limit(limit))


def get_version(connection: Connection, reference: Reference | str) -> VersionRow:
    """The version that is meant. Raises ``NotFound``, ``InvalidValue``."""
    wanted = parse_reference(reference) if isinstance(reference, str) else reference
    model = get_model(connection, wanted.name)
    number = wanted.version
    if wanted.alias:
        number = model.aliases.get(wanted.alias)
        if number is None:
            has = ", ".join(sorted(model.aliases)) or "none"
            raise NotFound(f"model {model.name} has no alias {wanted.alias}; it has {has}")
    elif number is None:
        number = model.newest_version
    query = _versions().where(
        model_version.c.model_id == model.id, model_version.c.version == number
    )
    found = _rows(connection, query)
    if not found:
        what = "version" if number is None else f"version {number}"
        raise NotFound(f"model {model.name} has no {what}")
    return found[0]


def version_made_at(
    connection: Connection, name: str, run_uuid: str, at: datetime
) -> VersionRow | None:
    """The version that a run registered at that moment; None: it isn't known yet."""
    query = _versions().where(
        registered_model.c.name == name,
        model_version.c.run_uuid == run_uuid,
        model_version.c.created_at == at,
    )
    found = _rows(connection, query)
    return found[0] if found else None


def _versions() -> Select[Any]:
    columns = model_version.c
    return (
        select(
            columns.id,
            registered_model.c.name,
            *(columns[name] for name in list(VersionRow.__dataclass_fields__)[2:12]),
            tracked_run.c.id.label("run_key"),
            tracked_run.c.name.label("run_name"),
            experiment.c.name.label("experiment"),
            columns.model_id,
        )
        .join(registered_model, registered_model.c.id == columns.model_id)
        .outerjoin(tracked_run, tracked_run.c.uuid == columns.run_uuid)
        .outerjoin(experiment, experiment.c.id == tracked_run.c.experiment_id)
    )


def _rows(connection: Connection, query: Select[Any]) -> list[VersionRow]:
    rows = connection.execute(query).all()
    names = {row.name for row in rows}
    aliases = _aliases(connection, names.pop() if len(names) == 1 else None) if rows else {}
    found: list[VersionRow] = []
    for row in rows:
        *facts, model_id = row
        of_model = aliases.get(model_id, {})
        own = tuple(alias for alias, version in of_model.items() if version == row.version)
        found.append(VersionRow(*facts, aliases=own))
    return found


def _aliases(connection: Connection, name: str | None) -> dict[int, dict[str, int]]:
    """Of the model of that name, or of all: by model the versions by alias, in order."""
    columns = model_alias.c
    query = select(columns.model_id, columns.alias, columns.version).order_by(columns.alias)
    if name is not None:
        query = query.join(registered_model, registered_model.c.id == columns.model_id).where(
            registered_model.c.name == name
        )
    found: dict[int, dict[str, int]] = {}
    for model_id, alias, version in connection.execute(query):
        found.setdefault(model_id, {})[alias] = version
    return found
