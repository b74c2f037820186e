from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.errors import CommandError, exit_code_of, near_misses, not_found, report
from app.cli.exit_codes import MEANINGS, ExitCode, epilog
from store.client import RunnerAway, RunnerBusy
from store.config import ConfigError
from store.errors import CommandRefused, InvalidValue, NotFound, StoreLocked, StoreTooNew
from store.workspace import WorkspaceError
from tests.app.cli.conftest import run_command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("x", ExitCode.FAILED), ExitCode.FAILED),
        (NotFound("x"), ExitCode.NOT_FOUND),
        (CommandRefused("x"), ExitCode.REFUSED),
        (RunnerAway("x"), ExitCode.REFUSED),
        (RunnerBusy("x"), ExitCode.REFUSED),
        (InvalidValue("x"), ExitCode.USAGE),
        (StoreLocked("x"), ExitCode.STORE),
        (StoreTooNew("x"), ExitCode.STORE),
        (WorkspaceError("x"), ExitCode.WORKSPACE),
        (ConfigError("x"), ExitCode.WORKSPACE),
        (PermissionError("x"), ExitCode.FAILED),
        (KeyError("x"), ExitCode.BUG),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: ExitCode) -> None:
    assert exit_code_of(error) is code


def test_every_exit_code_has_a_meaning_and_is_in_the_help() -> None:
    assert set(MEANINGS) == set(ExitCode)
    assert all(f"{code.value} {meaning}" in epilog() for code, meaning in MEANINGS.items())


def test_an_error_is_one_sentence_without_control_sequences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = report(CommandError("no \x1b[2Jsuch\nthing", ExitCode.NOT_FOUND))
    assert code is ExitCode.NOT_FOUND
    assert capsys.readouterr() == ("", "dagtop: no such thing\n")


def test_a_bug_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report(ZeroDivisionError("division by zero"))
    quiet = capsys.readouterr().err
    assert "DAGTOP_DEBUG=1" in quiet
    assert "Traceback" not in quiet
    monkeypatch.setenv("DAGTOP_DEBUG", "1")
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        report(error)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "expected"),
    [("tain", ["train"]), ("TRAIN", ["train", "retrain"]), ("sweep", ["elastic_sweep"])],
)
def test_what_may_have_been_meant(name: str, expected: list[str]) -> None:
    assert (
        near_misses(name, ["train", "retrain", "elastic_sweep", "x"])[: len(expected)] == expected
    )


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert str(not_found("DAG", "zzz", ["train"])) == "there is no DAG 'zzz'"
    assert str(not_found("DAG", "tran", ["train"])).endswith("did you mean 'train'?")


@pytest.mark.parametrize(
    "words", ["variables delete rate", "connections delete db", "pools delete gpu"]
)
def test_the_question_before_deleting_says_that_it_cannot_be_undone(
    words: str, tmp_path: Path
) -> None:
    assert run_command(tmp_path, "init", str(tmp_path)).code == 0
    refused = run_command(tmp_path, *words.split())
    assert refused.code == ExitCode.USAGE
    assert "It can't be undone. Say --yes" in refused.err
