"""A DAG's params as form fields: which control, its text, and back to a checked value. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any

from msgspec.structs import replace

from app.param_formats import format_checker, problem_of
from app.zones import aware
from store.structure import ParamStructure

TEXT, CHOICE, JSON = "text", "choice", "json"
NULL_WORD = "(none)"
EXAMPLES = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T10:00:00+01:00",
    "time": "10:00:00",
    "duration": "P1DT2H",
    "email": "anna@example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/data",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}
"""Of the formats of JSON Schema that people don't know by heart how to write."""


@dataclass(frozen=True, slots=True)
class Field:
    """A param in the form."""

    name: str
    control: str
    """TEXT: typed as it is; JSON: typed as JSON; CHOICE: one of ``options``."""
    types: tuple[str, ...]
    """JSON Schema types; empty: any."""
    text: str
    """The default as it stands in the field."""
    options: tuple[Any, ...] = ()
    description: str = ""
    required: bool = False
    words: str = ""
    """What may be typed, where the types don't say it."""
    placeholder: str = ""
    """Stands in the field while it is empty."""

    @property
    def hint(self) -> str:
        """What may be typed, in a few words."""
        if self.words:
            return self.words
        words = [kind for kind in self.types if kind != "null"]
        if self.control == CHOICE:
            return "Left, Right choose"
        kind = " or ".join(words) if words else "any JSON"
        return f"{kind}, may be empty" if "null" in self.types else kind


@dataclass(frozen=True, slots=True)
class Filled:
    """The params of a DAG with the values of a past run, and what of that run has no place."""

    params: tuple[ParamStructure, ...]
    unknown: tuple[str, ...] = ()
    """Of its conf: no param has that name (any more)."""
    unfit: tuple[str, ...] = ()
    """Params whose value isn't one of the choices any more."""


def filled_from(params: Sequence[ParamStructure], conf: Mapping[str, Any]) -> Filled:
    """The params with what a run had for them as defaults."""
    names = {param.name for param in params}
    found: list[ParamStructure] = []
    unfit: list[str] = []
    for param in params:
        filled = param
        if param.name in conf:
            filled = replace(param, default=conf[param.name], has_default=True)
            field = field_of(filled)
            if field.options and conf[param.name] not in field.options:
                unfit.append(param.name)
                filled = param
        found.append(filled)
    unknown = tuple(name for name in conf if name not in names)
    return Filled(tuple(found), unknown, tuple(unfit))


def choice(name: str, options: Sequence[str], *, description: str, text: str = "") -> Field:
    """A field for one of several words; ``description`` says what they are about."""
    return Field(
        name, CHOICE, ("string",), text or options[0], tuple(options), description=description
    )


def line(
    name: str,
    words: str,
    *,
    description: str,
    text: str = "",
    placeholder: str = "",
    required: bool = False,
) -> Field:
    """A field for a line of text; ``words`` say what is to be typed, ``description`` what for."""
    return Field(
        name,
        TEXT,
        ("string",),
        text,
        description=description,
        required=required,
        words=words,
        placeholder=placeholder,
    )


def zone_of(name: str) -> tzinfo:
    """The time zone of a DAG; UTC where this machine doesn't know it."""
    from app.cli.times import zone_named

    return zone_named(name)


def moment(text: str, zone: tzinfo | None) -> datetime | None:
    """A date as it is typed, ISO 8601; without an offset it is in ``zone`` (None: the machine's).

    None where nothing is typed. Raises ``ValueError`` with one sentence.
    """
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("not a date: write 2026-11-21, or 2026-11-21T10:00+01:00") from None
    try:
        if found.tzinfo is None:
            found = aware(found, zone)
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("this date is beyond the calendar") from None


RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")
"""What the runner takes (Airflow's ``allowed_run_id_pattern``)."""
OTHER_TYPES = ("scheduled__", "backfill__", "asset_triggered__")


def run_id_error(text: str) -> str | None:
    """What is wrong with the id that a triggered run is to get; None if nothing, or empty."""
    if not text:
        return None
    if not RUN_ID.fullmatch(text):
        return "a run id has 1 to 250 letters, digits and _.~:+-"
    taken = next((start for start in OTHER_TYPES if text.startswith(start)), None)
    return None if taken is None else f"a triggered run's id can't begin with {taken}"


def field_of(param: ParamStructure) -> Field:
    """The form field of a param."""
    schema = param.schema
    kinds = schema.get("type", [])
    types = tuple([kinds] if isinstance(kinds, str) else kinds)
    if not types and param.default is not None:
        types = _type_of(param.default)
    options: tuple[Any, ...] = ()
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        options = tuple(schema["enum"])
    elif set(types) - {"null"} == {"boolean"}:
        options = (True, False) if "null" not in types else (True, False, None)
    control = CHOICE if options else TEXT
    if not options and (not types or set(types) & {"object", "array"}):
        control = JSON
    required = not param.has_default
    words, named = "", str(schema.get("format"))
    if control == TEXT and named in EXAMPLES:
        words = f"{named}, as {EXAMPLES[named]}{', may be empty' if 'null' in types else ''}"
    return Field(
        name=param.name,
        control=control,
        types=types,
        text="" if required else _text_of(param.default, control),
        options=options,
        description=str(schema.get("description") or param.description or "")
        or f"Tasks find it as params[{param.name!r}]; its file doesn't say more.",
        required=required,
        words=words,
    )


def _type_of(value: Any) -> tuple[str, ...]:
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return (name,)
    return ()


def _text_of(value: Any, control: str) -> str:
    if control == CHOICE:
        return option_text(value)
    if value is None:
        return ""
    if control == TEXT and isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def option_text(value: Any) -> str:
    """A choice as it is shown."""
    if value is None:
        return NULL_WORD
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(field: Field, text: str) -> Any:
    """The value that the text stands for. Raises ``ValueError`` with one sentence."""
    if field.control == CHOICE:
        for option in field.options:
            if option_text(option) == text:
                return option
        raise ValueError("choose one of the values")
    if field.control == JSON:
        return _json_value(field, text)
    if not text and "null" in field.types:
        return None
    if not text and field.required:
        raise ValueError("this has no default: fill it in")
    if "integer" in field.types or "number" in field.types:
        return _number(field, text)
    return text


def _json_value(field: Field, text: str) -> Any:
    if not text.strip():
        if field.required:
            raise ValueError("this has no default: fill it in")
        return None
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except RecursionError:
        raise ValueError("this is nested too deeply") from None
    except json.JSONDecodeError as error:
        if not field.types or "string" in field.types:
            return text
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError:
        raise ValueError("there is a number in it that JSON can't hold") from None
    return value


def _number(field: Field, text: str) -> Any:
    try:
        if "_" in text:  # which only Python takes
            raise ValueError
        with suppress(ValueError):
            return int(text)
        number = float(text)
    except ValueError:
        if "string" in field.types:
            return text
        raise ValueError(f"{text!r} is not a number") from None
    if not isfinite(number):
        raise ValueError("this is not a number that JSON can hold")
    if "number" not in field.types:
        raise ValueError(f"{text!r} is not a whole number")
    return number


def schema_error(param: ParamStructure, value: Any) -> str | None:
    """What the JSON Schema of a param says against a value; None if nothing."""
    if not param.schema:
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    validator = Draft202012Validator(param.schema, format_checker=format_checker())
    error = best_match(validator.iter_errors(value))
    if error is None:
        return None
    if error.validator == "format" and error.validator_value in EXAMPLES:
        named = error.validator_value
        return f"not of the format {named}: write it like {EXAMPLES[named]}"
    return problem_of(error)


def check(
    params: Sequence[ParamStructure], texts: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of all fields, and what is wrong with those that are wrong."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for param in params:
        field = field_of(param)
        try:
            value = value_of(field, texts[param.name])
        except ValueError as error:
            errors[param.name] = str(error)
            continue
        wrong = schema_error(param, value)
        if wrong is not None:
            errors[param.name] = wrong
        values[param.name] = value
    return values, errors
