"""What the table of tracked runs reads: the order of all, and whole what is seen.

Run in the refresher's thread; ``store.queries`` is imported inside functions, as in ``reading``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.tui.models import tracked_lines
from app.tui.models.tracked_columns import (
    ATTRIBUTE,
    METRIC,
    NOTE,
    PARAM,
    SYSTEM,
    TAG,
    ColumnSpec,
    auto_columns,
    lowest_is_best,
    order_field,
)
from app.tui.models.tracked_lines import Line
from app.tui.models.tracked_view import TABS, Sort, TableView

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.engine import Store
    from store.queries.tracked_table import Entry, GroupBy, GroupRow, Keys, Place, Scope
    from store.run_filter import Filter, OrderBy
    from store.run_filter.completion import Known
    from store.run_filter.tree import Metric

Clock = Callable[[], datetime]

FIRST, GROWS, MOST = 1_000, 10, 100_000
"""Runs whose place is known at first, by how much that grows as one goes down, and at most; what
is beyond the filter must choose."""
MARGIN = 2
"""Pages above and below what is seen that are read with it."""
MOST_BEST = 12
"""Metrics of which the best value is looked for."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the table wants to be read."""

    view: TableView
    columns: tuple[ColumnSpec, ...] | None
    """Those that are shown; None: they are to be chosen."""
    unfolded: frozenset[str | None] = frozenset()
    """Groups whose runs are listed."""
    folded: frozenset[int] = frozenset()
    """Runs whose children aren't."""
    pinned: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    limit: int = FIRST
    wide: bool = False
    """There is room for many columns."""


@dataclass(frozen=True, slots=True)
class TrackedSnapshot:
    """The table as it is now."""

    look: Look
    lines: tuple[Line, ...]
    columns: tuple[ColumnSpec, ...]
    entries: Mapping[int, Entry]
    """Those that are seen, and some more."""
    best: Mapping[ColumnSpec, float]
    passing: int
    """Runs that pass the filter."""
    total: int
    """Runs before the filter, of the experiments and the tab."""
    everywhere: int
    """Of all experiments, archived ones too; as far as somebody must know whether there are any."""
    hidden: int
    is_whole: bool
    """Whether the place of all runs is known."""
    more_groups: bool = False
    unknown: tuple[str, ...] = ()
    """Params, metrics and tags of a filter that no run passes, which no run has."""


class TableReader:
    """Reads the table anew each time something changes; columns that it had to choose stay."""

    def __init__(self, look: Look, window: tuple[int, int], clock: Clock) -> None:
        self._look = look
        self._window = window
        self._clock = clock

    def __call__(self, store: Store) -> TrackedSnapshot:
        found = read_table(store, look=self._look, window=self._window, clock=self._clock)
        if is_chosen(found.columns):
            self._look = replace(self._look, columns=found.columns)
        return found


def is_chosen(columns: Sequence[ColumnSpec]) -> bool:
    """Whether there was something to choose columns by: runs that have logged something."""
    return any(one.kind in (METRIC, PARAM) for one in columns)


def read_table(
    store: Store, *, look: Look, window: tuple[int, int], clock: Clock
) -> TrackedSnapshot:
    """The lines of the table; of those from ``window[0]`` to ``window[1]`` all that is shown."""
    from store.queries import tracked_table
    from store.run_filter import Filter, FilterError, parse

    now = clock()
    scope = scope_of(look.view)
    try:
        text = parse(look.view.filter)
    except FilterError:  # of a view that an older or a newer dagtop has saved
        text = Filter()
    wanted, unfiltered = scope.around(text), scope.around(Filter())
    with store.read() as connection:
        passing = tracked_table.run_count(connection, wanted, now=now)
        total = passing
        if text.root is not None:
            total = tracked_table.run_count(connection, unfiltered, now=now)
        everywhere = total or _any_run(connection)
        order = order_of(look.view.order)
        hidden = set(tracked_table.ids_of(connection, sorted(look.hidden)))
        on_top = tracked_table.ids_of(connection, look.pinned)
        columns = look.columns
        ids = None
        if columns is None:
            ids = tracked_table.run_ids(connection, wanted, order, now=now, limit=look.limit)
            sample = ids or tracked_table.run_ids(
                connection, unfiltered, order, now=now, limit=tracked_table.SAMPLE
            )
            columns = _choose_columns(connection, sample, look)
        lines, is_whole, more_groups = _lines(
            connection, look, wanted, order, columns, ids, hidden | set(on_top), now
        )
        lines = [*tracked_lines.pinned(on_top), *lines]
        seen = dict.fromkeys(line.run for line in lines[max(0, window[0]) : window[1]] if line.run)
        entries = tracked_table.entries(connection, list(seen), keys_of(columns))
        best = _best(connection, wanted, columns, now) if passing > 1 else {}
        unknown = () if passing else _unknown(connection, text)
    return TrackedSnapshot(
        look,
        tuple(lines),
        columns,
        entries,
        best,
        passing,
        total,
        everywhere,
        len(hidden),
        is_whole,
        more_groups,
        unknown,
    )


def _unknown(connection: Connection, text: Filter) -> tuple[str, ...]:
    """What a filter asks for that was never logged: mistyped, most likely."""
    from store.queries.tracked import keys_logged
    from store.run_filter.tree import Metric, Param, Tag, nodes

    kinds: dict[type, str] = {Metric: METRIC, Param: PARAM, Tag: TAG}
    fields = [getattr(node, "field", None) for node, _ in nodes(text.root)]
    asked = {(kinds[type(one)], one.key) for one in fields if isinstance(one, (Metric, Param, Tag))}
    known = {kind: set(keys_logged(connection, kind)) for kind, _ in asked}
    return tuple(f"{kind} {key}" for kind, key in sorted(asked) if key not in known[kind])


def _lines(
    connection: Connection,
    look: Look,
    wanted: Filter,
    order: Sequence[OrderBy],
    columns: Sequence[ColumnSpec],
    ids: list[int] | None,
    elsewhere: set[int],
    now: datetime,
) -> tuple[list[Line], bool, bool]:
    """The lines; whether these are all; whether there are more groups than these."""
    from store.queries import tracked_table

    if look.view.group is not None:
        return _group_lines(connection, look, wanted, order, columns, now)
    if ids is None:
        ids = tracked_table.run_ids(connection, wanted, order, now=now, limit=look.limit)
    is_whole = len(ids) < look.limit
    if elsewhere:
        ids = [key for key in ids if key not in elsewhere]
    if not look.view.nests:
        return tracked_lines.flat(ids), is_whole, False
    parents = tracked_table.parents_of(connection, ids, wanted, now=now)
    if not parents:
        return tracked_lines.flat(ids), is_whole, False
    return tracked_lines.nested(ids, parents, look.folded), is_whole, False


def _group_lines(
    connection: Connection,
    look: Look,
    wanted: Filter,
    order: Sequence[OrderBy],
    columns: Sequence[ColumnSpec],
    now: datetime,
) -> tuple[list[Line], bool, bool]:
    from store.queries import tracked_table

    by = _group_by(look.view)
    metrics = [_metric(one) for one in columns if one.kind == METRIC]
    groups, more = tracked_table.group_rows(connection, wanted, by, metrics, now=now)
    groups = _in_order(groups, look.view.order)
    members = {
        group.value: tracked_table.run_ids(
            connection,
            tracked_table.of_group(wanted, by, group.value),
            order,
            now=now,
            limit=tracked_table.MOST_MEMBERS,
        )
        for group in groups
        if group.value in look.unfolded
    }
    return tracked_lines.grouped(groups, members), True, more


def _in_order(groups: Sequence[GroupRow], order: Sequence[Sort]) -> list[GroupRow]:
    """Groups by the mean of the metric that is sorted by; otherwise by their values."""
    first = order[0] if order else None
    if first is None or first.spec.kind != METRIC:
        return list(groups)
    place = (first.spec.key, first.spec.part)
    having = [one for one in groups if place in one.spreads]
    lacking = [one for one in groups if place not in one.spreads]
    having.sort(key=lambda one: one.spreads[place].mean, reverse=first.descending)
    return [*having, *lacking]


def _choose_columns(
    connection: Connection, ids: Sequence[int], look: Look
) -> tuple[ColumnSpec, ...]:
    from store.queries import tracked_table

    sample = ids[: tracked_table.SAMPLE]
    one = len(look.view.experiments) == 1 and not look.view.dags
    found = tracked_table.sampled_keys(connection, sample)
    chosen = auto_columns(found, len(sample), one_experiment=one, wide=look.wide)
    sorted_by = [one.spec for one in look.view.order if one.spec.kind != ATTRIBUTE]
    return (*chosen, *(one for one in sorted_by if one not in chosen))


def _best(
    connection: Connection, wanted: Filter, columns: Sequence[ColumnSpec], now: datetime
) -> dict[ColumnSpec, float]:
    from store.queries import tracked_table

    found: dict[ColumnSpec, float] = {}
    for spec in [one for one in columns if one.kind == METRIC][:MOST_BEST]:
        if spec.key.startswith(SYSTEM):
            continue
        value = tracked_table.best_value(
            connection, wanted, _metric(spec), lowest=lowest_is_best(spec), now=now
        )
        if value is not None:
            found[spec] = value
    return found


def _any_run(connection: Connection) -> int:
    """1 where there is a run somewhere, 0 where there is none at all."""
    from sqlalchemy import select

    from store.models import tracked_run

    return int(connection.execute(select(tracked_run.c.id).limit(1)).scalar() is not None)


def read_entries(store: Store, ids: Sequence[int], columns: Sequence[ColumnSpec]) -> Any:
    """All that the columns show of some runs, by id."""
    from store.queries import tracked_table

    with store.read() as connection:
        return tracked_table.entries(connection, ids, keys_of(columns))


def scope_of(view: TableView) -> Scope:
    """The runs that a view is about, before its filter."""
    from store.queries.tracked_table import Scope

    standing: Any = TABS[view.tab]
    return Scope(view.experiments, view.dags, standing)


def order_of(order: Sequence[Sort]) -> list[OrderBy]:
    """What the store is asked to sort by."""
    from store.run_filter import OrderBy
    from store.run_filter.tree import Attribute, Field, Param, Tag

    found: list[OrderBy] = []
    for one in order:
        field: Field
        if one.spec.kind == METRIC:
            field = _metric(one.spec)
        elif one.spec.kind == PARAM:
            field = Param(one.spec.key)
        elif one.spec.kind == TAG:
            field = Tag(one.spec.key)
        else:
            field = Attribute(order_field(one.spec))
        found.append(OrderBy(field, one.descending))
    return found


def _metric(spec: ColumnSpec) -> Metric:
    from store.run_filter.tree import Metric

    part: Any = spec.part
    return Metric(spec.key, part)


def _group_by(view: TableView) -> GroupBy:
    from store.queries.tracked_table import GroupBy

    kind, key = view.group or ("attribute", "status")
    typed: Any = kind
    return GroupBy(typed, key)


def keys_of(columns: Sequence[ColumnSpec]) -> Keys:
    """What must be read of runs for these columns, and the line below the table."""
    from store.queries.tracked_table import Keys

    def of(kind: str) -> frozenset[str]:
        return frozenset(one.key for one in columns if one.kind == kind)

    return Keys(of(PARAM), of(METRIC), of(TAG) | {NOTE})


# what can be chosen


@dataclass(frozen=True, slots=True)
class Choice:
    """A column, or a key to group by, that can be chosen."""

    spec: ColumnSpec
    runs: int
    """Of the sample, those that have it; 0: none of them."""
    values: int = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """What of params, metrics and tags can be chosen, the commonest first."""

    sample: int
    """Runs that were looked at."""
    found: tuple[Choice, ...] = field(default=())


def read_choices(store: Store, view: TableView, clock: Clock) -> Choices:
    """The keys that the runs of a view have, then all others that there are."""
    from store.queries import tracked_table
    from store.queries.tracked import keys_logged
    from store.run_filter import Filter

    wanted = scope_of(view).around(Filter())
    with store.read() as connection:
        limit = 2 * tracked_table.SAMPLE
        ids = tracked_table.run_ids(connection, wanted, (), now=clock(), limit=limit)
        sample = tracked_table.sampled_keys(connection, ids)
        keys = {kind: keys_logged(connection, kind) for kind in (PARAM, METRIC, TAG)}
    found = [Choice(ColumnSpec(one.kind, one.key), one.runs, one.values) for one in sample]
    known = {one.spec for one in found}
    for kind, names in keys.items():
        others = [ColumnSpec(kind, name) for name in names]
        found.extend(Choice(one, 0) for one in others if one not in known)
    return Choices(len(ids), tuple(found))


def read_places(store: Store) -> tuple[list[Place], list[Place]]:
    """The experiments, and the DAGs that have recorded runs, with the number of their runs."""
    from store.queries import tracked_table

    with store.read() as connection:
        return tracked_table.places(connection)


def read_known(store: Store) -> Known:
    """The names that complete what is typed in a filter."""
    from sqlalchemy import select

    from store.models import tracked_run
    from store.queries import tracked_table
    from store.queries.tracked import keys_logged
    from store.run_filter.completion import Known

    with store.read() as connection:
        experiments, dags = tracked_table.places(connection)

        def distinct(column: Any) -> list[str]:
            query = select(column).where(column.is_not(None)).distinct().order_by(column)
            return [one for one in connection.execute(query).scalars() if one]

        return Known(
            keys_logged(connection, METRIC),
            keys_logged(connection, PARAM),
            keys_logged(connection, TAG),
            [one.name for one in experiments],
            [one.name for one in dags],
            distinct(tracked_run.c.task_id),
            distinct(tracked_run.c.user_id),
        )


def read_uuids(store: Store, ids: Sequence[int]) -> list[str]:
    """The uuids of runs, in this order."""
    from store.queries import tracked_table

    with store.read() as connection:
        return tracked_table.uuids_of(connection, ids)


def read_targets(store: Store, uuids: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """The runs that something is to be done with, and those that are nested in them."""
    from store import tracked_edits
    from store.errors import NotFound

    with store.read() as connection:
        try:
            found = tracked_edits.with_descendants(connection, uuids)
        except NotFound:  # one is gone: the act itself says so
            return [], []
    chosen = set(uuids)
    return (
        [one for one in found if one.uuid in chosen],
        [one for one in found if one.uuid not in chosen],
    )
