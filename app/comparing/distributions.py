"""Distributions as rows: categories with the most values first, or bins that all of them share.

What is shown of several is counted on the same rows, so that shares stand side by side. No count
is ever split: where a bin reaches over an edge, the edge moves. Pure.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Literal

from store.distributions import Categories, Numbers

if TYPE_CHECKING:
    from store.distributions import Distribution

MOST_CATEGORIES = 100
"""Categories that have a row of their own, those with the greatest shares."""
MOST_BINS = 20
LARGEST = sys.float_info.max
"""The bin of numbers that are nearly so large ends beyond what a float can be."""
NOTHING = 1e-300
"""Numbers that are nearer to zero are kept in its bin: it is shown as beginning at zero."""
QUANTILES = {"0.05": "5 %", "0.25": "25 %", "0.5": "median", "0.75": "75 %", "0.95": "95 %"}
"""Those that are shown, and what they are called."""

Kind = Literal["categories", "numbers"]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is shown in one column: a distribution, or several added up."""

    content: Categories | Numbers
    count: int
    """Values, nulls among them."""
    null_count: int

    @property
    def kind(self) -> Kind:
        return "categories" if isinstance(self.content, Categories) else "numbers"


@dataclass(frozen=True, slots=True)
class Part:
    """A row: how many values of each column are of this category, or in this bin."""

    label: str
    counts: tuple[int, ...]
    is_rest: bool = False
    """What is in no category or bin of its own: the others, nulls."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Distributions side by side."""

    kind: Kind | None
    """None: there is nothing, or they are of different kinds."""
    parts: tuple[Part, ...]
    totals: tuple[int, ...]
    """Values of each column, nulls among them; 0 where there is no such distribution."""
    note: str = ""
    """What is to be known of the rows, or why there are none."""

    def share(self, part: Part, column: int) -> float | None:
        """The share of a column's values that are in this row; None without values."""
        total = self.totals[column]
        return part.counts[column] / total if total else None

    def of(self, columns: Sequence[int | None]) -> Spread:
        """The same rows with these columns, in this order; None: one of which nothing is known."""
        if list(columns) == list(range(len(self.totals))):
            return self
        parts = tuple(
            replace(part, counts=tuple(0 if at is None else part.counts[at] for at in columns))
            for part in self.parts
        )
        totals = tuple(0 if at is None else self.totals[at] for at in columns)
        return replace(self, parts=parts, totals=totals)


NO_SPREAD = Spread(None, (), ())


def counted(found: Sequence[Distribution]) -> Counted | None:
    """Several steps of a distribution as one; None without any. Raises ``InvalidValue`` where
    they can't be added up."""
    from store.distributions import added

    if not found:
        return None
    content = found[0].content if len(found) == 1 else added(found)
    return Counted(content, sum(one.count for one in found), sum(one.null_count for one in found))


def spread(
    columns: Sequence[Counted | None],
    *,
    most: int | None = None,
    log: bool = False,
) -> Spread:
    """The rows of some distributions, None where a column has none. ``most``: rows, but for those
    of the rest; ``log``: bins grow by powers of ten."""
    totals = tuple(one.count if one is not None else 0 for one in columns)
    kinds: set[Kind] = {one.kind for one in columns if one is not None}
    if len(kinds) != 1:
        note = "of some it has counts of categories, of others numbers: they share no rows"
        return Spread(None, (), totals, note if kinds else "")
    note = ""
    [kind] = kinds
    if kind == "categories":
        parts = _categories(columns, MOST_CATEGORIES if most is None else most)
    else:
        contents = [one.content if one is not None else None for one in columns]
        numbers = [one if isinstance(one, Numbers) else None for one in contents]
        edges = _edges([one for one in numbers if one is not None], most or MOST_BINS, log=log)
        if log and edges and edges[0] <= 0:
            note = "nothing is above zero: bins of the same width"
        parts = _bins(numbers, edges)
    nulls = tuple(one.null_count if one is not None else 0 for one in columns)
    if any(nulls):
        parts.append(Part("null", nulls, is_rest=True))
    return Spread(kind, tuple(parts), totals, note)


def _categories(columns: Sequence[Counted | None], most: int) -> list[Part]:
    contents = [one.content if one is not None else Categories({}) for one in columns]
    each = [one if isinstance(one, Categories) else Categories({}) for one in contents]
    weights: defaultdict[str, float] = defaultdict(float)
    for one, column in zip(each, columns, strict=True):
        total = max(1, column.count) if column is not None else 1
        for name, count in one.counts.items():
            weights[name] += count / total  # so that no large column outweighs the others
    ordered = sorted(weights, key=lambda name: (-weights[name], name))
    shown = set(ordered[:most])
    parts = [Part(name, tuple(one.counts.get(name, 0) for one in each)) for name in ordered[:most]]
    rest = tuple(
        one.other + sum(count for name, count in one.counts.items() if name not in shown)
        for one in each
    )
    if any(rest):
        more = len(ordered) - len(shown) if not any(one.other for one in each) else 0
        words = f"other: {more:,} more" if more else "other"
        parts.append(Part(words, rest, is_rest=True))
    return parts


def _edges(found: Sequence[Numbers], most: int, *, log: bool) -> list[float]:
    """Edges that all of them can be counted on, ``most`` bins at most; none without a finite
    value."""
    given = {tuple(one.edges) for one in found if one.edges}
    if len(given) == 1 and all(one.edges for one in found) and not log:
        [edges] = given
        if len(edges) <= most + 1:
            return list(edges)
    spans = sorted(
        (_low(part.low), min(part.high, LARGEST))
        for one in found
        for part in one.bins
        if part.count and part.low is not None and part.high is not None
    )
    if not spans:
        return sorted(set[float]().union(*given))[:1]
    above = [low for low, _ in spans if low > 0]
    high = max(high for _, high in spans)
    if log and above:
        wanted = _by_powers(above[0], high, most)
    else:
        wanted = _of_one_width(spans[0][0], high, most)
    return _moved(wanted, spans)


def _low(low: float) -> float:
    return 0.0 if low == -NOTHING else max(low, -LARGEST)


def _of_one_width(low: float, high: float, most: int) -> list[float]:
    """Round numbers from below ``low`` to above ``high``."""
    least = high / most - low / most
    exponent = floor(log10(least))
    for figure in (1, 2, 5, 10, 20):
        # a bin more is there where they begin below the least value
        step = float(f"{figure}e{exponent}")
        first, last = floor(low / step), ceil(high / step)
        if last - first <= most:
            break
    return [float(f"{number * figure}e{exponent}") for number in range(first, last + 1)]


def _by_powers(low: float, high: float, most: int) -> list[float]:
    """1, 2, 5, 10 …, or powers of ten only where these are too many."""
    first, last = floor(log10(low)), ceil(log10(high))
    for figures in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        every = [float(f"{m}e{power}") for power in range(first, last + 1) for m in figures]
        begin = max(0, bisect_right(every, low) - 1)
        end = next((at for at, edge in enumerate(every) if edge >= high), len(every) - 1)
        found = every[begin : end + 1]
        if len(found) <= most + 1:
            return found
    step = ceil((last - first) / most)
    return [float(f"1e{power}") for power in range(first, last + step, step)]


def _moved(wanted: Sequence[float], spans: Sequence[tuple[float, float]]) -> list[float]:
    """Edges that are in no bin: one that is goes to the bin's end. ``spans``: bins, sorted."""
    joined: list[tuple[float, float]] = []
    for low, high in spans:
        if joined and low < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    lows = [low for low, _ in joined]
    edges: list[float] = []
    for edge in wanted:
        at = bisect_right(lows, edge) - 1
        inside = at >= 0 and joined[at][0] < edge < joined[at][1]
        moved = joined[at][1] if inside else min(max(edge, -LARGEST), LARGEST)
        if not edges or moved > edges[-1]:
            edges.append(moved)
    return edges


def _bins(found: Sequence[Numbers | None], edges: Sequence[float]) -> list[Part]:
    """A row for each bin, and those for what is beyond the edges."""
    size = len(edges) + 1
    columns = [_counts(one, edges) for one in found]
    labels = ["", *_labels(edges), ""]
    infinite = all(one is None or one.edges is None for one in found)
    texts = _texts(edges)
    beyond_powers = any(
        part.count and part.low is not None and edges and _low(part.low) < edges[0]
        for one in found
        if one is not None
        for part in one.bins
    )
    labels[0] = f"below {texts[0]}" if texts and (beyond_powers or not infinite) else "-inf"
    labels[size - 1 if edges else 1] = f"from {texts[-1]} on" if texts and not infinite else "inf"
    parts: list[Part] = []
    for at in range(max(2, size)):
        counts = tuple(column[at] for column in columns)
        is_rest = at == 0 or at == max(2, size) - 1
        if any(counts) or not is_rest:
            parts.append(Part(labels[at], counts, is_rest))
    return parts


def _counts(one: Numbers | None, edges: Sequence[float]) -> list[int]:
    """How many values are below the first edge, in each bin, and from the last edge on."""
    counts = [0] * max(2, len(edges) + 1)
    for part in () if one is None else one.bins:
        if part.low is None:
            counts[0] += part.count
        elif part.high is None:
            counts[-1] += part.count
        else:
            counts[bisect_right(edges, _low(part.low))] += part.count
    return counts


def _labels(edges: Sequence[float]) -> list[str]:
    neighbours = pairwise(_texts(edges))
    return [
        low if edge == NOTHING else f"{low} to {high}"
        for edge, (low, high) in zip(edges[1:], neighbours, strict=True)
    ]


def _texts(edges: Sequence[float]) -> list[str]:
    """Edges as short as they can be told from each other."""
    texts: list[str] = []
    for digits in (6, 10, 17):
        texts = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(texts)) == len(texts):
            break
    return texts


def figures(one: Counted) -> Iterable[tuple[str, float]]:
    """What is known of all values, by its name: counts, then of numbers their spread."""
    yield "values", one.count
    if one.null_count:
        yield "nulls", one.null_count
    if one.content.distinct:
        yield "distinct", one.content.distinct
    if isinstance(one.content, Categories):
        return
    content = one.content
    if content.infinite:
        yield "infinite", content.infinite
    named = [("mean", content.mean), ("std", content.std), ("min", content.min)]
    named.extend((words, content.quantiles.get(share)) for share, words in QUANTILES.items())
    named.append(("max", content.max))
    for words, value in named:
        if value is not None and isfinite(value):
            yield words, value
