from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from app.cli.output import Cell, Column, print_facts, print_json, print_table, say, state_cell
from store.states import TASK_STATE_LOOKS, TaskInstanceState

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


def test_a_state_is_its_word_where_stdout_is_no_terminal() -> None:
    look = TASK_STATE_LOOKS[TaskInstanceState.UP_FOR_RETRY]
    assert state_cell(look) == Cell("up_for_retry")
