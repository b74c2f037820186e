"""The Connections."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.models import connections as models
from app.tui.models.fields import FIXED, JSON, SECRET, FormField
from app.tui.reading_admin import (
    ConnectionsSnapshot,
    ConnectionText,
    read_connection,
    read_connections,
)
from app.tui.screens.admin import AdminScreen
from app.tui.spans import Spans
from app.tui.writing_admin import delete_connections, save_connection

if TYPE_CHECKING:
    from app.tui.columns import Column
    from app.tui.refresher import Fetch
    from store.queries.admin import ConnectionHead

LINES_OF_EXTRA = 4


class ConnectionsScreen(AdminScreen["ConnectionHead"]):
    """Where other systems are; passwords are masked."""

    view_name: ClassVar[str] = "connections"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "admin")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "admin")
    filter_hint: ClassVar[str] = "words  type:x  host:x  login:x  extra:x  port>1000  !not"
    first_order: ClassVar[str] = "id"
    noun: ClassVar[str] = "Connection"
    nouns: ClassVar[str] = "Connections"
    empty_words: ClassVar[str] = models.EMPTY
    empty_read_only: ClassVar[str] = models.EMPTY_READ_ONLY

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: ConnectionsSnapshot | None = None

    def make_columns(self) -> Sequence[Column[ConnectionHead]]:
        return models.columns(self.app.size.width)

    def name_of(self, row: ConnectionHead) -> str:
        return row.conn_id

    def rows(self) -> Sequence[ConnectionHead]:
        return () if self.snapshot is None else self.snapshot.connections

    def facts(self, row: ConnectionHead) -> Facts:
        return models.facts_of(row)

    def fetch(self) -> Fetch:
        return read_connections

    def detail(self, row: ConnectionHead | None) -> Spans:
        return models.detail_line(row, self.dagtop.scene())

    def delete_all(self, connection: Any, names: Sequence[str]) -> str:
        return delete_connections(connection, names)

    def copy(self, row: ConnectionHead) -> None:
        self.dagtop.copy(models.address(row), "the address, its password masked,")

    # forms

    def edit(self, name: str | None) -> None:
        if name is None:
            self._open(None, None)
        else:
            self.dagtop.read_first(
                lambda store: read_connection(store, name), partial(self._open, name)
            )

    def _open(self, name: str | None, one: ConnectionText | None) -> None:
        if name is not None and one is None:
            self.gone(name)
        elif self.is_current:
            check = partial(models.problems, known=self.known())
            self.open_form(name, connection_fields(one), save_connection, check)

    def look(self, name: str) -> None:
        def show(one: ConnectionText | None) -> None:
            if one is None:
                self.gone(name)
            else:
                self.dagtop.ways.open_text((f"Connection {name}",), models.details(one))

        self.dagtop.read_first(lambda store: read_connection(store, name), show)


def connection_fields(one: ConnectionText | None) -> list[FormField]:
    """The fields of the form of a Connection, or of a new one."""
    new = one is None
    one = one or ConnectionText("", "", "", "", "", "", False, "", "")
    extra = FormField(
        "extra",
        "extra",
        JSON,
        models.pretty(one.extra or ""),
        "Further settings, a JSON object; a *** left as it is stands for the secret there is.",
        height=LINES_OF_EXTRA,
    )
    if one.extra is None:
        about = "Too large to be edited here; it can be replaced."
        extra = FormField("extra", "extra", SECRET, about=about, is_set=True)
    return [
        FormField("conn_id", "id", about="What pipelines call it.")
        if new
        else FormField("conn_id", "id", FIXED, one.conn_id),
        FormField(
            "conn_type", "type", text=one.conn_type, about="postgres, http, ssh, generic ..."
        ),
        FormField("host", "host", text=one.host, about="Host name or address."),
        FormField("port", "port", text=one.port, about="0 to 65535, or nothing."),
        FormField("schema", "schema", text=one.schema, about="Database or schema."),
        FormField("login", "login", text=one.login, about="User name."),
        FormField(
            "password",
            "password",
            SECRET,
            about="Never shown.",
            is_set=one.has_password,
        ),
        extra,
        FormField("description", "description", text=one.description, about="What it is for."),
    ]
