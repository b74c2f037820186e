"""A log file read by offset."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tui.widgets import log_file
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_search import Needle, find, find_back


def lines_of(file: LogFile) -> list[bytes]:
    found, offset = [], 0
    while offset < file.size:
        data, offset = file.line(offset)
        found.append(data)
    return found


def opened(path: Path, content: bytes) -> LogFile:
    path.write_bytes(content)
    file = LogFile(path)
    file.refresh()
    return file


CONTENT = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=12)
SLOWLY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@SLOWLY
@given(CONTENT, st.booleans())
def test_lines_forwards_are_the_lines_backwards(
    tmp_path: Path, lines: list[bytes], ends: bool
) -> None:
    content = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    file = opened(tmp_path / "log", content)
    starts, offset = [], 0
    while offset < file.size:
        starts.append(offset)
        offset = file.line(offset)[1]
    back, offset = [], file.size
    while offset > 0:
        offset = file.before(offset)
        back.append(offset)
    file.close()
    assert list(reversed(back)) == starts


@SLOWLY
@given(CONTENT, st.binary(min_size=1, max_size=2), st.integers(0, 40))
def test_searching_finds_what_bytes_find(
    tmp_path: Path, lines: list[bytes], needle: bytes, start: int
) -> None:
    text = needle.decode("ascii", "ignore")
    content = b"\n".join(lines)
    file = opened(tmp_path / "log", content)
    any_case = text == text.lower()
    lowered, wanted = content.lower() if any_case else content, text.encode()
    forwards, backwards = find(file, Needle(text), start), find_back(file, Needle(text), start)
    file.close()
    if not wanted:
        assert forwards is backwards is None
        return
    at = lowered.find(wanted, start)
    assert forwards == (at if at >= 0 else None)
    found = [i for i in range(min(start, len(content))) if lowered.startswith(wanted, i)]
    assert backwards == (found[-1] if found else None)


def test_growth_is_seen(tmp_path: Path) -> None:
    file = opened(tmp_path / "log", b"one\n")
    with (tmp_path / "log").open("ab") as log:
        log.write(b"two\n")
    assert file.refresh()
    assert not file.refresh()
    assert lines_of(file) == [b"one", b"two"]
    file.close()


def test_truncation_and_rotation_start_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = opened(path, b"a long first line\n")
    before = file.generation
    path.write_bytes(b"new\n")
    assert file.refresh()
    assert file.generation > before
    other = tmp_path / "other"
    other.write_bytes(b"rotated\nin\nand longer\n")
    other.replace(path)
    assert file.refresh()
    assert lines_of(file)[0] == b"rotated"
    file.close()


def test_a_missing_file_is_no_error_and_may_appear(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log")
    assert not file.refresh()
    (tmp_path / "log").write_bytes(b"x\n")
    assert file.refresh()
    (tmp_path / "log").unlink()
    assert file.refresh()
    assert file.size == 0
    file.close()


def test_a_line_without_end_comes_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "LINE_CAP", 10)
    file = opened(tmp_path / "log", b"x" * 25 + b"\nend\n")
    assert [len(line) for line in lines_of(file)] == [10, 10, 5, 3]
    assert file.before(file.size) == 26
    file.close()


@SLOWLY
@given(st.lists(st.integers(0, 90), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_pieces_of_long_lines_are_the_same_from_both_ends(
    tmp_path: Path, lengths: list[int], ends: bool, overwritten: bool
) -> None:
    unit = b"\rab" if overwritten else b"x"
    content = b"\n".join(unit * length for length in lengths) + b"\n" * ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_file, "LINE_CAP", 4)
        patch.setattr(log_file, "REACH", 16)  # looked back less far than the lines are long
        file = opened(tmp_path / "log", content)
        starts, offset = [], 0
        while offset < file.size:
            starts.append(offset)
            offset = file.line(offset)[1]
        back, offset = [], file.size
        while offset > 0:
            offset = file.before(offset)
            back.append(offset)
        file.close()
    assert list(reversed(back)) == starts


def test_a_huge_file_opens_at_its_end_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        log.truncate(1 << 30)
        log.seek(0, 2)
        log.write(b"\nthe last line\n")
    file = LogFile(path)
    file.refresh()
    assert file.line(file.before(file.size))[0] == b"the last line"
    file.close()
