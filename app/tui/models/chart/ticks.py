"""Where an axis is labelled: round numbers, durations, sizes, and times of the user's zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, floor, isfinite, log2, log10
from typing import NamedTuple

from app.durations import DAY, HOUR, MINUTE
from app.tui.formats import size
from app.tui.models.chart.series import Unit
from app.zones import local

LARGEST = 1.7e308
CLOCK_STEPS = tuple(n * unit for unit in (1, MINUTE) for n in (1, 2, 5, 10, 15, 30))
DAY_STEPS = tuple(n * HOUR for n in (1, 2, 3, 6, 12)) + tuple(n * DAY for n in (1, 2, 7, 14))
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000)
LOG_DURATIONS = (
    *(0.01, 0.1, 0.5, 1, 2, 5, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 365 * DAY),
)
MONTH = 31 * DAY
EARLIEST, LATEST = -62_000_000_000, 253_000_000_000
"""Seconds between which there are dates."""


class Tick(NamedTuple):
    """A labelled place of an axis."""

    value: float
    text: str


def widened(low: float, high: float) -> tuple[float, float]:
    """A range that has a width: around a single value, or around values that hardly differ."""
    greatest = max(abs(low), abs(high))
    if high * 0.5 - low * 0.5 > max(greatest * 1e-12, 1e-290):
        return low, high
    room = min(greatest * 0.1, LARGEST / 10) or 1.0
    room = max(room, 1e-280)
    return max(low - room, -LARGEST), min(high + room, LARGEST)


def step_of(unit: Unit, low: float, high: float, most: int) -> float:
    """The distance of ticks: the least round one of which ``most`` fit."""
    raw = min(max(high / max(1, most) - low / max(1, most), 5e-300), LARGEST)
    if unit == "bytes" and 1 <= raw < 2**60:
        whole = 2.0 ** floor(log2(raw))
        return next(part * whole for part in (1.0, 1.25, 1.5, 2.0) if part * whole >= raw)
    if unit == "duration" and raw > 0.5:
        for step in (*CLOCK_STEPS, *DAY_STEPS):
            if step >= raw:
                return step
        return _round_step(raw / DAY) * DAY
    step = _round_step(raw)
    return max(1.0, step) if unit == "count" else step


def _round_step(raw: float) -> float:
    power = floor(log10(raw))
    for digits in (1, 2, 5, 10):
        step = _power(digits, power)
        if step >= raw * (1 - 1e-9):
            return min(step, LARGEST)
    return raw


def _power(digits: int, power: int) -> float:
    try:
        return float(f"{digits}e{power}")
    except OverflowError:
        return LARGEST


def rounded(unit: Unit, low: float, high: float, most: int) -> tuple[float, float]:
    """The range made a little larger, so that it begins and ends at a tick."""
    step = step_of(unit, low, high, most)
    first, last = floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    return (
        max(min(first, low), -LARGEST) if isfinite(first) else low,
        min(max(last, high), LARGEST) if isfinite(last) else high,
    )


def ticks(unit: Unit, low: float, high: float, most: int, zone: tzinfo | None) -> list[Tick]:
    """At most about ``most`` labelled places from ``low`` to ``high``."""
    if most < 1:
        return []
    if unit == "time" and low > EARLIEST and high < LATEST:
        return list(_time_ticks(low, high, most, zone))
    step = step_of(unit, low, high, most)
    text = text_of(unit, step, max(abs(low), abs(high)))
    first = low / step
    start = ceil(first - 1e-9) if isfinite(first) else 0
    room = high * 1e-9 - low * 1e-9
    result: list[Tick] = []
    for number in range(most + 2):
        value = (start + number) * step
        if not isfinite(value) or value > high + room:
            break
        if value >= low - room and (not result or value > result[-1].value):
            result.append(Tick(value, text(value)))
    return result


def log_ticks(unit: Unit, low: float, high: float, most: int) -> list[Tick]:
    """Ticks of an axis of powers of ten; ``low`` and ``high`` are logarithms."""
    if unit == "duration" and low > -2 and high < 9:
        found = [Tick(log10(value), duration_text(value)) for value in LOG_DURATIONS]
        found = [tick for tick in found if low - 1e-9 <= tick.value <= high + 1e-9]
        return found[:: max(1, ceil(len(found) / max(1, most)))]
    decades = range(ceil(low - 1e-9), floor(high + 1e-9) + 1)
    step = max(1, ceil(len(decades) / max(1, most)))
    places: list[tuple[int, int]] = [(1, power) for power in decades if power % step == 0]
    if len(decades) * 3 <= most:
        whole = range(floor(low), ceil(high) + 1)
        places = [(digits, power) for power in whole for digits in (1, 2, 5)]
    result: list[Tick] = []
    for digits, power in places:
        value = float(f"{digits}e{power}")
        where = power + log10(digits)
        if low - 1e-9 <= where <= high + 1e-9 and value > 0 and isfinite(value):
            result.append(Tick(where, text_of(unit, value, value)(value)))
    return result


def text_of(unit: Unit, step: float, greatest: float) -> Callable[[float], str]:
    """How the labels of an axis are written."""
    if unit == "bytes" and step >= 1 and greatest < 2**60:
        return lambda value: size(int(value)) if value >= 0 else f"-{size(int(-value))}"
    if unit == "duration" and step >= 1e-4 and greatest < 1e10:
        return duration_text
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    tail = "%" if unit == "percent" else ""
    if decimals > 6 or greatest >= 1e7:
        digits = 3
        if greatest > step:
            digits = max(1, min(6, ceil(log10(min(greatest / step, 1e9))) + 1))
        return lambda value: f"{value + 0.0:.{digits}g}{tail}"
    return lambda value: f"{value + 0.0:,.{decimals}f}{tail}"


def duration_text(seconds: float) -> str:
    """A duration for an axis, without parts that are nothing: 0s, 0.5s, 1m 30s, 2h, 3d."""
    if seconds < 0:
        return f"-{duration_text(-seconds)}"
    if seconds < MINUTE:
        return f"{round(seconds, 4):g}s"
    for large, small, (name, rest) in (
        (MINUTE, 1, ("m", "s")),
        (HOUR, MINUTE, ("h", "m")),
        (DAY, HOUR, ("d", "h")),
    ):
        if seconds < large * (60 if large < HOUR else 48) or large == DAY:
            whole, left = divmod(round(seconds / small), large // small)
            return f"{whole}{name} {left:02}{rest}" if left else f"{whole}{name}"
    return ""


def _time_ticks(low: float, high: float, most: int, zone: tzinfo | None) -> Iterator[Tick]:
    """Round times of the user's wall clock, which may be put forward or back in between."""
    raw = (high - low) / most
    step = next((step for step in (*CLOCK_STEPS, *DAY_STEPS) if step >= raw), 0)
    wall = _wall(low, zone)
    if not step:
        yield from _month_ticks(low, high, raw, zone)
        return
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    if step > DAY:
        midnight -= timedelta(days=midnight.toordinal() % (step // DAY))
    moment = midnight + timedelta(seconds=(wall - midnight).total_seconds() // step * step)
    pattern = "%d %b" if step >= DAY else "%H:%M" if step >= MINUTE else "%H:%M:%S"
    for _ in range(2 * most + 4):
        value = _moment(moment, zone)
        if value > high:
            return
        if value >= low:
            new_day = step < DAY and (moment.hour, moment.minute, moment.second) == (0, 0, 0)
            yield Tick(value, moment.strftime("%d %b" if new_day else pattern))
        moment += timedelta(seconds=step)


def _month_ticks(low: float, high: float, raw: float, zone: tzinfo | None) -> Iterator[Tick]:
    step = next((step for step in MONTH_STEPS if step * MONTH >= raw), MONTH_STEPS[-1])
    wall = _wall(low, zone)
    number = (wall.year * 12 + wall.month - 1) // step * step
    while number // 12 < 9999:
        moment = wall.replace(max(1, number // 12), number % 12 + 1, 1, 0, 0, 0, 0)
        value = _moment(moment, zone)
        if value > high:
            return
        if value >= low:
            yield Tick(value, moment.strftime("%b %Y") if step < 12 else str(moment.year))
        number += step


def _wall(seconds: float, zone: tzinfo | None) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return local(moment, zone).replace(tzinfo=None)


def _moment(wall: datetime, zone: tzinfo | None) -> float:
    aware = wall.replace(tzinfo=zone) if zone is not None else wall.astimezone()
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
