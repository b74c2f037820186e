from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.exit_codes import ExitCode
from app.cli.task_logs import LONGEST_LINE, LogReader, start_of_last_lines
from store.engine import open_store
from store.queries.runs import get_run
from store.queries.tasks import get_instance, latest_try
from store.workspace import Workspace
from tests.app.cli.conftest import Command
from tests.app.cli.test_listing import DAG, FAILED

PIECES = st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", "ü€\n".encode(), b"\xff"]))


@given(PIECES)
def test_a_log_that_grows_in_pieces_is_read_as_if_it_had_been_there(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    reader = LogReader(path)
    found = list(reader.lines())
    for piece in pieces:
        with path.open("ab") as log:
            log.write(piece)
        found += reader.lines()
    found += reader.rest()
    whole = b"".join(pieces).decode("utf-8", "replace")
    expected = whole.split("\n")
    assert found == (expected if expected[-1] else expected[:-1])


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.integers(0, 10), st.booleans())
def test_the_last_lines_of_a_log(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], count: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    path.write_text(text)
    whole = text.split("\n")
    expected = whole[:-1] if text.endswith("\n") else whole
    start = start_of_last_lines(path, count)
    last = text[start:]
    shown = last.removesuffix("\n").split("\n") if last else []
    assert shown == (expected[-count:] if count and text else [])


def test_a_line_without_an_end_is_shown_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (5 * LONGEST_LINE))
    reader = LogReader(path)
    parts = [*reader.lines(), *reader.rest()]
    assert max(map(len, parts)) == LONGEST_LINE
    assert sum(map(len, parts)) == 5 * LONGEST_LINE


def write_log(workspace: Workspace, text: bytes) -> None:
    with open_store(workspace) as store, store.read() as connection:
        run = get_run(connection, DAG, FAILED)
        assert run is not None
        instance = get_instance(connection, run.id, "task_002")
        assert instance is not None
        newest = latest_try(connection, instance.id)
        assert newest is not None
    path = workspace.log(run.id, newest.id)
    path.parent.mkdir(parents=True)
    path.write_bytes(text)


def test_a_log_is_printed_without_what_a_terminal_acts_on(
    dagtop: Command, filled: Workspace
) -> None:
    write_log(filled, b"\x1b[31mred\x1b[0m\n\xff bad\n 1%\r99%\n\x1b]0;t\x07end")
    outcome = dagtop("tasks", "logs", DAG, FAILED, "task_002")
    assert (outcome.code, outcome.out) == (0, "red\n\ufffd bad\n99%\nend\n")
    assert dagtop("tasks", "logs", DAG, FAILED, "task_002", "-n", "1").out == "end\n"
    document = dagtop("tasks", "logs", DAG, FAILED, "task_002", "--json").document
    assert document["try_number"] == 1
    assert document["lines"][0] == "\x1b[31mred\x1b[0m"


def test_following_a_task_that_has_failed_ends_with_exit_code_1(
    dagtop: Command, filled: Workspace
) -> None:
    with open_store(filled) as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE task_try SET ended_at = 1 WHERE state = 'failed'")
    write_log(filled, b"boom\n")
    outcome = dagtop("tasks", "logs", "-f", DAG, FAILED, "task_002")
    assert (outcome.code, outcome.out) == (ExitCode.FAILED, "boom\n")
    assert outcome.err == f"--- task_002 of {FAILED}: failed ---\n"


def test_a_log_that_is_not_there_is_said(dagtop: Command, filled: Workspace) -> None:
    outcome = dagtop("tasks", "logs", DAG, FAILED, "task_002")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "log_days" in outcome.err
    outcome = dagtop("tasks", "logs", DAG, "latest", "task_003")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "has not been tried" in outcome.err
    assert dagtop("tasks", "logs", DAG, FAILED, "task_002", "--try", "7").code == 3
