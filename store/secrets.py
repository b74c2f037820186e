"""Which names stand for secrets."""

from __future__ import annotations

MASK = "***"

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
