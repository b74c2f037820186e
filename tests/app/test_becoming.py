"""What a mark makes of runs, in sentences."""

from __future__ import annotations

import pytest

from app.becoming import becoming_lines, ending_line, signals_line

STATES = ("failed", "running", "running")


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ("failed", "success", "The run becomes success (it is failed)."),
        ("failed", "failed", "The run stays failed."),
        ("failed", "queued", "The run goes on (it is failed)."),
        ("running", "running", "The run goes on."),
        ("running", "success", "The run becomes success (it is running)."),
        ("failed", "", "What becomes of the run (it is failed) all of these decide together."),
    ],
)
def test_one_run_is_said_with_its_state(now: str, then: str, words: str) -> None:
    assert becoming_lines([["r", now, then]]) == [words]


def test_of_several_runs_each_change_is_said_once() -> None:
    become = [
        ["a", "failed", "success"],
        ["b", "failed", "success"],
        ["c", "failed", "failed"],
        ["d", "running", "running"],
        ["e", "failed", ""],
    ]
    assert becoming_lines(become) == [
        "2 runs become success (are failed).",
        "1 run stays failed.",
        "1 run goes on (is running).",
        "What becomes of 1 run that is failed all of these decide together.",
    ]
    assert becoming_lines([]) == []


def test_what_is_ended_with_a_run_is_counted() -> None:
    one = {"become": [["r", "running", "failed"]]}
    assert ending_line(one) == "Nothing runs in it."
    assert ending_line({"become": [["r", "failed", "success"]] * 2}) == "Nothing runs in them."
    assert ending_line(one | {"ended": 1, "skipped": 2}) == (
        "1 task instance at work is ended, 2 that wait are skipped."
    )
    assert ending_line(one | {"ended": 2, "skipped": 1}) == (
        "2 task instances at work are ended, 1 that waits is skipped."
    )


def test_what_is_at_work_gets_signals() -> None:
    """A mark, or a clear, ends the processes of what it touches."""
    ended, one, other = (["r", name, -1, state] for name, state in zip("abc", STATES, strict=True))
    end = "SIGTERM, and SIGKILL if"
    assert signals_line([ended]) == ""
    assert signals_line([one]) == f"Its process gets {end} it does not end."
    assert signals_line([ended, one]) == f"1 is at work: its process gets {end} it does not end."
    words = f"2 are at work: their processes get {end} they do not end."
    assert signals_line([ended, one, other]) == words
