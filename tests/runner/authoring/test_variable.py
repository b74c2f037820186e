"""Variables."""

from __future__ import annotations

import pytest

from runner.authoring import current
from runner.authoring.masking import mask_text
from runner.authoring.services import OutsideTask
from runner.authoring.variable import Variable, VariableAccessor, VariableNotFound
from tests.support.attempts import Attempts


def test_get_set_delete(attempts: Attempts) -> None:
    with attempts.serving():
        Variable.set("n", 3)
        assert Variable.get("n") == "3"
        Variable.set("d", {"a": [1]}, serialize_json=True)
        assert Variable.get("d", deserialize_json=True) == {"a": [1]}
        Variable.delete("n")
        assert Variable.get("n", default=None) is None


def test_a_missing_one_is_an_error_that_says_what_to_do(attempts: Attempts) -> None:
    with attempts.serving(), pytest.raises(VariableNotFound) as caught:
        Variable.get("gone")
    assert str(caught.value) == (
        "there is no Variable 'gone': set it with 'dagtop variables set gone …' "
        "or give Variable.get() a default"
    )
    assert isinstance(caught.value, KeyError)


def test_one_that_is_no_json_says_so(attempts: Attempts) -> None:
    attempts.knowledge.variables["x"] = "{"
    with attempts.serving(), pytest.raises(ValueError, match="the Variable 'x' isn't JSON"):
        Variable.get("x", deserialize_json=True)


def test_secret_ones_are_masked_from_then_on(attempts: Attempts) -> None:
    attempts.knowledge.variables |= {
        "api_key": "k-123456",
        "settings": '{"password": "hunter22", "host": "db.example"}',
        "region": "eu-west",
    }
    with attempts.serving():
        Variable.get("api_key")
        Variable.get("settings", deserialize_json=True)
        Variable.get("region")
        Variable.get("other_token", default="fallback")
    assert mask_text("k-123456 hunter22 db.example eu-west fallback") == (
        "*** *** db.example eu-west ***"
    )


def test_in_templates_they_are_attributes(attempts: Attempts) -> None:
    attempts.knowledge.variables |= {"x": "1", "j": '{"y": 2}'}
    with attempts.serving():
        values, documents = VariableAccessor(False), VariableAccessor(True)
        assert values.x == "1"
        assert values.get("gone", "d") == "d"
        assert documents.j["y"] == 2


def test_reading_one_while_importing_is_noted(attempts: Attempts) -> None:
    parsing = current.begin("p.py")
    try:
        with attempts.serving():
            Variable.get("x", default="")
    finally:
        current.end()
    assert parsing.variables == ["x"]


def test_outside_a_task_there_are_none() -> None:
    with pytest.raises(OutsideTask, match="only inside a running task"):
        Variable.get("x")
