"""Moments in a time zone: across a change of clocks, and at the edges of the calendar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.cli.times import parse_moment, shown
from app.tui.models.chart.ticks import _wall
from app.tui.models.events import moment_of
from app.tui.scene import Scene
from app.tui.theme import UNICODE
from app.tui.widgets.log_times import parse_range
from app.zones import local

NOVEMBER = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JUNE = datetime(2026, 6, 19, 22, 0, tzinfo=UTC)
"""Midnight of the 20th where clocks show two hours more in summer."""


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin whose user has set no zone."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("zone", [None, ZoneInfo("Europe/Berlin")], ids=str)
def test_a_day_of_the_other_half_of_the_year_has_its_own_offset(zone: ZoneInfo | None) -> None:
    assert moment_of("2026-06-20", Scene(NOVEMBER, zone, UNICODE)) == JUNE
    assert parse_moment("2026-06-20", zone, "--since") == JUNE
    found = parse_range("since 2026-06-20 00:00", NOVEMBER, zone)
    assert found is not None
    assert found.since == JUNE.timestamp()


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(9999, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin"),
        (datetime(1, 1, 1, 0, 30, tzinfo=UTC), "America/New_York"),
    ],
)
def test_the_edges_of_the_calendar_are_shown(moment: datetime, zone: str) -> None:
    assert local(moment, ZoneInfo(zone)) == moment
    assert shown(moment, ZoneInfo(zone)).startswith(f"{moment.year:04}-")
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    assert _wall(seconds, ZoneInfo(zone)) == moment.replace(tzinfo=None)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    "moment",
    [datetime(9999, 12, 31, 23, 30, tzinfo=UTC), datetime(1, 1, 1, 0, 30, tzinfo=UTC)],
)
def test_so_are_they_without_a_zone(moment: datetime) -> None:
    assert local(moment, None).year == moment.year


@pytest.mark.parametrize(
    "text", ["99999999999d", "9" * 400 + "h", "0001-01-01", "9999-12-31t23:59"]
)
def test_what_is_beyond_the_calendar_is_no_time(text: str) -> None:
    for zone in (None, UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")):
        assert moment_of(text, Scene(NOVEMBER, zone, UNICODE)) is None
