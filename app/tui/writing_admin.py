"""What the forms of Variables, Connections and Pools write: in a thread, in one transaction each.

``texts`` are the fields that were touched; whatever is not among them stays as it is. All return
the sentence that says what was done, and raise the store's errors. ``name`` None makes a new one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from app.tui.formats import plural
from store.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

Texts = Mapping[str, str]


def save_variable(connection: Connection, name: str | None, texts: Texts) -> str:
    """Make a Variable, or change one."""
    from store import client, edits
    from store.queries.variables import get_variable

    key = texts.get("key", "") if name is None else name
    old = get_variable(connection, key)
    _expect(old is not None, name, f"Variable {key}")
    value = texts.get("value", old or "")
    edits.set_variable(connection, key, value, client.user(), description=texts.get("description"))
    return f"set Variable {key}"


def save_connection(connection: Connection, name: str | None, texts: Texts) -> str:
    """Make a Connection, or change one. A mask left in the extra stands for what is there."""
    from app.tui.models.connections import unmasked
    from store import client, edits
    from store.queries.connections import ConnectionDetails, get_connection

    conn_id = texts.get("conn_id", "") if name is None else name
    old = get_connection(connection, conn_id)
    _expect(old is not None, name, f"Connection {conn_id}")
    details = old or ConnectionDetails(conn_id, "")
    touched: dict[str, Any] = {
        field.name: texts[field.name] or None for field in fields(details) if field.name in texts
    }
    for required in ("conn_id", "conn_type", "description"):
        if required in touched:
            touched[required] = touched[required] or ""
    if touched.get("port") is not None:
        touched["port"] = number(touched["port"], "port")
    if touched.get("extra") is not None:
        touched["extra"] = unmasked(touched["extra"], details.extra)
    edits.set_connection(connection, replace(details, **touched), client.user())
    return f"set Connection {conn_id}"


def save_pool(connection: Connection, name: str | None, texts: Texts) -> str:
    """Make a pool, or change one."""
    from store import client, edits
    from store.queries.pools import get_pool

    pool = texts.get("name", "") if name is None else name
    old = get_pool(connection, pool)
    _expect(old is not None, name, f"pool {pool}")
    slots = old.slots if old else 0
    if "slots" in texts:
        slots = number(texts["slots"], "slots")
    deferred = texts.get("include_deferred")
    edits.set_pool(
        connection,
        pool,
        slots,
        client.user(),
        description=texts.get("description"),
        include_deferred=None if deferred is None else deferred == "yes",
    )
    return f"pool {pool} has {'no limit' if slots < 0 else plural(slots, 'slot')}"


def save_pools(connection: Connection, names: Sequence[str], texts: Texts) -> str:
    """Change several pools alike, all or none. What is empty stays as it is in each."""
    given = {field: text for field, text in texts.items() if text}
    for name in names:
        save_pool(connection, name, given)
    if "slots" not in given:
        return f"changed {plural(len(names), 'pool')}"
    slots = number(given["slots"], "slots")
    many = "no limit" if slots < 0 else f"{plural(slots, 'slot')} each"
    return f"{plural(len(names), 'pool')} have {many}"


def import_variables(
    connection: Connection,
    variables: Mapping[str, tuple[str, str | None]],
    replaced: Container[str],
) -> str:
    """Make Variables, and change those of ``replaced``, all or none, by key: (value, description).

    A description of None leaves what is there.
    """
    from store import client, edits
    from store.queries.variables import list_variables

    known = {row.key: row for row in list_variables(connection, reveal=True)}
    made = changed = 0
    wanted: dict[str, tuple[str, str | None]] = {}
    for key, (value, description) in variables.items():
        old = known.get(key)
        if old is not None and old.value == value and description in (None, old.description):
            continue
        if old is not None and key not in replaced:
            raise InvalidValue(f"Variable {key} came meanwhile: nothing was imported")
        wanted[key] = (value, description)
        made, changed = made + (old is None), changed + (old is not None)
    edits.set_variables(connection, wanted, client.user())
    left = len(variables) - made - changed
    return f"imported Variables: {made:,} made, {changed:,} changed, {left:,} the same already"


def delete_variables(connection: Connection, keys: Sequence[str]) -> str:
    """Delete Variables, all or none."""
    from store import client, edits

    for key in keys:
        edits.delete_variable(connection, key, client.user())
    return f"deleted {', '.join(keys)}"


def delete_connections(connection: Connection, conn_ids: Sequence[str]) -> str:
    """Delete Connections, all or none."""
    from store import client, edits

    for conn_id in conn_ids:
        edits.delete_connection(connection, conn_id, client.user())
    return f"deleted {', '.join(conn_ids)}"


def delete_pools(connection: Connection, names: Sequence[str]) -> str:
    """Delete pools, all or none."""
    from store import client, edits

    for name in names:
        edits.delete_pool(connection, name, client.user())
    return f"deleted {', '.join(names)}"


def number(text: str, what: str) -> int:
    """The whole number that was typed. Raises ``InvalidValue``."""
    try:
        return int(text)
    except ValueError:
        raise InvalidValue(f"{what} must be a whole number, not {text!r}") from None


def _expect(exists: bool, name: str | None, what: str) -> None:
    """Whoever makes something must not replace what is there; whoever changes it, not make it."""
    if name is None and exists:
        raise InvalidValue(f"there is a {what} already: e edits it")
    if name is not None and not exists:
        raise NotFound(f"{what} is gone: somebody deleted it meanwhile")
