"""The settings in force while a pipeline file is imported and its tasks run.

Module state, as what is being defined is: a ``DAG(…)`` takes its defaults without being told.
"""

from __future__ import annotations

from datetime import UTC, tzinfo

from runner.journal.settings import Settings

_settings = Settings()


def use(settings: Settings) -> None:
    """Put settings in force in this process, and in those it forks."""
    global _settings
    _settings = settings


def in_force() -> Settings:
    """The settings of this process."""
    return _settings


def default_timezone() -> tzinfo:
    """The time zone of dates and schedules that name none."""
    name = _settings.timezone
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
