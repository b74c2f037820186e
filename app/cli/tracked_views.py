"""Tracked runs (MLflow's sense) as the command line searches, compares and prints them."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from rich.cells import cell_len

from app.cli.errors import CommandError, not_found, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import Column, note, print_json, print_table
from app.cli.times import shown
from app.durations import duration
from app.text import sanitize
from store import metric_points
from store.engine import Store
from store.metric_points import Summary
from store.queries import tracked
from store.queries.tracked import Logged, TrackedRow
from store.run_filter import FilterError, order, parse, select_runs
from store.run_filter.printing import field_text
from store.run_filter.tree import Between, Compare, Is, Metric, OneOf, Param, Tag, nodes

SHORT = 8
"""Digits of a run's id in tables."""
MISSING = "-"
SYSTEM = "system/"
"""What the names of system metrics begin with (MLflow's)."""
MOST_COLUMNS = 6
"""Params and metrics each that a table shows without being told which."""
AROUND = 24
"""Characters of a filter on either side of what is wrong in it: they fit into 80 columns."""


def counted(number: int) -> str:
    """ "1 tracked run", "3 tracked runs"."""
    return f"{number:,} tracked run{'' if number == 1 else 's'}"


def number_text(value: float) -> str:
    """A metric's value for people: NaN and the infinities as MLflow writes them."""
    if math.isfinite(value):
        return f"{value:.6g}"
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def plain_number(value: float) -> float | str:
    """A metric's value for JSON, which has no NaN: as a text then."""
    return value if math.isfinite(value) else number_text(value)


def found_ids(store: Store, text: str, sort: str, limit: int) -> list[int]:
    """The ids of the runs that pass a filter, in order. A wrong one is a usage error that shows
    the place."""
    wanted, by = understood(parse, text), understood(order, sort)
    with store.read() as connection:
        query = select_runs(wanted, by, now=datetime.now(UTC), limit=limit)
        return [row[0] for row in connection.execute(query)]


T = TypeVar("T")


def understood(read: Callable[[str], T], text: str) -> T:
    """What a filter or an order means."""
    try:
        return read(text)
    except FilterError as error:
        note(pointed_at(text, error.start, error.end))
        raise usage_error(error.sentence) from None


def pointed_at(text: str, start: int, end: int) -> str:
    """A text with carets below a place of it, on two lines; of a long text what is around it."""
    before, place, after = text[:start], text[start:end], text[end:]
    if len(before) > AROUND:
        before = f"… {before[-AROUND:]}"
    if len(place) > AROUND:
        place = f"{place[:AROUND]}…"
    if len(after) > AROUND:
        after = f"{after[:AROUND]} …"
    before, place, after = map(sanitize, (before, place, after))
    return f"  {before}{place}{after}\n  {' ' * cell_len(before)}{'^' * max(1, cell_len(place))}"


def search(
    store: Store,
    text: str,
    sort: str,
    limit: int,
    form: str,
    *,
    empty: str = "there is no such run",
) -> None:
    """Print the runs that pass a filter. ``form``: table, json, csv."""
    ids = found_ids(store, text, sort, limit)
    with store.read() as connection:
        rows = tracked.tracked_rows(connection, ids)
        logged = tracked.logged_for(connection, ids)
    if form == "json":
        print_json({"runs": [document(row, logged) for row in rows]})
    elif form == "csv":
        print_csv(rows, logged)
    else:
        print_runs(rows, logged, asked_for(text, sort), empty)
        if len(rows) == limit:
            note(f"the first {limit}; --limit shows more")


def best(store: Store, text: str, metric: str, lowest: bool, limit: int, json: bool) -> None:
    """Print the runs with the least or greatest last value of a metric; none that is not finite."""
    name = field_text(Metric(metric))
    has = f"{name} IS FINITE"
    wanted = f"({text}) AND {has}" if text.strip() else has
    understood(parse, text)  # its errors are about what was typed
    with store.read() as connection:
        if not metric_points.is_logged(connection, metric):
            keys = metric_points.keys(connection)
            raise not_found("metric", metric, keys, " of a tracked run")
    search(
        store,
        wanted,
        f"{name} {'ASC' if lowest else 'DESC'}",
        limit,
        "json" if json else "table",
        empty=f"no such run has a finite {metric}",
    )


def asked_for(text: str, sort: str) -> list[Metric | Param | Tag]:
    """What an order and a filter are about, which a table shows before anything else."""
    fields = [item.field for item in order(sort)]
    for node, _ in reversed(nodes(parse(text).root)):
        if isinstance(node, Compare | OneOf | Between | Is):
            fields.append(node.field)
    return [one for one in dict.fromkeys(fields) if isinstance(one, Metric | Param | Tag)]


def document(row: TrackedRow, logged: Logged) -> dict[str, Any]:
    """A run as JSON: MLflow's names."""
    metrics = logged.metrics.get(row.id, {})
    return {
        "run_id": row.uuid,
        "run_name": row.name,
        "experiment": row.experiment,
        "status": row.status,
        "start_time": row.started_at,
        "end_time": row.ended_at,
        "duration": row.duration,
        "user_id": row.user_id,
        "parent_run_id": row.parent_uuid,
        "dag_id": row.dag_id,
        "dag_run_id": row.run_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "try_number": row.try_number,
        "params": logged.params.get(row.id, {}),
        "metrics": {key: metric_document(one) for key, one in metrics.items()},
        "tags": logged.tags.get(row.id, {}),
    }


def metric_document(one: Summary) -> dict[str, Any]:
    """What is known of a metric without its points."""
    values = {
        "last": one.last_value,
        "first": one.first_value,
        "min": one.min_value,
        "max": one.max_value,
        "mean": one.mean_value,
    }
    return {
        **{name: plain_number(value) for name, value in values.items()},
        "last_step": one.last_step,
        "min_step": one.min_step,
        "max_step": one.max_step,
        "count": one.count,
        "nan_count": one.nan_count,
        "inf_count": one.inf_count,
    }


def print_runs(
    rows: Sequence[TrackedRow],
    logged: Logged,
    asked: Sequence[Metric | Param | Tag],
    empty: str,
) -> None:
    """A table: what runs are, what was asked for, and the params and metrics that most have."""
    values: list[Metric | Param | Tag] = list(asked)
    for kind, of_runs in ((Metric, logged.metrics), (Param, logged.params)):
        shown_already = [one.key for one in asked if isinstance(one, kind)]
        room = max(0, MOST_COLUMNS - len(shown_already))
        keys = [key for key in commonest(of_runs.values()) if key not in shown_already]
        values.extend(kind(key) for key in keys[:room])
    columns = [
        Column("run"),
        Column("name"),
        Column("experiment"),
        Column("status"),
        Column("started"),
        Column("took", right=True),
        *(Column(_title(one), right=True, is_name=True) for one in values),
    ]

    def cells(row: TrackedRow) -> list[str]:
        return [
            row.uuid[:SHORT],
            row.name,
            row.experiment,
            row.status,
            shown(row.started_at, None),
            duration(row.duration) or MISSING,
            *(_value(one, row, logged) for one in values),
        ]

    print_table(columns, map(cells, rows), empty=empty)


def _title(field: Metric | Param | Tag) -> str:
    if isinstance(field, Metric) and field.part != "last":
        return f"{field.key}.{field.part}"
    return field.key


def _value(field: Metric | Param | Tag, row: TrackedRow, logged: Logged) -> str:
    """What a run has of a column."""
    if isinstance(field, Metric):
        found = logged.metrics.get(row.id, {}).get(field.key)
        return MISSING if found is None else number_text(getattr(found, f"{field.part}_value"))
    texts = logged.params if isinstance(field, Param) else logged.tags
    return texts.get(row.id, {}).get(field.key, MISSING)


def commonest(of_runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that most runs have, the commonest first, more than a table shows; none of system
    metrics, which all have."""
    counts: dict[str, int] = {}
    for keys in of_runs:
        for key in (one for one in keys if not one.startswith(SYSTEM)):
            counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: (-counts[key], key))[: 2 * MOST_COLUMNS]


def print_csv(rows: Sequence[TrackedRow], logged: Logged) -> None:
    """All that is known of each run, a column for each param, metric (its last value) and tag."""
    kinds = {"params": logged.params, "metrics": logged.metrics, "tags": logged.tags}
    keys = {
        kind: sorted({key for one in of_runs.values() for key in one})
        for kind, of_runs in kinds.items()
    }
    attributes = [name for name in TrackedRow.__dataclass_fields__ if name != "id"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*attributes, *(f"{kind}.{key}" for kind in kinds for key in keys[kind])])
    for row in rows:
        found: list[Any] = [_csv_value(getattr(row, name)) for name in attributes]
        for kind, of_runs in kinds.items():
            one = of_runs.get(row.id, {})
            found.extend(_csv_value(one.get(key)) for key in keys[kind])
        writer.writerow(found)


def _csv_value(value: Any) -> Any:
    if isinstance(value, Summary):
        return (
            repr(value.last_value)
            if math.isfinite(value.last_value)
            else number_text(value.last_value)
        )
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else sanitize(str(value))


def find_tracked(store: Store, name: str) -> TrackedRow:
    """The run of that id, of which the beginning is enough, or of that name. Raises
    ``CommandError`` where there is none, or several."""
    with store.read() as connection:
        found = tracked.runs_called(connection, name)
    if not found:
        raise CommandError(
            f"there is no tracked run {name!r}: 'dagtop runs search' lists them", ExitCode.NOT_FOUND
        )
    exact = [row for row in found if row.uuid == name]
    if len(found) > 1 and not exact:
        shown_ids = ", ".join(row.uuid[: SHORT + 4] for row in found[:5])
        raise usage_error(
            f"{len(found)} tracked runs are called {name!r}: choose by id ({shown_ids})"
        )
    return (exact or found)[0]


def show_metrics(store: Store, name: str, key: str | None, form: str) -> None:
    """Print a run's metrics, or with ``key`` all points of one."""
    row = find_tracked(store, name)
    with store.read() as connection:
        summaries = {one.key: one for one in metric_points.summaries(connection, row.id)}
        if key is not None and key not in summaries:
            has = ", ".join(summaries) or "none"
            raise CommandError(
                f"run {row.uuid[:SHORT]} has no metric {key!r}: it has {has}", ExitCode.NOT_FOUND
            )
        points = None if key is None else metric_points.read(connection, summaries[key].id)
    if points is not None:
        _print_points(points, form)
    elif form == "json":
        print_json(
            {"run_id": row.uuid, "metrics": {k: metric_document(v) for k, v in summaries.items()}}
        )
    else:
        names = ("last", "min", "max", "mean")
        table = [
            (
                one.key,
                *(number_text(getattr(one, f"{name}_value")) for name in names),
                str(one.count),
                str(one.nan_count + one.inf_count or ""),
            )
            for one in summaries.values()
        ]
        columns = [
            Column("metric"),
            *(Column(name, right=True) for name in (*names, "points", "not finite")),
        ]
        print_table(columns, table, empty="it has logged no metric")


def _print_points(points: metric_points.Series, form: str) -> None:
    rows = zip(points.steps, points.times, points.values, strict=True)
    if form == "json":
        print_json(
            {
                "points": [
                    {"step": s, "timestamp": t // 1000, "value": plain_number(v)}
                    for s, t, v in rows
                ]
            }
        )
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["step", "timestamp", "value"])
        writer.writerows(
            (s, t // 1000, repr(v) if math.isfinite(v) else number_text(v)) for s, t, v in rows
        )
    else:
        moments = (
            (str(s), shown(datetime.fromtimestamp(t / 1e6, UTC), None), number_text(v))
            for s, t, v in rows
        )
        columns = [Column("step", right=True), Column("at"), Column("value", right=True)]
        print_table(columns, moments, empty="it has no point")
