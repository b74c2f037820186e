"""Registered models as the command line makes and prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import Column, print_facts, print_json, print_table
from app.cli.times import shown
from app.cli.tracked_views import MISSING, SHORT, find_tracked, number_text, plain_number
from store import client, registry
from store.engine import Store
from store.queries import registry as models
from store.queries import tracked
from store.queries.registry import VersionRow
from store.registry import By, NewVersion


def by() -> By:
    """The person at this terminal, now."""
    return By(client.user(), datetime.now(UTC))


def list_models(store: Store, json: bool) -> None:
    """Print all registered models."""
    with store.read() as connection:
        rows = models.registered_models(connection)
    if json:
        print_json({"models": [_plain(asdict(row)) for row in rows]})
        return
    columns = [
        Column("model"),
        Column("newest", right=True),
        Column("versions", right=True),
        Column("aliases"),
        Column("changed"),
        Column("description", fold=True),
    ]
    cells = [
        (
            row.name,
            MISSING if row.newest_version is None else str(row.newest_version),
            str(row.versions),
            ", ".join(f"{alias} {version}" for alias, version in row.aliases.items()),
            shown(row.updated_at, None),
            row.description,
        )
        for row in rows
    ]
    empty = "no model is registered: dagtop.register_model in a task, or 'dagtop models register'"
    print_table(columns, cells, empty=empty)


def list_versions(store: Store, name: str, json: bool) -> None:
    """Print the versions of a model, the newest first."""
    with store.read() as connection:
        models.get_model(connection, name)
        rows = models.versions(connection, name=name)
    if json:
        print_json({"versions": [document(row) for row in rows]})
        return
    columns = [
        Column("version", right=True),
        Column("aliases"),
        Column("registered"),
        Column("by"),
        Column("run"),
        Column("name"),
        Column("source"),
        Column("status"),
        Column("description", fold=True),
    ]
    cells = [
        (
            str(row.version),
            ", ".join(row.aliases),
            shown(row.created_at, None),
            row.user_id,
            (row.run_uuid or MISSING)[:SHORT],
            row.run_name or MISSING,
            row.source,
            row.status,
            row.description,
        )
        for row in rows
    ]
    print_table(columns, cells, empty=f"model {name} has no version")


def show(store: Store, reference: str, json: bool) -> None:
    """Print a version of a model with what its run has logged."""
    with store.read() as connection:
        row = models.get_version(connection, reference)
        key = row.run_key
        logged = tracked.logged_for(connection, [] if key is None else [key])
        files = [] if key is None else tracked.artifacts_of(connection, key)
    params = logged.params.get(key, {}) if key is not None else {}
    metrics = logged.metrics.get(key, {}) if key is not None else {}
    files = [file for file in files if row.path is not None and _within(file.path, row.path)]
    if json:
        found = document(row)
        found["params"] = params
        found["metrics"] = {name: plain_number(one.last_value) for name, one in metrics.items()}
        found["artifacts"] = [
            {"path": file.path, "size": file.size, "sha256": file.digest} for file in files
        ]
        print_json(found)
        return
    gone = "" if row.run_uuid is None or key is not None else " (the run is gone)"
    facts = [
        ("model", row.name),
        ("version", str(row.version)),
        ("aliases", ", ".join(row.aliases)),
        ("description", row.description),
        ("status", row.status),
        ("registered", f"{shown(row.created_at, None)} by {row.user_id}"),
        ("run", f"{(row.run_uuid or MISSING)[:SHORT]} {row.run_name or ''}{gone}".rstrip()),
        ("experiment", row.experiment or ""),
        ("source", row.source),
        *((f"tag {name}", value) for name, value in row.tags.items()),
        *((f"param {name}", value) for name, value in params.items()),
        *((f"metric {name}", number_text(one.last_value)) for name, one in metrics.items()),
        *((f"file {file.path}", f"{file.size:,} bytes") for file in files),
    ]
    print_facts(facts)


def register(
    store: Store,
    run: str,
    name: str,
    path: str,
    aliases: Sequence[str],
    tags: Sequence[str],
    description: str,
) -> int:
    """Make what a run has logged at a path the next version of a model."""
    row = find_tracked(store, run)
    source = path.strip("/")
    with store.read() as connection:
        files = tracked.artifacts_of(connection, row.id)
    if not any(_within(file.path, source) for file in files):
        has = ", ".join(file.path for file in files[:5]) or "none"
        more = ", …" if len(files) > 5 else ""
        raise CommandError(
            f"run {row.uuid[:SHORT]} has no artifact {path!r}: it has {has}{more}",
            ExitCode.NOT_FOUND,
        )
    given = {key: value for key, value in _pairs(tags).items() if value is not None}
    new = NewVersion(source, row.uuid, description, given, aliases)
    with store.write() as connection:
        return registry.create_version(connection, name, new, by())


def describe(
    store: Store,
    name: str,
    version: int | None,
    *,
    text: str | None,
    rename: str | None,
    tags: Sequence[str],
) -> None:
    """Change what is said of a model or of a version of it."""
    if text is None and rename is None and not tags:
        raise usage_error("nothing to change: give --text, --tag or --rename")
    if version is not None and rename is not None:
        raise usage_error("--rename is for a model, not for a version of it")
    given = _pairs(tags)
    with store.write() as connection:
        if version is None:
            registry.change_model(
                connection, name, by(), new_name=rename, description=text, tags=given
            )
        else:
            registry.change_version(connection, name, version, by(), description=text, tags=given)


def check_there(connection: Connection, name: str, version: int | None) -> None:
    """Raise ``NotFound`` where there is no such model or version."""
    if version is None:
        models.get_model(connection, name)
    else:
        models.get_version(connection, models.Reference(name, version=version))


def document(row: VersionRow) -> dict[str, Any]:
    """A version as JSON."""
    return _plain(asdict(row))


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Without the rows' own keys, which mean nothing outside."""
    return {name: value for name, value in found.items() if name not in ("id", "run_key")}


def _within(path: str, source: str) -> bool:
    return path == source or path.startswith(f"{source}/")


def _pairs(texts: Sequence[str]) -> dict[str, str | None]:
    """``KEY=VALUE`` each; an empty value takes the tag away."""
    found: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise usage_error(f"--tag {text!r} is not KEY=VALUE")
        found[key] = value or None
    return found
