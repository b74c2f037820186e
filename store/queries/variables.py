"""Variables: named values that pipelines read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.models import variable
from store.secrets import MASK, is_sensitive


@dataclass(frozen=True, slots=True)
class VariableRow:
    """A variable. ``value`` is ``***`` where the name says that it is a secret (see ``masked``)."""

    key: str
    value: str
    description: str
    masked: bool


def list_variables(connection: Connection, *, reveal: bool = False) -> list[VariableRow]:
    """All variables by key; secrets masked unless ``reveal``."""
    query = select(variable.c.key, variable.c.value, variable.c.description).order_by(
        variable.c.key
    )
    rows: list[VariableRow] = []
    for key, value, description in connection.execute(query):
        masked = not reveal and is_sensitive(key)
        rows.append(VariableRow(key, MASK if masked else value, description, masked))
    return rows


def get_variable(connection: Connection, key: str) -> str | None:
    """The value of a variable, unmasked; None if there is none of that name."""
    return connection.execute(
        select(variable.c.value).where(variable.c.key == key)
    ).scalar_one_or_none()
