"""Connections without a screen: columns, filter, details, what a form may hold. Pure."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.variables import table_of
from app.tui.reading_admin import ConnectionText
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from store.secrets import MASK, is_sensitive

if TYPE_CHECKING:
    from store.queries.admin import ConnectionHead

EMPTY = "No Connections yet: A adds one."
EMPTY_READ_ONLY = "No Connections yet."
NARROW_HOST, WIDE_HOST = 18, 40
"""Cells of the column of hosts, on a narrow and on a wide terminal."""
HIGHEST_PORT = 65535


def columns(width: int = 80) -> list[Column[ConnectionHead]]:
    """The columns; the password is a mask."""
    host = max(NARROW_HOST, min(WIDE_HOST, NARROW_HOST + (width - 80) // 4))
    return [
        Column("id", "ID", 12, _id_cell, lambda c: c.conn_id.lower(), most=36),
        Column("type", "TYPE", 8, lambda c, s: (span(c.conn_type),), lambda c: c.conn_type),
        Column("host", "HOST", host, lambda c, s: (span(c.host),), lambda c: c.host),
        Column("port", "PORT", 5, _port_cell, lambda c: c.port or -1, right=True),
        Column("login", "LOGIN", 8, lambda c, s: (span(c.login),), lambda c: c.login),
        Column("password", "PASSWORD", 8, _password_cell, lambda c: not c.has_password),
        Column("schema", "SCHEMA", 10, lambda c, s: (span(c.schema),), lambda c: c.schema),
        Column("extra", "EXTRA", 16, _extra_cell, lambda c: c.extra_size, descending=True),
        Column(
            "description",
            "DESCRIPTION",
            12,
            lambda c, s: (span(c.description, "dim"),),
            lambda c: c.description,
            grows=True,
        ),
    ]


def _id_cell(row: ConnectionHead, scene: Scene) -> Spans:
    return (span(row.conn_id, "strong"),)


def _port_cell(row: ConnectionHead, scene: Scene) -> Spans:
    return () if row.port is None else (span(row.port),)


def _password_cell(row: ConnectionHead, scene: Scene) -> Spans:
    return (Span(MASK, "dim"),) if row.has_password else ()


def _extra_cell(row: ConnectionHead, scene: Scene) -> Spans:
    if row.extra_size and not row.extra_keys:
        return (Span(f"{row.extra_size:,} characters", "dim"),)
    return (span(", ".join(row.extra_keys), "dim"),)


def facts_of(row: ConnectionHead) -> Facts:
    """What the filter sees."""
    words = (row.conn_id, row.conn_type, row.host, row.schema, row.login, row.description)
    return Facts(
        text=" ".join((*words, *row.extra_keys)),
        flags=frozenset({"password"} if row.has_password else ()),
        fields={
            "id": (row.conn_id,),
            "type": (row.conn_type,),
            "host": (row.host,),
            "schema": (row.schema,),
            "login": (row.login,),
            "extra": row.extra_keys,
        },
        numbers={"port": None if row.port is None else float(row.port)},
    )


def detail_line(row: ConnectionHead | None, scene: Scene) -> Spans:
    """What there is to say of the row under the cursor."""
    if row is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(span(address(row), "dim"),)] if row.host else []
    if row.extra_keys:
        parts.append((Span("extra ", "dim"), span(", ".join(row.extra_keys), "dim")))
    if row.description:
        parts.append((span(row.description, "dim"),))
    return (Span("  "), *joined(parts, dot))


def address(row: ConnectionHead) -> str:
    """``postgres://ann:***@db.local:5432/shop``, to be read and not to be parsed."""
    login = row.login + (f":{MASK}" if row.has_password else "")
    port = "" if row.port is None else f":{row.port}"
    schema = f"/{row.schema}" if row.schema else ""
    return f"{row.conn_type}://{login}{'@' if login else ''}{row.host}{port}{schema}"


def details(one: ConnectionText) -> str:
    """All of a Connection as a text; secrets stay masked."""
    extra = "too large to be shown here" if one.extra is None else pretty(one.extra)
    return table_of(
        (
            ("id", one.conn_id),
            ("type", one.conn_type),
            ("host", one.host),
            ("port", one.port),
            ("schema", one.schema),
            ("login", one.login),
            ("password", MASK if one.has_password else ""),
            ("extra", extra),
            ("description", one.description),
        )
    )


def pretty(document: str) -> str:
    """JSON in lines; as it is where it isn't JSON."""
    try:
        return json.dumps(json.loads(document), indent=2, ensure_ascii=False)
    except ValueError:
        return document


def unmasked(typed: str, old: str | None) -> str:
    """The extra settings as typed; a mask left under a secret name stands for what was there."""
    try:
        document, before = json.loads(typed), json.loads(old or "null")
    except ValueError:
        return typed
    kept = _kept(document, before)
    return typed if kept == document else json.dumps(kept, ensure_ascii=False)


def _kept(document: Any, before: Any) -> Any:
    if isinstance(document, dict):
        old = before if isinstance(before, dict) else {}
        return {
            name: old[name]
            if inner == MASK and is_sensitive(str(name)) and name in old
            else _kept(inner, old.get(name))
            for name, inner in document.items()
        }
    if isinstance(document, list):
        old = before if isinstance(before, list) else []
        return [
            _kept(one, old[place] if place < len(old) else None)
            for place, one in enumerate(document)
        ]
    return document


def problems(texts: Mapping[str, str], known: Container[str]) -> dict[str, str]:
    """What is wrong with the fields of a Connection (``known``: ids that are taken)."""
    found: dict[str, str] = {}
    conn_id = texts.get("conn_id")
    if conn_id is not None:
        if not conn_id.strip():
            found["conn_id"] = "a connection needs an id"
        elif conn_id in known:
            found["conn_id"] = f"there is a Connection {conn_id} already: e edits it"
    if not texts.get("conn_type", "").strip():
        found["conn_type"] = "say what it is: postgres, http, ssh, generic ..."
    port = texts.get("port", "")
    if port:
        if not port.strip().isdecimal() or not port.isascii():
            found["port"] = f"port must be a whole number, not {port!r}"
        elif int(port) > HIGHEST_PORT:
            found["port"] = f"port {port} is not between 0 and {HIGHEST_PORT}"
    return found
