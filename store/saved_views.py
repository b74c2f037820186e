"""How lists are looked at, under names that everybody who uses the store sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from store.errors import InvalidValue, NotFound
from store.models import saved_view

TRACKED_RUNS = "tracked_runs"
"""The kind of the views of tracked runs."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view: what it holds is for those who show the list to understand."""

    name: str
    content: Any
    changed_at: datetime
    changed_by: str


def list_views(connection: Connection, kind: str) -> list[SavedView]:
    """The views of a list, by name."""
    columns = [saved_view.c[name] for name in SavedView.__dataclass_fields__]
    query = select(*columns).where(saved_view.c.kind == kind).order_by(saved_view.c.name)
    return [SavedView(*row) for row in connection.execute(query)]


def save_view(
    connection: Connection, kind: str, name: str, content: Any, actor: str, at: datetime
) -> bool:
    """Save a view, over one of that name; whether there was one."""
    name = _checked(name)
    values = {"content": content, "changed_at": at, "changed_by": actor}
    changed = connection.execute(update(saved_view).where(*_is(kind, name)).values(values))
    if changed.rowcount:
        return True
    connection.execute(insert(saved_view), {"kind": kind, "name": name, **values})
    return False


def rename_view(
    connection: Connection, kind: str, name: str, new_name: str, actor: str, at: datetime
) -> None:
    """Give a view another name, which none may have."""
    new_name = _checked(new_name)
    query = select(saved_view.c.id).where(*_is(kind, new_name))
    if new_name != name and connection.execute(query).first() is not None:
        raise InvalidValue(f"there is a view {new_name!r} already: choose another name")
    values = {"name": new_name, "changed_at": at, "changed_by": actor}
    changed = connection.execute(update(saved_view).where(*_is(kind, name)).values(values))
    if not changed.rowcount:
        raise _gone(name)


def delete_view(connection: Connection, kind: str, name: str) -> None:
    """Delete a view."""
    if not connection.execute(delete(saved_view).where(*_is(kind, name))).rowcount:
        raise _gone(name)


def _is(kind: str, name: str) -> Any:
    return saved_view.c.kind == kind, saved_view.c.name == name


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidValue("a view needs a name")
    if len(name) > LONGEST_NAME:
        raise InvalidValue(f"the name of a view has at most {LONGEST_NAME} characters")
    return name


def _gone(name: str) -> NotFound:
    return NotFound(f"there is no view {name!r}: somebody deleted or renamed it")
