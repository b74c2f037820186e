"""Exceptions as facts."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import masking, tracking
from runner.authoring.exceptions import FailException
from runner.authoring.services import OutsideTask
from runner.host.error_facts import MESSAGE_LENGTH, TRACEBACK_BYTES, clean, error_facts


def facts_of(function: Any) -> Any:
    try:
        function()
    except BaseException as error:
        return error_facts(error, "dags/p.py:7")
    raise AssertionError("it raised nothing")


def pipeline_file(tmp_path: Path, text: str) -> ModuleType:
    path = tmp_path / "p.py"
    path.write_text(text)
    module = ModuleType("dagtop_pipeline_00000000_p")
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


def test_the_place_is_the_innermost_line_of_user_code(tmp_path: Path) -> None:
    module = pipeline_file(
        tmp_path, "import json\n\n\ndef work():\n    x = 1\n    return json.loads('{')\n"
    )
    facts = facts_of(module.work)
    assert facts.place == f"{tmp_path}/p.py:6"
    assert facts.type == "json.decoder.JSONDecodeError"
    assert json.__file__ in facts.traceback


def test_our_own_frames_are_left_out(tmp_path: Path) -> None:
    module = pipeline_file(
        tmp_path,
        "from runner.authoring.tracking import log_metric\ndef work():\n    log_metric('x', 'a')\n",
    )
    facts = facts_of(module.work)
    assert facts.place == f"{tmp_path}/p.py:3"
    assert tracking.__file__ not in facts.traceback
    assert "log_metric('x', 'a')" in facts.traceback


def test_a_class_of_the_pipeline_file_is_named_without_its_module(tmp_path: Path) -> None:
    module = pipeline_file(
        tmp_path, "class Diverged(Exception): ...\ndef work():\n    raise Diverged('loss is nan')\n"
    )
    assert facts_of(module.work).type == "Diverged"
    assert error_facts(FailException("x")).type == "FailException"
    assert error_facts(ValueError("x")).type == "ValueError"


def test_the_fallback_place_stands_where_no_user_code_is_involved() -> None:
    assert error_facts(ValueError("never raised"), "dags/p.py:7").place == "dags/p.py:7"


def test_causes_are_told_and_trimmed_too(tmp_path: Path) -> None:
    module = pipeline_file(
        tmp_path,
        "def work():\n    try:\n        {}['a']\n    except KeyError as error:\n"
        "        raise ValueError('no a') from error\n",
    )
    text = facts_of(module.work).traceback
    assert "KeyError: 'a'" in text
    assert "direct cause" in text
    assert text.endswith("ValueError: no a")


def test_a_long_message_is_cut_and_says_so() -> None:
    facts = error_facts(ValueError("x" * 20_000))
    assert len(facts.message) < MESSAGE_LENGTH + 50
    assert facts.message.endswith("… (12,000 more characters)")


def test_a_long_traceback_keeps_both_ends() -> None:
    facts = error_facts(ValueError("first\n" + "x\n" * 200_000 + "last"))
    assert len(facts.traceback.encode()) <= TRACEBACK_BYTES + 100
    assert facts.traceback.startswith("ValueError: first")
    assert facts.traceback.endswith("last")
    assert "bytes left out" in facts.traceback


def test_a_deep_recursion_is_told_short() -> None:
    def deep() -> None:
        deep()

    facts = facts_of(deep)
    assert facts.type == "RecursionError"
    assert len(facts.traceback) < 5000


def test_an_exception_group_is_told_whole(tmp_path: Path) -> None:
    facts = error_facts(ExceptionGroup("two", [ValueError("a"), KeyError("b")]))
    assert "ValueError: a" in facts.traceback
    assert "KeyError: 'b'" in facts.traceback


def test_an_exception_that_refers_to_itself_is_told() -> None:
    error = ValueError("round")
    error.__context__ = KeyError("x")
    error.__context__.__context__ = error
    assert "round" in error_facts(error).traceback


def test_secrets_are_masked() -> None:
    masking.mask_secret("hunter22")
    facts = error_facts(ValueError("login with hunter22 failed"))
    masking.forget()
    assert facts.message == "login with *** failed"
    assert "hunter22" not in facts.traceback


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_exception_that_cant_be_printed_is_told() -> None:
    facts = error_facts(Mute())
    assert facts.message == "<Mute whose message can't be made>"


@given(st.text(st.characters(), max_size=200))
def test_any_text_becomes_valid_unicode_without_control_characters(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert not any(char < " " and char not in "\n\t" for char in cleaned)
    assert not any("\x7f" <= char <= "\x9f" or char in "\u202e\u2066" for char in cleaned)
    msgspec.msgpack.encode(error_facts(ValueError(text)))


@pytest.mark.parametrize("text", ["plain", "grün ✓", "two\nlines\tand tab"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_what_we_say_needs_no_frames_of_ours() -> None:
    facts = facts_of(lambda: tracking.log_metric("x", 1.0))
    assert facts.type == "OutsideTask"
    assert facts.traceback.splitlines()[0] == "Traceback (most recent call last):"

    with pytest.raises(OutsideTask) as caught:
        tracking.set_tag("x", 1)
    ours = caught.tb
    while ours.tb_next is not None:
        ours = ours.tb_next
    alone = error_facts(caught.value.with_traceback(ours), "dags/p.py:7")
    assert alone.place == "dags/p.py:7"
    assert alone.traceback.startswith("OutsideTask: this works only inside a running task")
