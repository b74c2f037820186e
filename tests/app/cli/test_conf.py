from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cli.conf import check_conf, parse_conf, read_value, with_params
from app.cli.errors import CommandError
from store.structure import ParamStructure

PARAMS = [
    ParamStructure("epochs", default=3, schema={"type": "integer", "minimum": 1}),
    ParamStructure("model", default="cnn", schema={"type": "string", "enum": ["cnn", "rnn"]}),
    ParamStructure("rate", has_default=False, schema={"type": ["number", "null"]}),
]


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("3", {"type": "integer"}, 3),
        ("3", {"type": "string"}, "3"),
        ("true", {"type": "boolean"}, True),
        ("true", {"type": ["string", "null"]}, "true"),
        ("null", {"type": ["string", "null"]}, None),
        ("[1, 2]", {"type": "array"}, [1, 2]),
        ('{"a": 1}', {}, {"a": 1}),
        ("plain text", {}, "plain text"),
        ("0.5", {}, 0.5),
    ],
)
def test_a_value_is_read_by_the_type_of_its_param(
    text: str, schema: dict[str, Any], value: object
) -> None:
    assert read_value(text, schema) == value


def test_params_are_put_into_the_conf() -> None:
    conf = with_params({"epochs": 1, "other": True}, ["epochs=5", "rate=0.1"], PARAMS)
    assert conf == {"epochs": 5, "other": True, "rate": 0.1}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert with_params({}, ["where=a=b"], []) == {"where": "a=b"}


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ("epoch=5", "the DAG has no param 'epoch'; did you mean 'epochs'?"),
        ("epochs", "--param 'epochs' lacks a value"),
    ],
)
def test_a_wrong_param_is_said(pair: str, sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        with_params({}, [pair], PARAMS)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("conf", "sentence"),
    [
        ({}, "param 'rate' has no default"),
        ({"rate": 1, "epochs": 0}, "param 'epochs': 0 is less than the minimum of 1"),
        ({"rate": 1, "model": "gan"}, "param 'model': 'gan' is not one of"),
    ],
)
def test_a_conf_that_does_not_fit_is_refused(conf: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        check_conf(conf, PARAMS)
    assert sentence in str(caught.value)


def test_a_conf_that_fits_is_let_through() -> None:
    check_conf({"rate": None, "epochs": 2, "unknown": 1}, PARAMS)


def test_a_conf_comes_as_text_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "conf.json"
    file.write_text('{"epochs": 7}')
    assert parse_conf(f"@{file}") == parse_conf('{"epochs": 7}') == {"epochs": 7}
    assert parse_conf(None) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "--conf is not JSON"),
        ("[1]", "--conf must be a JSON object"),
        ("@/nowhere", "can't be read"),
    ],
)
def test_a_conf_that_is_none_is_said(text: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        parse_conf(text)
