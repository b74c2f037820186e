from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.times import iso, parse_moment, parse_span, shown, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_in_json_is_utc_and_is_read_back_exactly(moment: datetime) -> None:
    text = iso(moment)
    assert text is not None
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


def test_a_time_of_another_zone_is_utc_in_json() -> None:
    assert iso(datetime(2026, 7, 1, 12, tzinfo=BERLIN)) == "2026-07-01T10:00:00Z"
    assert iso(None) is None


def test_a_time_in_a_table_has_its_offset() -> None:
    moment = datetime(2026, 1, 1, 12, 30, 5, 999, tzinfo=UTC)
    assert shown(moment, BERLIN) == "2026-01-01 13:30:05+01:00"
    assert shown(None, BERLIN) == ""


def test_a_date_without_an_offset_is_in_the_zone_given() -> None:
    assert parse_moment("2026-11-21", BERLIN, "--from").isoformat() == "2026-11-21T00:00:00+01:00"
    assert parse_moment("2026-11-21T10:00Z", BERLIN, "--from").tzinfo == UTC


def test_what_is_no_date_is_said_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="--from 'tomorrow' is not a date; write 2026-11-21"):
        parse_moment("tomorrow", UTC, "--from")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("45m", timedelta(minutes=45)),
        ("2w", timedelta(weeks=2)),
        ("1.5", timedelta(days=1.5)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    assert parse_span(text, "--older-than") == span


def test_what_is_no_span_is_a_mistake_of_usage() -> None:
    with pytest.raises(CommandError) as caught:
        parse_span("long", "--older-than")
    assert caught.value.code is ExitCode.USAGE


def test_zones_by_name_and_offset() -> None:
    assert zone_named("Europe/Berlin") == BERLIN
    assert zone_named("+02:00") == timezone(timedelta(hours=2))
    assert zone_named("-03:30") == timezone(-timedelta(hours=3, minutes=30))
    assert zone_named("Nowhere/Land") == UTC
