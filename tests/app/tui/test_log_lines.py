"""Filters, levels, times, searches and merges of logs: pure, and against what is obvious."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tui import theme
from app.tui.models.log_levels import DEBUG, ERROR, INFO, NONE, WARNING, clock_of, level_of
from app.tui.models.log_painting import (
    ABSOLUTE,
    OFF,
    RELATIVE,
    Paint,
    moment,
    plain_line,
    plain_lines,
    segments_of,
    since,
)
from app.tui.widgets import log_file, log_lines, log_search
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_filter import error_starts, parse_filter
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_merge import MergedLines
from app.tui.widgets.log_search import Job, Needle
from app.tui.widgets.log_times import offset_of, parse_range

SLOWLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None
)
CLOCK = clock_of(UTC, 2026)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few lines, so that their edges matter."""
    for module in (log_file, log_lines, log_search):
        monkeypatch.setattr(module, "BLOCK", 64)


def opened(path: Path, content: bytes) -> LogFile:
    path.write_bytes(content)
    file = LogFile(path)
    file.refresh()
    return file


def all_of(lines: FileLines | MergedLines) -> list[bytes]:
    """Every line, walked forwards."""
    found: list[bytes] = []
    place = lines.first()
    while place is not None:
        found.append(lines.line(place))
        lines.allow(1 << 20)
        place = lines.after(place)
    return found


def back_of(lines: FileLines | MergedLines) -> list[bytes]:
    """Every line, walked backwards."""
    found: list[bytes] = []
    lines.allow(1 << 20)
    lines.to_end()
    place = lines.before(None)
    while place is not None:
        found.append(lines.line(place))
        place = lines.before(place)
    return found[::-1]


# levels


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"[2026-11-21T10:00:00.120Z] ERROR - boom", ERROR),
        (b"[2026-11-21T10:00:00.120Z] WARNING - hm", WARNING),
        (b"[2026-11-21T10:00:00.120Z] epoch 3", NONE),
        (b"[2026-11-21T10:00:00Z] step 5 ERROR rate 0.1", NONE),
        (b"2026-11-21 10:00:00,123 - root - ERROR - boom", ERROR),
        (b"2026-11-21 10:00:00.12 | CRITICAL | a:b:1 - boom", ERROR),
        (b"2026/11/21 10:00:00 [error] 1#0: boom", ERROR),
        (b"2026-11-21 10:00:00 [main] DEBUG x", DEBUG),
        (b"ERROR:root:boom", ERROR),
        (b"WARNING:root:hm", WARNING),
        (b"INFO started", INFO),
        (b"[ERROR] boom", ERROR),
        (b"[debug] x", DEBUG),
        (b"E1121 10:00:00.120 12 a.py:3] boom", ERROR),
        (b"I1121 10:00:00.120 12 a.py:3] fine", INFO),
        (b"panic: runtime error", ERROR),
        (b"error: boom", ERROR),
        (b"\x1b[31mERROR\x1b[0m boom", ERROR),
        (b"Traceback (most recent call last):", ERROR),
        (b"ValueError: boom", ERROR),
        (b"torch.cuda.OutOfMemoryError: boom", ERROR),
        (b"KeyboardInterrupt", ERROR),
        (b"Errors are fun", NONE),
        (b"the error rate is 3", NONE),
        (b"\xff\xfe\x00", NONE),
        (b"", NONE),
    ],
)
def test_the_level_of_a_line(line: bytes, level: int) -> None:
    assert level_of(line) == level


FRAMED = b"""[2026-11-21T10:00:00Z] DEBUG - a
  more of a
[2026-11-21T10:00:01Z] INFO - b
plain words
[2026-11-21T10:00:02Z] WARNING - c
[2026-11-21T10:00:03Z] ERROR - d
Traceback (most recent call last):
  File "x.py", line 1, in f

ValueError: boom
[2026-11-21T10:00:04Z] INFO - e
KeyError: 'alone'
"""


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", range(12)),
        ("level:info", range(2, 12)),
        ("level:warning", (4, 5, 6, 7, 8, 9, 11)),
        ("level:error", (5, 6, 7, 8, 9, 11)),
        ("level:error boom", (9,)),
        ("info", (2, 10)),
        ("INFO !b", (10,)),
        ("ERROR", (5,)),
        ("error", (5, 9, 11)),
        ("!2026", (1, 3, 6, 7, 8, 9, 11)),
        ('"plain words"', (3,)),
        ('!"plain words" !2026 !e', (8,)),
    ],
)
def test_what_a_filter_keeps(tmp_path: Path, words: str, kept: range) -> None:
    lines = FileLines(opened(tmp_path / "log", FRAMED), parse_filter(words))
    wanted = [FRAMED.split(b"\n")[number] for number in kept]
    assert all_of(lines) == back_of(lines) == wanted
    if lines.filtered:
        lines.count(0, Job(""))
        assert lines.counts() == (len(wanted), 12, True)


def test_an_error_and_its_traceback_are_one_stop() -> None:
    starts = error_starts(FRAMED, 0, len(FRAMED))
    found = [FRAMED[start:].split(b"\n")[0] for start in starts]
    assert found == [b"[2026-11-21T10:00:03Z] ERROR - d", b"KeyError: 'alone'"]


LINES = st.lists(
    st.sampled_from(
        [
            *(b"[2026-11-21T10:00:01Z] INFO - loss", b"[2026-11-21T10:00:01Z] ERROR - Loss"),
            *(b"DEBUG - x", b"  more loss", b"", b"plain", b"ValueError: loss", b"\xff\x00 junk"),
            *(b"WARNING: " + b"y" * 150, b"1%\r50%\r100% loss", b"crlf loss\r"),
        ]
    ),
    max_size=30,
)


@SLOWLY
@given(LINES, st.sampled_from(["loss", "Loss", "!loss", "level:error", "level:info", "loss !info"]))
def test_blocks_don_t_show_in_what_a_filter_keeps(
    tmp_path: Path, small_blocks: None, content: list[bytes], words: str
) -> None:
    data = b"\n".join(content)
    file = opened(tmp_path / "log", data)
    wanted = parse_filter(words)
    expected = wanted.starts(data, 0, len(data))
    lines = FileLines(file, wanted)
    lines.allow(1 << 20)
    assert [at for block in range(len(lines.kept)) for at in lines.starts(block)] == expected
    assert back_of(lines) == [lines.line(at) for at in expected]
    lines.count(len(data) // 2, Job(""))
    total = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    assert lines.counts() == (len(expected), total, True)
    file.close()


@SLOWLY
@given(LINES, LINES, st.sampled_from(["loss", "level:error"]))
def test_what_comes_is_filtered_too(
    tmp_path: Path, small_blocks: None, first: list[bytes], then: list[bytes], words: str
) -> None:
    path = tmp_path / "log"
    file = opened(path, b"\n".join(first))
    lines = FileLines(file, parse_filter(words))
    lines.allow(1 << 20)
    lines.count(0, Job(""))
    with path.open("ab") as log:
        log.write(b"\n".join(then))
    lines.refresh()
    fresh = FileLines(file, parse_filter(words))
    fresh.allow(1 << 20)
    assert back_of(lines) == back_of(fresh)
    lines.count(0, Job(""))
    fresh.count(0, Job(""))
    assert lines.counts() == fresh.counts()
    file.close()


# searching


def test_a_capital_makes_case_count() -> None:
    assert Needle("loss").any_case
    assert not Needle("Loss").any_case
    assert not Needle("42").any_case, "digits are found faster as they are"


@SLOWLY
@given(LINES, st.sampled_from(["loss", "%", "Loss", "plain"]), st.booleans())
def test_all_matches_are_counted_and_numbered(
    tmp_path: Path, small_blocks: None, content: list[bytes], text: str, filtered: bool
) -> None:
    data = b"\n".join(content)
    file = opened(tmp_path / "log", data)
    lines = FileLines(file, parse_filter("!error" if filtered else ""))
    lines.allow(1 << 20)
    needle = Needle(text)
    counts = lines.tally()
    lines.tally_up(needle, counts, Job(""))
    spots: list[int] = []
    spot = lines.find(needle, 0, False, Job(""))
    while spot is not None:
        spots.append(spot)
        spot = lines.find(needle, spot + len(needle.wanted), False, Job(""))
    assert counts.complete
    assert counts.total == len(spots)
    assert [lines.ordinal(needle, counts, one) for one in spots] == [*range(1, len(spots) + 1)]
    back: list[int] = []
    spot = lines.find(needle, lines.edge(True), True, Job(""))
    while spot is not None:
        back.append(spot)
        spot = lines.find(needle, spot, True, Job(""))
    assert back[::-1] == spots
    file.close()


def test_digits_are_not_found_in_the_codes_of_colours(tmp_path: Path) -> None:
    file = opened(tmp_path / "log", b"\x1b[33mred\x1b[0m\nline 3\n")
    assert all_of(FileLines(file, parse_filter("3"))) == [b"line 3"]
    assert log_search.find(file, Needle("3"), 0) == 18
    assert FileLines(file).matches_in(Needle("3"), 0) == 1


def test_a_search_that_is_cancelled_ends(tmp_path: Path) -> None:
    file = opened(tmp_path / "log", b"x" * 1000 + b"needle")
    job = Job("searching")
    job.cancel()
    assert log_search.find(file, Needle("needle"), 0, job) is None


# long and overwritten lines


def test_a_progress_bar_is_one_line_however_often_it_was_drawn(tmp_path: Path) -> None:
    bar = b"\r".join(b"%6d of 100000" % number for number in range(20_000))
    lines = FileLines(opened(tmp_path / "log", b"one\n" + bar + b"\ntwo\n"))
    shown = [plain_line(line) for line in all_of(lines)]
    assert shown == ["one", " 19999 of 100000", "two"]
    assert [plain_line(line) for line in back_of(lines)] == shown


def test_a_line_of_a_megabyte_is_shown_in_pieces_both_ways(tmp_path: Path) -> None:
    lines = FileLines(opened(tmp_path / "log", b"one\n" + b"x" * (1 << 20) + b"\ntwo\n"))
    there = all_of(lines)
    assert there == back_of(lines)
    assert b"".join(there) == b"one" + b"x" * (1 << 20) + b"two"


def test_a_deleted_file_stays_readable_until_it_is_looked_at(tmp_path: Path) -> None:
    file = opened(tmp_path / "log", b"one\n")
    (tmp_path / "log").unlink()
    assert file.line(0)[0] == b"one"
    assert file.refresh()
    assert not file.exists
    assert file.line(0)[0] == b""


# times


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"[2026-11-21T10:00:00.120Z] x", datetime(2026, 11, 21, 10, 0, 0, 120_000, UTC)),
        (b"2026-11-21 10:00:00,5 - x", datetime(2026, 11, 21, 10, 0, 0, 500_000, UTC)),
        (b"2026-11-21T10:00:00+02:00 x", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        (b"2026-11-21T10:00:00-0130 x", datetime(2026, 11, 21, 11, 30, tzinfo=UTC)),
        (b"W1121 10:00:01.5 12 a.py] x", datetime(2026, 11, 21, 10, 0, 1, 500_000, UTC)),
        (b"2026-11-21T10:00:00Z", None),
        (b"2026-11-04 00:00:00+00:00\r\n10:00 x", None),
        (b"2026-11-04 00:00:00.123456", None),
        (b"2026-11-04 00:00:00+00:00 x", datetime(2026, 11, 4, tzinfo=UTC)),
        (b"2026-13-41 10:00:00 x", None),
        (b"10:00:00 x", None),
    ],
)
def test_the_time_of_a_line(line: bytes, expected: datetime | None) -> None:
    assert CLOCK(line) == (None if expected is None else pytest.approx(expected.timestamp()))


def test_times_without_a_zone_are_the_user_s() -> None:
    there = clock_of(timezone(timedelta(hours=2)), 2026)
    assert there(b"2026-11-21 10:00:00 x") == datetime(2026, 11, 21, 8, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "since_", "until"),
    [
        ("last 5m", timedelta(minutes=-5), None),
        ("90s", timedelta(seconds=-90), None),
        ("since 10:30", timedelta(hours=-1, minutes=-30), None),
        ("until 10:45", None, timedelta(hours=-1, minutes=-14)),
        ("10:30-10:45", timedelta(hours=-1, minutes=-30), timedelta(hours=-1, minutes=-14)),
        ("10:30:00 - 10:30:10", timedelta(hours=-1.5), timedelta(hours=-1.5, seconds=11)),
        (
            "10:30:00.5-10:30:10,123",
            timedelta(hours=-1.5, seconds=0.5),
            timedelta(hours=-1.5, seconds=10.124),
        ),
        ("since 10:30:00.000250", timedelta(hours=-1.5, microseconds=250), None),
        ("23:00-01:00", timedelta(hours=11), timedelta(hours=13, minutes=1)),
        ("11-20 10:00-11-20 10:05", timedelta(hours=-26), timedelta(hours=-25, minutes=-54)),
    ],
)
def test_a_range_of_times(text: str, since_: timedelta | None, until: timedelta | None) -> None:
    found = parse_range(text, NOON, UTC)
    assert found is not None
    for value, offset in ((found.since, since_), (found.until, until)):
        assert value == (None if offset is None else (NOON + offset).timestamp())


@pytest.mark.parametrize("text", ["", "soon", "10:30", "since noon", "25:00-26:00", "last 5 years"])
def test_what_is_no_range(text: str) -> None:
    assert parse_range(text, NOON, UTC) is None


@SLOWLY
@given(st.lists(st.sampled_from([0, 0, 1, 7, None, None]), max_size=40), st.integers(-2, 90))
def test_a_moment_is_found_by_halving(tmp_path: Path, steps: list[int | None], second: int) -> None:
    begin = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    data, now, wanted = b"", 0, None
    for step in steps:
        if step is None:
            data += b"  goes on\n"
            continue
        now += step
        if wanted is None and now >= second:
            wanted = len(data)
        data += f"[{begin + timedelta(seconds=now):%Y-%m-%dT%H:%M:%S}Z] x\n".encode()
    file = opened(tmp_path / "log", data)
    assert offset_of(file, CLOCK, begin.timestamp() + second) == wanted
    file.close()


@pytest.mark.parametrize("stamps", [ABSOLUTE, RELATIVE, OFF])
def test_a_date_that_a_task_prints_is_shown_whole(stamps: str) -> None:
    paint = Paint(theme.Palette("dark"), stamps, CLOCK, UTC, NOON)
    for line in ("2026-11-04 00:00:00+00:00", "2026-11-04T00:00:00"):
        assert "".join(one.text for one in segments_of(line.encode(), paint)) == line


def test_how_times_are_shown() -> None:
    seconds = NOON.timestamp() + 0.12
    assert moment(seconds, UTC, NOON) == "12:00:00.120"
    assert moment(seconds, timezone(timedelta(hours=13)), NOON - timedelta(hours=2)) == (
        "11-22 01:00:00"
    )
    assert [since(one) for one in (0, 12.04, 59.99, 3723.5, -2)] == [
        *("+00:00.0", "+00:12.0", "+01:00.0", "+1:02:03", "-00:02.0")
    ]


@pytest.mark.parametrize("wanted", ["", "o"])
def test_what_is_saved_is_what_is_shown(tmp_path: Path, small_blocks: None, wanted: str) -> None:
    content = "one\n\x1b[31mtwo ö\x1b[0m\n1%\r99% o\r\n\nthe end o".encode() * 9
    lines = FileLines(opened(tmp_path / "log", content), parse_filter(wanted))
    saved = b"".join(data for _, data in lines.texts()).decode()
    assert plain_lines(saved).split("\n") == [plain_line(line) for line in all_of(lines)] + (
        [""] if wanted else []
    )


def test_a_line_longer_than_a_block_is_saved_as_one(tmp_path: Path, small_blocks: None) -> None:
    content = b"begin\n" + "ö".encode() * 20_000 + b"\nend"
    lines = FileLines(opened(tmp_path / "log", content))
    assert b"".join(data for _, data in lines.texts()) == content


def test_the_last_state_of_an_endless_progress_bar_is_saved(
    tmp_path: Path, small_blocks: None
) -> None:
    content = b"".join(b"\r%02d%%" % n for n in range(99)) * 60 + b"\nend\n"
    lines = FileLines(opened(tmp_path / "log", content))
    saved = b"".join(data for _, data in lines.texts()).decode()
    assert plain_lines(saved) == "98%\nend\n"
