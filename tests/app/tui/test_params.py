"""A DAG's params as form fields."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.conf import check_conf
from app.cli.errors import CommandError
from app.tui.params import CHOICE, EXAMPLES, JSON, TEXT, check, field_of, value_of
from runner.authoring.exceptions import ParamValidationError
from runner.authoring.params import validate_json
from store.structure import ParamStructure


def param(default: Any = None, **schema: Any) -> ParamStructure:
    return ParamStructure("p", default=default, schema=schema)


@pytest.mark.parametrize(
    ("given_param", "control", "text"),
    [
        (param("x", type="string"), TEXT, "x"),
        (param(3, type="integer"), TEXT, "3"),
        (param(0.1, type="number"), TEXT, "0.1"),
        (param(True, type="boolean"), CHOICE, "true"),
        (param("b", enum=["a", "b"]), CHOICE, "b"),
        (param([1, 2], type="array"), JSON, "[1, 2]"),
        (param({"a": 1}, type="object"), JSON, '{"a": 1}'),
        (param(None, type=["null", "string"]), TEXT, ""),
        (param(7), TEXT, "7"),
        (param(None), JSON, ""),
    ],
)
def test_the_control_follows_the_schema(
    given_param: ParamStructure, control: str, text: str
) -> None:
    field = field_of(given_param)
    assert (field.control, field.text) == (control, text)


@pytest.mark.parametrize(
    ("given_param", "text", "value"),
    [
        (param(3, type="integer"), "7", 7),
        (param(3.0, type="number"), "7", 7),
        (param(3.0, type="number"), "7.5", 7.5),
        (param(True, type="boolean"), "false", False),
        (param("", type=["null", "string"]), "", None),
        (param("", type="string"), "", ""),
        (param({}, type="object"), '{"a": [1]}', {"a": [1]}),
        (param(2, enum=[1, 2]), "1", 1),
    ],
)
def test_text_becomes_a_typed_value(given_param: ParamStructure, text: str, value: Any) -> None:
    assert value_of(field_of(given_param), text) == value


@pytest.mark.parametrize(
    ("given_param", "text", "says"),
    [
        (param(3, type="integer"), "x", "'x' is not a number"),
        (param(3, type="integer"), "1.5", "'1.5' is not a whole number"),
        (param({}, type="object"), "{", "not JSON"),
        (param(3, type="integer", minimum=1), "0", "less than the minimum of 1"),
        (param("a", type="string", pattern="^a"), "b", "does not match"),
        (param([], type="array"), '{"a": 1}', "is not of type 'array'"),
        (param("a", type="string", minLength=2), "a", "'a' is too short: at least 2 characters"),
        (param([], type="array", maxItems=1), "[1, 2]", "is too long: at most 1 item"),
    ],
)
def test_what_is_wrong_is_one_sentence(given_param: ParamStructure, text: str, says: str) -> None:
    _, errors = check([given_param], {"p": text})
    assert says in errors["p"]
    assert "\n" not in errors["p"]


def test_a_format_is_named_with_an_example_before_and_after_it_is_missed() -> None:
    day = param("2026-01-01", type="string", format="date")
    assert field_of(day).hint == "date, as 2026-11-21"
    assert check([day], {"p": "soon"})[1] == {
        "p": "not of the format date: write it like 2026-11-21"
    }
    assert check([day], {"p": "2026-02-03"})[1] == {}
    when = param(None, type=["null", "string"], format="date-time")
    assert field_of(when).hint == "date-time, as 2026-11-21T10:00:00+01:00, may be empty"
    assert field_of(param("x", type="string", format="multiline")).hint == "string"


@pytest.mark.parametrize(
    ("named", "text", "fits"),
    [
        ("date-time", "2026-11-21T10:00:00+01:00", True),
        ("date-time", "2026-11-21t10:00:00.123456789z", True),
        ("date-time", "2026-11-21T10:00:00", False),
        ("date-time", "2026-11-21", False),
        ("date-time", "2026-02-30T10:00:00Z", False),
        ("date-time", "2026-11-21T24:30:00Z", False),
        ("date-time", "tomorrow", False),
        ("date", "2026-02-30", False),
        ("time", "10:61:00", False),
        ("email", "anna", False),
    ],
)
def test_form_command_line_and_runner_agree_on_formats(named: str, text: str, fits: bool) -> None:
    one = param(None, type=["null", "string"], format=named)
    assert (check([one], {"p": text})[1] == {}) is fits
    for refuses in (
        lambda: check_conf({"p": text}, [one]),
        lambda: validate_json(text, one.schema),
    ):
        errors = pytest.raises((CommandError, ParamValidationError))
        with nullcontext() if fits else errors:
            refuses()


@pytest.mark.parametrize("named", EXAMPLES)
def test_the_example_of_a_format_is_of_the_format(named: str) -> None:
    assert check([param("x", type="string", format=named)], {"p": EXAMPLES[named]})[1] == {}


def test_a_param_without_default_must_be_filled_in() -> None:
    required = ParamStructure("p", has_default=False, schema={"type": "string"})
    assert field_of(required).required
    assert check([required], {"p": ""})[1] == {"p": "this has no default: fill it in"}
    assert check([required], {"p": "x"}) == ({"p": "x"}, {})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_a_default_left_as_it_is_keeps_its_value(default: Any) -> None:
    one = param(default)
    values, errors = check([one], {"p": field_of(one).text})
    assert errors == {}
    assert values["p"] == default


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "9" * 5000, "1_000"])
def test_only_numbers_that_json_can_hold_are_taken(text: str) -> None:
    _, errors = check([param(type="number")], {"p": text})
    assert "number" in errors["p"]


@pytest.mark.parametrize("text", ["NaN", "[1e999]", '{"a": -Infinity}', "[" * 100_000])
def test_only_json_that_can_be_sent_is_taken(text: str) -> None:
    _, errors = check([param(type=["object", "array"])], {"p": text})
    assert errors["p"]
