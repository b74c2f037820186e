"""A log of 1 GB: opened at its end, searched, filtered; and what that takes in memory."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from app.tui.models.log_levels import clock_of
from app.tui.widgets import log_search
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_filter import parse_filter
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_search import Job, Needle
from app.tui.widgets.log_times import offset_of

SIZE = 1 << 30
WORDS = [
    "loss",
    "epoch",
    "batch",
    "learning",
    "rate",
    "loaded",
    "shard",
    "checkpoint",
    "model",
    "tensor",
    "grad",
    "norm",
]
PAGE = 24


@dataclass(frozen=True, slots=True)
class LogFigures:
    """Seconds, and bytes per second of CPU time."""

    open_end: float
    find: float
    find_exact: float
    count: float
    filter_words: float
    filter_level: float
    first_page: float
    moment: float
    scan: float
    """Limit: the file read and its newlines counted, which is the least that a search does."""
    grown: int
    """Bytes of memory more than before the log was opened."""


def write_log(path: Path) -> None:
    """A log of framed lines, of all levels."""
    chance, begin, lines = random.Random(1), datetime(2026, 11, 21, 10, tzinfo=UTC), list[str]()
    for number in range(150_000):
        at = begin + timedelta(milliseconds=number * 40)
        level = chance.choices(["INFO", "DEBUG", "WARNING", "ERROR"], [80, 15, 4, 1])[0]
        words = " ".join(chance.choices(WORDS, k=8))
        lines.append(f"[{at:%Y-%m-%dT%H:%M:%S.%f}Z] {level} - {words} step={number}\n")
    block = "".join(lines).encode()
    with path.open("wb") as out:
        for _ in range(SIZE // len(block)):
            out.write(block)


def measure(folder: Path) -> LogFigures:
    """All figures of one log."""
    path = folder / "log"
    write_log(path)
    process = psutil.Process()
    before = process.memory_info().rss
    file = LogFile(path)
    file.refresh()
    scan = rate(file, lambda: file.count_lines(0, file.size))
    lines = FileLines(file)
    figures = LogFigures(
        open_end=min(open_at_end(path) for _ in range(5)),
        find=rate(file, lambda: log_search.find(file, Needle("nowhere"), 0)),
        find_exact=rate(file, lambda: log_search.find(file, Needle("Nowhere"), 0)),
        count=rate(file, lambda: lines.tally_up(Needle("checkpoint"), lines.tally(), Job(""))),
        filter_words=rate(file, lambda: count(file, "nowhere"), share=0.25),
        filter_level=rate(file, lambda: count(file, "level:error"), share=0.1),
        first_page=min(filtered_page(file) for _ in range(3)),
        moment=min(moment(file) for _ in range(3)),
        scan=scan,
        grown=process.memory_info().rss - before,
    )
    file.close()
    os.unlink(path)
    return figures


def rate(file: LogFile, work: Callable[[], object], share: float = 1.0) -> float:
    """Bytes of the log a second, of a part of it from its start."""
    whole, file.size = file.size, int(file.size * share)
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    size, file.size = file.size, whole
    return size / best


def open_at_end(path: Path) -> float:
    began = time.perf_counter()
    file = LogFile(path)
    file.refresh()
    page(FileLines(file))
    file.close()
    return time.perf_counter() - began


def page(lines: FileLines) -> list[bytes]:
    """The last lines, as the screen asks for them."""
    found: list[bytes] = []
    place = lines.before(None)
    while place is not None and len(found) < PAGE:
        found.append(lines.line(place))
        place = lines.before(place)
    return found


def filtered_page(file: LogFile) -> float:
    began = time.perf_counter()
    page(FileLines(file, parse_filter("level:error")))
    return time.perf_counter() - began


def moment(file: LogFile) -> float:
    began = time.perf_counter()
    offset_of(file, clock_of(UTC, 2026), datetime(2026, 11, 21, 11, tzinfo=UTC).timestamp())
    return time.perf_counter() - began


def count(file: LogFile, words: str) -> None:
    FileLines(file, parse_filter(words)).count(0, Job(""))
