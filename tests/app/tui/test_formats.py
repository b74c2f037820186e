"""Times, sizes and counts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui import formats

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (59, "now"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86400 * 3, "3d")],
)
def test_an_age_is_coarse(seconds: int, text: str) -> None:
    assert formats.age(NOW - timedelta(seconds=seconds), NOW) == text


def test_what_never_was_has_no_age() -> None:
    assert formats.age(None, NOW) == formats.ago(None, NOW) == ""


@given(st.integers(1, 10**9), st.integers(0, 59))
def test_an_age_changes_once_a_minute_at_most(minutes: int, seconds: int) -> None:
    begin = NOW - timedelta(seconds=minutes % 10**6 * 60)
    assert formats.age(begin, NOW) == formats.age(begin, NOW + timedelta(seconds=seconds))


def test_a_countdown_ends_with_due() -> None:
    assert formats.countdown(NOW + timedelta(seconds=20), NOW) == "in <1m"
    assert formats.countdown(NOW, NOW) == "due"
    assert formats.countdown(None, NOW) == ""


def test_a_moment_is_shown_in_the_users_zone() -> None:
    east = timezone(timedelta(hours=2))
    assert formats.clock(NOW, NOW, east) == "14:00"
    assert formats.clock(NOW + timedelta(days=2), NOW, UTC) == "Mon 12:00"
    assert formats.clock(NOW + timedelta(days=20), NOW, UTC) == "11 Dec"
    assert formats.clock(NOW + timedelta(days=700), NOW, UTC) == "Oct 2028"


@given(st.integers(0, 10**8))
def test_a_count_takes_four_characters(number: int) -> None:
    assert len(formats.count(number)) <= 4


@given(st.integers(0, 2**60))
def test_a_size_has_a_unit(octets: int) -> None:
    assert formats.size(octets).split(" ")[1] in ("B", "KiB", "MiB", "GiB", "TiB")


def test_plurals() -> None:
    words = [formats.plural(n, w) for n, w in ((1, "run"), (2, "run"), (2, "try"), (2, "day"))]
    assert words == ["1 run", "2 runs", "2 tries", "2 days"]


def test_a_run_id_made_by_the_scheduler_has_a_short_name() -> None:
    assert formats.run_name("scheduled__2026-11-21T05:40:00+00:00") == "scheduled 11-21 05:40"
    assert formats.run_name("asset_triggered__2026-11-21T05:40:00+00:00") == "asset 11-21 05:40"
    assert formats.run_name("my run") == "my run"
