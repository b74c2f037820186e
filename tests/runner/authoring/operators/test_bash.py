"""``BashOperator``."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import masking
from runner.authoring.dag import DAG
from runner.authoring.exceptions import DagtopException, SkipException
from runner.authoring.operators.bash import LONGEST_LINE, BashOperator, LastLine
from tests.runner.authoring.running import execute

ROOT = Path(__file__).resolve().parents[4]


def run(command: str, **arguments: Any) -> Any:
    with DAG("d") as dag:
        BashOperator(task_id="b", bash_command=command, **arguments)
    return execute(dag, "b")


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("echo one; echo two", "two"),
        ("printf 'no newline'", "no newline"),
        ("true", ""),
        ("echo last; echo", ""),
        ("echo to stderr >&2", "to stderr"),
        ("printf 'trailing  \\r\\n'", "trailing"),
        ("printf '\\xff'", "\\xff"),
        ("echo {{ ds }} $((1 + 1))", "2024-01-02 2"),
    ],
)
def test_the_last_line_of_the_output_is_the_result(command: str, result: str) -> None:
    assert run(command) == result


def test_the_output_goes_on_to_ours_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    run("echo one; echo two >&2")
    assert capfd.readouterr().out == "one\ntwo\n"


def test_exit_code_99_skips_and_others_fail() -> None:
    with pytest.raises(SkipException, match="exit code 99"):
        run("exit 99")
    with pytest.raises(DagtopException, match="Bash command returned exit code 3"):
        run("exit 3")
    with pytest.raises(DagtopException, match="was ended by SIGKILL"):
        run("kill -9 $$")


@pytest.mark.parametrize("codes", [7, [6, 7]])
def test_the_code_that_skips_can_be_chosen(codes: Any) -> None:
    with pytest.raises(SkipException):
        run("exit 7", skip_on_exit_code=codes)


def test_no_code_skips_where_none_is_to() -> None:
    with pytest.raises(DagtopException, match="exit code 99"):
        run("exit 99", skip_on_exit_code=None)


def test_the_environment_is_replaced_or_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "ours")
    show = "echo $OURS-$MINE-$AIRFLOW_CTX_TASK_ID"
    assert run(show) == "ours--b"
    assert run(show, env={"MINE": "{{ ds }}"}) == "-2024-01-02-b"
    assert run(show, env={"MINE": "mine"}, append_env=True) == "ours-mine-b"


def test_it_runs_in_the_folder_given_or_in_a_new_one_that_is_removed(tmp_path: Path) -> None:
    assert run("pwd -P", cwd=str(tmp_path)) == os.path.realpath(tmp_path)
    folder = run("mkdir -p x/y; touch x/y/z; pwd")
    assert "dagtop-" in folder
    assert not os.path.exists(folder)
    with pytest.raises(DagtopException, match="cwd of task 'b' is no folder: /no/where"):
        run("true", cwd="/no/where")


def test_a_script_file_is_rendered_and_run(tmp_path: Path) -> None:
    (tmp_path / "say.sh").write_text("echo {{ params.what }}\n")
    with DAG("d", template_searchpath=str(tmp_path), params={"what": "hello"}) as dag:
        BashOperator(task_id="b", bash_command="say.sh")
        BashOperator(task_id="plain", bash_command=f"bash {tmp_path}/say.sh ")
    assert execute(dag, "b") == "hello"
    assert execute(dag, "plain") == "{{ params.what }}"


def test_a_command_longer_than_an_argument_may_be_runs_too(tmp_path: Path) -> None:
    assert run("true " + "x" * 300_000 + "\necho done", cwd=str(tmp_path)) == "done"
    assert not list(tmp_path.iterdir())


def test_the_result_can_be_processed() -> None:
    assert run("echo '{\"a\": 1}'", output_processor=lambda text: text.count('"')) == 2


def test_output_in_another_encoding_is_decoded() -> None:
    assert run("printf '\\xe9'", output_encoding="latin-1") == "é"


def test_a_child_left_behind_is_not_waited_for() -> None:
    began = time.monotonic()
    assert run("sleep 30 & echo $!").isdigit()
    assert time.monotonic() - began < 10


def test_much_output_passes(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("seq 1 200000") == "200000"
    assert len(capfd.readouterr().out) == 1_288_895


@given(st.lists(st.binary(max_size=6)))
def test_the_last_line_is_found_however_the_output_is_cut(chunks: list[bytes]) -> None:
    tail = LastLine()
    for chunk in chunks:
        tail.add(chunk)
    lines = io.BytesIO(b"".join(chunks)).readlines()
    assert tail.line == (lines[-1] if lines else b"")


def test_of_an_endless_line_the_end_is_kept() -> None:
    tail = LastLine()
    for _ in range(40):
        tail.add(b"x" * 65536)
    tail.add(b"end")
    assert len(tail.line) == LONGEST_LINE
    assert tail.line.endswith(b"xend")


KILLED = """
import os, signal, sys
os.setsid()
from runner.authoring import masking
from runner.authoring.dag import DAG
from runner.authoring.operators.bash import BashOperator
from tests.runner.authoring.running import execute
command = "trap 'echo asked' TERM; sleep 60 & echo started; wait; wait; echo over"
with DAG("d") as dag:
    task = BashOperator(task_id="b", bash_command=command)
operator = None
prepare = BashOperator.prepare_for_execution
def remember(self):
    global operator
    operator = prepare(self)
    return operator
BashOperator.prepare_for_execution = remember
def end(*_):
    operator.on_kill()
signal.signal(signal.SIGTERM, end)
print(execute(dag, "b"))
"""


def test_on_kill_ends_what_the_command_has_started_and_not_the_task() -> None:
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        watchdog.cancel()
    assert process.returncode == 0
    assert rest.splitlines() == ["asked", "over", "over"]


def test_secrets_in_the_output_are_masked(capfd: pytest.CaptureFixture[str]) -> None:
    masking.mask_secret("hunter22")
    try:
        run("echo the password is hun'ter'22; printf 'hunter'; sleep 0.1; printf '22'")
    finally:
        masking.forget()
    assert capfd.readouterr().out == "the password is ***\n***"
