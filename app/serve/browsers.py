"""Whether a call without a token may come from a web page that somebody looks at on this machine.

A browser sends what any page tells it to, to any address. A page of elsewhere is known by its
``Origin``; one whose name was made to mean this machine (DNS rebinding) by the ``Host`` it asks.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

KNOWN = frozenset({"localhost", "host.docker.internal", "host.containers.internal"})
"""Names that mean this machine to whoever runs on it."""


def why_not(headers: Mapping[str, str], allowed: Collection[str]) -> str:
    """Why a call isn't answered, a sentence; empty: it is. ``allowed``: further names of this
    machine."""
    host = headers.get("host", "")
    name = name_of(host)
    if not (_is_address(name) or name in KNOWN or name.endswith(".localhost") or name in allowed):
        return (
            f"no client is expected to call this machine {name!r}: serve with --allow-host {name}"
        )
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"a web page of {origin} is no client of this workspace"
    return ""


def name_of(host: str) -> str:
    """The name in a ``Host`` header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # no address of IPv6
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def own_names() -> set[str]:
    """What this machine calls itself."""
    return {socket.gethostname().lower(), socket.getfqdn().lower()}
