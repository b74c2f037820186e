"""A line of a log can say anything: it is painted, whatever it claims about times."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.tui import theme
from app.tui.models.log_levels import STAMP, clock_of
from app.tui.models.log_painting import ABSOLUTE, RELATIVE, Paint, segments_of

ZONES = (None, UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York"))


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("stamps", [ABSOLUTE, RELATIVE])
@given(st.from_regex(STAMP) | st.from_regex(rb"[DIWE]\d{4} \d\d:\d\d:\d\d"))
@example(b"2026-11-21 10:00:00+9999 INFO x")
@example(b"0001-01-01 00:00:00 x")
@example(b"9999-12-31T23:59:99Z x")
def test_any_time_is_painted(stamps: str, zone: tzinfo | None, line: bytes) -> None:
    paint = Paint(
        theme.Palette("dark"),
        stamps,
        clock_of(zone, 2026),
        zone,
        datetime(2026, 11, 21, tzinfo=UTC),
    )
    segments_of(line, paint)
