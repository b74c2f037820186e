from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.output import Cell, Column, print_facts, print_json, print_table, say, state_cell
from store.states import TASK_STATE_LOOKS, TaskInstanceState

ROOT = Path(__file__).resolve().parents[3]
Captured = pytest.CaptureFixture[str]


def test_a_table_is_aligned_plain_text_where_stdout_is_no_terminal(capsys: Captured) -> None:
    columns = [Column("name"), Column("slots", right=True), Column("note")]
    print_table(columns, [("a", "5", ""), ("größer", Cell("128", "red"), "x")], empty="none")
    out, err = capsys.readouterr()
    assert out == "NAME    SLOTS  NOTE\na           5\ngrößer    128  x\n"
    assert err == ""


def test_wide_characters_take_two_columns(capsys: Captured) -> None:
    print_table([Column("a"), Column("b")], [("日本", "x"), ("abcd", "y")], empty="none")
    assert capsys.readouterr().out == "A     B\n日本  x\nabcd  y\n"


def test_an_empty_table_says_so_on_stderr(capsys: Captured) -> None:
    print_table([Column("a")], [], empty="there is nothing")
    assert capsys.readouterr() == ("", "there is nothing\n")


def test_control_sequences_in_data_do_not_reach_the_terminal(capsys: Captured) -> None:
    evil = "a\x1b]0;evil\x07b\x1b[31m\nc"
    print_table([Column("x")], [(evil,), (Cell(evil),)], empty="none")
    print_facts([("x", evil), ("left out", "")])
    say(evil)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "evil" not in out
    assert out == "X\nab c\nab c\nx  ab c\nab\nc\n"


def test_json_is_one_document_with_times_in_utc(capsys: Captured) -> None:
    moment = datetime(2026, 11, 21, 10, 0, 4, 500000, tzinfo=UTC)
    print_json({"at": moment, "state": TaskInstanceState.FAILED, "tags": ("b", "a"), "raw": b"x"})
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-11-21T10:00:04.5Z",
        "state": "failed",
        "tags": ["b", "a"],
        "raw": "x",
    }


def test_json_holds_nothing_that_a_terminal_acts_on(capsys: Captured) -> None:
    evil = "a\x1b[2J\x9b31m\x7f\u202e\ud800\t\nü"
    print_json({evil: [evil]})
    out = capsys.readouterr().out
    assert json.loads(out) == {evil: [evil]}
    assert "\\u001b[2J\\u009b31m\\u007f\\u202e\\ud800\\t\\nü" in out
    assert not set(out) & set("\x1b\x9b\x7f\u202e\ud800")


def test_a_state_is_its_word_where_stdout_is_no_terminal() -> None:
    look = TASK_STATE_LOOKS[TaskInstanceState.UP_FOR_RETRY]
    assert state_cell(look) == Cell("up_for_retry")


TABLE = """
from app.cli.output import Cell, Column, print_table, state_cell
from store.states import RUN_STATE_LOOKS, DagRunState
columns = [Column("dag"), Column("state"), Column("note", fold=True)]
note = "a [b]long[/b] note " * 6 + "\\x1b[2J"
print_table(columns, [("train", state_cell(RUN_STATE_LOOKS[DagRunState.FAILED]), note)], empty="")
"""


def on_a_terminal(code: str, **environment: str) -> str:
    """What a program writes on a terminal of 60 columns."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=slave,
        stdin=slave,
        env={**os.environ, "COLUMNS": "60", "PYTHONPATH": str(ROOT), **environment},
    )
    os.close(slave)

    def read() -> Iterator[bytes]:
        while True:
            try:
                block = os.read(master, 4096)
            except OSError:  # Linux says that the other side is closed by EIO
                return
            if not block:
                return
            yield block

    try:
        text = b"".join(read()).decode()
    finally:
        os.close(master)
    assert process.wait() == 0, text
    return text


def test_on_a_terminal_states_have_glyphs_and_colours_and_long_text_is_wrapped() -> None:
    text = on_a_terminal(TABLE, TERM="xterm-256color", PYTHONIOENCODING="utf-8")
    assert "✗ failed" in text
    assert "\x1b[38;5;" in text
    assert "\x1b[2J" not in text
    assert "[b]long[/b]" in text, "data is no markup"
    assert len(text.splitlines()) > 2
    plain = on_a_terminal(TABLE, TERM="xterm", NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert "x failed" in plain
    assert "38;5" not in plain


def test_a_dumb_terminal_gets_plain_text() -> None:
    text = on_a_terminal(TABLE, TERM="dumb")
    assert "\x1b" not in text
    assert "  failed  " in text
