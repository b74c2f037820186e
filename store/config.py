"""Settings: ``dagtop.toml`` in the workspace, overridden by ``DAGTOP_…`` environment variables.

``[runner] parallelism`` is ``DAGTOP_RUNNER_PARALLELISM`` in the environment, and so on for every
setting; ``DAGTOP_DATABASE_URL`` is short for ``[store] url``. The docstrings here are what
``dagtop config`` shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from store.workspace import Workspace

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
Period = Annotated[float, Meta(gt=0)]

URL_VARIABLE = "DAGTOP_DATABASE_URL"


class ConfigError(Exception):
    """A setting is wrong; the message names where it is, which one, and what is expected."""


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
    """Seconds that importing a pipeline file may take."""
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


class RetentionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[retention]``: what is deleted when. Runs that have not ended are never deleted."""

    runs: Annotated[int, Meta(ge=0)] = 1000
    """Runs of each DAG that are kept, those that ended last; 0: no limit."""
    days: Seconds = 180.0
    """Days after which a run is deleted, its tries, XComs and metrics with it; 0: never."""
    log_days: Seconds = 60.0
    """Days after which the logs of a try are deleted; 0: together with their run."""


class StoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[store]``: where everything is remembered."""

    url: str = ""
    """URL of a PostgreSQL database; empty: SQLite in .dagtop/dagtop.db."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    runner: RunnerConfig = RunnerConfig()
    retention: RetentionConfig = RetentionConfig()
    store: StoreConfig = StoreConfig()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as ``dagtop config`` lists it."""

    section: str
    key: str
    value: Any
    default: Any
    source: str
    """``default``, ``dagtop.toml``, or the name of the environment variable."""
    variable: str
    """The environment variable that overrides it."""
    description: str
    is_secret: bool = False
    """The value may hold a password: show ``shown`` instead."""

    @property
    def shown(self) -> Any:
        """The value with the password of a URL replaced by ``***``."""
        return hide_password(self.value) if self.is_secret else self.value


def load(workspace: Workspace, environment: Mapping[str, str] | None = None) -> Config:
    """The settings of a workspace. Raises ``ConfigError``."""
    return _load(workspace, os.environ if environment is None else environment)[0]


def describe(workspace: Workspace, environment: Mapping[str, str] | None = None) -> list[Setting]:
    """Every setting with its value, where the value comes from, and what it means."""
    config, sources = _load(workspace, os.environ if environment is None else environment)
    defaults, descriptions = Config(), _docstrings()
    return [
        Setting(
            section=section,
            key=key,
            value=getattr(getattr(config, section), key),
            default=getattr(getattr(defaults, section), key),
            source=sources.get((section, key), "default"),
            variable=_variable(section, key),
            description=descriptions[type(getattr(config, section)).__name__, key],
            is_secret=(section, key) == ("store", "url"),
        )
        for section in Config.__struct_fields__
        for key in type(getattr(config, section)).__struct_fields__
    ]


def hide_password(url: str) -> str:
    """The URL with its password replaced by ``***``."""
    from urllib.parse import urlsplit

    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url


def _variable(section: str, key: str) -> str:
    return f"DAGTOP_{section.upper()}_{key.upper()}"


def _load(
    workspace: Workspace, environment: Mapping[str, str]
) -> tuple[Config, dict[tuple[str, str], str]]:
    where = str(workspace.config_file)
    document = _read_file(workspace)
    sections = Config.__struct_fields__
    for name, value in document.items():
        if name not in sections:
            raise ConfigError(f"{where}: there is no section [{name}]{_hint(name, sections)}")
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: {name} must be a section, written as [{name}]")
    sources: dict[tuple[str, str], str] = {}
    parts: dict[str, Any] = {}
    for section, kind in msgspec.structs.asdict(Config()).items():
        fields = {field.name: field for field in msgspec.structs.fields(type(kind))}
        values: dict[str, Any] = {}
        for key, value in document.get(section, {}).items():
            if key not in fields:
                raise ConfigError(f"{where}: [{section}] has no setting {key}{_hint(key, fields)}")
            values[key] = _checked(value, fields[key], f"{where}: [{section}] {key}", strict=True)
            sources[section, key] = workspace.config_file.name
        for key, name in _from_environment(section, fields, environment).items():
            values[key] = _checked(environment[name], fields[key], name, strict=False)
            sources[section, key] = name
        parts[section] = type(kind)(**values)
    config = Config(**parts)
    _check_timezone(config, sources.get(("runner", "timezone"), ""), where)
    return config, sources


def _read_file(workspace: Workspace) -> dict[str, Any]:
    import tomllib

    try:
        with workspace.config_file.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{workspace.config_file} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{workspace.config_file} can't be read: {error.strerror}") from error


def _from_environment(
    section: str, fields: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, str]:
    """Key -> variable, of the variables that are about this section."""
    found: dict[str, str] = {}
    prefix = _variable(section, "")
    names = {_variable(section, key): key for key in fields}
    if section == "store" and environment.get(URL_VARIABLE):
        found["url"] = URL_VARIABLE
    for name in environment:
        if name.startswith(prefix):
            if name not in names:
                raise ConfigError(
                    f"the environment variable {name} is no setting of dagtop{_hint(name, names)}"
                )
            found[names[name]] = name
    return found


def _checked(value: Any, field: Any, where: str, *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        wanted = str(error).replace("`", "")
        wanted = wanted[0].lower() + wanted[1:]
        raise ConfigError(f"{where} is {value!r}, but dagtop {wanted}") from error


def _check_timezone(config: Config, source: str, where: str) -> None:
    name = config.runner.timezone
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


def _hint(word: str, known: Any) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1)
    if close:
        return f": did you mean {close[0]}?"
    return f"; there are {', '.join(known)}"


def _docstrings() -> dict[tuple[str, str], str]:
    """(class, field) -> the docstring below it. Python keeps none: the source is read."""
    import ast
    from pathlib import Path

    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(Path(__file__).read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[node.name, field.target.id] = " ".join(str(text.value.value).split())
    return found
