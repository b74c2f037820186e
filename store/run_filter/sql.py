"""From the tree of a filter to a condition of SQL on ``tracked_run``.

A condition is always true or false, never NULL, so NOT turns it into all other runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Text,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)

from store.columns import EPOCH, MICROSECOND
from store.models import dataset, dataset_input, experiment, metric, param, tag, tracked_run
from store.run_filter import constructs
from store.run_filter.names import ATTRIBUTES, SHORT_FORMS, Kind
from store.run_filter.tree import (
    And,
    Attribute,
    Between,
    Clause,
    Compare,
    Dataset,
    Field,
    Is,
    Metric,
    Moment,
    Node,
    Not,
    OneOf,
    Or,
    Param,
    Short,
    Span,
    Standings,
    Tag,
    Value,
    Word,
    is_day,
)

NOTE = "mlflow.note.content"
"""The tag that holds a run's note."""

SECOND = 1_000_000
DAY = 86_400 * SECOND

Condition: TypeAlias = ColumnElement[bool]
Column: TypeAlias = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a condition depends on besides its filter."""

    now: datetime
    """Its zone is that of dates without an offset."""
    artifact_root: str = ""
    """Where the artifacts are of experiments that don't say so."""

    @property
    def micros(self) -> int:
        return (self.now - EPOCH) // MICROSECOND


def condition(node: Node, setting: Setting) -> Condition:
    """What holds for the rows of ``tracked_run`` that a part of a filter wants."""
    if isinstance(node, And):
        return and_(*(condition(part, setting) for part in node.parts))
    if isinstance(node, Or):
        return or_(*(condition(part, setting) for part in node.parts))
    if isinstance(node, Not):
        return not_(condition(node.part, setting))
    if isinstance(node, Short):
        return _short(node)
    if isinstance(node, Standings):
        return _STANDINGS[node.standing]
    if isinstance(node, Word):
        found = select(tag.c.run_id).where(constructs.contains(tag.c.value, node.text))
        return constructs.contains(tracked_run.c.name, node.text) | tracked_run.c.id.in_(found)
    return _of_field(node, node.field, setting)


_STANDINGS: dict[str, Condition] = {
    "active": tracked_run.c.deleted_at.is_(None),
    "deleted": tracked_run.c.deleted_at.is_not(None),
    "nested": tracked_run.c.parent_id.is_not(None),
    "root": tracked_run.c.parent_id.is_(None),
}


def _short(node: Short) -> Condition:
    if node.name == "has":
        return or_(
            *(
                tracked_run.c.id.in_(
                    select(table.c.run_id).where(constructs.glob(table.c.key, node.pattern))
                )
                for table in (metric, param, tag)
            )
        )
    any_case = node.name == "status"
    if node.name == "experiment":
        found = select(experiment.c.id).where(constructs.glob(experiment.c.name, node.pattern))
        return tracked_run.c.experiment_id.in_(found)
    column = _ATTRIBUTES[SHORT_FORMS[node.name]]
    return and_(
        column.is_not(None),
        constructs.glob(column, node.pattern.upper() if any_case else node.pattern),
    )


_ATTRIBUTES: dict[str, Column] = {
    "run_id": tracked_run.c.uuid,
    "run_name": tracked_run.c.name,
    "status": tracked_run.c.status,
    "user_id": type_coerce(func.nullif(tracked_run.c.user_id, ""), tracked_run.c.user_id.type),
    "dag": tracked_run.c.dag_id,
    "dag_run": tracked_run.c.run_id,
    "task": tracked_run.c.task_id,
    "attempt": tracked_run.c.try_number,
    "map_index": tracked_run.c.map_index,
    "start_time": type_coerce(tracked_run.c.started_at, BigInteger),
    "end_time": type_coerce(tracked_run.c.ended_at, BigInteger),
}


def attribute(name: str, setting: Setting) -> Column:
    """The value of an attribute: times and lengths of time in microseconds, NULL where missing."""
    if name == "experiment":
        return _of_experiment(experiment.c.name)
    if name == "artifact_uri":
        location = func.coalesce(
            _of_experiment(experiment.c.artifact_location), literal(setting.artifact_root, Text)
        )
        return location + "/" + tracked_run.c.uuid + "/artifacts"
    if name == "duration":
        end = func.coalesce(_ATTRIBUTES["end_time"], literal(setting.micros, BigInteger))
        return end - _ATTRIBUTES["start_time"]
    return _ATTRIBUTES[name]


def _of_experiment(column: Column) -> Column:
    return (
        select(column)
        .where(experiment.c.id == tracked_run.c.experiment_id)
        .correlate(tracked_run)
        .scalar_subquery()
    )


def resolved(field: Field) -> Field:
    """The field itself, or what it stands for: a run's note is a tag."""
    return Tag(NOTE) if field == Attribute("note") else field


METRIC_COLUMNS: dict[str, Column] = {
    "last": metric.c.last_value,
    "min": metric.c.min_value,
    "max": metric.c.max_value,
    "first": metric.c.first_value,
    "mean": metric.c.mean_value,
}


def _of_field(node: Clause, field: Field, setting: Setting) -> Condition:
    field = resolved(field)
    if isinstance(field, Metric):
        column = METRIC_COLUMNS[field.part]
        return _in_rows(node, metric, field.key, lambda: _on_metric(node, column))
    if isinstance(field, Param):
        return _in_rows(node, param, field.key, lambda: _on_param(node))
    if isinstance(field, Tag):
        return _in_rows(node, tag, field.key, lambda: _on_text(node, tag.c.value))
    if isinstance(field, Dataset):
        return _on_dataset(node, field)
    return _on_attribute(node, field, setting)


def _in_rows(node: Clause, table: Any, key: str, holds: Callable[[], Condition]) -> Condition:
    """Whether a run has a row of that key for which it holds.

    A list of runs from an index: one look per run would take longer where few of many match.
    """
    rows = select(table.c.run_id).where(table.c.key == key)
    if isinstance(node, Is) and node.quality == "NULL":
        return tracked_run.c.id.in_(rows) if node.negated else tracked_run.c.id.not_in(rows)
    return tracked_run.c.id.in_(rows.where(holds()))


def on_row_of_metric(node: Node, key: str) -> Condition | None:
    """A condition on the row of ``metric`` itself, where a node is about what that row has."""
    if not isinstance(node, Compare | OneOf | Between | Is):
        return None
    field = node.field
    if not isinstance(field, Metric) or field.key != key:
        return None
    if isinstance(node, Is) and node.quality == "NULL":
        return None
    return _on_metric(node, METRIC_COLUMNS[field.part])


def _on_metric(node: Clause, column: Column) -> Condition:
    """NaN is stored as NULL, which is neither less nor more than anything, and not equal to it."""
    if isinstance(node, Is):
        if node.quality == "NAN":
            return column.is_not(None) if node.negated else column.is_(None)
        infinite = column.in_((math.inf, -math.inf))
        finite = and_(column > -math.inf, column < math.inf)
        holds = infinite if node.quality == "INF" else finite
        return or_(column.is_(None), not_(holds)) if node.negated else holds
    holds = _on_number(node, column, float)
    is_other = isinstance(node, Compare) and node.operator == "!="
    is_negated = isinstance(node, OneOf | Between) and node.negated
    return or_(column.is_(None), holds) if is_other or is_negated else holds


def _on_param(node: Clause) -> Condition:
    """A number is compared with those params that are numbers; all others are not equal to it."""
    values = _values(node)
    if values and isinstance(values[0], str):
        return _on_text(node, param.c.value)
    return _on_metric(node, param.c.number)


def _values(node: Clause) -> tuple[Value, ...]:
    if isinstance(node, Compare):
        return (node.value,)
    if isinstance(node, OneOf):
        return node.values
    return (node.low, node.high) if isinstance(node, Between) else ()


def _on_text(node: Clause, column: Column) -> Condition:
    if isinstance(node, OneOf):
        values = [str(value) for value in node.values]
        return column.not_in(values) if node.negated else column.in_(values)
    assert isinstance(node, Compare)
    operator, value = node.operator, str(node.value)
    if operator == "=":
        return column == value
    if operator == "!=":
        return column != value
    if operator in ("~", "!~"):
        found = constructs.matches(column, value)
    else:
        found = constructs.like(column, value, any_case=operator.endswith("ILIKE"))
    return not_(found) if operator in ("!~", "NOT LIKE", "NOT ILIKE") else found


def _on_number(node: Clause, column: Column, stored: Callable[[Any], float]) -> Condition:
    """``stored`` makes the number in the database of a value."""
    if isinstance(node, OneOf):
        # One list: as many comparisons would be deeper than SQLite lets an expression be.
        numbers = dict.fromkeys(stored(value) for value in node.values if not is_day(value))
        days = (_compared(column, "=", value, stored) for value in node.values if is_day(value))
        found = or_(column.in_([_bound(number) for number in numbers]), *days)
        return not_(found) if node.negated else found
    if isinstance(node, Between):
        found = and_(
            _compared(column, ">=", node.low, stored), _compared(column, "<=", node.high, stored)
        )
        return not_(found) if node.negated else found
    assert isinstance(node, Compare)
    return _compared(column, node.operator, node.value, stored)


def _compared(
    column: Column, operator: str, value: Value, stored: Callable[[Any], float]
) -> Condition:
    number = _bound(stored(value))
    if is_day(value) and operator in ("=", "!="):
        within = and_(column >= number, column < _bound(stored(value) + DAY))
        return within if operator == "=" else not_(within)
    return column.op(operator, is_comparison=True)(number)


def _bound(number: float) -> ColumnElement[Any]:
    """Whole numbers as such, so that PostgreSQL can look them up in an index of whole numbers."""
    if isinstance(number, int) and abs(number) < 2**62:
        return literal(number, BigInteger)
    return literal(number, Double)


def _on_attribute(node: Clause, field: Attribute, setting: Setting) -> Condition:
    if field.name == "experiment" and not isinstance(node, Is):
        found = select(experiment.c.id).where(_on_text(node, experiment.c.name))
        return tracked_run.c.experiment_id.in_(found)
    column = attribute(field.name, setting)
    if isinstance(node, Is):
        return column.is_not(None) if node.negated else column.is_(None)
    kind = ATTRIBUTES[field.name]
    if kind is Kind.TEXT:
        holds = _on_text(node, column)
    elif kind is Kind.TIME:
        holds = _on_number(node, column, lambda value: _instant(value, setting))
    elif kind is Kind.SECONDS:
        holds = _on_number(node, column, _micros)
    else:
        holds = _on_number(node, column, float)
    return and_(column.is_not(None), holds)


def _instant(value: Value, setting: Setting) -> float:
    """Microseconds since 1970 of milliseconds, of a date, or of what is so long ago."""
    if isinstance(value, Moment):
        at = value.at if value.at.tzinfo else value.at.replace(tzinfo=setting.now.tzinfo)
        return (at - EPOCH) // MICROSECOND
    if isinstance(value, Span):
        return setting.micros - round(value.seconds * SECOND)
    return _whole(float(str(value)) * 1000)


def _micros(value: Value) -> float:
    seconds = value.seconds if isinstance(value, Span) else float(str(value))
    return _whole(seconds * SECOND)


def _whole(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < 2**62 else number


def _on_dataset(node: Clause, field: Dataset) -> Condition:
    used = select(dataset_input.c.run_id)
    if field.name == "context":
        column = constructs.context(dataset_input.c.tags)
    else:
        used = used.join(dataset, dataset.c.id == dataset_input.c.dataset_id)
        column = dataset.c[field.name]
    if isinstance(node, Is):
        has = used.where(column.is_not(None))
        return tracked_run.c.id.in_(has) if node.negated else tracked_run.c.id.not_in(has)
    return tracked_run.c.id.in_(used.where(column.is_not(None), _on_text(node, column)))
