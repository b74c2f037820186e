"""Connections as URIs, as Airflow writes them (``airflow.models.connection``)."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote, urlsplit

from app.cli.errors import usage_error
from store.queries.connections import ConnectionDetails
from store.secrets import MASK, masked

EXTRA = "__extra__"
"""Query key that holds all extra settings as one JSON document."""
TYPE_NAMES = {"postgresql": "postgres"}


def parse_uri(conn_id: str, uri: str) -> ConnectionDetails:
    """``type://login:password@host:port/schema?key=value``; every part percent-encoded.

    A protocol of the host's own comes doubled: ``http://https://example.com`` is a connection of
    type http to ``https://example.com``.
    """
    scheme, separator, rest = uri.strip().partition("://")
    if not separator or not scheme:
        raise usage_error("the URI must look like type://login@host:port/schema")
    inner_scheme, inner, inner_rest = rest.partition("://")
    protocol = ""
    if inner and inner_scheme.replace("+", "").replace("-", "").isalnum():
        protocol, rest = f"{inner_scheme}://", inner_rest
    try:
        parts = urlsplit(f"x://{rest}")
        port = parts.port
    except ValueError as error:
        raise usage_error(f"the URI can't be read: {error}") from None
    host = _host(parts.netloc)
    kind = scheme.lower().replace("-", "_")
    return ConnectionDetails(
        conn_id=conn_id,
        conn_type=TYPE_NAMES.get(kind, kind),
        host=f"{protocol}{host}" if host else None,
        schema=unquote(parts.path.removeprefix("/")) or None,
        login=_unquoted(parts.username),
        password=_unquoted(parts.password),
        port=port,
        extra=_extra(parts.query),
    )


def _host(place: str) -> str:
    """The host as it was written: ``urlsplit`` makes it lower case."""
    host = place.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return unquote(host.partition(":")[0])


def _unquoted(text: str | None) -> str | None:
    return unquote(text) if text else None


def _extra(query: str) -> str | None:
    settings = dict(parse_qsl(query, keep_blank_values=True))
    if not settings:
        return None
    if set(settings) == {EXTRA}:
        return settings[EXTRA]
    return json.dumps(settings)


def masked_extra(extra: str | None) -> str | None:
    """The extra settings with the values of secret names replaced by ``***``."""
    if not extra:
        return extra
    try:
        document = json.loads(extra)
    except ValueError:
        return MASK
    return json.dumps(masked(document), ensure_ascii=False)
