"""What of a file is shown without opening it: text, JSON, tables, Markdown, pictures.

Files come from user code and may hold anything: at most ``HEAD`` bytes of text are read, pictures
and tables have limits of their own, nothing is unpickled or run, and every character is made safe.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any

from app.text import sanitize_lines
from app.tui import formats
from app.tui.models.markdown import markdown_lines
from app.tui.models.source import source_of_text
from app.tui.spans import Span, Spans, fit, span, width_of, wrapped
from app.tui.theme import PIXELS
from store.secrets import masked

HEAD = 256 << 10
"""Bytes that are read of a text."""
MOST_LINES = 2_000
MOST_ROWS, MOST_COLUMNS = 200, 40
"""Of a table."""
CELL = 28
"""Cells of a column at most."""
MOST_PIXELS = 50_000_000
"""Of a picture: one that is larger could take all memory."""
LARGEST_PICTURE = 64 << 20

TEXTS = frozenset(
    (
        *("txt", "log", "err", "out", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop"),
        *("hocon", "toml", "yaml", "yml", "xml", "js", "ts", "py", "pyi", "r", "sh", "sql", "rst"),
        *("jsonnet", "env", "lock", "html", "htm", "css", "tex", "diff", "patch", "svg", "geojson"),
        *("MLmodel", "MLproject", "Dockerfile", "Makefile", "requirements"),
    )
)
PICTURES = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF", "bmp": "BMP", "webp": "WEBP"}
CODE = frozenset({"py", "pyi", "toml", "yaml", "yml", "cfg", "ini", "sh", "MLmodel", "MLproject"})
RAMP = " .:-=+*#%@"
"""Brightness where there are no colours, or no half blocks."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a run, and where its content is."""

    name: str
    content: Path
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Room:
    """How a preview is to be painted."""

    width: int
    height: int
    is_ascii: bool = False
    has_colours: bool = True


Lines = list[Spans]


def kind_of(name: str) -> str:
    """The end of a file's name, or the whole name where it has no end."""
    base = name.rpartition("/")[2]
    return base.rpartition(".")[2].lower() if "." in base else base


def preview(file: File, room: Room) -> Lines:
    """The lines that are shown of a file. Reads it: for a thread."""
    kind = kind_of(file.name)
    try:
        if kind in PICTURES:
            return _picture(file, kind, room)
        if kind in ("parquet", "pq"):
            return _parquet(file, room)
        with file.content.open("rb") as opened:
            head = opened.read(HEAD)
    except OSError as error:
        words = f"its content can't be read: {error.strerror}: {file.content}"
        return _wrapped([_problem(words)], room)
    more = file.size > len(head)
    if kind in ("json", "jsonl", "ndjson"):
        return _json(head, more, room)
    if kind in ("csv", "tsv"):
        return _csv(_text(head), "\t" if kind == "tsv" else ",", more, room)
    if kind in ("md", "markdown"):
        return _cut(markdown_lines(_text(head), room.width), more, room)
    if kind in TEXTS or _is_text(head):
        return _plain(_text(head), kind, more, room)
    return about(file, room, (Span("No preview of such a file.", "dim"),))


def about(file: File, room: Room, why: Spans) -> Lines:
    """What is said of a file that isn't shown, and why it isn't."""
    lines: Lines = [
        why,
        (),
        (Span("size    ", "dim"), Span(f"{formats.size(file.size)} ({file.size:,} bytes)")),
        (Span("SHA-256 ", "dim"), span(file.digest)),
        (Span("kept at ", "dim"), span(str(file.content))),
        (),
        (Span("W", "key"), Span(" writes it to a file of your own", "dim")),
    ]
    return _wrapped(lines, room)


def _wrapped(lines: Iterable[Spans], room: Room) -> Lines:
    """Lines of text, none longer than there is room for."""
    return [part for line in lines for part in wrapped(line, max(1, room.width), 2)]


def _problem(words: str) -> Spans:
    return (span(words, "warning"),)


def _text(head: bytes) -> str:
    text = head.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _is_text(head: bytes) -> bool:
    """Whether bytes are a text: UTF-8 (perhaps cut at its end) without NUL."""
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 4 and len(head) == HEAD
    return True


def _cut(lines: Lines, more: bool, room: Room) -> Lines:
    if len(lines) > MOST_LINES or more:
        shown = min(len(lines), MOST_LINES)
        words = f"... the first {formats.plural(shown, 'line')}: W writes all to a file"
        lines = [*lines[:MOST_LINES], (Span(words, "dim"),)]
    return _wrapped(lines, room) or [(Span("It is empty.", "dim"),)]


def _plain(text: str, kind: str, more: bool, room: Room) -> Lines:
    if not text:
        return _cut([], more, room)
    if kind in CODE:
        return _source(text, more, room)
    lines = sanitize_lines(text).expandtabs(8).split("\n")
    return _cut([(span(line),) for line in lines[: MOST_LINES + 1]], more, room)


def _source(text: str, more: bool, room: Room) -> Lines:
    source = source_of_text(text)
    return _cut([source.line(at) for at in range(min(len(source), MOST_LINES + 1))], more, room)


def _json(head: bytes, more: bool, room: Room) -> Lines:
    """JSON laid out; MLflow's tables as tables. What can't be read is shown as the text it is."""
    if not more:
        try:
            value = masked(json.loads(head))
            if _is_table(value):
                return table(value["columns"], value["data"])
            text = json.dumps(value, indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            text = _text(head)
    else:
        text = _text(head)
    return _source(text, more, room)


def _is_table(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"columns", "data"}:
        return False
    rows = value["data"]
    return isinstance(value["columns"], list) and all(isinstance(row, list) for row in rows)


def _csv(text: str, delimiter: str, more: bool, room: Room) -> Lines:
    lines = sanitize_lines(text).splitlines(keepends=True)
    if more:
        lines = lines[:-1]  # the last one may be cut
    try:
        rows = list(islice(csv.reader(io.StringIO("".join(lines)), delimiter=delimiter), 5_000))
    except csv.Error as error:
        problem = _wrapped([_problem(f"it can't be read as a table: {error}")], room)
        return [*problem, *_plain(text, "txt", more, room)]
    if not rows:
        return _cut([], more, room)
    return table(rows[0], rows[1:], at_least=more)


def table(titles: Sequence[Any], rows: Sequence[Sequence[Any]], *, at_least: bool = False) -> Lines:
    """Rows below titles, numbers on the right; what doesn't fit is counted below."""
    shown, titles = rows[:MOST_ROWS], list(titles)[:MOST_COLUMNS]
    texts = [[span(_cell(value)).text for value in row[: len(titles)]] for row in shown]
    heads = [span(title).text for title in titles]
    lines: Lines = []
    columns: list[tuple[int, bool]] = []
    for place, head in enumerate(heads):
        cells = [row[place] for row in texts if place < len(row)]
        widest = max((width_of((Span(text),)) for text in (head, *cells)), default=1)
        columns.append((max(1, min(CELL, widest)), bool(cells) and all(map(_is_number, cells))))
    for number, row in enumerate((heads, *texts)):
        line: list[Span] = []
        for place, (width, right) in enumerate(columns):
            text = row[place] if place < len(row) else ""
            role = "heading" if not number else "text" if text else "dim"
            line.extend((*fit((Span(text, role),), width, right=right), Span("  ")))
        lines.append(tuple(line))
    more = len(rows) - len(shown)
    columns_words = formats.plural(len(titles), "column")
    rows_words = f"{len(rows):,}+ rows" if at_least else formats.plural(len(rows), "row")
    words = f"{rows_words}, {columns_words}"
    if more or at_least:
        words += f", the first {len(shown)} are shown"
    return [*lines, (Span(words, "dim"),)]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "NaN" if isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)[:200]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text
    return True


def _parquet(file: File, room: Room) -> Lines:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        words = "Parquet files need pyarrow: pip install 'dagtop[previews]'"
        return about(file, room, _problem(words))
    try:
        opened = ParquetFile(file.content)
        names = list(opened.schema_arrow.names)[:MOST_COLUMNS]
        batch = next(opened.iter_batches(MOST_ROWS, columns=names), None)
        found = {} if batch is None else batch.to_pydict()
        total, types = opened.metadata.num_rows, opened.schema_arrow.types[: len(names)]
    except Exception as error:  # as with pictures
        words = f"it can't be read as Parquet: {str(error)[:200]}"
        return about(file, room, _problem(words))
    titles = [f"{name} {kind}" for name, kind in zip(names, types, strict=False)]
    rows = list(zip(*(found[name] for name in names), strict=True)) if found else []
    lines = table(titles, rows)
    across = formats.plural(len(opened.schema_arrow.names), "column")
    lines[-1] = (Span(f"{formats.plural(total, 'row')}, {across}", "dim"),)
    return lines


# pictures


def _picture(file: File, kind: str, room: Room) -> Lines:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        words = "Pictures need Pillow: pip install 'dagtop[previews]'"
        return about(file, room, _problem(words))
    if file.size > LARGEST_PICTURE:
        words = f"it is too large to be shown: {formats.size(file.size)}"
        return about(file, room, _problem(words))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we have a lower limit
            opened = Image.open(file.content, formats=[PICTURES[kind]])
        with opened as image:
            across, down = image.size
            if across * down > MOST_PIXELS:
                words = f"{across:,} by {down:,} pixels are too many to be shown"
                return about(file, room, _problem(words))
            columns, rows = picture_size(across, down, room)
            image.draft("RGB", (columns * 2, rows * 2))
            small = image.convert("RGBA").resize((columns, rows))
            ground = Image.new("RGBA", small.size, (255, 255, 255, 255))
            pixels = Image.alpha_composite(ground, small).convert("RGB").tobytes()
    except UnidentifiedImageError:  # its words are a path
        words = f"it can't be read as a picture: it isn't {PICTURES[kind]}, as its name says"
        return about(file, room, _problem(words))
    except Exception as error:  # decoders raise what they like of what isn't well-formed
        words = f"it can't be read as a picture: {str(error)[:200]}"
        return about(file, room, _problem(words))
    lines = list(_cells(pixels, columns, rows, room))
    words = f"{across:,} by {down:,} pixels, {formats.size(file.size)}"
    return [*lines, (Span(words, "dim"),)]


def picture_size(across: int, down: int, room: Room) -> tuple[int, int]:
    """Columns and rows of pixels that a picture is made smaller to (never larger): two rows of
    pixels to a line of cells."""
    columns, rows = max(1, room.width), max(2, (room.height - 1) * 2)
    share = min(1.0, columns / max(1, across), rows / max(1, down))
    width, height = max(1, round(across * share)), max(1, round(down * share))
    return width, height + height % 2


def _cells(pixels: bytes, columns: int, rows: int, room: Room) -> Iterable[Spans]:
    """Half blocks with the colours of two pixels; without colours by how bright they are."""
    stride = columns * 3
    for row in range(0, rows - 1, 2):
        line: list[Span] = []
        for column in range(columns):
            at, below = row * stride + column * 3, (row + 1) * stride + column * 3
            upper, lower = pixels[at : at + 3], pixels[below : below + 3]
            if room.is_ascii or not room.has_colours:
                light = (sum(upper) + sum(lower)) / (6 * 255)
                text, role = RAMP[round(light * (len(RAMP) - 1))], "text"
            else:
                text, role = "▀", f"{PIXELS}{upper.hex()}.{lower.hex()}"
            if line and line[-1].role == role:
                line[-1] = Span(line[-1].text + text, role)
            else:
                line.append(Span(text, role))
        yield tuple(line)
