"""Numbers that may be anything: ordered, subtracted, written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isinf, isnan

Number = float | None
"""None: there is none."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a number is against another."""

    absolute: float
    relative: float | None
    """Share of the other's size; None where that is zero."""


def change(value: Number, base: Number) -> Change | None:
    """From ``base`` to ``value``; None unless both are finite."""
    if value is None or base is None or not (isfinite(value) and isfinite(base)):
        return None
    difference = value - base
    if not isfinite(difference):
        return None
    share = difference / abs(base) if base else (0.0 if not difference else None)
    return Change(difference, share if share is None or isfinite(share) else None)


def same(one: object, two: object) -> bool:
    """Whether two values are the same; NaN is the same as NaN."""
    if isinstance(one, float) and isinstance(two, float) and isnan(one) and isnan(two):
        return True
    return one == two


def sort_key(value: Number, *, lowest: bool) -> tuple[int, float]:
    """Finite ones by size, then the infinities, NaN, and what is missing, whichever way."""
    if value is None:
        return 3, 0.0
    if isnan(value):
        return 2, 0.0
    if isinf(value):
        return 1, value if lowest else -value
    return 0, value if lowest else -value


def order(values: Sequence[Number], *, lowest: bool) -> list[int]:
    """The places of the values in that order; those that are equal keep theirs."""
    return sorted(range(len(values)), key=lambda at: sort_key(values[at], lowest=lowest))


def best(values: Sequence[Number], *, lowest: bool) -> frozenset[int]:
    """The places of the best finite value; none where fewer than two differ."""
    finite = [value for value in values if value is not None and isfinite(value)]
    if len(set(finite)) < 2 and len(finite) == len(values):
        return frozenset()
    choose: Callable[[list[float]], float] = min if lowest else max
    if not finite:
        return frozenset()
    wanted = choose(finite)
    return frozenset(at for at, value in enumerate(values) if value == wanted)


def number_in(text: str | None) -> Number:
    """The number that a text is; None if it is none. As MLflow writes them: NaN, Infinity."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def number_text(value: float) -> str:
    """A number for people: NaN and the infinities as MLflow writes them."""
    if isfinite(value):
        return f"{value:.6g}"
    return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"


def short(value: float) -> str:
    """A number where there is little room: whole ones whole, others with four digits."""
    if abs(value) < 1e12 and value == int(value):
        return f"{value:.0f}"
    return f"{value:.4g}"


def signed(value: float, digits: int = 3) -> str:
    """A difference: +0.12, -3, 0."""
    return f"{value:+.{digits}g}" if value else "0"


def percent(share: float) -> str:
    """A change as a share: +12%, -0.4%, x31 where per cents say little."""
    if not share:
        return "0%"
    if abs(share) >= 10:
        return f"{share + 1 if share > 0 else share:+.3g}x".replace("+", "")
    return f"{share * 100:+.1f}%" if abs(share) < 0.1 else f"{share * 100:+.0f}%"


def finite_range(values: Sequence[Number]) -> tuple[float, float] | None:
    """Least and greatest of the finite values; None where there is none."""
    finite = [value for value in values if value is not None and -inf < value < inf]
    return (min(finite), max(finite)) if finite else None
