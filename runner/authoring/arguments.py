"""The arguments that every operator takes: their defaults (Airflow 3's), types and conversions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.settings import default_timezone
from runner.authoring.trigger_rule import TriggerRule, WeightRule, to_trigger_rule, to_weight_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo
    from typing import TypedDict

    from runner.authoring.dag import DAG
    from runner.authoring.params import ParamsDict
    from runner.authoring.task_group import TaskGroup

    Callback = Callable[[Any], Any]
    Callbacks = Callback | list[Callback] | tuple[Callback, ...] | None

    class OperatorArguments(TypedDict, total=False):
        """Keyword arguments of every operator, beside ``task_id``."""

        dag: DAG | None
        task_group: TaskGroup | None
        default_args: dict[str, Any] | None
        params: Mapping[str, Any] | ParamsDict | None
        owner: str
        email: str | list[str] | None
        email_on_retry: bool
        email_on_failure: bool
        retries: int | None
        retry_delay: timedelta | float
        retry_exponential_backoff: bool | float
        max_retry_delay: timedelta | float | None
        start_date: datetime | None
        end_date: datetime | None
        depends_on_past: bool
        ignore_first_depends_on_past: bool
        wait_for_past_depends_before_skipping: bool
        wait_for_downstream: bool
        priority_weight: int
        weight_rule: str
        queue: str
        pool: str | None
        pool_slots: int
        execution_timeout: timedelta | None
        on_execute_callback: Callbacks
        on_failure_callback: Callbacks
        on_success_callback: Callbacks
        on_retry_callback: Callbacks
        on_skipped_callback: Callbacks
        pre_execute: Callable[[Any], Any] | None
        post_execute: Callable[[Any, Any], Any] | None
        trigger_rule: str
        resources: dict[str, Any] | None
        run_as_user: str | None
        map_index_template: str | None
        max_active_tis_per_dag: int | None
        max_active_tis_per_dagrun: int | None
        executor: str | None
        executor_config: dict[str, Any] | None
        do_xcom_push: bool
        multiple_outputs: bool
        inlets: Any
        outlets: Any
        doc: str | None
        doc_md: str | None
        doc_json: str | None
        doc_yaml: str | None
        doc_rst: str | None
        task_display_name: str | None
        render_template_as_native_obj: bool | None


TASK_DEFAULTS: dict[str, Any] = {
    "owner": "",
    "email": None,
    "email_on_retry": True,
    "email_on_failure": True,
    "retries": 0,
    "retry_delay": timedelta(seconds=300),
    "retry_exponential_backoff": 0.0,
    "max_retry_delay": None,
    "start_date": None,
    "end_date": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": True,
    "wait_for_past_depends_before_skipping": False,
    "wait_for_downstream": False,
    "priority_weight": 1,
    "weight_rule": WeightRule.DOWNSTREAM,
    "queue": "default",
    "pool": "default_pool",
    "pool_slots": 1,
    "execution_timeout": None,
    "on_execute_callback": (),
    "on_failure_callback": (),
    "on_success_callback": (),
    "on_retry_callback": (),
    "on_skipped_callback": (),
    "pre_execute": None,
    "post_execute": None,
    "trigger_rule": TriggerRule.ALL_SUCCESS,
    "resources": None,
    "run_as_user": None,
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "executor": None,
    "executor_config": None,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "inlets": (),
    "outlets": (),
    "doc": None,
    "doc_md": None,
    "doc_json": None,
    "doc_yaml": None,
    "doc_rst": None,
    "task_display_name": None,
    "render_template_as_native_obj": None,
}
"""Every common argument and its default.

``email*``, ``queue``, ``resources``, ``run_as_user``, ``executor`` and ``executor_config`` are
taken so that Airflow's files run, and have no effect: there is one machine, and no mail server.
"""

CALLBACKS = ("on_execute", "on_failure", "on_success", "on_retry", "on_skipped")
"""A task's callbacks, without their suffix ``_callback``."""


LARGEST = 10**9
"""Of counts and retries: sums of two still fit into the 32 bits that databases have for them."""
LONGEST = timedelta(days=36500)
"""Of durations: added to a date, it stays within the calendar."""


def check_count(name: str, value: int) -> int:
    """The number itself. Raises ``ArgumentError`` for one that nothing could count up to."""
    if abs(value) > LARGEST:
        raise ArgumentError(f"{name} is {_digits(value)}: give at most {LARGEST}")
    return value


def _digits(value: int) -> str:
    return str(value) if abs(value) < 2**64 else "beyond 64 bits"


def check_duration(name: str, value: timedelta | None) -> timedelta | None:
    """The duration itself. Raises ``ArgumentError`` for one that leaves the calendar."""
    if value is not None and abs(value.total_seconds()) > LONGEST.total_seconds():
        raise ArgumentError(
            f"{name} is {value.days} days: give at most {LONGEST.days} days (a hundred years)"
        )
    return value


def to_timedelta(name: str, value: Any) -> timedelta | None:
    """A timedelta from one, from seconds, or None."""
    if value is None or isinstance(value, timedelta):
        return check_duration(name, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return check_duration(name, timedelta(seconds=value))
        except (OverflowError, ValueError):
            raise ArgumentError(
                f"{name} is {value!r} seconds: give at most {LONGEST.days} days (a hundred years)"
            ) from None
    raise ArgumentError(f"{name} is a timedelta or a number of seconds, not {value!r}")


def to_utc(name: str, value: Any) -> datetime | None:
    """A date in UTC; one without a zone is in the workspace's, a string is read as ISO 8601."""
    if isinstance(value, str):
        value = parse_date(name, value)
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ArgumentError(f"{name} is a datetime, not {type(value).__name__} {value!r}")
    if value.tzinfo is None:
        value = value.replace(tzinfo=default_timezone())
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ArgumentError(f"{name} {value.isoformat()} leaves the calendar in UTC") from None


def zone_name(zone: tzinfo) -> str:
    """Name of a time zone as timetables take it: "Europe/Zurich", "UTC", "+02:00".

    Raises ``DefinitionError`` for a zone that has neither a name nor a fixed offset.
    """
    for attribute in ("key", "name", "zone", "_filename"):  # zoneinfo, pendulum, pytz, dateutil
        name = getattr(zone, attribute, None)
        if isinstance(name, str) and name:
            return name.rpartition("zoneinfo/")[2]
    offset = zone.utcoffset(None)
    if offset is None:
        raise DefinitionError(
            f"the time zone {zone!r} has no name: use zoneinfo.ZoneInfo('Europe/Zurich')"
        )
    minutes = int(offset.total_seconds() // 60)
    if minutes == 0:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def parse_date(name: str, text: str) -> datetime:
    """Read an ISO 8601 date."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise DefinitionError(f"{name} {text!r} is no date: write it as 2026-01-31") from None


def to_callbacks(name: str, value: Any) -> list[Any]:
    """Callbacks as a list, from one, several or None."""
    callbacks = list(value) if isinstance(value, (list, tuple, set)) else [value] if value else []
    for callback in callbacks:
        if not callable(callback):
            raise ArgumentError(f"{name} takes functions, not {callback!r}")
    return callbacks


def _assets(name: str, value: Any) -> list[Any]:
    if value is None or value == ():
        return []
    from runner.authoring.assets import to_assets

    return to_assets(name, value)


def _retries(name: str, value: Any) -> int:
    try:
        retries = 0 if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"{name} is a whole number, not {value!r}") from None
    return check_count(name, retries)


def _backoff(name: str, value: Any) -> float:
    if value is True:
        return 2.0
    if isinstance(value, (int, float)) and 0 <= value <= LARGEST:
        return float(value)
    raise ArgumentError(f"{name} is True, False or a multiplier, not {value!r}")


def _execution_timeout(name: str, value: Any) -> timedelta | None:
    if value is not None and not isinstance(value, timedelta):
        raise DefinitionError(f"{name} is a timedelta, not {type(value).__name__} {value!r}")
    return check_duration(name, value)


def _pool_slots(name: str, value: Any) -> int:
    if not isinstance(value, int) or value < 1:
        raise DefinitionError(f"{name} is a whole number from 1, not {value!r}")
    return check_count(name, value)


def _priority_weight(name: str, value: Any) -> int:
    if not isinstance(value, int):
        raise ArgumentError(f"{name} is a whole number, not {value!r}")
    return clamp_priority(value)


def _positive(name: str, value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or value < 1):
        raise ArgumentError(f"{name} is a whole number from 1 or None, not {value!r}")
    return value if value is None else check_count(name, value)


def _truth(name: str, value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ArgumentError(f"{name} is True or False, not {value!r}")
    return bool(value)


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ArgumentError(f"{name} is a string, not {type(value).__name__} {value!r}")
    return value


def clamp_priority(weight: int) -> int:
    """A priority weight within 32 bits, as Airflow keeps it."""
    return max(-(2**31), min(2**31 - 1, weight))


CONVERTERS: dict[str, Callable[[str, Any], Any]] = {
    "retries": _retries,
    "retry_delay": to_timedelta,
    "retry_exponential_backoff": _backoff,
    "max_retry_delay": to_timedelta,
    "start_date": to_utc,
    "end_date": to_utc,
    "execution_timeout": _execution_timeout,
    "pool": lambda name, value: "default_pool" if value is None else _text(name, value),
    "pool_slots": _pool_slots,
    "inlets": _assets,
    "outlets": _assets,
    "priority_weight": _priority_weight,
    "weight_rule": lambda _, value: to_weight_rule(value),
    "trigger_rule": lambda _, value: to_trigger_rule(value),
    "max_active_tis_per_dag": _positive,
    "max_active_tis_per_dagrun": _positive,
    **dict.fromkeys([f"{kind}_callback" for kind in CALLBACKS], to_callbacks),
    **dict.fromkeys(
        [
            "depends_on_past",
            "ignore_first_depends_on_past",
            "wait_for_past_depends_before_skipping",
            "wait_for_downstream",
            "do_xcom_push",
            "multiple_outputs",
        ],
        _truth,
    ),
    **dict.fromkeys(
        [
            "owner",
            "map_index_template",
            "doc",
            "doc_md",
            "doc_json",
            "doc_yaml",
            "doc_rst",
            "task_display_name",
        ],
        _text,
    ),
}
"""Checks and conversions of common arguments, by name; applied whenever one is set."""
