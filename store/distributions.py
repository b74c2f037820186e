"""Distributions that runs have logged: counts of categories, histograms of numbers.

Counts can be added up, so that a baseline is made of what is kept, at any later time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from store.errors import InvalidValue
from store.models import distribution

CATEGORIES, NUMBERS = "categories", "numbers"


class Categories(msgspec.Struct, frozen=True):
    """Counts by category."""

    counts: dict[str, int]
    """Of the 10,000 that were counted most, those first."""
    other: int = 0
    """Values of the categories beyond those."""
    distinct: int = 0
    """Categories, those beyond included."""


class Bin(msgspec.Struct, frozen=True, array_like=True):
    """Values of a histogram's bin."""

    low: float | None
    """The least that is in it; None: without end."""
    high: float | None
    """The first that is no longer in it."""
    count: int


class Numbers(msgspec.Struct, frozen=True):
    """A histogram of numbers, and what was known of them one by one."""

    bins: list[Bin]
    """In order. Without ``edges`` between numbers of two significant digits, only those with
    values; with them all, one below the first edge and one from the last on."""
    edges: list[float] | None = None
    infinite: int = 0
    """Values that are inf or -inf: in the outermost bins, and in no mean or quantile."""
    distinct: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    """Of all, not of a sample (ddof 0)."""
    quantiles: dict[str, float] = {}
    """Exact, by share: "0.5" is the median."""


MOST_STEPS = 200
"""Steps of a distribution that are read at once, the last ones: contents can be large."""


@dataclass(frozen=True, slots=True)
class Stated:
    """That there is a distribution; without its content."""

    key: str
    step: int
    kind: str
    stated_at: datetime
    count: int
    """Values, nulls among them."""
    null_count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a run has logged of a thing at a step."""

    run_id: int
    key: str
    step: int
    stated_at: datetime
    count: int
    """Values, nulls among them."""
    null_count: int
    content: Categories | Numbers

    @property
    def kind(self) -> Literal["categories", "numbers"]:
        return "categories" if isinstance(self.content, Categories) else "numbers"


def put(
    connection: Connection,
    run_id: int,
    key: str,
    step: int,
    at: datetime,
    kind: str,
    count: int,
    null_count: int,
    content: Any,
) -> None:
    """Write a distribution, over an older one of that run, key and step. Raises ``InvalidValue``
    where the content is none of that kind."""
    _typed(kind, content)
    columns = distribution.c
    same = (columns.run_id == run_id) & (columns.key == key) & (columns.step == step)
    connection.execute(delete(distribution).where(same))
    row = {
        "run_id": run_id,
        "key": key,
        "step": step,
        "stated_at": at,
        "kind": kind,
        "count": count,
        "null_count": null_count,
        "content": content,
    }
    connection.execute(insert(distribution), row)


def _typed(kind: str, content: Any) -> Categories | Numbers:
    wanted = {CATEGORIES: Categories, NUMBERS: Numbers}.get(kind)
    if wanted is None:
        raise InvalidValue(f"there is no distribution of the kind {kind!r}")
    try:
        return msgspec.convert(content, wanted)
    except msgspec.ValidationError as error:
        raise InvalidValue(f"that is no distribution of {kind}: {error}") from None


def of_run(connection: Connection, run_id: int, key: str | None = None) -> list[Distribution]:
    """The distributions of a run, or those of one key, by key and step."""
    columns = distribution.c
    query = select(distribution).where(columns.run_id == run_id)
    if key is not None:
        query = query.where(columns.key == key)
    return [_read(row) for row in connection.execute(query.order_by(columns.key, columns.step))]


def keys_of_run(connection: Connection, run_id: int) -> list[str]:
    """The names of the distributions that a run has logged."""
    return keys_of_runs(connection, [run_id])


def keys_of_runs(connection: Connection, run_ids: Collection[int]) -> list[str]:
    """The names of the distributions that any of some runs has logged."""
    columns = distribution.c
    query = select(columns.key).where(columns.run_id.in_(run_ids)).distinct()
    return list(connection.execute(query.order_by(columns.key)).scalars())


def stated(connection: Connection, run_id: int) -> list[Stated]:
    """All distributions of a run without what is in them, by key and step."""
    columns = distribution.c
    query = (
        select(
            columns.key,
            columns.step,
            columns.kind,
            columns.stated_at,
            columns.count,
            columns.null_count,
        )
        .where(columns.run_id == run_id)
        .order_by(columns.key, columns.step)
    )
    return [Stated(*row) for row in connection.execute(query)]


def last_steps(
    connection: Connection, run_id: int, key: str, upto: int | None = None, most: int = MOST_STEPS
) -> list[Distribution]:
    """A distribution of a run at its last steps, in order; ``upto``: at those up to this one."""
    columns = distribution.c
    query = select(distribution).where(columns.run_id == run_id, columns.key == key)
    if upto is not None:
        query = query.where(columns.step <= upto)
    found = connection.execute(query.order_by(columns.step.desc()).limit(most))
    return [_read(row) for row in reversed(found.all())]


def last_of_runs(
    connection: Connection, run_ids: Collection[int], key: str
) -> dict[int, Distribution]:
    """By run, a distribution at the last step of each that has logged it."""
    columns = distribution.c
    wanted = (columns.run_id.in_(run_ids), columns.key == key)
    last = (
        select(columns.run_id, func.max(columns.step).label("step"))
        .where(*wanted)
        .group_by(columns.run_id)
        .subquery()
    )
    query = (
        select(distribution)
        .join(last, (last.c.run_id == columns.run_id) & (last.c.step == columns.step))
        .where(*wanted)
    )
    return {row.run_id: _read(row) for row in connection.execute(query)}


def _read(row: Any) -> Distribution:
    return Distribution(
        row.run_id,
        row.key,
        row.step,
        row.stated_at,
        row.count,
        row.null_count,
        _typed(row.kind, row.content),
    )


def added(found: Iterable[Distribution]) -> Categories | Numbers:
    """Several distributions of a thing as one: their counts added up, what is known of single
    values as far as it can be. Raises ``InvalidValue`` where they are of different kinds, or on
    different edges."""
    contents = [one.content for one in found]
    categories = [one for one in contents if isinstance(one, Categories)]
    numbers = [one for one in contents if isinstance(one, Numbers)]
    if categories and numbers:
        raise InvalidValue("distributions of categories and of numbers can't be added up")
    if not numbers:
        return _added_categories(categories)
    if len({tuple(one.edges or ()) for one in numbers}) > 1:
        raise InvalidValue("histograms on different edges can't be added up")
    return _added_numbers(numbers)


def _added_categories(found: Sequence[Categories]) -> Categories:
    counts: Counter[str] = Counter()
    for one in found:
        counts.update(one.counts)
    ordered = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return Categories(ordered, sum(one.other for one in found), len(ordered))


def _added_numbers(found: Sequence[Numbers]) -> Numbers:
    counts: Counter[tuple[float | None, float | None]] = Counter()
    for one in found:
        for part in one.bins:
            counts[part.low, part.high] += part.count
    infinity = float("inf")
    ordered = sorted(
        counts.items(), key=lambda pair: -infinity if pair[0][0] is None else pair[0][0]
    )
    sizes = [sum(part.count for part in one.bins) - one.infinite for one in found]
    known = [
        (size, one.mean, one.std or 0.0)
        for size, one in zip(sizes, found, strict=True)
        if one.mean is not None
    ]
    total = sum(size for size, _, _ in known)
    mean = sum(size * own for size, own, _ in known) / total if total else None
    std = None
    if mean is not None:
        squares = (size * (std**2 + (own - mean) ** 2) for size, own, std in known)
        std = (sum(squares) / total) ** 0.5
    return Numbers(
        bins=[Bin(*edges, count) for edges, count in ordered],
        edges=found[0].edges,
        infinite=sum(one.infinite for one in found),
        min=min((one.min for one in found if one.min is not None), default=None),
        max=max((one.max for one in found if one.max is not None), default=None),
        mean=mean,
        std=std,
    )
