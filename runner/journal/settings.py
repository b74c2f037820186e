"""What a process that runs user code is told of the workspace's settings."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Handed to each host with its order; the defaults are those of ``store.config``."""

    timezone: str = "UTC"
    """Of dates and schedules that name none."""
    max_active_tasks: int = 16
    max_active_runs: int = 16
    """Of DAGs that state none."""
    xcom_max_bytes: int = 16 * 1024 * 1024
    secret_words: tuple[str, ...] | None = None
    """A name with one of them in it is that of a secret; None: every name is."""
