"""Several logs as one: in the order of times, filtered and searched with their names."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.log_levels import clock_of
from app.tui.widgets.log_filter import parse_filter
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_merge import END, TOP, MergedLines, Part
from app.tui.widgets.log_search import Job, Needle
from app.tui.widgets.noted_times import NotedTimes
from store.log_times import NOTE, note
from tests.app.tui.test_log_lines import all_of, back_of, opened

CLOCK = clock_of(UTC, 2026)


def merged(folder: Path, *contents: bytes, words: str = "") -> MergedLines:
    parts: list[Part] = []
    for number, content in enumerate(contents):
        file = opened(folder / f"log{number}", content)
        parts.append(Part(f"log{number}", "text", FileLines(file, parse_filter(words)), 0.0))
    return MergedLines(parts, CLOCK)


def at(second: int, words: str) -> bytes:
    return b"[2026-11-21T10:00:%02dZ] " % second + words.encode()


def test_logs_are_merged_by_time_and_tracebacks_stay_together(tmp_path: Path) -> None:
    first = [at(1, "a"), b"Traceback (most recent call last):", b"  File", at(5, "b")]
    second = [at(1, "c"), b"more of c", at(2, "d"), at(9, "e")]
    lines = merged(tmp_path, b"\n".join(first) + b"\n", b"\n".join(second) + b"\n")
    wanted = [*first[:3], *second[:3], first[3], second[3]]
    assert back_of(lines) == wanted
    lines.to_top()
    assert all_of(lines) == wanted
    assert [line.partition(b": ")[2][:-1] for _, line in lines.copy().texts()] == wanted


def printed(folder: Path, number: int, lines: list[tuple[float, bytes]]) -> bytes:
    """Lines without times of their own; when they came is noted, as the runner does it."""
    content = b""
    for came, line in lines:
        note(str(folder / f"log{number}"), len(content), came)
        content += line
    return content


def test_printed_lines_are_merged_by_when_the_log_grew(tmp_path: Path) -> None:
    begin = CLOCK(at(0, "")) or 0.0
    first = printed(tmp_path, 0, [(begin + n, b"a%d\n" % n) for n in range(0, 8, 2)])
    second = printed(tmp_path, 1, [(begin + n, b"b%d\n" % n) for n in range(1, 8, 2)])
    lines = merged(tmp_path, first, second, at(4, "c\n"))
    wanted = [b"a0", b"b1", b"a2", b"b3", b"a4", at(4, "c"), b"b5", b"a6", b"b7"]
    assert back_of(lines) == wanted
    lines.to_top()
    assert all_of(lines) == wanted
    for line, number, offset in ((b"a4", 0, 6), (b"b5", 1, 6), (at(4, "c"), 2, 0)):
        anew = merged(tmp_path, first, second, at(4, "c\n"))  # from the middle, both ways
        place = anew.at((number, offset))
        assert place is not None
        assert anew.line(place) == line
        assert all_of(anew) == wanted


def test_what_a_line_goes_on_with_stays_with_it_though_time_passed(tmp_path: Path) -> None:
    begin = CLOCK(at(0, "")) or 0.0
    error = at(1, "ERROR - a\n") + b"Traceback (most recent call last):\n"
    first = printed(tmp_path, 0, [(begin, error), (begin + 3, b"  File\n"), (begin + 5, b"z\n")])
    lines = merged(tmp_path, first, at(2, "b\n") + at(4, "c\n"))
    wanted = [*error.splitlines(), b"  File", at(2, "b"), at(4, "c"), b"z"]
    assert back_of(lines) == wanted
    lines.to_top()
    assert all_of(lines) == wanted


@pytest.mark.parametrize("shift", [-3600, 3600, 30, 0])
def test_what_a_task_prints_stays_with_what_it_logs_by_another_clock(
    tmp_path: Path, shift: int
) -> None:
    """What the runner notes is by its own clock, the lines of one log are stamped by another."""
    begin = CLOCK(at(0, "")) or 0.0
    contents: list[bytes] = []
    for number, other in enumerate((shift, 0)):
        written: list[tuple[float, bytes]] = []
        for second in range(0, 40, 4):
            came = begin + second + 2 * number
            stamp = datetime.fromtimestamp(came + other, UTC).strftime("%Y-%m-%d %H:%M:%S,000")
            written.append((came - 0.5, f"{stamp} - INFO - {number} logged {second}\n".encode()))
            written.append((came + 0.5, f"{number} printed {second}\n".encode()))
        contents.append(printed(tmp_path, number, written))
    lines = merged(tmp_path, *contents)
    found = [line.rpartition(b" - ")[2].decode() for line in back_of(lines)]
    assert found[1::2] == [one.replace("logged", "printed") for one in found[::2]]
    lines.to_top()
    assert [line.rpartition(b" - ")[2].decode() for line in all_of(lines)] == found


LINE = st.sampled_from(("logged", "printed", "  more", "Traceback (most recent call last):"))
LOG = st.tuples(
    st.integers(-2, 2).map(lambda hours: hours * 3600),
    st.lists(st.tuples(LINE, st.integers(0, 3)), max_size=12),
    st.lists(st.tuples(st.integers(0, 300), st.integers(-40, 40))),
)
"""How far its clock is off; its lines and the seconds before each; notes: offsets, and moments."""


def log_of(folder: Path, number: int, log: tuple[int, list[tuple[str, int]], Any]) -> bytes:
    """A log with any mix of lines that say their time and notes."""
    begin = CLOCK(at(0, "")) or 0.0
    off, lines, notes = log
    content, now = b"", begin + off
    for row, (words, seconds) in enumerate(lines):
        now += seconds
        stamp = (
            f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} " if words == "logged" else ""
        )
        content += f"{stamp}{words} {number} {row}\n".encode()
    for offset, seconds in sorted(notes):
        note(str(folder / f"log{number}"), offset, begin + seconds)
    return content


@given(st.lists(LOG, min_size=1, max_size=3))
def test_merged_lines_are_in_the_same_order_from_wherever_one_comes(logs: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contents = [log_of(folder, number, log) for number, log in enumerate(logs)]
        lines = merged(folder, *contents)
        wanted = back_of(lines)
        for number, content in enumerate(contents):
            own = [line for line in wanted if line.split()[-2] == b"%d" % number]
            assert own == content.splitlines()
        lines.to_top()
        assert all_of(lines) == wanted
        for number, content in enumerate(contents):
            for offset in range(0, len(content), 37):
                lines.to_end()
                place = lines.at((number, offset))
                assert place is not None
                assert lines.line(place) in wanted
                assert all_of(lines) == wanted
                assert back_of(lines) == wanted
        lines.close()


def test_a_note_that_is_half_written_counts_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    noted, notes = NotedTimes(path), path.with_name("log.times")
    assert not noted.refresh()
    assert noted.of(7) is None
    whole = NOTE.pack(5, 10.0) + NOTE.pack(9, 12.0)
    notes.write_bytes(whole[:-3])
    assert noted.refresh()
    assert (noted.of(4), noted.of(50), noted.since(11.0)) == (None, (5, 10.0), None)
    notes.write_bytes(whole)
    assert noted.refresh()
    assert not noted.refresh()
    assert (noted.of(8), noted.of(9), noted.since(11.0)) == ((5, 10.0), (9, 12.0), (9, 12.0))


@given(st.lists(st.tuples(st.integers(0, 100), st.floats())), st.integers(0, 15))
def test_a_damaged_file_of_notes_gives_no_time_that_can_not_be(
    notes: list[tuple[int, float]], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.with_name("log.times").write_bytes(b"".join(NOTE.pack(*one) for one in notes)[cut:])
        noted = NotedTimes(log)
        noted.refresh()
        for offset in range(102):
            found = noted.of(offset)
            assert found is None or found[0] <= offset
            assert found is None or datetime.fromtimestamp(found[1], UTC).year <= 9999


def test_a_time_far_above_a_line_is_not_looked_for(tmp_path: Path) -> None:
    lines = merged(tmp_path, at(9, "x\n") + b"y" * (1 << 19) + b"\nz", at(1, "a\n"))
    assert lines.time(0, lines.parts[0].lines.size - 1) != lines.parts[0].start
    far = merged(tmp_path, at(9, "x\n") + b"y" * (3 << 20) + b"\nz", at(1, "a\n"))
    assert far.time(0, far.parts[0].lines.size - 1) == far.parts[0].start


def test_what_comes_to_merged_logs_is_put_to_the_end(tmp_path: Path) -> None:
    lines = merged(tmp_path, at(1, "a\n"), at(2, "b\n"))
    assert len(back_of(lines)) == 2
    with (tmp_path / "log0").open("ab") as log:
        log.write(at(3, "c\n"))
    assert lines.refresh()
    assert lines.count_new(0) == 1
    last = lines.before(None)
    assert last is not None
    assert lines.line(last) == at(3, "c")


def test_of_much_that_comes_at_once_only_the_end_is_merged(tmp_path: Path) -> None:
    lines = merged(tmp_path, at(1, "a\n"), at(2, "b\n"))
    assert len(back_of(lines)) == 2
    with (tmp_path / "log0").open("ab") as log:
        log.write(b"".join(at(3 + n // 1000, f"line {n}\n") for n in range(20_000)))
    with (tmp_path / "log1").open("ab") as log:
        log.write(at(59, "the last\n"))
    assert lines.refresh()
    last = lines.before(None)
    assert last is not None
    looked_at = len(lines._known)
    assert looked_at < 100
    assert lines.line(last) == at(59, "the last")
    before = lines.before(last)
    assert before is not None
    assert lines.line(before) == at(22, "line 19999")


def test_a_search_goes_through_merged_logs_in_the_order_of_times(tmp_path: Path) -> None:
    first = [at(1, "x"), at(3, "x"), at(3, "x"), at(5, "x")]
    second = [at(1, "x"), at(2, "x"), at(3, "x"), at(9, "y")]
    lines = merged(tmp_path, b"\n".join(first) + b"\n", b"\n".join(second) + b"\n")
    needle, seen = Needle("] x"), []
    spot = lines.find(needle, TOP, False, Job(""))
    while spot is not None:
        seen.append(spot)
        spot = lines.find(needle, lines.beyond(spot, 3), False, Job(""))
    assert len(seen) == 7
    files = [part.lines.file for part in lines.parts]
    times = [lines.time(one, files[one].line_start(offset)) for one, offset in seen]
    assert times == sorted(times)
    back = []
    spot = lines.find(needle, END, True, Job(""))
    while spot is not None:
        back.append(spot)
        spot = lines.find(needle, spot, True, Job(""))
    assert back[::-1] == seen
    place = lines.at(seen[4])
    assert place is not None
    assert lines.line(place).endswith(b"x")
    counts = lines.tally()
    lines.tally_up(needle, counts, Job(""))
    assert (counts.total, counts.complete) == (7, True)


def test_merged_logs_are_filtered_by_level(tmp_path: Path) -> None:
    lines = merged(
        tmp_path,
        at(1, "ERROR - a\n") + at(2, "INFO - b\n"),
        at(1, "ERROR - c\n"),
        words="level:error",
    )
    assert back_of(lines) == [at(1, "ERROR - a"), at(1, "ERROR - c")]
    lines.count(END, Job(""))
    assert lines.counts() == (2, 3, True)
    assert lines.find_error(TOP, False, Job("")) == (0, 0)
    assert lines.find_error(END, True, Job("")) == (1, 0)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("log1", ["c", "log0 came before", "d"]),
        ("!log1", ["a", "b"]),
        ("log1 came", ["log0 came before"]),
        ("log0", ["a", "log0 came before", "b"]),
        ("Log1", []),
    ],
)
def test_the_name_before_a_merged_line_counts_for_the_filter(
    tmp_path: Path, words: str, kept: list[str]
) -> None:
    first = at(1, "a\n") + at(4, "b\n")
    second = at(2, "c\n") + at(3, "log0 came before\n") + at(5, "d\n")
    lines = merged(tmp_path, first, second).other(parse_filter(words))
    assert [line[23:].decode() for line in all_of(lines)] == kept
    lines.count(END, Job(""))
    assert lines.counts() == (len(kept), 5, True)


def test_the_name_before_a_merged_line_is_searched_too(tmp_path: Path) -> None:
    """Lines that are shorter than the needle, too: none is left out."""
    second = b"".join((at(2, "c\n"), b"x\n", b"\n", at(3, "y\n")))
    lines = merged(tmp_path, at(1, "a log1\n") + at(4, "b\n"), second).other(parse_filter(""))
    for needle, places in (("log1", [(0, 0), *((1, n) for n in (0, 25, 27, 28))]), ("log2", [])):
        wanted = Needle(needle)
        seen, spot = [], lines.find(wanted, TOP, False, Job(""))
        while spot is not None:
            seen.append((spot[0], lines.parts[spot[0]].lines.file.line_start(spot[1])))
            spot = lines.find(wanted, lines.beyond(spot, len(needle)), False, Job(""))
        assert seen == places
        back, spot = [], lines.find(wanted, END, True, Job(""))
        while spot is not None:
            back.append((spot[0], lines.parts[spot[0]].lines.file.line_start(spot[1])))
            spot = lines.find(wanted, spot, True, Job(""))
        assert back[::-1] == places
        counts = lines.tally()
        lines.tally_up(wanted, counts, Job(""))
        assert counts.total == len(places)
