"""Params: JSON Schema, and where their values come from."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.dag import DAG
from runner.authoring.exceptions import ParamValidationError
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.params import (
    Param,
    ParamsDict,
    check_conf,
    check_schema,
    process_params,
    validate_json,
)

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.floats(-5, 5)
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, unique=True)),
        "minimum": st.integers(-3, 3),
        "maximum": st.integers(-3, 3),
        "maxLength": st.integers(0, 3),
        "enum": st.lists(VALUES, min_size=1),
        "title": st.text(max_size=3),
    },
)


@given(VALUES, SCHEMAS)
def test_the_short_cut_for_simple_schemas_agrees_with_jsonschema(
    value: Any, schema: dict[str, Any]
) -> None:
    from jsonschema import Draft202012Validator

    try:
        validate_json(value, schema)
        accepted = True
    except ParamValidationError:
        accepted = False
    assert accepted == Draft202012Validator(schema).is_valid(value)


def test_a_value_is_checked_and_the_message_says_what_is_wrong() -> None:
    param = Param(3, type="integer", minimum=1, description="epochs")
    assert param.resolve() == 3
    assert param.resolve(5) == 5
    with pytest.raises(ParamValidationError, match="0 is less than the minimum of 1"):
        param.resolve(0)


def test_formats_are_checked() -> None:
    with pytest.raises(ParamValidationError, match="'soon' is not a 'date'"):
        Param("soon", type="string", format="date").resolve()


def test_a_wrong_schema_is_said() -> None:
    with pytest.raises(ParamValidationError, match="JSON Schema is wrong"):
        Param(1, type="integr").resolve()


def test_a_value_that_is_not_json_is_refused_at_once() -> None:
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(ParamValidationError, match="not JSON"):
            Param(value)


def test_without_a_default_a_value_must_be_given() -> None:
    param = Param(type="string")
    assert not param.has_default
    with pytest.raises(ParamValidationError, match="no default"):
        param.resolve()
    assert param.resolve(suppress_exception=True) is None


def test_a_dict_of_params_gives_values_and_checks_new_ones() -> None:
    params = ParamsDict({"epochs": Param(3, type="integer"), "name": "n"})
    assert dict(params) == {"epochs": 3, "name": "n"}
    params["epochs"] = 4
    with pytest.raises(ParamValidationError, match="'epochs'"):
        params["epochs"] = "many"
    assert params.dump() == {"epochs": 4, "name": "n"}
    del params["name"]
    assert len(params) == 1


def test_a_copy_changes_apart() -> None:
    params = ParamsDict({"a": 1})
    params.copy()["a"] = 2
    assert params["a"] == 1


def test_a_run_overrides_the_task_which_overrides_the_dag() -> None:
    with DAG("d", params={"a": 1, "b": 1, "c": Param(1, type="integer")}) as dag:
        task = EmptyOperator(task_id="t", params={"b": 2})
    assert process_params(dag, task, {"c": 3, "more": 4}) == {"a": 1, "b": 2, "c": 3, "more": 4}
    assert process_params(dag, task, None)["c"] == 1
    with pytest.raises(ParamValidationError, match="param 'c'"):
        process_params(dag, task, {"c": "x"})


def test_params_of_default_args_are_the_dags() -> None:
    dag = DAG("d", params={"a": 1}, default_args={"params": {"b": 2}})
    assert dag.params.dump() == {"a": 1, "b": 2}


def test_simple_params_do_not_load_jsonschema() -> None:
    code = (
        "import sys; from runner.authoring.params import Param;"
        "Param(3, type='integer', minimum=1).resolve(); Param('a', enum=['a']).resolve();"
        "sys.exit('jsonschema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "int"}, r"'int' is not valid.*\(at \['type'\]\)"),
        ({"type": ["string", "string"]}, "is not valid"),
        ({"pattern": "("}, r"'\(' is not a 'regex'"),
        ({"minimum": "3"}, "'3' is not of type 'number'"),
        ({"$ref": "#/nope"}, "there is nothing at '#/nope'"),
        ({"items": {"$ref": "#/$defs/nope"}}, "there is nothing at '#/\\$defs/nope'"),
        ({"type": int}, "is not JSON"),
        ({"minimum": 2**70}, "doesn't fit into 64 bits"),
    ],
)
def test_a_wrong_schema_is_an_error_of_the_file(schema: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParamValidationError, match=f"its JSON Schema is wrong: .*{complaint}"):
        check_schema(schema)
    with DAG("d", params={"p": Param(1, **schema)}) as dag, pytest.raises(ParamValidationError):
        dag.validate()


def test_a_right_schema_is_none() -> None:
    check_schema({"$defs": {"name": {"type": "string"}}, "items": {"$ref": "#/$defs/name"}})
    check_schema({"type": ["string", "null"], "format": "date", "title": "Day"})


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"$ref": "http://localhost:1/x"}, {"$ref": "#/nope"}]
)
def test_a_schema_that_leads_nowhere_is_said_when_a_value_comes(schema: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match="its JSON Schema can't be used"):
        validate_json(1, schema)


def test_a_conf_is_checked_against_the_params() -> None:
    params: list[tuple[str, bool, dict[str, Any]]] = [
        ("size", False, {"type": "integer"}),
        ("name", True, {}),
    ]
    check_conf(params, {"size": 3, "other": [1]})
    for conf, complaint in (
        ([], "must be a JSON object"),
        ({}, "param 'size' has no default: give it a value"),
        ({"size": "3"}, "param 'size': '3' is not of type 'integer'"),
        ({"size": 3, "other": float("nan")}, "not JSON"),
        ({"size": 3, "other": [{"x": 2**64}]}, "doesn't fit into 64 bits"),
        ({"size": 3, "other": "\ud800"}, "not JSON"),
    ):
        with pytest.raises(ParamValidationError, match=complaint):
            check_conf(params, conf)
