"""Settings: ``dagtop.toml`` in the workspace, overridden by ``DAGTOP_…`` environment variables.

``[runner] parallelism`` is ``DAGTOP_RUNNER_PARALLELISM`` in the environment, and so on for every
setting; ``DAGTOP_DATABASE_URL`` is short for ``[store] url``. The docstrings here are what
``dagtop config`` shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from store.settings import (
    ConfigError,
    Kinds,
    Setting,
    Sources,
    hide_password,
    listed,
    read_document,
    resolve,
)
from store.workspace import Workspace

__all__ = ["Config", "ConfigError", "Setting", "describe", "hide_password", "load"]

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
Period = Annotated[float, Meta(gt=0)]

SHORT = {("store", "url"): "DAGTOP_DATABASE_URL"}
"""Variables that are short for a setting."""

OF_THE_UI = ("ui", "keys")
"""Sections of ``dagtop.toml`` that ``app.settings`` reads."""


class RunnerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[runner]``: how pipelines are run."""

    parallelism: Count = 32
    """Task instances that run at the same time, over all DAGs."""
    max_active_tasks: Count = 16
    """Task instances of one DAG that run at the same time, where the DAG doesn't say."""
    max_active_runs: Count = 16
    """DAG runs of one DAG that are running at the same time, where the DAG doesn't say."""
    paused_at_creation: bool = True
    """Whether a new DAG starts paused, unless it says so itself (``is_paused_upon_creation``)."""
    timezone: str = "UTC"
    """Time zone of schedules and dates that don't name one, such as Europe/Berlin."""
    parse_timeout: Period = 30.0
    """Seconds that importing a pipeline file may take, not counting waits for a busy processor."""
    kill_grace: Seconds = 10.0
    """Seconds between SIGTERM and SIGKILL when a task is stopped."""
    warm_hosts: Annotated[int, Meta(ge=0)] = 4
    """Pipeline files whose imports are kept in memory, so that their next task starts at once."""
    warm_seconds: Seconds = 300.0
    """Seconds after its last task for which a pipeline file's imports are kept in memory."""
    poll_seconds: Period = 1.0
    """Seconds between two looks at journals and commands; backs up the doorbell."""
    resource_interval: Period = 5.0
    """Seconds between two samples of a task's CPU, memory and I/O."""
    max_map_length: Count = 1024
    """Longest list or dict that can be mapped over; the task that pushes a longer one fails."""
    xcom_max_bytes: Count = 16 * 1024 * 1024
    """Largest XCom, in bytes of its JSON; the task that pushes a larger one fails."""
    mlflow: bool = True
    """Whether MLflow in tasks logs into this workspace, unless MLFLOW_TRACKING_URI is set."""


class RetentionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[retention]``: what is deleted when. Runs that have not ended are never deleted."""

    runs: Annotated[int, Meta(ge=0)] = 1000
    """Runs of each DAG that are kept, those that ended last; 0: no limit."""
    days: Seconds = 180.0
    """Days after which a DAG run is deleted, its tries and XComs with it; 0: never."""
    log_days: Seconds = 60.0
    """Days after which the logs of a try are deleted; 0: together with their run."""


class TrackingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[tracking]``: what is kept of tracked runs."""

    system_metrics: bool = True
    """Whether tries that log anything get metrics of processor, memory, disk, network and GPUs."""
    system_metrics_interval: Period = 10.0
    """Seconds between two points of those."""
    artifact_root: str = ""
    """URL that files of runs are copied to, such as s3://bucket/folder; empty: .dagtop alone."""
    artifact_cache_days: Seconds = 0.0
    """Days after which a file goes from .dagtop that is under artifact_root; 0: never."""


class StoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[store]``: where everything is remembered."""

    url: str = ""
    """URL of a PostgreSQL database; empty: SQLite in .dagtop/dagtop.db."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    runner: RunnerConfig = RunnerConfig()
    retention: RetentionConfig = RetentionConfig()
    tracking: TrackingConfig = TrackingConfig()
    store: StoreConfig = StoreConfig()


KINDS: Kinds = {field.name: type(field.default) for field in msgspec.structs.fields(Config)}


def load(workspace: Workspace, environment: Mapping[str, str] | None = None) -> Config:
    """The settings of a workspace. Raises ``ConfigError``."""
    return Config(**_load(workspace, os.environ if environment is None else environment)[0])


def describe(workspace: Workspace, environment: Mapping[str, str] | None = None) -> list[Setting]:
    """Every setting with its value, where the value comes from, and what it means."""
    parts, sources = _load(workspace, os.environ if environment is None else environment)
    return listed(parts, sources, __file__)


def _load(workspace: Workspace, environment: Mapping[str, str]) -> tuple[dict[str, Any], Sources]:
    document = read_document(workspace.config_file, (*KINDS, *OF_THE_UI))
    parts, sources = resolve(KINDS, [document], environment, SHORT)
    where = str(workspace.config_file)
    _check_timezone(parts["runner"].timezone, sources.get(("runner", "timezone"), ""), where)
    return parts, sources


def _check_timezone(name: str, source: str, where: str) -> None:
    if name == "UTC":
        return
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        place = source if source.startswith("DAGTOP_") else f"{where}: [runner] timezone"
        raise ConfigError(
            f"{place} is {name!r}, but dagtop expected the name of a time zone, "
            "such as UTC or Europe/Berlin"
        ) from error
