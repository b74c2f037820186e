"""``Connection``: how to reach another system, as the runner keeps it (Airflow's)."""

from __future__ import annotations

from typing import Any

from runner.authoring import services
from runner.authoring.exceptions import NotFoundException
from runner.authoring.masking import mask_secret

_FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


class Connection:
    """Host, login and further facts of an external system.

    ``extra`` is a JSON object as text; ``extra_dejson`` has it read.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        schema: str | None = None,
        login: str | None = None,
        password: str | None = None,
        port: int | None = None,
        extra: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.conn_type = conn_type
        self.description = description
        self.host = host
        self.schema = schema
        self.login = login
        self.password = password
        self.port = port
        self.extra = extra

    def __repr__(self) -> str:
        return f"Connection({self.conn_id!r})"

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """The Connection with that id. Raises ``NotFoundException`` where there is none.

        Its password and what looks secret in its extra are masked in the log from here on.
        """
        fields = services.current().get_connection(conn_id)
        if fields is None:
            raise NotFoundException(
                f"there is no Connection {conn_id!r}: "
                f"add it with 'dagtop connections add {conn_id} …'"
            )
        found = cls(conn_id=conn_id, **{name: fields.get(name) for name in _FIELDS})
        mask_secret(found.password)
        if found.extra:
            mask_secret(found.extra_dejson)
        return found

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """``extra`` as a dict; empty where it is no JSON object."""
        import json

        try:
            value = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def get_uri(self) -> str:
        """As a URI, ``extra`` as its query: ``postgres://login:password@host:5432/schema?…``."""
        from urllib.parse import quote

        kind = (self.conn_type or "").lower().replace("_", "-")
        uri = f"{kind}://" if kind else "//"
        host = self.host or ""
        if "://" in host:
            protocol, rest = host.split("://", 1)
            if protocol != self.conn_type:
                uri, host = f"{uri}{protocol}://", rest
        authority = quote(self.login, safe="") if self.login is not None else ""
        if self.password is not None:
            authority += ":" + quote(self.password, safe="")
        place = quote(host, safe="")
        if self.port:
            place += f":{self.port}" if place or authority else f"@:{self.port}"
        if self.schema:
            place += "/" + quote(self.schema, safe="")
        return uri + (f"{authority}@" if authority else "") + place + self._query()

    def _query(self) -> str:
        from urllib.parse import parse_qsl, urlencode

        if not self.extra:
            return ""
        query = urlencode(self.extra_dejson)
        if not query or dict(parse_qsl(query, keep_blank_values=True)) != self.extra_dejson:
            query = urlencode({"__extra__": self.extra})
        return ("?" if self.schema else "/?") + query


class ConnectionAccessor:
    """``conn`` of the context: Connections as attributes, ``{{ conn.my_db.host }}``."""

    def __repr__(self) -> str:
        return "<ConnectionAccessor (dynamic access)>"

    def __getattr__(self, conn_id: str) -> Connection:
        if conn_id.startswith("__"):
            raise AttributeError(conn_id)
        return Connection.get(conn_id)

    def __getitem__(self, conn_id: str) -> Connection:
        return Connection.get(conn_id)

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        """The Connection, or ``default_conn`` where there is none."""
        try:
            return Connection.get(conn_id)
        except NotFoundException:
            return default_conn


class BaseHook:
    """Base of classes that talk to an external system (Airflow's hooks)."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """The Connection with that id. Raises ``NotFoundException`` where there is none."""
        return Connection.get(conn_id)

    @property
    def log(self) -> Any:
        """A logger whose lines go to the log of the try."""
        import logging

        kind = type(self)
        return logging.getLogger(f"dagtop.task.{kind.__module__}.{kind.__qualname__}")
