"""Times on the command line: read from options, shown in the user's zone, given as UTC in JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from app.cli.errors import usage_error
from app.zones import aware, local

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def iso(moment: datetime | None) -> str | None:
    """For JSON: ISO 8601 in UTC, ``2026-11-21T10:00:04.5Z``; None stays None."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def shown(moment: datetime | None, zone: tzinfo | None) -> str:
    """For tables: to the second, with the zone's offset; None is empty."""
    if moment is None:
        return ""
    return local(moment, zone).replace(microsecond=0).isoformat(" ")


def parse_moment(text: str, zone: tzinfo | None, option: str) -> datetime:
    """A moment given as an option, ISO 8601; without an offset it is in ``zone`` (None: the
    machine's)."""
    if text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return aware(moment, zone) if moment.tzinfo is None else moment
    except (OverflowError, ValueError):
        raise usage_error(
            f"{option} {text!r} is not a date; write 2026-11-21, 2026-11-21T10:00 "
            "or 2026-11-21T10:00:00+01:00"
        ) from None


def parse_span(text: str, option: str) -> timedelta:
    """A length of time given as an option: ``90d``, ``12h``, ``30m``; a bare number is days."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", text.strip().lower())
    if found is None:
        raise usage_error(f"{option} {text!r} is not a length of time; write 30d, 12h or 45m")
    return timedelta(seconds=float(found[1]) * UNITS[found[2] or "d"])


def zone_named(name: str) -> tzinfo:
    """The time zone of a DAG (an IANA name or an offset such as ``+02:00``); UTC if unknown."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
        if found is None:
            return UTC
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        from datetime import timezone

        return timezone(-offset if found[1] == "-" else offset)
