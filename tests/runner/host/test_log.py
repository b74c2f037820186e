"""The log of a try."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from runner.host import log


@contextmanager
def fresh_logging() -> Iterator[None]:
    """``logging`` as a new process has it."""
    root, ours = logging.getLogger(), logging.getLogger(log.TASK_LOGGER)
    before = (root.handlers[:], root.level, ours.handlers[:], ours.level, ours.propagate)
    root.handlers[:], ours.handlers[:] = [], []
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.NOTSET)
    ours.propagate = True
    yield
    root.handlers[:], root.level, ours.handlers[:], ours.level, ours.propagate = before


def test_a_line_has_a_time_in_utc_and_a_level() -> None:
    with redirect_stdout(io.StringIO()) as out:
        log.write("hello", "WARNING")
    assert re.fullmatch(
        r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] WARNING - hello\n", out.getvalue()
    )
    assert log.stamp(0.25) == "1970-01-01T00:00:00.250Z"


def test_logging_goes_to_the_log_in_the_same_form() -> None:
    with fresh_logging(), redirect_stdout(io.StringIO()) as out:
        log.set_up()
        log.set_up()
        logging.getLogger("mine").info("from %s", "user code")
        logging.getLogger("dagtop.task.x").info("from an operator")
        logging.getLogger("mine").debug("not shown")
    lines = out.getvalue().splitlines()
    assert [line.partition("] ")[2] for line in lines] == [
        "INFO - from user code",
        "INFO - from an operator",
    ]


def test_a_pipeline_file_that_sets_up_logging_keeps_it() -> None:
    theirs = io.StringIO()
    with fresh_logging(), redirect_stdout(io.StringIO()) as out:
        logging.basicConfig(stream=theirs, format="mine %(message)s", level=logging.WARNING)
        log.set_up()
        logging.getLogger("x").warning("a")
        logging.getLogger("x").info("b")
        logging.getLogger("dagtop.task.x").info("c")
    assert theirs.getvalue() == "mine a\n"
    assert out.getvalue().endswith("INFO - c\n")


def test_a_closed_stdout_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    log.write("into nowhere")
    log.flush()
    monkeypatch.setattr(sys, "stdout", None)
    log.write("into nowhere")
    log.flush()


def test_a_line_that_a_print_left_open_is_ended_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        log.start_line(str(path))
        print("epoch 1", end="")
        log.start_line(str(path))
        log.start_line(str(path))
        log.start_line(str(tmp_path / "gone"))
    assert path.read_text() == "epoch 1\n"
