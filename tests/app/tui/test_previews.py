"""Previews of files: what they are decides, they are bounded, and whatever is in them is safe."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tui.models.artifacts import tree
from app.tui.models.previews import (
    HEAD,
    MOST_LINES,
    MOST_PIXELS,
    MOST_ROWS,
    File,
    Room,
    kind_of,
    picture_size,
    preview,
    table,
)
from app.tui.spans import plain
from app.tui.theme import Palette
from store.queries.tracked import ArtifactRow
from tests.app.tui.world import ESCAPES

ROOM = Room(60, 20)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def shown(folder: Path, name: str, content: bytes, room: Room = ROOM) -> list[str]:
    path = folder / "content"
    path.write_bytes(content)
    return [
        plain(line).rstrip() for line in preview(File(name, path, len(content), "d" * 64), room)
    ]


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG without any library; ``pixels``: RGB, row by row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a/b.CSV", "csv"), ("MLmodel", "MLmodel"), ("x.tar.gz", "gz"), ("a.b/c", "c")],
)
def test_the_kind_is_the_end_of_the_name_or_the_name(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_json_is_laid_out_and_its_secrets_are_masked(tmp_path: Path) -> None:
    content = json.dumps({"a": [1], "password": "hunter2"}).encode()
    assert shown(tmp_path, "x.json", content) == [
        "{",
        '  "a": [',
        "    1",
        "  ],",
        '  "password": "***"',
        "}",
    ]


def test_json_that_is_broken_or_bottomless_is_shown_as_the_text_it_is(tmp_path: Path) -> None:
    assert shown(tmp_path, "x.json", b'{"a": ') == ['{"a":']
    deep = b"[" * 100_000
    assert shown(tmp_path, "x.json", deep)[0].startswith("[[[")


def test_a_table_of_mlflow_is_a_table(tmp_path: Path) -> None:
    content = json.dumps({"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}).encode()
    assert shown(tmp_path, "eval.json", content) == ["a  b", "1  x", "2  y", "2 rows, 2 columns"]


def test_csv_has_columns_of_one_width_numbers_on_the_right(tmp_path: Path) -> None:
    lines = shown(tmp_path, "x.csv", "name,age\nann,31\nBob Müller,4\n".encode())
    assert lines == ["name        age", "ann          31", "Bob Müller    4", "2 rows, 2 columns"]
    assert shown(tmp_path, "x.tsv", b"a\tb\n1\t2\n")[0] == "a  b"


def test_a_large_table_shows_its_first_rows_and_says_so(tmp_path: Path) -> None:
    content = b"n\n" + b"".join(b"%d\n" % n for n in range(1000))
    lines = shown(tmp_path, "x.csv", content)
    assert len(lines) == MOST_ROWS + 2
    assert lines[-1] == f"1,000 rows, 1 column, the first {MOST_ROWS} are shown"


def test_rows_shorter_and_longer_than_the_titles_are_shown() -> None:
    lines = [plain(line).rstrip() for line in table(["a", "b"], [[1], [1, 2, 3]])]
    assert lines[1:3] == ["1", "1  2"]


def test_of_a_long_text_the_beginning_is_read_and_that_is_said(tmp_path: Path) -> None:
    lines = shown(tmp_path, "x.log", b"line\n" * (HEAD // 2))
    assert len(lines) == MOST_LINES + 1
    assert lines[-1].startswith("... the first 2,000 lines")


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    for name in ("x.txt", "x.csv", "x.bin"):
        assert shown(tmp_path, name, b"") == ["It is empty."]


def test_markdown_loses_its_signs(tmp_path: Path) -> None:
    lines = shown(tmp_path, "x.md", b"# Title\n\nSome **bold** `code`.\n\n```\n# no title\n```\n")
    assert lines == ["Title", "", "Some bold code.", "", "  # no title"]


def test_what_is_no_text_has_size_hash_and_path_and_is_not_unpickled(tmp_path: Path) -> None:
    content = pickle.dumps(Boom())
    lines = shown(tmp_path, "model.pkl", content)
    text = "".join(line.strip() for line in lines)
    assert "No preview of such a file." in text
    assert max(map(len, lines)) <= ROOM.width  # the path is not cut off
    assert "d" * 64 in text
    assert str(tmp_path / "content") in text


class Boom:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("it was unpickled",))


def test_a_content_that_is_gone_is_said(tmp_path: Path) -> None:
    lines = preview(File("x.txt", tmp_path / "gone", 3, "d"), ROOM)
    assert "can't be read" in plain(lines[0])


def test_a_picture_is_half_blocks_of_two_pixels(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    red, blue = b"\xff\0\0", b"\0\0\xff"
    path = tmp_path / "content"
    path.write_bytes(png(2, 2, red * 2 + blue * 2))
    lines = preview(File("x.png", path, 100, "d"), ROOM)
    assert [(piece.text, piece.role) for piece in lines[0]] == [("▀▀", "pixels.ff0000.0000ff")]
    style = Palette("dagtop-dark").style("pixels.ff0000.0000ff")
    assert (str(style.color), str(style.bgcolor)) == (
        str(style.parse("#ff0000").color),
        str(style.parse("on #0000ff").bgcolor),
    )
    assert "2 by 2 pixels" in plain(lines[-1])


def test_without_colours_a_picture_is_as_bright_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    content = png(2, 2, (b"\0\0\0" + b"\xff\xff\xff") * 2)
    assert shown(tmp_path, "x.png", content, Room(60, 20, is_ascii=True))[0] == " @"


def test_a_picture_that_is_none_or_a_bomb_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    assert "can't be read as a picture" in shown(tmp_path, "x.png", b"nothing of the kind")[0]
    side = 10_000
    assert side * side > MOST_PIXELS
    head = png(1, 1, b"\0\0\0")
    bomb = head.replace(struct.pack(">II", 1, 1), struct.pack(">II", side, side))
    crc = zlib.crc32(bomb[12:29])
    bomb = bomb[:29] + struct.pack(">I", crc) + bomb[33:]
    assert "too many to be shown" in shown(tmp_path, "x.png", bomb)[0]


def test_pictures_keep_their_shape_and_never_grow() -> None:
    assert picture_size(160, 100, Room(80, 41)) == (80, 50)
    assert picture_size(10, 10, Room(80, 41)) == (10, 10)
    assert picture_size(1, 100_000, Room(80, 11)) == (1, 20)


def test_parquet_is_a_table_with_its_types(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table({"n": list(range(500)), "s": ["x"] * 500}), buffer)
    lines = shown(tmp_path, "x.parquet", buffer.getvalue())
    assert lines[0].split("  ") == ["n int64", "s string"]
    assert lines[-1] == "500 rows, 2 columns"
    assert "can't be read as Parquet" in shown(tmp_path, "x.parquet", b"PAR1 no PAR1")[0]


@pytest.mark.parametrize(("name", "module"), [("x.png", "PIL"), ("x.parquet", "pyarrow")])
def test_without_the_extra_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    for known in [one for one in sys.modules if one.split(".")[0] == module]:
        monkeypatch.setitem(sys.modules, known, None)
    monkeypatch.setitem(sys.modules, module, None)
    lines = shown(tmp_path, name, b"x")
    assert "pip install 'dagtop[previews]'" in lines[0]
    assert any("SHA-256" in line for line in lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["txt", "json", "csv", "tsv", "md", "yaml", "png", "parquet", "bin"]),
)
def test_whatever_is_in_a_file_no_control_sequence_comes_out(
    tmp_path: Path, content: bytes, end: str
) -> None:
    path = tmp_path / "content"
    path.write_bytes(content + ESCAPES.encode("utf-8", "replace"))
    for line in preview(File(f"x.{end}", path, len(content), "d"), ROOM):
        text = plain(line)
        assert not any(sign in text for sign in "\x1b\x07\x9b\x08\u202e\n")


# the tree


def row(path: str, size: int = 1) -> ArtifactRow:
    return ArtifactRow(path, size, "d" * 64, AT)


def test_folders_come_before_files_each_above_what_is_in_it() -> None:
    rows = [row("z.txt"), row("a/b/c.txt", 5), row("a/d.txt", 7), row("a.txt")]
    assert [(one.path, one.depth, one.files, one.size) for one in tree(rows)] == [
        ("a", 0, 2, 12),
        ("a/b", 1, 1, 5),
        ("a/b/c.txt", 2, 1, 5),
        ("a/d.txt", 1, 1, 7),
        ("a.txt", 0, 1, 1),
        ("z.txt", 0, 1, 1),
    ]


def test_a_folded_folder_hides_all_below_it_but_not_from_a_search() -> None:
    rows = [row("a/b/c.txt"), row("ab.txt")]
    assert [one.path for one in tree(rows, {"a"})] == ["a", "ab.txt"]
    assert [one.path for one in tree(rows, {"a"}, "c.txt")] == ["a", "a/b", "a/b/c.txt"]


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(st.sets(paths, max_size=12), st.sets(paths))
def test_every_file_is_there_once_unless_it_is_folded(names: set[str], folded: set[str]) -> None:
    files = {name for name in names if not any(other.startswith(f"{name}/") for other in names)}
    nodes = tree([row(name) for name in sorted(files)])
    assert sorted(one.path for one in nodes if one.row) == sorted(files)
    seen = {one.path for one in tree([row(name) for name in files], folded)}
    for name in files:
        above = {name.rsplit("/", deep)[0] for deep in range(1, name.count("/") + 1)}
        assert (name in seen) == (not above & folded)


def test_a_long_line_goes_on_below_and_a_table_stays_as_wide_as_it_is(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    for name in ("x.txt", "x.md", "x.py"):
        lines = shown(tmp_path, name, words.encode())
        assert max(map(len, lines)) <= ROOM.width
        assert " ".join(" ".join(lines).split()) == words
    wide = ",".join(f"column{number}" for number in range(30)).encode()
    assert "column29" in shown(tmp_path, "x.csv", wide + b"\n")[0]


def test_what_is_no_picture_says_so_without_the_path_of_its_content(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    lines = shown(tmp_path, "x.png", b"no picture", Room(80, 20))
    assert lines[0] == "it can't be read as a picture: it isn't PNG, as its name says"


def test_nan_in_a_table_is_written_as_everywhere(tmp_path: Path) -> None:
    lines = shown(tmp_path, "x.json", b'{"columns": ["loss"], "data": [[NaN]]}')
    assert lines[1].strip() == "NaN"
    assert lines[-1] == "1 row, 1 column"
