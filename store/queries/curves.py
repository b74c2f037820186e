"""Curves of metrics with no more points than a screen has columns.

A curve is thinned where it is read: of each stretch of points the first, the least, the greatest
and the last stay, and what isn't finite. A line through them looks the same. Segments are taken one
after another, so that ten million points need neither their memory nor a second look.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from store.models import metric, metric_segment, tracked_run

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Integers = np.ndarray[Any, np.dtype[np.int64]]

STRETCHES = 400
"""Stretches that a curve is thinned to: dots across a terminal of 200 columns."""

MOST_ODD = 2_000
"""Points that aren't finite which are kept of a curve; of more, some of each stretch are."""

ALL_ODD = 512
"""Of them in a segment, of which all are looked at again once all segments are read."""

IN_PYTHON = 20_000
"""Points up to which a line is smoothed without SciPy, which takes longer to import than that."""

MAPPED_FROM = 500_000
"""Points from which on an SQLite file is mapped while they are read: half the time, as they aren't
copied twice. In WAL mode nothing cuts a file short that a read transaction may still look at."""
MAP = 1 << 32
"""Bytes that are mapped at most; SQLite has a lower limit of its own."""

AT_ONCE = 400
"""Keys that one statement asks for."""


@dataclass(frozen=True, slots=True)
class _How:
    """How a curve is read."""

    stretches: int
    smoothing: float
    low: float | None
    high: float | None
    by_time: bool

    @property
    def is_whole(self) -> bool:
        return self.low is None and self.high is None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one metric of one run, in the order of their steps and times.

    Points are only ever added to a metric: so two curves are equal if as many were read in the same
    way, and a screen finds out in no time that nothing is new.
    """

    run_id: int
    run_uuid: str
    key: str
    count: int
    """Points that were logged."""
    how: _How
    """Stretches, smoothing and window that it was read with."""
    began_at: float = field(default=0.0, compare=False)
    """Time of the first of all points, seconds since 1970, whatever the window."""
    steps: Sequence[int] = field(default=(), compare=False)
    times: Sequence[float] = field(default=(), compare=False)
    """Seconds since 1970."""
    values: Sequence[float] = field(default=(), compare=False)

    @property
    def is_thinned(self) -> bool:
        """Whether there are more points than these."""
        return len(self.values) < self.count


@dataclass(frozen=True, slots=True)
class _Columns:
    """Points as arrays."""

    values: Floats
    steps: Integers
    times: Integers

    def __len__(self) -> int:
        return len(self.values)

    def at(self, places: Any) -> _Columns:
        return _Columns(self.values[places], self.steps[places], self.times[places])


def curves(
    connection: Connection,
    run_ids: Sequence[int],
    keys: Sequence[str] | None = None,
    *,
    stretches: int = STRETCHES,
    smoothing: float = 0.0,
    low: float | None = None,
    high: float | None = None,
    by_time: bool = False,
) -> list[Curve]:
    """The curves of these metrics (None: of all) of some runs, by run in the given order, then key.

    ``smoothing``: the weight of what came before, over all points, before they are thinned.
    ``low``, ``high``: only what lies between these steps (``by_time``: seconds since 1970), with
    the point before and the one after.
    """
    query = (
        select(metric.c.id, metric.c.run_id, tracked_run.c.uuid, metric.c.key, metric.c.count)
        .join(tracked_run, tracked_run.c.id == metric.c.run_id)
        .order_by(metric.c.key)
    )
    if keys is not None:
        query = query.where(metric.c.key.in_(keys))
    rows: list[Any] = []
    for start in range(0, len(run_ids), AT_ONCE):
        some = query.where(metric.c.run_id.in_(run_ids[start : start + AT_ONCE]))
        rows.extend(connection.execute(some))
    order = {run_id: place for place, run_id in enumerate(run_ids)}
    rows.sort(key=lambda row: order[row.run_id])
    how = _How(max(1, stretches), smoothing, low, high, by_time)
    found: list[Curve] = []
    for metric_id, run_id, uuid, key, count in rows:
        with _mapped(connection, count):
            points, began = _read(connection, metric_id, count, how)
        found.append(
            Curve(
                run_id,
                uuid,
                key,
                count,
                how,
                began / 1e6,
                points.steps.tolist(),
                (points.times / 1e6).tolist(),
                points.values.tolist(),
            )
        )
    return found


@contextmanager
def _mapped(connection: Connection, count: int) -> Iterator[None]:
    """Where there are many points, map the file of an SQLite database."""
    if count < MAPPED_FROM or connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql(f"PRAGMA mmap_size = {MAP}")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA mmap_size = 0")


def _read(
    connection: Connection,
    metric_id: int,
    count: int,
    how: _How,
) -> tuple[_Columns, int]:
    """The points, and the time of the first of all."""
    smooth = _Smoothing(how.smoothing) if how.smoothing > 0 else None
    size = max(1, count // how.stretches) if how.is_whole else 1
    thinned: list[_Columns] = []
    kept = 0
    first: tuple[int, int] | None = None
    last = (-(2**63), 0)
    is_unordered = False
    with closing(_segments(connection, metric_id)) as parts:
        for part in parts:
            if not _in_order(part):
                is_unordered, part = True, _sorted(part)
            begin = int(part.steps[0]), int(part.times[0])
            is_unordered = is_unordered or begin < last
            if is_unordered and smooth is not None:
                break
            first = begin if first is None else min(first, begin)
            last = int(part.steps[-1]), int(part.times[-1])
            if smooth is not None:
                part = smooth.on(part, whole=count)
            thinned.append(thin(_within(part, how), size))
            kept += len(thinned[-1])
            if kept > 200 * how.stretches and not how.is_whole:
                # How many points a window holds shows only as they are read.
                size *= 8
                thinned = [thin(_joined(thinned), size)]
                kept = len(thinned[0])
    if is_unordered and smooth is not None:
        return _read_unordered(connection, metric_id, how)
    if is_unordered:
        thinned = [_sorted(_joined(thinned))]
    return _finished(thinned, how.stretches), 0 if first is None else first[1]


def _read_unordered(
    connection: Connection,
    metric_id: int,
    how: _How,
) -> tuple[_Columns, int]:
    """Points that came in another order than that of their steps and are to be smoothed, which
    takes all of them in their order."""
    whole = _sorted(_joined(list(_segments(connection, metric_id))))
    part = _within(_Smoothing(how.smoothing).on(whole, whole=len(whole)), how)
    thinned = thin(part, max(1, len(part) // how.stretches))
    return _finished([thinned], how.stretches), int(whole.times[0])


def _sorted(part: _Columns) -> _Columns:
    import numpy as np

    return part.at(np.lexsort((part.times, part.steps)))


def _segments(connection: Connection, metric_id: int) -> Generator[_Columns]:
    """The segments of a metric as they come from the database: never all of them at once."""
    import numpy as np

    query = (
        select(metric_segment.c.count, metric_segment.c.data)
        .where(metric_segment.c.metric_id == metric_id)
        .order_by(metric_segment.c.ordinal)
        .execution_options(yield_per=8)
    )
    with closing(connection.execute(query)) as found:  # who has seen enough leaves it half read
        for count, data in found:
            floats = np.frombuffer(data, "<f8", count)
            integers = np.frombuffer(data, "<i8", 2 * count, 8 * count)
            yield _Columns(floats, integers[:count], integers[count:])


def _in_order(part: _Columns) -> bool:
    steps, times = part.steps, part.times
    rises = steps[1:] > steps[:-1]
    if rises.all():
        return True
    level = (steps[1:] == steps[:-1]) & (times[1:] >= times[:-1])
    return bool((rises | level).all())


def _within(part: _Columns, how: _How) -> _Columns:
    """The points of a window, with the one before and the one after it."""
    if how.is_whole:
        return part
    low, high, by_time = how.low, how.high, how.by_time
    import numpy as np

    xs = part.times / 1e6 if by_time else part.steps
    if by_time and (xs[1:] < xs[:-1]).any():
        inside = np.ones(len(xs), bool)
        inside &= xs >= (-math.inf if low is None else low)
        inside &= xs <= (math.inf if high is None else high)
        return part.at(np.flatnonzero(inside))
    first = 0 if low is None else int(np.searchsorted(xs, low)) - 1
    end = len(xs) if high is None else int(np.searchsorted(xs, high, "right")) + 1
    return part.at(slice(max(0, first), end))


def thin(part: _Columns, size: int) -> _Columns:
    """Of every ``size`` points the first, the least, the greatest, the last, and those that aren't
    finite: of a stretch with many of them the first of each kind."""
    import numpy as np

    values, number = part.values, len(part)
    if number <= 4 or size <= 4:
        return part
    least, greatest = int(values.argmin()), int(values.argmax())
    if number <= size and np.isfinite(values[least]) and np.isfinite(values[greatest]):
        return part.at(sorted({0, least, greatest, number - 1}))  # a NaN would be the least
    finite = np.isfinite(values)
    odd = np.flatnonzero(~finite)
    starts = np.arange(0, number, size)
    ends = np.append(starts[1:], number) - 1
    if not len(odd):
        lows = highs = values
    else:
        lows, highs = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    whole = number // size * size
    places = [starts, ends]
    if whole:
        begun = starts[: whole // size]
        places.append(lows[:whole].reshape(-1, size).argmin(1) + begun)
        places.append(highs[:whole].reshape(-1, size).argmax(1) + begun)
    if whole < number:
        places.append(np.array([lows[whole:].argmin(), highs[whole:].argmax()]) + whole)
    if len(odd):
        places.append(np.flatnonzero(finite)[[0, -1]] if len(odd) < number else odd[:1])
        places.append(odd if len(odd) <= ALL_ODD else _firsts(values, odd, size))
    return part.at(np.unique(np.concatenate(places)))


def _firsts(values: Floats, odd: Integers, size: int) -> Integers:
    """Of the places of points that aren't finite the first of each kind in each stretch."""
    import numpy as np

    kinds = np.where(np.isnan(values[odd]), 0, np.sign(values[odd]) + 2)
    _, first = np.unique(odd // size * 4 + kinds, return_index=True)
    return odd[first]


def _finished(parts: Sequence[_Columns], stretches: int) -> _Columns:
    """What is left of all segments, thinned once more where there were many small ones."""
    import numpy as np

    whole = _joined(parts)
    finite = np.isfinite(whole.values)
    odd = whole.at(np.flatnonzero(~finite))
    usual = whole.at(np.flatnonzero(finite)) if len(odd) else whole
    if len(usual) > 6 * stretches:
        usual = thin(usual, math.ceil(len(usual) / max(1, stretches)))
    if not len(odd):
        return usual
    if len(odd) > MOST_ODD:
        odd = odd.at(_firsts(odd.values, np.arange(len(odd)), math.ceil(len(odd) * 3 / MOST_ODD)))
    both = _joined([usual, odd])
    return both.at(np.lexsort((both.times, both.steps)))


def _joined(parts: Sequence[_Columns]) -> _Columns:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    if not parts:
        nothing = np.empty(0, np.int64)
        return _Columns(np.empty(0, np.float64), nothing, nothing)
    return _Columns(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.times for part in parts]),
    )


class _Smoothing:
    """The debiased exponential average of TensorBoard and MLflow, from segment to segment."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._last, self._seen = 0.0, 0

    def on(self, part: _Columns, *, whole: int) -> _Columns:
        """The points with their averages; what isn't finite stays, and counts for nothing."""
        import numpy as np

        finite = np.isfinite(part.values)
        ys = part.values[finite]
        if not len(ys):
            return part
        averages = self._short(ys) if whole <= IN_PYTHON else self._long(ys)
        numbers = np.arange(self._seen + 1, self._seen + len(ys) + 1)
        self._seen += len(ys)
        biased = int(np.searchsorted(numbers, math.log(1e-17) / math.log(self.weight)))
        averages[:biased] /= 1 - self.weight ** numbers[:biased]  # beyond that it divides by 1
        values = part.values.copy()
        values[finite] = averages
        return _Columns(values, part.steps, part.times)

    def _short(self, ys: Floats) -> Floats:
        import numpy as np

        weight, last, found = self.weight, self._last, []
        for y in ys.tolist():
            last = last * weight + y * (1 - weight)
            found.append(last)
        self._last = last
        return np.array(found)

    def _long(self, ys: Floats) -> Floats:
        import numpy as np
        from scipy.signal import lfilter

        before = np.array([self._last * self.weight])
        found: Any = lfilter([1 - self.weight], [1, -self.weight], ys, zi=before)
        self._last = float(found[0][-1])
        return found[0]
