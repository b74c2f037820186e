"""From the workspace's settings to those that processes with user code are told."""

from __future__ import annotations

from runner.journal.settings import Settings
from store.config import RunnerConfig
from store.secrets import SENSITIVE_WORDS


def settings_of(config: RunnerConfig) -> Settings:
    """What of ``[runner]`` matters to the import of a pipeline file and to its tasks."""
    return Settings(
        timezone=config.timezone,
        max_active_tasks=config.max_active_tasks,
        max_active_runs=config.max_active_runs,
        xcom_max_bytes=config.xcom_max_bytes,
        secret_words=SENSITIVE_WORDS,
    )
