"""Moments in a time zone. A zone that is None is the machine's."""

from __future__ import annotations

from datetime import datetime, tzinfo


def local(moment: datetime, zone: tzinfo | None) -> datetime:
    """The moment in the zone; at the very edge of the calendar as it is."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):  # of the years 1 and 9999: there is no such day there
        return moment


def aware(naive: datetime, zone: tzinfo | None) -> datetime:
    """What the clock shows as a moment: with the offset that the zone has on that day.

    Raises ``OverflowError`` or ``ValueError`` at the edge of the calendar.
    """
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
