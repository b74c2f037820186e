"""The query of the runs that a filter wants, in the order that is asked for.

The runs with a first key that an index is sorted by (a metric's last, min, max or mean) are read
from that index until there are enough: the time of the top 20 doesn't grow with the number of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Table,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from store.models import metric, param, tag, tracked_run
from store.run_filter.constructs import by_character
from store.run_filter.names import ATTRIBUTES, Kind
from store.run_filter.sql import (
    METRIC_COLUMNS,
    Setting,
    attribute,
    condition,
    on_row_of_metric,
    resolved,
)
from store.run_filter.tree import (
    And,
    Attribute,
    Dataset,
    Filter,
    Metric,
    Node,
    OrderBy,
    Param,
    Standings,
    conjunction,
    nodes,
)

INDEXED_PARTS = ("last", "min", "max", "mean")


@dataclass(slots=True)
class _Key:
    """A column to sort by; where it is NULL a run comes last, in both directions."""

    column: ColumnElement[Any]
    descending: bool = False
    nullable: bool = True

    def order(self, column: ColumnElement[Any] | None = None) -> ColumnElement[Any]:
        column = self.column if column is None else column
        sorted_ = column.desc() if self.descending else column.asc()
        return sorted_.nulls_last() if self.nullable else sorted_


@dataclass(slots=True)
class _Sorting:
    """Columns to sort by, and the tables that have to be joined for them."""

    keys: list[_Key]
    joins: list[tuple[Any, ColumnElement[bool]]]

    def joined(self, source: Any) -> Any:
        for table, on in self.joins:
            source = source.outerjoin(table, on)
        return source


def select_runs(
    wanted: Filter,
    order: Sequence[OrderBy] = (),
    *,
    now: datetime,
    limit: int | None = None,
    offset: int = 0,
    artifact_root: str = "",
) -> Select[Any]:
    """The ids of tracked runs that a filter wants; the newest first among equals.

    Deleted runs are left out unless the filter says ``is:deleted`` or ``is:active`` somewhere.
    Metrics sort as finite, inf, NaN, missing (descending: inf, finite, NaN, missing). Params: those
    that are numbers by their value, then texts, then missing ones; texts alone with ``as_text``.
    ``now`` ends what still runs, and its zone is that of dates without an offset.
    """
    setting = Setting(now, artifact_root)
    walk = _walk(order) if limit is not None else None
    if limit is not None and walk is not None:
        return _walked(wanted, walk, order, setting, limit, offset)
    conditions = _conditions(wanted, setting)
    sorting = _sorting(order, setting)
    query = (
        select(tracked_run.c.id)
        .select_from(sorting.joined(tracked_run))
        .where(*conditions)
        .order_by(*(key.order() for key in sorting.keys))
    )
    if limit is not None:
        query = query.limit(limit)
    return query.offset(offset) if offset else query


def count_runs(wanted: Filter, *, now: datetime, artifact_root: str = "") -> Select[Any]:
    """How many tracked runs a filter wants."""
    conditions = _conditions(wanted, Setting(now, artifact_root))
    return select(func.count()).select_from(tracked_run).where(*conditions)


def _conditions(wanted: Filter, setting: Setting) -> list[ColumnElement[bool]]:
    found = [] if wanted.root is None else [condition(wanted.root, setting)]
    if not any(
        isinstance(node, Standings) and node.standing in ("active", "deleted")
        for node, _ in nodes(wanted.root)
    ):
        found.append(tracked_run.c.deleted_at.is_(None))
    return found


def _sorting(order: Sequence[OrderBy], setting: Setting) -> _Sorting:
    sorting = _Sorting([], [])
    for item in order:
        _add(sorting, item, setting)
    sorting.keys.append(_Key(tracked_run.c.started_at, descending=True, nullable=False))
    sorting.keys.append(_Key(tracked_run.c.id, descending=True, nullable=False))
    return sorting


def _add(sorting: _Sorting, item: OrderBy, setting: Setting) -> None:
    field, descending = resolved(item.field), item.descending
    if isinstance(field, Attribute):
        column = attribute(field.name, setting)
        if ATTRIBUTES[field.name] is Kind.TEXT:
            column = by_character(column)
        # Not nullable: the index of start times serves only an order without a word on NULLs.
        sorting.keys.append(_Key(column, descending, nullable=field.name != "start_time"))
        return
    assert not isinstance(field, Dataset)
    table = (
        metric if isinstance(field, Metric) else param if isinstance(field, Param) else tag
    ).alias()
    on = and_(table.c.run_id == tracked_run.c.id, table.c.key == field.key)
    sorting.joins.append((table, on))
    if isinstance(field, Metric):
        # NaN and missing are NULL both: what is missing comes after.
        missing = table.c.run_id.is_(None)
        sorting.keys.append(_Key(missing, nullable=False))
        sorting.keys.append(_Key(table.c[METRIC_COLUMNS[field.part].name], descending))
        return
    if isinstance(field, Param) and not item.as_text:
        sorting.keys.append(_Key(table.c.number, descending))
    sorting.keys.append(_Key(by_character(table.c.value), descending))


@dataclass(slots=True)
class _Walk:
    """An index of runs in the order of the first key."""

    table: Table
    key: str
    leading: _Key
    texts: bool = False
    """Of its rows only those are in the order of the key that have a number; then come texts."""


def _walk(order: Sequence[OrderBy]) -> _Walk | None:
    """The index to read for an order; None where there is none."""
    if not order:
        return None
    first = order[0]
    field = first.field
    if isinstance(field, Metric) and field.part in INDEXED_PARTS:
        leading = _Key(METRIC_COLUMNS[field.part], first.descending)
        return _Walk(metric, field.key, leading)
    if isinstance(field, Param) and not first.as_text:
        return _Walk(param, field.key, _Key(param.c.number, first.descending), texts=True)
    return None


def _walked(
    wanted: Filter,
    walk: _Walk,
    order: Sequence[OrderBy],
    setting: Setting,
    limit: int,
    offset: int,
) -> Select[Any]:
    """Lists, each in its order and long enough: runs in the index, and those that aren't."""
    enough = limit + offset
    table, leading = walk.table, walk.leading
    of_key = [table.c.key == walk.key]
    if walk.texts:
        of_key.append(leading.column.is_not(None))
    own, shared = _split(wanted, walk, setting)
    rest = _sorting(order[1:], setting)
    ties = [_Key(by_character(table.c.value), leading.descending)] if walk.texts else []
    keys = [leading, *ties, *rest.keys]
    within = (
        select(tracked_run.c.id, literal(0).label("outside"), *_labelled(keys))
        .select_from(rest.joined(table.join(tracked_run, table.c.run_id == tracked_run.c.id)))
        .where(*of_key, *own, *shared)
        .order_by(*(key.order() for key in keys))
        .limit(enough)
        .cte("within")
    )
    if own:  # what is said of the first key holds for none that lacks it
        places = [key.order(within.c[f"key_{n}"]) for n, key in enumerate(keys)]
        return select(within.c.id).order_by(*places).limit(limit).offset(offset)
    found = [within]
    if walk.texts:
        # Their order is that of the index, too, from the first text on.
        lacking = [_Key(cast(null(), Double)), *ties, *rest.keys]
        texts = (
            select(tracked_run.c.id, literal(1).label("outside"), *_labelled(lacking))
            .select_from(rest.joined(table.join(tracked_run, table.c.run_id == tracked_run.c.id)))
            .where(table.c.key == walk.key, leading.column.is_(None), *shared)
            .order_by(*(key.order() for key in [*ties, *rest.keys]))
            .limit(_left(enough, found))
            .cte("texts")
        )
        found.append(texts)
    none = [_Key(cast(null(), key.column.type)) for key in (leading, *ties)]
    has = select(table.c.run_id).where(table.c.run_id == tracked_run.c.id, table.c.key == walk.key)
    outside = (
        select(tracked_run.c.id, literal(2).label("outside"), *_labelled([*none, *rest.keys]))
        .select_from(rest.joined(tracked_run))
        .where(~has.correlate(tracked_run).exists(), *shared)
        .order_by(*(key.order() for key in rest.keys))
        .limit(_left(enough, found))
        .subquery("outside")
    )
    both = union_all(*(select(one) for one in (*found, outside))).subquery("all_of_them")
    places = [both.c.outside, *(key.order(both.c[f"key_{n}"]) for n, key in enumerate(keys))]
    return select(both.c.id).order_by(*places).limit(limit).offset(offset)


def _left(enough: int, found: Sequence[Any]) -> ColumnElement[int]:
    """How many are still wanted: where there are enough already, no others are looked for."""
    counts = [select(func.count()).select_from(one).scalar_subquery() for one in found]
    return sum((-one for one in counts), literal(enough))


def _split(
    wanted: Filter, walk: _Walk, setting: Setting
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Conditions on the row of the index that is read anyway, and all others."""
    own: list[ColumnElement[bool]] = []
    rest: list[Node] = []
    parts = wanted.root.parts if isinstance(wanted.root, And) else (wanted.root,)
    for part in parts:
        if part is None:
            continue
        found = on_row_of_metric(part, walk.key) if walk.table is metric else None
        if found is None:
            rest.append(part)
        else:
            own.append(found)
    remaining = Filter(conjunction(rest) if rest else None)
    return own, _conditions(remaining, setting)


def _labelled(keys: list[_Key]) -> list[ColumnElement[Any]]:
    return [key.column.label(f"key_{place}") for place, key in enumerate(keys)]
