"""Params: values that a run is given, typed by JSON Schema (Airflow's ``Param``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ParamValidationError
from runner.authoring.xcom_arg import NOTSET, Resolvable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from jsonschema import FormatChecker
    from jsonschema.exceptions import SchemaError

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_WORDS = {"title", "description", "section", "examples", "values_display", "description_md"}
"""Schema keywords that check nothing."""

_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


class Param:
    """A default value and the schema that values must fit.

    ``Param(3, type="integer", minimum=1, description="epochs")``: keywords other than ``default``
    and ``description`` are the schema. Without a default a run must be given a value. Raises
    ``ParamValidationError`` where the default isn't JSON.
    """

    def __init__(
        self,
        default: Any = NOTSET,
        description: str | None = None,
        source: str | None = None,
        **schema: Any,
    ) -> None:
        if default is not NOTSET:
            _check_json(default)
        self.value = default
        self.description = description
        self.source = source
        self.schema: dict[str, Any] = schema.pop("schema") if "schema" in schema else schema

    def __repr__(self) -> str:
        return f"Param({self.value!r})" if self.has_default else "Param()"

    def __copy__(self) -> Param:
        return Param(self.value, self.description, self.source, schema=self.schema)

    @property
    def has_default(self) -> bool:
        """Whether a run may leave it out."""
        return self.value is not NOTSET

    @property
    def has_value(self) -> bool:
        """Whether it has a value that isn't None."""
        return self.has_default and self.value is not None

    def check(self) -> None:
        """Raise ``ParamValidationError`` where its JSON Schema is wrong, whatever the value."""
        check_schema(self.schema)

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        """The value (given, else the default), checked against the schema.

        Raises ``ParamValidationError`` where there is none or it doesn't fit; with
        ``suppress_exception`` returns None instead.
        """
        try:
            if value is not NOTSET:
                _check_json(value)
            final = self.value if value is NOTSET else value
            if final is NOTSET:
                raise ParamValidationError("it has no default, so a value must be given")
            validate_json(final, self.schema)
        except ParamValidationError:
            if suppress_exception:
                return None
            raise
        self.value = final
        return final


def _check_json(value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ParamValidationError(f"{_short(value)} is not JSON: {error}") from None
    _check_numbers(value)


def _check_numbers(value: Any) -> None:
    """Larger whole numbers can't be handed from process to process."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ParamValidationError(f"{_short(value)} doesn't fit into 64 bits: give it as a string")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for element in value:
            _check_numbers(element)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of very many digits, a deep nesting
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:59]}…"


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise ``ParamValidationError`` where a JSON Schema is wrong, or refers to what isn't there.

    Seen when the file is imported: later it would be the first value given that shows it.
    """
    if _is_simple(schema):
        return
    try:
        _check_json(schema)
    except ParamValidationError as error:
        raise ParamValidationError(f"its JSON Schema is wrong: {error}") from None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as error:
        raise _wrong_schema(error) from None
    for reference in _references(schema):
        if not _leads_somewhere(reference, schema):
            raise ParamValidationError(
                f"its JSON Schema is wrong: there is nothing at {reference!r} within it"
            )


def _wrong_schema(error: SchemaError) -> ParamValidationError:
    where = "".join(f"[{step!r}]" for step in error.absolute_path)
    return ParamValidationError(
        f"its JSON Schema is wrong: {error.message}{f' (at {where})' if where else ''}"
    )


def _references(schema: Any) -> Iterator[str]:
    """Every ``$ref`` to a place within the schema itself."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            yield reference
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _leads_somewhere(reference: str, schema: Any) -> bool:
    if "$id" in json.dumps(schema):  # then it may start elsewhere than at the top
        return True
    from urllib.parse import unquote

    for step in reference[2:].split("/"):
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and name.isdecimal() and int(name) < len(schema):
            schema = schema[int(name)]
        elif isinstance(schema, dict) and name in schema:
            schema = schema[name]
        else:
            return False
    return True


def _is_simple(schema: Mapping[str, Any]) -> bool:
    """True where a schema surely is right. Saves loading jsonschema."""
    for word, rule in schema.items():
        if word == "type":
            names = rule if isinstance(rule, list) else [rule]
            known = [name for name in names if isinstance(name, str) and name in _TYPES]
            if not names or len(set(known)) < len(names):
                return False
        elif word == "enum":
            if not isinstance(rule, list) or not all(type(one) is str for one in rule):
                return False
        elif word in ("minimum", "maximum"):
            if type(rule) is not int or abs(rule) >= 2**63:
                return False
        elif word in ("minLength", "maxLength"):
            if type(rule) is not int or not 0 <= rule < 2**63:
                return False
        elif word not in _WORDS or type(rule) is not str:
            return False
    return True


def validate_json(value: Any, schema: Mapping[str, Any]) -> None:
    """Check ``value`` against a JSON Schema. Raises ``ParamValidationError``.

    Nothing is fetched: what the schema refers to must be within it.
    """
    if _is_simple(schema) and _fits(value, schema):
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.validators import (
        SPECIFICATIONS,  # pyright: ignore[reportAttributeAccessIssue]
        validate,
    )

    try:
        validate(
            value,
            schema,
            cls=None if "$schema" in schema else Draft202012Validator,
            format_checker=_format_checker(),
            registry=SPECIFICATIONS,
        )
    except ValidationError as error:
        where = "".join(f"[{step!r}]" for step in error.absolute_path)
        raise ParamValidationError(f"{error.message}{f' (at {where})' if where else ''}") from None
    except SchemaError as error:
        raise _wrong_schema(error) from None
    except Exception as error:  # a reference to nowhere or in a circle, a number beyond floats, …
        raise ParamValidationError(
            f"its JSON Schema can't be used: {type(error).__name__} {error}"
        ) from None


def _format_checker() -> FormatChecker:
    """What jsonschema checks by itself, and date-time, for which it wants another package."""
    from jsonschema import FormatChecker

    checker = FormatChecker()
    checker.checks("date-time", raises=ValueError)(_is_date_time)
    return checker


def _is_date_time(value: object) -> bool:
    """Whether a text is a date-time of RFC 3339; raises ``ValueError`` as the calendar does."""
    if not isinstance(value, str):
        return True
    return bool(_DATE_TIME.fullmatch(value) and datetime.fromisoformat(value.upper()))


def check_conf(params: Iterable[tuple[str, bool, Mapping[str, Any]]], conf: Any) -> None:
    """Check the conf of a run against the DAG's params: (name, has a default, schema) each.

    Raises ``ParamValidationError`` naming the param. Names that are no params may be in it, too.
    """
    if not isinstance(conf, dict):
        raise ParamValidationError("the conf must be a JSON object")
    _check_json(conf)
    for name, has_default, schema in params:
        if name not in conf:
            if not has_default:
                raise ParamValidationError(f"param {name!r} has no default: give it a value")
            continue
        try:
            validate_json(conf[name], schema)
        except ParamValidationError as error:
            raise ParamValidationError(f"param {name!r}: {error}") from None


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """True where a simple schema surely holds; False says nothing. Saves loading jsonschema."""
    for word, rule in schema.items():
        if word in _WORDS:
            continue
        if word == "type":
            names = [rule] if isinstance(rule, str) else rule
            if not any(_has_type(value, name) for name in names):
                return False
        elif word == "enum" and isinstance(value, str):
            if value not in rule:
                return False
        elif word in ("minimum", "maximum") and _has_type(value, "number"):
            if not (value >= rule if word == "minimum" else value <= rule):
                return False
        elif word in ("minLength", "maxLength") and isinstance(value, str):
            if not (len(value) >= rule if word == "minLength" else len(value) <= rule):
                return False
        else:
            return False
    return True


def _has_type(value: Any, name: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES.get(name, ()))


class ParamsDict(MutableMapping[str, Any]):
    """Params by name. Reading one gives its checked value, setting one checks the new value."""

    def __init__(
        self, dict_obj: Mapping[str, Any] | None = None, suppress_exception: bool = False
    ) -> None:
        self.suppress_exception = suppress_exception
        self._params: dict[str, Param] = {}
        for name, value in _raw_items(dict_obj or {}):
            self._params[name] = value if isinstance(value, Param) else _param(name, value)

    def __getitem__(self, key: str) -> Any:
        return self._params[key].resolve(suppress_exception=self.suppress_exception)

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, Param):
            self._params[key] = value
        elif key in self._params:
            try:
                self._params[key].resolve(value, self.suppress_exception)
            except ParamValidationError as error:
                raise ParamValidationError(f"param {key!r}: {error}") from None
        else:
            self._params[key] = _param(key, value)

    def __delitem__(self, key: str) -> None:
        del self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def __repr__(self) -> str:
        return repr(self.dump())

    def get_param(self, key: str) -> Param:
        """The ``Param`` itself."""
        return self._params[key]

    def copy(self) -> Self:
        """A copy whose params can be changed apart."""
        copied = {name: param.__copy__() for name, param in self._params.items()}
        return type(self)(copied, self.suppress_exception)

    def merge(self, other: Mapping[str, Any] | None, source: str | None = None) -> None:
        """Take over the params of ``other``; those that aren't ``Param`` become new ones."""
        for name, param in ParamsDict(other)._params.items():
            param.source = param.source or source
            self._params[name] = param

    def dump(self) -> dict[str, Any]:
        """The values as they are; None for one that is missing or doesn't fit."""
        return {
            name: param.resolve(suppress_exception=True) for name, param in self._params.items()
        }

    def validate(self) -> dict[str, Any]:
        """All values, checked. Raises ``ParamValidationError`` naming the param."""
        values = {}
        for name, param in self._params.items():
            try:
                values[name] = param.resolve(suppress_exception=self.suppress_exception)
            except ParamValidationError as error:
                raise ParamValidationError(f"param {name!r}: {error}") from None
        return values


def _param(name: str, value: Any) -> Param:
    try:
        return Param(value)
    except ParamValidationError as error:
        raise ParamValidationError(f"param {name!r}: {error}") from None


def _raw_items(mapping: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return mapping._params.items() if isinstance(mapping, ParamsDict) else mapping.items()


class DagParam(Resolvable):
    """A reference to a param of the run: what ``dag.param(name)`` and ``@dag`` arguments are."""

    def __init__(self, current_dag: DAG, name: str, default: Any = NOTSET) -> None:
        if default is not NOTSET:
            current_dag.params[name] = default
        self.current_dag = current_dag
        self.name = name
        self.default = NOTSET if isinstance(default, Param) else default

    def __repr__(self) -> str:
        return f"{self.current_dag.dag_id}.param({self.name!r})"

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """The value in the run's conf, else the default, else the param's."""
        conf = context["dag_run"].conf
        if conf and self.name in conf:
            return conf[self.name]
        if self.default is not NOTSET:
            return self.default
        if self.name in context["params"]:
            return context["params"][self.name]
        raise ParamValidationError(f"param {self.name!r} has no value in this run")


def process_params(
    dag: DAG | None, task: AbstractOperator | None, conf: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The params of a task in a run: the DAG's, then the task's, then the run's ``conf``, checked.

    Raises ``ParamValidationError``.
    """
    params = ParamsDict(dag.params).copy() if dag is not None else ParamsDict()
    task_params = getattr(task, "params", None)
    if task_params:
        params.merge(ParamsDict(task_params).copy())
    params.update(conf or {})
    return params.validate()
