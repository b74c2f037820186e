"""Tracked runs as a table: which there are under a filter, in what order, in what groups.

Only what is seen is read whole (``entries``): of ten thousand runs the ids are enough.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Double, and_, func, select, type_coerce

from store.metric_points import Summary
from store.models import experiment, metric, param, tag, tracked_run
from store.queries.rows import plain_rows
from store.queries.tracked import AT_ONCE, TrackedRow, logged_for, of_runs, tracked_rows
from store.run_filter import Filter, OrderBy, count_runs, select_runs
from store.run_filter.constructs import by_character
from store.run_filter.sql import METRIC_COLUMNS
from store.run_filter.tree import (
    And,
    Attribute,
    Compare,
    Is,
    Metric,
    Node,
    OneOf,
    Or,
    Param,
    Standings,
    Tag,
    conjunction,
    disjunction,
    nodes,
)

Standing = Literal["active", "archived", "all"]
SYSTEM = "system/"
"""Metrics of the machine are called so."""
SAMPLE = 100
"""Newest runs that the columns are chosen by which are shown unasked."""
MOST_GROUPS = 500
MANY = 5_000
"""Runs from which on they aren't grouped one by one."""
MOST_MEMBERS = 1_000
"""Runs of a group that are listed below it."""

ATTRIBUTE_COLUMNS: dict[str, Any] = {
    "experiment": experiment.c.name,
    "dag": tracked_run.c.dag_id,
    "dag_run": tracked_run.c.run_id,
    "task": tracked_run.c.task_id,
    "status": tracked_run.c.status,
    "user_id": func.nullif(tracked_run.c.user_id, ""),
}
"""Attributes that runs can be grouped by."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which runs a table is about, before anything is filtered."""

    experiments: tuple[str, ...] = ()
    dags: tuple[str, ...] = ()
    """Runs of one of the experiments or of one of the DAGs; neither: all."""
    standing: Standing = "active"

    def around(self, wanted: Filter) -> Filter:
        """The filter with what the scope says. Its own ``is:deleted`` counts, not the standing."""
        parts: list[Node] = []
        which: list[Node] = []
        if self.experiments:
            which.append(OneOf(Attribute("experiment"), self.experiments))
        if self.dags:
            which.append(OneOf(Attribute("dag"), self.dags))
        if which:
            parts.append(disjunction(which))
        says = any(
            isinstance(node, Standings) and node.standing in ("active", "deleted")
            for node, _ in nodes(wanted.root)
        )
        if self.standing == "archived" and not says:
            parts.append(Standings("deleted"))
        elif self.standing == "all" and not says:
            parts.append(Or((Standings("active"), Standings("deleted"))))
        if wanted.root is not None:
            parts.append(wanted.root)
        return Filter(conjunction(parts) if parts else None)


@dataclass(frozen=True, slots=True)
class Entry:
    """A run with what was logged for it, as far as it was asked for."""

    row: TrackedRow
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    metrics: Mapping[str, Summary] = field(default_factory=dict[str, Summary])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of params, metrics and tags; None: all."""

    params: frozenset[str] | None = frozenset()
    metrics: frozenset[str] | None = frozenset()
    tags: frozenset[str] | None = frozenset()


@dataclass(frozen=True, slots=True)
class KeyCount:
    """A key that some runs of a sample have logged."""

    kind: str
    """param, metric, tag."""
    key: str
    runs: int
    values: int = 0
    """Of a param or tag, how many values it has; 0 of metrics."""


@dataclass(frozen=True, slots=True)
class GroupBy:
    """What runs are grouped by."""

    kind: Literal["param", "tag", "attribute"]
    key: str


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the runs of a group, of those whose value is finite."""

    runs: int
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Runs with the same value."""

    value: str | None
    """None: those that lack it."""
    runs: int
    spreads: Mapping[tuple[str, str], Spread] = field(default_factory=dict[tuple[str, str], Spread])
    """By key and part of a metric."""


def run_ids(
    connection: Connection,
    wanted: Filter,
    order: Sequence[OrderBy],
    *,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """The ids of the runs that are wanted, in order."""
    query = select_runs(wanted, order, now=now, limit=limit, offset=offset)
    return list(connection.execute(query).scalars())


def run_count(connection: Connection, wanted: Filter, *, now: datetime) -> int:
    """How many runs are wanted."""
    return connection.execute(count_runs(wanted, now=now)).scalar_one()


def entries(connection: Connection, ids: Sequence[int], keys: Keys) -> dict[int, Entry]:
    """Runs by id with what was logged under these keys; those that are gone are left out."""
    logged = logged_for(connection, ids, params=keys.params, metrics=keys.metrics, tags=keys.tags)
    return {
        row.id: Entry(
            row,
            logged.params.get(row.id, {}),
            logged.metrics.get(row.id, {}),
            logged.tags.get(row.id, {}),
        )
        for row in tracked_rows(connection, ids)
    }


Wanted = tuple[str, str, str]
"""A column of values: kind (param, metric, tag), key, and of a metric the part."""


def values(
    connection: Connection, ids: Sequence[int], columns: Sequence[Wanted]
) -> dict[int, list[Any]]:
    """What runs have logged, by id: a value for each column, None where there is none.

    Quicker than ``entries`` by far where all of a table is read: nothing else is.
    """
    found: dict[int, list[Any]] = {key: [None] * len(columns) for key in ids}
    for kind, part in dict.fromkeys((kind, part) for kind, _, part in columns):
        places: dict[str, list[int]] = {}
        for place, (other, key, of) in enumerate(columns):
            if (other, of) == (kind, part):
                places.setdefault(key, []).append(place)
        table = {"param": param, "metric": metric, "tag": tag}[kind]
        column = METRIC_COLUMNS[part] if kind == "metric" else table.c.value
        query = of_runs(table, (table.c.run_id, table.c.key, column), places)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            rows: Sequence[Any] = connection.execute(query.where(tracked_run.c.id.in_(some))).all()
            for run, key, value in rows:
                if key is not None:
                    row = found[run]
                    for place in places[key]:
                        row[place] = value
    return found


def ids_of(connection: Connection, uuids: Sequence[str]) -> list[int]:
    """The ids of runs, in the order given; those that are gone are left out."""
    return list(map_of_ids(connection, uuids).values())


def map_of_ids(connection: Connection, uuids: Sequence[str]) -> dict[str, int]:
    """The ids of runs by uuid, in the order given; those that are gone are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(uuids), AT_ONCE):
        some = uuids[start : start + AT_ONCE]
        query = select(tracked_run.c.uuid, tracked_run.c.id).where(tracked_run.c.uuid.in_(some))
        found.update((uuid, key) for uuid, key in connection.execute(query))
    return {uuid: found[uuid] for uuid in uuids if uuid in found}


def uuids_of(connection: Connection, ids: Sequence[int]) -> list[str]:
    """The uuids of runs, in the order given; those that are gone are left out."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        query = select(tracked_run.c.id, tracked_run.c.uuid).where(tracked_run.c.id.in_(some))
        found.update((key, uuid) for key, uuid in connection.execute(query))
    return [found[key] for key in ids if key in found]


def parents_of(
    connection: Connection, ids: Sequence[int], wanted: Filter, *, now: datetime
) -> dict[int, int]:
    """Of runs that are nested in another the id of that: at least of ``ids``, all of which are
    ``wanted``."""
    columns = (tracked_run.c.id, tracked_run.c.parent_id)
    if len(ids) > 5 * AT_ONCE:
        nested: list[Node] = [Standings("nested")]
        if wanted.root is not None:
            nested.insert(0, wanted.root)
        chosen = select_runs(Filter(conjunction(nested)), now=now).order_by(None)
        query = select(*columns).where(tracked_run.c.id.in_(chosen))
        return dict(connection.execute(query).all())
    found: dict[int, int] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        query = select(*columns).where(
            tracked_run.c.id.in_(some), tracked_run.c.parent_id.is_not(None)
        )
        found.update((child, parent) for child, parent in connection.execute(query))
    return found


def sampled_keys(connection: Connection, ids: Collection[int]) -> list[KeyCount]:
    """What some runs have logged, the commonest keys first."""
    if not ids:
        return []
    found: list[KeyCount] = []
    number = func.count()
    for kind, table in (("param", param), ("tag", tag)):
        values = func.count(table.c.value.distinct())
        query = select(table.c.key, number, values).where(table.c.run_id.in_(ids))
        rows = connection.execute(query.group_by(table.c.key))
        found.extend(KeyCount(kind, key, runs, count) for key, runs, count in rows)
    query = select(metric.c.key, number).where(metric.c.run_id.in_(ids)).group_by(metric.c.key)
    found.extend(KeyCount("metric", key, runs) for key, runs in connection.execute(query))
    return sorted(found, key=lambda one: (-one.runs, one.key))


def best_value(
    connection: Connection, wanted: Filter, of: Metric, *, lowest: bool, now: datetime
) -> float | None:
    """The least or greatest finite value of a metric among the runs that are wanted."""
    finite: list[Node] = [Is(of, "FINITE")]
    if wanted.root is not None:
        finite.extend(wanted.root.parts if isinstance(wanted.root, And) else (wanted.root,))
    ids = run_ids(
        connection,
        Filter(conjunction(finite)),
        [OrderBy(of, descending=not lowest)],
        now=now,
        limit=1,
    )
    if not ids:
        return None
    column = METRIC_COLUMNS[of.part]
    query = select(column).where(metric.c.run_id == ids[0], metric.c.key == of.key)
    return connection.execute(query).scalar_one()


# groups


def of_group(wanted: Filter, by: GroupBy, value: str | None) -> Filter:
    """The runs of a group."""
    thing = {"param": Param, "tag": Tag, "attribute": Attribute}[by.kind](by.key)
    own: Node = Is(thing, "NULL") if value is None else Compare(thing, "=", value)
    return Filter(own if wanted.root is None else conjunction([wanted.root, own]))


def group_rows(
    connection: Connection,
    wanted: Filter,
    by: GroupBy,
    metrics: Iterable[Metric] = (),
    *,
    now: datetime,
    many: int = MANY,
) -> tuple[list[GroupRow], bool]:
    """The largest groups with their metrics, and whether there are more than these.

    They are in the order of their values: numbers, then texts, then those that lack one.
    ``many``: from so many runs on they aren't looked up one by one.
    """
    query = select_runs(wanted, now=now).order_by(None)
    if connection.dialect.name == "sqlite":
        ids = [key for (key,) in plain_rows(connection, query)]
        if len(ids) >= many and _are_most(connection, ids):
            found, more = _groups_of_many(connection, ids, by, metrics)
            return sorted(found, key=lambda row: value_key(row.value)), more
    chosen = query.cte("chosen")
    value, source = _grouped(by, chosen)
    number = func.count()
    query = select(value, number).select_from(source).group_by(value)
    query = query.order_by(number.desc(), by_character(value).nulls_last()).limit(MOST_GROUPS + 1)
    rows = connection.execute(query).all()
    spreads: dict[str | None, dict[tuple[str, str], Spread]] = {}
    for one in metrics:
        for row in connection.execute(_spread_query(value, source, chosen, one)):
            spread = Spread(row.runs, row.low, row.mean, row.high)
            spreads.setdefault(row.value, {})[one.key, one.part] = spread
    found = [GroupRow(row[0], row[1], spreads.get(row[0], {})) for row in rows[:MOST_GROUPS]]
    return sorted(found, key=lambda row: value_key(row.value)), len(rows) > MOST_GROUPS


def value_key(value: str | None) -> tuple[int, float, str]:
    """The place of a value of a param: numbers, texts, none."""
    if value is None:
        return 2, 0.0, ""
    try:
        number = float(value)
    except ValueError:
        return 1, 0.0, value
    return (0, number, value) if math.isfinite(number) else (1, 0.0, value)


def _grouped(by: GroupBy, chosen: Any) -> tuple[Any, Any]:
    """The value that runs are grouped by, and the tables that it takes."""
    if by.kind == "attribute":
        source = chosen.join(tracked_run, tracked_run.c.id == chosen.c.id)
        if by.key == "experiment":
            source = source.join(experiment, experiment.c.id == tracked_run.c.experiment_id)
        return ATTRIBUTE_COLUMNS[by.key], source
    table = (param if by.kind == "param" else tag).alias("grouped")
    on = and_(table.c.run_id == chosen.c.id, table.c.key == by.key)
    return table.c.value, chosen.outerjoin(table, on)


def _spread_query(value: Any, source: Any, chosen: Any, one: Metric) -> Any:
    measured = metric.alias("measured")
    column = type_coerce(measured.c[METRIC_COLUMNS[one.part].name], Double)
    on = and_(measured.c.run_id == chosen.c.id, measured.c.key == one.key)
    return (
        select(
            value.label("value"),
            func.count().label("runs"),
            func.min(column).label("low"),
            func.avg(column).label("mean"),
            func.max(column).label("high"),
        )
        .select_from(source.join(measured, on))
        .where(column > -math.inf, column < math.inf)
        .group_by(value)
    )


def _are_most(connection: Connection, ids: Sequence[int]) -> bool:
    """Whether runs are so many of all that to read an index from end to end takes less time than a
    look for each of them."""
    newest = connection.execute(select(func.max(tracked_run.c.id))).scalar_one()
    return newest is not None and len(ids) * 10 > newest


def _groups_of_many(
    connection: Connection, ids: Sequence[int], by: GroupBy, metrics: Iterable[Metric]
) -> tuple[list[GroupRow], bool]:
    """The groups of many runs in SQLite, which has no way to join them but one look for each:
    100,000 runs took 1.2 s with one metric. Every index is read once here, and nothing else."""
    if by.kind == "attribute":
        value, source = _grouped(by, tracked_run.alias("chosen"))
        query = select(tracked_run.c.id, value).select_from(source)
    else:
        table = param if by.kind == "param" else tag
        query = select(table.c.run_id, table.c.value).where(table.c.key == by.key)
    value_of: dict[int, str | None] = dict(plain_rows(connection, query))
    counts = Counter(map(value_of.get, ids))
    largest = sorted(counts, key=lambda one: (-counts[one], one is None, one or ""))
    kept = {value: place for place, value in enumerate(largest[:MOST_GROUPS])}
    place_of = {key: kept[value] for key in ids if (value := value_of.get(key)) in kept}
    spreads: list[dict[tuple[str, str], Spread]] = [{} for _ in kept]
    for one in metrics:
        numbers: list[list[float]] = [[] for _ in kept]
        column = type_coerce(METRIC_COLUMNS[one.part], Double)
        query = select(metric.c.run_id, column).where(
            metric.c.key == one.key, column > -math.inf, column < math.inf
        )
        for run, number in plain_rows(connection, query):
            place = place_of.get(run)
            if place is not None:
                numbers[place].append(number)
        for place, ys in enumerate(numbers):
            if ys:
                spreads[place][one.key, one.part] = Spread(len(ys), min(ys), _mean(ys), max(ys))
    found = [GroupRow(value, counts[value], spreads[place]) for value, place in kept.items()]
    return found, len(counts) > MOST_GROUPS


def _mean(ys: Sequence[float]) -> float:
    total = sum(ys)
    if math.isfinite(total):
        return total / len(ys)
    return math.fsum(y / len(ys) for y in ys)  # the sum is too large


# where runs are


@dataclass(frozen=True, slots=True)
class Place:
    """An experiment or a DAG, with the number of its runs."""

    name: str
    active: int
    archived: int


def places(connection: Connection) -> tuple[list[Place], list[Place]]:
    """The experiments, and the DAGs that have recorded runs; by name."""
    archived = func.count(tracked_run.c.deleted_at)
    number = func.count(tracked_run.c.id)
    query = (
        select(experiment.c.name, number, archived)
        .outerjoin(tracked_run, tracked_run.c.experiment_id == experiment.c.id)
        .group_by(experiment.c.id, experiment.c.name)
        .order_by(experiment.c.name)
    )
    of_dags = (
        select(tracked_run.c.dag_id, number, archived)
        .where(tracked_run.c.dag_id.is_not(None))
        .group_by(tracked_run.c.dag_id)
        .order_by(tracked_run.c.dag_id)
    )

    def found(rows: Any) -> list[Place]:
        return [Place(name, count - gone, gone) for name, count, gone in rows]

    return found(connection.execute(query)), found(connection.execute(of_dags))
