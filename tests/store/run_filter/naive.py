"""The filter's meaning in plain Python, run by run: what the queries are compared with."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from store.columns import EPOCH, storable
from store.run_filter.tree import (
    And,
    Attribute,
    Between,
    Compare,
    Dataset,
    Field,
    Filter,
    Is,
    Metric,
    Moment,
    Node,
    Not,
    OneOf,
    Or,
    OrderBy,
    Param,
    Short,
    Span,
    Standings,
    Tag,
    Value,
    Word,
    nodes,
)
from store.tracking import number_in
from tests.store.run_filter.runs import NOW, Run, uuid_of

Known = str | float | None
"""A field's value in a run; None: the run lacks it."""

SHORT = {"dag": "dag", "task": "task", "user": "user_id", "status": "status", "name": "run_name"}


def wanted(tree: Filter, runs: Sequence[Run]) -> list[int]:
    """The places of the runs that a filter wants."""
    standings = (node for node, _ in nodes(tree.root) if isinstance(node, Standings))
    with_deleted = any(node.standing in ("deleted", "active") for node in standings)
    return [
        place
        for place, run in enumerate(runs)
        if with_deleted or not run.deleted
        if tree.root is None or holds(tree.root, run, place)
    ]


def holds(node: Node, run: Run, place: int) -> bool:
    if isinstance(node, And):
        return all(holds(part, run, place) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, run, place) for part in node.parts)
    if isinstance(node, Not):
        return not holds(node.part, run, place)
    if isinstance(node, Standings):
        return {
            "active": not run.deleted,
            "deleted": run.deleted,
            "nested": run.parent is not None,
            "root": run.parent is None,
        }[node.standing]
    if isinstance(node, Word):
        texts = [run.name, *run.tags.values()]
        return any(storable(node.text).lower() in storable(text).lower() for text in texts)
    if isinstance(node, Short):
        return of_short(node, run, place)
    known = values_of(node.field, run, place)
    if isinstance(node, Is) and node.quality == "NULL":
        return bool(known) is node.negated
    return any(matches(node, one) for one in known)


def of_short(node: Short, run: Run, place: int) -> bool:
    if node.name == "has":
        texts: list[str] = [*run.metrics, *run.params, *run.tags]
    elif node.name == "experiment":
        texts = [run.experiment]
    else:
        texts = [str(one) for one in values_of(Attribute(SHORT[node.name]), run, place)]
    pattern = node.pattern.upper() if node.name == "status" else node.pattern
    regex = ".*".join(re.escape(storable(part)) for part in pattern.split("*"))
    return any(re.fullmatch(regex, storable(text), re.DOTALL) for text in texts)


def values_of(field: Field, run: Run, place: int) -> list[Known]:
    """The values that a run has of a field: mostly one or none."""
    if isinstance(field, Metric):
        points = run.metrics.get(field.key)
        return [] if points is None else [part_of(points, field.part)]
    if isinstance(field, Param | Tag):
        pairs = run.params if isinstance(field, Param) else run.tags
        return [storable(pairs[field.key])] if field.key in pairs else []
    if isinstance(field, Dataset):
        column = ("name", "digest", "context").index(field.name)
        return [storable(one[column]) for one in run.datasets]
    found: dict[str, Known] = {
        "run_id": uuid_of(place),
        "run_name": storable(run.name),
        "status": run.status,
        "user_id": run.user or None,
        "experiment": run.experiment,
        "dag": run.dag,
        "task": run.task,
        "attempt": run.attempt,
        "dag_run": run.dag_run,
        "map_index": run.map_index,
        "note": run.tags.get("mlflow.note.content"),
        "start_time": micros(run.age),
        "end_time": None if run.lasted is None else micros(run.age - run.lasted),
        "duration": (run.age if run.lasted is None else run.lasted) * 1e6,
    }
    return [] if found[field.name] is None else [found[field.name]]


def micros(age: float) -> float:
    return (NOW - timedelta(seconds=age) - EPOCH) // timedelta(microseconds=1)


def part_of(points: Sequence[float], part: str) -> float:
    finite = [point for point in points if math.isfinite(point)]
    if part in ("last", "first"):
        return points[-1 if part == "last" else 0]
    if not finite:
        return math.nan
    return {"min": min, "max": max, "mean": lambda some: sum(some) / len(some)}[part](finite)


def matches(node: Node, known: Known) -> bool:
    assert isinstance(node, Compare | OneOf | Between | Is)
    if isinstance(node, Is):
        assert isinstance(known, float)
        test = {"NAN": math.isnan, "INF": math.isinf, "FINITE": math.isfinite}[node.quality]
        return test(known) is not node.negated
    if isinstance(node, Compare):
        return compared(node.field, known, node.operator, node.value)
    if isinstance(node, OneOf):
        found = any(compared(node.field, known, "=", value) for value in node.values)
    else:
        found = compared(node.field, known, ">=", node.low) and compared(
            node.field, known, "<=", node.high
        )
    return found is not node.negated


def compared(field: Field, known: Known, operator: str, value: Value) -> bool:
    if isinstance(value, str):
        return compared_text(str(known), operator, storable(value))
    if isinstance(field, Param):
        number = number_in(str(known))
        if number is None:
            return operator == "!="
        known = number
    assert isinstance(known, float | int)
    other = stored(field, value)
    if isinstance(value, Moment) and value.whole_day and operator in ("=", "!="):
        return (other <= known < other + 86_400_000_000) is (operator == "=")
    relations: dict[str, Callable[[float, float], bool]] = {
        "=": lambda one, two: one == two,
        "!=": lambda one, two: one != two,
        "<": lambda one, two: one < two,
        "<=": lambda one, two: one <= two,
        ">": lambda one, two: one > two,
        ">=": lambda one, two: one >= two,
    }
    return relations[operator](known, other)


def stored(field: Field, value: Value) -> float:
    if isinstance(value, Moment):
        at = value.at if value.at.tzinfo else value.at.replace(tzinfo=NOW.tzinfo)
        return (at - EPOCH) // timedelta(microseconds=1)
    if field in (Attribute("start_time"), Attribute("end_time")):
        return micros(value.seconds) if isinstance(value, Span) else float(str(value)) * 1000
    if field == Attribute("duration"):
        return (value.seconds if isinstance(value, Span) else float(str(value))) * 1e6
    return float(str(value))


def compared_text(known: str, operator: str, value: str) -> bool:
    if operator in ("=", "!="):
        return (known == value) is (operator == "=")
    if operator in ("~", "!~"):
        found = re.search(value.replace("$", r"\Z"), known, re.DOTALL) is not None
        return found is (operator == "~")
    flags = re.DOTALL | (re.IGNORECASE if operator.endswith("ILIKE") else 0)
    parts = (".*" if one == "%" else "." if one == "_" else re.escape(one) for one in value)
    found = re.fullmatch("".join(parts), known, flags) is not None
    return found is not operator.startswith("NOT")


def sorted_places(places: list[int], items: Sequence[OrderBy], runs: Sequence[Run]) -> list[int]:
    """The places in the order asked for: by the last item first, as sorting is stable."""
    ordered = sorted(places, key=lambda place: (runs[place].age, -place))
    for item in reversed(items):
        ordered.sort(key=lambda place: key_of(item, runs[place], place), reverse=item.descending)
    return ordered


def key_of(item: OrderBy, run: Run, place: int) -> tuple[float, float, str]:
    """(rank, number, text): what comes last has the lowest rank when descending."""
    sign = -1 if item.descending else 1
    values = values_of(item.field, run, place)
    if not values:
        return (3 * sign, 0, "")
    (value,) = values
    if isinstance(item.field, Metric):
        assert isinstance(value, float)
        return (2 * sign, 0, "") if math.isnan(value) else (0, value, "")
    if isinstance(item.field, Param) and not item.as_text:
        number = number_in(str(value))
        return (sign, 0, str(value)) if number is None else (0, number, str(value))
    return (0, 0, value) if isinstance(value, str) else (0, float(value or 0), "")
