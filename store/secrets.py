"""Which names stand for secrets."""

from __future__ import annotations

from typing import Any

MASK = "***"

DEEPEST = 100
"""Levels of a value that are shown: what is nested deeper would end those who walk through it."""

SENSITIVE_WORDS = (
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "connection_string",
    "credential",
    "dsn",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy",
    "proxies",
    "secret",
    "service_account",
    "service_key",
    "token",
    "webhook_url",
)
"""A name with one of these in it, in any case, stands for a secret (Airflow's list, and more).
Processes that run user code are told them (``runner.journal.settings``)."""


def is_sensitive(name: str) -> bool:
    """Whether a value of this name must not be shown."""
    lower = name.strip().casefold()
    return any(word in lower for word in SENSITIVE_WORDS)


def masked(value: Any, levels: int = DEEPEST) -> Any:
    """A value as JSON holds it, without what its names say is secret."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return "(nested too deeply to be shown)"
    if isinstance(value, list):
        return [masked(one, levels - 1) for one in value]
    return {
        name: MASK if inner and is_sensitive(str(name)) else masked(inner, levels - 1)
        for name, inner in value.items()
    }
