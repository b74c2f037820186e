"""Groups of log lines: which lines begin and end them, what is folded away. Pure."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.text import sanitize
from app.tui import theme
from app.tui.models.log_groups import group_of
from app.tui.models.log_levels import clock_of
from app.tui.models.log_painting import ABSOLUTE, Paint, segments_of
from app.tui.widgets import log_file, log_folds
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_folds import OPEN, Fold, Folds, all_folds, fold_under, group_around
from app.tui.widgets.log_search import Job

STAMP = b"[2026-11-21T10:00:00.120Z] INFO - "
LINES = st.sampled_from(
    [
        b"::group::A",
        b"::group::A",
        b"::endgroup::",
        b"::endgroup::",
        STAMP + b"::group::B of a longer name",
        STAMP + b"::endgroup::",
        b"said ::group::no",
        b"",
        b"x" * 70,
    ]
)
QUICKLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)


@pytest.mark.parametrize(
    ("line", "group"),
    [
        (b"::group::Pre task", (True, b"Pre task")),
        (b"::group::", (True, b"")),
        (b"::endgroup::", (False, b"")),
        (b"  ::endgroup::\r", (False, b"")),
        (b"::endgroup:: and more", (False, b"and more")),
        (b"\x1b[36m::group::colours\x1b[0m", (True, b"colours")),
        (b"::group::a ::group::b", (True, b"a ::group::b")),
        (STAMP + b"::group::Pre", (True, b"Pre")),
        (b"[2026-11-21T10:00:00.120Z] ::group::Pre", (True, b"Pre")),
        (b"[2026-11-21, 10:00:00 UTC] {runner.py:84} INFO - ::group::Pre", None),
        (b"[2026-11-21T10:00:00.1+0000] {runner.py:84} INFO - ::group::Pre", (True, b"Pre")),
        (b"2026-11-21 10:00:00,123 - root - INFO - ::endgroup::", (False, b"")),
        (b"2026-11-21 10:00:00.12 | INFO | a.b:f:1 - ::group::x", (True, b"x")),
        (b"2026-11-21T10:00:00Z ::group::of GitHub", (True, b"of GitHub")),
        (b"INFO:root:::group::of logging", (True, b"of logging")),
        (b"INFO - ::group::x", (True, b"x")),
        (b"INFO: ::group::x", (True, b"x")),
        (b"a ::group::x", None),
        (b"print('::group::x')", None),
        (STAMP + b"write '::group::x' for a group", None),
        (STAMP + b"one two three four five ::group::x", None),
        (STAMP + b"ERROR - see ::group::x", None),
        (STAMP + b"INFO - the words before ::group::x", None),
        (STAMP + b"INFO my.logger ::group::x", (True, b"x")),
        (STAMP + b"worker-1 root: INFO: ::group::x", (True, b"x")),
        (b" 10%\r::group::x", None),
        (b"x" * 500 + b"::group::x", None),
        (b":group::x", None),
        (b"group::x", None),
        (b"", None),
    ],
)
def test_marks_are_known(line: bytes, group: tuple[bool, bytes] | None) -> None:
    assert group_of(line) == group


@given(st.binary(max_size=30), st.binary(max_size=60))
@example(STAMP + b"[" * 30, b"a" * 60)
@example(b"2026-11-21 10:00:00 " + b"a:" * 60, b"")
def test_any_line_is_painted_without_control_sequences(before: bytes, title: bytes) -> None:
    paint = Paint(theme.Palette("dark"), ABSOLUTE, clock_of(UTC, 2026), UTC, None)
    for line in (before + b"::group::" + title, b"::group::" + title):
        text = "".join(one.text for one in segments_of(line.replace(b"\n", b""), paint))
        assert sanitize(text) == text


def painted(
    line: bytes, folded: int | None = None, needle: str = "", *, plain: bool = False
) -> str:
    glyphs = theme.ASCII if plain else theme.UNICODE
    paint = Paint(
        theme.Palette("dark"), ABSOLUTE, clock_of(UTC, 2026), UTC, None, needle, True, glyphs
    )
    return "".join(one.text for one in segments_of(line, paint, folded=folded))


def test_headings_are_painted_with_their_time_and_what_is_folded_away() -> None:
    assert painted(b"::group::Setup") == "▾ Setup"
    assert painted(b"::group::Setup", 1204) == "▸ Setup  1,204 lines"
    assert painted(b"::group::Setup", 0) == "▸ Setup  0 lines"
    assert painted(b"::group::Setup", -1) == "▸ Setup  not ended"
    assert painted(b"::group::") == "▾ group"
    assert painted(STAMP + b"::group::Setup") == "11-21 10:00:00 ▾ Setup"
    assert set(painted(b"::endgroup::")) == {"─"}
    assert painted(b"::group::\x1b[2J\x1b]0;t\x07Set\xc2\x9b1mup") == "▾ Setup"


def test_headings_are_painted_in_ascii() -> None:
    assert painted(b"::group::Setup", plain=True).isascii()
    assert painted(b"::group::Setup", 3, plain=True).isascii()
    assert painted(b"::endgroup::", plain=True).isascii()


def test_a_mark_in_which_the_needle_is_is_painted_as_it_is_written() -> None:
    assert painted(b"::group::Setup", needle="setup") == "▾ Setup"
    assert painted(b"::group::Setup", needle="group") == "::group::Setup"
    assert painted(b"::group::group", needle="group") == "::group::group"
    assert painted(b"::endgroup::", needle="endgroup") == "::endgroup::"
    assert painted(b"::endgroup::", needle="setup") != "::endgroup::"


# folds in a file


def opened(path: Path, content: bytes) -> LogFile:
    path.write_bytes(content)
    file = LogFile(path)
    file.refresh()
    return file


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few lines, so that their edges matter."""
    for module in (log_file, log_folds):
        monkeypatch.setattr(module, "BLOCK", 64)


def ends_of(lines: list[bytes]) -> tuple[dict[int, int | None], list[int | None]]:
    """Heading -> the line that ends its group; and of each line the heading it is under."""
    ends: dict[int, int | None] = {}
    around: list[int | None] = []
    above: list[int] = []
    for number, line in enumerate(lines):
        around.append(above[-1] if above else None)
        group = group_of(line)
        if group is not None and group[0]:
            above.append(number)
            ends[number] = None
        elif group is not None and above:
            ends[above.pop()] = number
    return ends, around


@pytest.mark.usefixtures("small_blocks")
@QUICKLY
@given(st.lists(LINES, max_size=25), st.booleans())
def test_groups_are_found_as_they_are_nested(
    tmp_path: Path, lines: list[bytes], last_ends: bool
) -> None:
    content = b"\n".join(lines) + (b"\n" if last_ends and lines else b"")
    file, job = opened(tmp_path / "log", content), Job("")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines) + 1)]
    starts[-1] = len(content)
    ends, around = ends_of(lines)
    for number, end in ends.items():
        fold, tail = fold_under(file, starts[number + 1], job)
        if end is None:
            assert (fold, tail is None) == (Fold(starts[number + 1], OPEN), False)
        else:
            wanted = Fold(starts[number + 1], starts[end + 1], end - number - 1)
            assert (fold, tail) == (wanted, None)
    for number, heading in enumerate(around):
        if group_of(lines[number]) is None:
            found = group_around(file, starts[number], job)
            assert found == (None if heading is None else starts[heading])
    outermost = [number for number in ends if around[number] is None]
    folds = all_folds(file, job)
    assert len(folds) == len(outermost)
    for number in outermost:
        fold = folds.under(starts[number + 1])
        end = ends[number]
        assert fold is not None
        assert fold.end == (OPEN if end is None else starts[end + 1])
    file.close()


@pytest.mark.usefixtures("small_blocks")
@QUICKLY
@given(st.lists(LINES, max_size=15), st.lists(st.integers(0, 1200), max_size=4))
@example([b"::endgroup::"], [15, 22])
@example([b"::group::A", b"::endgroup::", b"::endgroup::"], [22, 30])
def test_the_end_of_a_group_is_found_in_what_is_new(
    tmp_path: Path, lines: list[bytes], cuts: list[int]
) -> None:
    """However the log grows, an open group gets the end that it has in the whole of it."""
    content = b"\n".join((b"::group::the first", *lines)) + b"\n"
    begin, job = len(b"::group::the first\n"), Job("")
    file = opened(tmp_path / "log", content)
    wanted, _ = fold_under(file, begin, job)
    file.close()
    tail = None
    fold = Fold(begin, OPEN)
    for cut in (*sorted(begin + cut for cut in cuts), len(content)):
        file = opened(tmp_path / "log", content[:cut])
        fold, tail = fold_under(file, begin, job, tail)
        file.close()
        if fold.end != OPEN:
            break
    ended_early = wanted.end != OPEN and fold.end == wanted.end - 1  # before its newline came
    assert fold == wanted or ended_early


def test_folds_within_one_become_a_part_of_it() -> None:
    folds = Folds()
    folds.add(Fold(20, 30, 1))
    folds.add(Fold(50, 60, 2))
    folds.add(Fold(100, 110, 3))
    assert folds.hiding(55) == Fold(50, 60, 2)
    folds.add(Fold(10, 70, 9))
    assert len(folds) == 2
    assert folds.hiding(9) is None
    assert folds.hiding(10) == folds.hiding(69) == folds.under(10) == Fold(10, 70, 9)
    assert folds.hiding(70) is None
    assert folds.under(50) is None
    folds.remove(Fold(10, 70, 9))
    assert folds.hiding(25) is None
    assert folds.hiding(105) == Fold(100, 110, 3)


def test_long_lines_and_many_marks_in_one_line_are_read_once(tmp_path: Path) -> None:
    """A line of marks only, longer than a block, is one heading; its pieces are looked at, too."""
    content = b"::group::" * 100_000 + b"\n::group::A\nx\n::endgroup::\n"
    file = opened(tmp_path / "log", content)
    at = content.index(b"::group::A\n") + len(b"::group::A\n")
    fold, _ = fold_under(file, at, Job(""))
    assert fold == Fold(at, len(content), 1)
    file.close()
