"""What failed tries said last."""

from __future__ import annotations

import pytest

from app.tui.models.last_lines import last_lines
from app.tui.reading_run import read_run_screen
from tests.app.tui.run_world import FAILED, fill_training
from tests.app.tui.world import World

BEGIN = "[2026-11-21T22:32:27.261Z] INFO - Try 1 of 1 of a, run r\n"
ERROR = "[2026-11-21T22:32:27.285Z] ERROR - "
END = "[2026-11-21T22:32:27.285Z] INFO - Ended: failed in 0.02 s: "
BASH = "DagtopException: Bash command returned exit code 2"


@pytest.mark.parametrize(
    ("log", "error", "said"),
    [
        (
            f"{BEGIN}one\n\x1b[31mpsql: no such user\x1b[0m\n{ERROR}{BASH}\n{END}{BASH}\n",
            BASH,
            ("one", "psql: no such user"),
        ),
        (
            (
                f"{BEGIN}x\n{ERROR}Traceback (most recent call last):\n"
                '  File "/d/a.py", line 8, in a\n    return row["view"]\n           ~~~^^^^^^\n'
                f"KeyError: 'view'\n{END}KeyError: 'view'\n"
            ),
            "KeyError: 'view'",
            ("x", 'return row["view"]'),
        ),
        (
            (
                f"{BEGIN}{ERROR}Traceback (most recent call last):\n"
                '  File "/d/a.py", line 22, in a\n    raise RuntimeError("one:\\n  two")\n'
                f"RuntimeError: one:\n  two\n{END}RuntimeError: one:\n"
            ),
            "RuntimeError: one:",
            ("two",),
        ),
        (f"{BEGIN}1\n2\n3\n[2026-11-21T22:32:27Z] WARNING - 4", "", ("2", "3", "WARNING - 4")),
        (BEGIN, "killed", ()),
        ("", "", ()),
    ],
)
def test_what_a_try_said_beyond_its_error(log: str, error: str, said: tuple[str, ...]) -> None:
    assert last_lines(log.encode(), error) == said


def test_of_an_exception_group_the_last_exception_is_told() -> None:
    log = (
        f"{BEGIN}{ERROR}  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/d/a.py", line 38, in a\n  |     raise ExceptionGroup("some", errors)\n'
        "  | ExceptionGroup: some (1 sub-exception)\n  +-+---------------- 1 ----------------\n"
        '    | Traceback (most recent call last):\n    |   File "/d/a.py", line 35, in a\n'
        "    |     f(3)\n    | ValueError: part 2\n    +------------------------------------\n"
    )
    error = "ExceptionGroup: some (1 sub-exception)"
    assert last_lines(log.encode(), error) == ("f(3)", "ValueError: part 2")


def test_the_end_of_the_log_is_read_with_the_run(world: World) -> None:
    fill_training(world)
    log = world.workspace.log
    first = read_run_screen(world.store, "training", FAILED, log)
    assert first is not None
    assert set(first.said.values()) == {()}, "without a log nothing is said"
    one = first.failures[0][1]
    path = log(first.run.id, one.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"early\n" * 100_000 + b"disk full\n")
    second = read_run_screen(world.store, "training", FAILED, log)
    assert second is not None
    assert second.said[one.id] == ("early", "early", "disk full")
