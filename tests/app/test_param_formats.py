"""The formats of params: forms and command line check what the runner checks, text for text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from app import param_formats
from runner.authoring import params

NEAR_DATE_TIMES = st.tuples(
    st.dates().map(str) | st.sampled_from(["2026-02-30", "26-01-01", "2026/01/01", "2026-1-1"]),
    st.sampled_from(["T", "T", "t", " ", ""]),
    st.times().map("{:%H:%M:%S}".format) | st.sampled_from(["24:00:00", "10:00:60", "10:00"]),
    st.sampled_from(["", "", ".", ".5", ".123456789", ",5"]),
    st.sampled_from(["Z", "z", "", "+01:00", "-0130", "+24:00", "+99:99", " Z", "Z\n"]),
).map("".join)
TEXTS = st.text(max_size=30) | NEAR_DATE_TIMES
VALUES = TEXTS | st.none() | st.integers() | st.lists(TEXTS, max_size=2)

OURS, RUNNERS = param_formats.format_checker(), params._format_checker()


def test_both_check_the_same_formats() -> None:
    assert set(OURS.checkers) == set(RUNNERS.checkers)
    assert "date-time" in OURS.checkers


@given(st.just("date-time") | st.sampled_from(sorted(OURS.checkers)), VALUES)
@example("date-time", "2026-11-21T10:00:00Z")
@example("date-time", "2026-11-21t10:00:00.123456789+01:00")
@example("date-time", "2026-11-21T10:00:00,5Z")
@example("date-time", "2026-11-21T10:00:00-0130")
@example("date-time", "2026-02-30T10:00:00Z")
@example("date-time", "2026-11-21T24:00:00Z")
@example("date-time", "2026-11-21T10:00:00\u0664Z")
def test_both_say_the_same_of_every_value(named: str, value: object) -> None:
    assert OURS.conforms(value, named) == RUNNERS.conforms(value, named)


def test_date_times_are_told_from_what_only_looks_like_one() -> None:
    """So that the comparison above can see a difference."""
    assert OURS.conforms("2026-11-21T10:00:00Z", "date-time")
    assert not OURS.conforms("2026-11-21T10:00:00", "date-time")
    assert not OURS.conforms("2026-02-30T10:00:00Z", "date-time")
