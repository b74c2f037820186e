"""Times, sizes and counts as people read them. Pure; the clock is always an argument."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from app.durations import DAY, HOUR, MINUTE
from app.zones import local

YEAR = 365 * DAY


def age(then: datetime | None, now: datetime) -> str:
    """How long ago, coarse: "now" below a minute, then 3m, 2h, 5d, 2y. Empty without a time."""
    if then is None:
        return ""
    seconds = (now - then).total_seconds()
    return "now" if seconds < MINUTE else coarse(seconds)


def ago(then: datetime | None, now: datetime) -> str:
    """``age`` as a phrase: "just now", "3m ago"."""
    text = age(then, now)
    if not text:
        return ""
    return "just now" if text == "now" else f"{text} ago"


def coarse(seconds: float) -> str:
    """A length of time in its largest unit: <1m, 12m, 3h, 5d, 2y."""
    seconds = abs(seconds)
    if seconds < MINUTE:
        return "<1m"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)}m"
    if seconds < 2 * DAY:
        return f"{int(seconds // HOUR)}h"
    if seconds < 2 * YEAR:
        return f"{int(seconds // DAY)}d"
    return f"{int(seconds // YEAR)}y"


def countdown(then: datetime | None, now: datetime) -> str:
    """Time left, coarse enough to change once a minute at most: "in 12m", "in 3h", "due"."""
    if then is None:
        return ""
    seconds = (then - now).total_seconds()
    return "due" if seconds <= 0 else f"in {coarse(seconds)}"


def clock(then: datetime | None, now: datetime, zone: tzinfo | None) -> str:
    """A moment in the user's zone: 14:05, within six days Fri 14:05, else 18 Jun or Jun 2028."""
    if then is None:
        return ""
    moment, today = local(then, zone), local(now, zone)
    if moment.date() == today.date():
        return moment.strftime("%H:%M")
    if abs(moment.date() - today.date()) < timedelta(days=7):
        return moment.strftime("%a %H:%M")
    if abs(moment.date() - today.date()) < timedelta(days=300):
        return moment.strftime("%d %b")
    return moment.strftime("%b %Y")


def stamp(then: datetime | None, zone: tzinfo | None) -> str:
    """A moment in full: 2026-11-21 14:05:33."""
    return "" if then is None else local(then, zone).strftime("%Y-%m-%d %H:%M:%S")


def count(number: int) -> str:
    """A count in at most four characters: 999, 1.2k, 13k, 1.3M."""
    if number < 1000:
        return str(number)
    if number < 9_950:
        return f"{number / 1000:.1f}k"
    if number < 999_500:
        return f"{round(number / 1000)}k"
    if number < 9_950_000:
        return f"{number / 1_000_000:.1f}M"
    return f"{round(number / 1_000_000)}M"


def size(octets: int | None) -> str:
    """Bytes in binary units: 512 B, 1.4 KiB, 23 MiB."""
    if octets is None:
        return ""
    if octets < 1024:
        return f"{octets} B"
    value, unit = octets / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def somebody(triggered_by: str | None) -> bool:
    """Whether somebody triggered a run; that its schedule or assets did, its type says already."""
    return triggered_by not in (None, "", "schedule", "asset")


def plural(number: int, noun: str) -> str:
    """ "1 run", "3 runs", "2 tries"."""
    if number == 1:
        return f"1 {noun}"
    ending = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number:,} {ending}"


_RUN_ID = re.compile(r"(scheduled|manual|backfill|asset_triggered)__\d{4}-(\d\d-\d\d)T(\d\d:\d\d)")


def run_name(run_id: str) -> str:
    """A run id for narrow places: "scheduled 11-21 05:40"; other ids are left as they are."""
    match = _RUN_ID.match(run_id)
    kind = match[1].removesuffix("_triggered") if match else ""
    return f"{kind} {match[2]} {match[3]}" if match else run_id
