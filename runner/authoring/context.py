"""The context of a running task: Airflow 3's names, each value made when it is first touched.

Dates are pendulum's ``DateTime`` in UTC; pendulum is loaded by the first one that is touched.
A run without a logical date has none of the names that depend on it (``ds``, ``ts``, …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from math import prod
from typing import TYPE_CHECKING, Any

from runner.authoring.dag_run import DagRun, to_pendulum, to_utc
from runner.authoring.params import process_params
from runner.authoring.services import OutsideTask

if TYPE_CHECKING:
    from runner.authoring.dag import DAG
    from runner.authoring.taskinstance import TaskInstance
    from runner.journal.records import RunFacts, Ticket


class Context(MutableMapping[str, Any]):
    """What a task is told: like a dict, and what user code sets in it stays."""

    def __init__(self, ticket: Ticket, dag: DAG, ti: TaskInstance) -> None:
        self._facts = ticket.run
        self._given = ticket.context
        self._values: dict[str, Any] = {
            "dag": dag,
            "task": ti.task,
            "ti": ti,
            "task_instance": ti,
            "run_id": ti.run_id,
            "try_number": ti.try_number,
            "map_index_template": getattr(ti.task, "map_index_template", None),
            "task_reschedule_count": ticket.reschedule_count,
            "expanded_ti_count": prod(ticket.expansion_lengths) if ti.map_index >= 0 else None,
        }
        self._makers = _MAKERS if ticket.run.logical_date is None else _DATED_MAKERS
        self._previous: Mapping[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            make = self._makers.get(key)
            if make is None:
                raise
        value = self._values[key] = make(self)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._values.pop(key, None)
        self._makers = {name: make for name, make in self._makers.items() if name != key}

    def __contains__(self, key: object) -> bool:
        return key in self._values or key in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(list({**self._values, **self._makers}))

    def __len__(self) -> int:
        return len(self._values.keys() | self._makers.keys())

    def __repr__(self) -> str:
        return f"<Context of {self._values.get('ti')!r}>"

    def copy(self) -> Context:
        """A context whose values can be set apart from this one's."""
        copied = object.__new__(Context)
        copied.__dict__.update(self.__dict__)
        copied._values = dict(self._values)
        return copied

    __copy__ = copy

    def date(self, name: str) -> Any:
        """A date of the run by its name in ``RunFacts``."""
        return to_pendulum(getattr(self._facts, name))

    def given(self, name: str, default: Any) -> Any:
        """What the ticket says besides."""
        return self._given.get(name, default)

    @property
    def facts(self) -> RunFacts:
        """What the ticket says of the run."""
        return self._facts

    def previous(self, name: str) -> LazyDate:
        """A date of the DAG's last successful run before this one; asked for when it is used."""
        return LazyDate(lambda: to_pendulum(self._previous_success().get(name)))

    def _previous_success(self) -> Mapping[str, Any]:
        if self._previous is None:
            from runner.authoring import services

            found = None
            if self._facts.logical_date is not None:
                found = services.current().get_previous_run(
                    self["ti"].dag_id, self._facts.logical_date, "success"
                )
            self._previous = found or {}
        return self._previous


class MacrosAccessor:
    """``macros`` of templates: what ``runner.authoring.macros`` has, loaded when asked for."""

    def __repr__(self) -> str:
        return "<MacrosAccessor (dynamic access to macros)>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from runner.authoring import macros

        return getattr(macros, name)


class LazyDate:
    """Stands for a date (or None) that costs a question: asked for when something is done with it.

    A function that takes ``**kwargs`` is given all of the context; most look at little of it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make: Callable[[], Any] | None = make
        self._value: Any = None

    def get(self) -> Any:
        """The date itself, or None."""
        if self._make is not None:
            self._value = self._make()
            self._make = None
        return self._value

    def __getattr__(self, name: str) -> Any:
        return getattr(self.get(), name)

    def __bool__(self) -> bool:
        return self.get() is not None

    def __str__(self) -> str:
        return str(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.get(), spec)

    def __hash__(self) -> int:
        return hash(self.get())

    def __eq__(self, other: object) -> bool:
        return self.get() == value_of(other)

    def __lt__(self, other: object) -> bool:
        return self.get() < value_of(other)

    def __le__(self, other: object) -> bool:
        return self.get() <= value_of(other)

    def __gt__(self, other: object) -> bool:
        return self.get() > value_of(other)

    def __ge__(self, other: object) -> bool:
        return self.get() >= value_of(other)

    def __add__(self, other: object) -> Any:
        return self.get() + other

    def __radd__(self, other: object) -> Any:
        return other + self.get()

    def __sub__(self, other: object) -> Any:
        return self.get() - value_of(other)

    def __rsub__(self, other: object) -> Any:
        return other - self.get()


def value_of(value: object) -> Any:
    """The date that a ``LazyDate`` stands for; anything else as it is."""
    return value.get() if isinstance(value, LazyDate) else value


def _ts(context: Context) -> str:
    date = to_utc(context.facts.logical_date)
    return "" if date is None else date.isoformat()


def _ds(context: Context) -> str:
    return _ts(context)[:10]


def _key(context: Context) -> str:
    ti = context["ti"]
    dated = context.facts.logical_date is not None
    return f"{ti.dag_id}__{ti.task_id}__{context['ds_nodash'] if dated else ti.run_id}"


def _params(context: Context) -> dict[str, Any]:
    return process_params(context["dag"], context["task"], context.facts.conf)


def _macros(context: Context) -> Any:
    return MacrosAccessor()


def _var(context: Context) -> dict[str, Any]:
    from runner.authoring.variable import VariableAccessor

    return {
        "json": VariableAccessor(deserialize_json=True),
        "value": VariableAccessor(deserialize_json=False),
    }


def _conn(context: Context) -> Any:
    from runner.authoring.connection import ConnectionAccessor

    return ConnectionAccessor()


def _outlet_events(context: Context) -> Any:
    from runner.authoring.assets import OutletEvents

    return OutletEvents(context["task"].outlets)


def _triggering_asset_events(context: Context) -> Any:
    from runner.authoring.assets import TriggeringAssetEvents

    return TriggeringAssetEvents(context.given("triggering_asset_events", ()))


_MAKERS: dict[str, Callable[[Context], Any]] = {
    "conn": _conn,
    "dag_run": lambda context: DagRun(context["ti"].dag_id, context.facts),
    "inlets": lambda context: list(context["task"].inlets),
    "macros": _macros,
    "outlet_events": _outlet_events,
    "outlets": lambda context: list(context["task"].outlets),
    "params": _params,
    "prev_end_date_success": lambda context: context.previous("ended_at"),
    "prev_start_date_success": lambda context: context.previous("started_at"),
    "task_instance_key_str": _key,
    "triggering_asset_events": _triggering_asset_events,
    "var": _var,
}
_DATED_MAKERS: dict[str, Callable[[Context], Any]] = {
    **_MAKERS,
    "data_interval_end": lambda context: context.date("data_interval_end"),
    "data_interval_start": lambda context: context.date("data_interval_start"),
    "ds": _ds,
    "ds_nodash": lambda context: _ds(context).replace("-", ""),
    "logical_date": lambda context: context.date("logical_date"),
    "prev_data_interval_end_success": lambda context: context.previous("data_interval_end"),
    "prev_data_interval_start_success": lambda context: context.previous("data_interval_start"),
    "ts": _ts,
    "ts_nodash": lambda context: _ts(context)[:19].replace("-", "").replace(":", ""),
    "ts_nodash_with_tz": lambda context: _ts(context).replace("-", "").replace(":", ""),
}

_current: list[Context] = []


def push_context(context: Context) -> None:
    """Make it the one that ``get_current_context`` gives."""
    _current.append(context)


def pop_context() -> None:
    """Leave the innermost context."""
    _current.pop()


def get_current_context() -> Context:
    """The context of the task that runs. Raises ``OutsideTask`` (a RuntimeError) outside one."""
    if not _current:
        raise OutsideTask(
            "get_current_context() works only while a task runs: no task is running in this process"
        )
    return _current[-1]
