"""The conf of a triggered run: ``--conf`` and ``--param``, checked against the DAG's params."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.cli.errors import near_misses, usage_error
from store.structure import ParamStructure


def parse_conf(text: str | None) -> dict[str, Any]:
    """The JSON object of ``--conf``; ``@FILE`` reads it from a file."""
    if text is None:
        return {}
    if text.startswith("@"):
        try:
            with open(text[1:], encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise usage_error(f"--conf: {text[1:]} can't be read: {error.strerror}") from None
    try:
        conf = json.loads(text)
    except json.JSONDecodeError as error:
        raise usage_error(f"--conf is not JSON: {error}") from None
    if not isinstance(conf, dict):
        raise usage_error("--conf must be a JSON object, such as '{\"epochs\": 3}'")
    return conf


def with_params(
    conf: dict[str, Any], pairs: Sequence[str], params: Sequence[ParamStructure]
) -> dict[str, Any]:
    """The conf with each ``name=value`` put in, read by the type of the DAG's param."""
    known = {param.name: param for param in params}
    merged = dict(conf)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise usage_error(f"--param {pair!r} lacks a value; write --param name=value")
        if known and name not in known:
            near = near_misses(name, known)
            meant = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise usage_error(f"the DAG has no param {name!r}; {meant}")
        merged[name] = read_value(text, known[name].schema if name in known else {})
    return merged


def read_value(text: str, schema: dict[str, Any]) -> Any:
    """A value typed on a command line: JSON where the schema lets it be, else the text."""
    types = schema.get("type")
    allowed: set[str] = {types} if isinstance(types, str) else set(types or ())
    if allowed == {"string"}:
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    if "string" in allowed and not _is_of(value, allowed):
        return text
    return value


def _is_of(value: Any, types: set[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, int):
        return bool(types & {"integer", "number"})
    for kind, name in ((float, "number"), (list, "array"), (dict, "object"), (str, "string")):
        if isinstance(value, kind):
            return name in types
    return "null" in types


def check_conf(conf: dict[str, Any], params: Sequence[ParamStructure]) -> None:
    """Refuse a conf whose values don't fit the schemas of the params (Airflow's rule).

    The runner checks again when it makes the run; here the mistake is told apart as one of usage.
    """
    for param in params:
        if param.name not in conf:
            if not param.has_default:
                raise usage_error(
                    f"param {param.name!r} has no default; give it with --param {param.name}=VALUE"
                )
            continue
        if not param.schema:
            continue
        import jsonschema

        try:
            jsonschema.validate(
                conf[param.name],
                param.schema,
                format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
            )
        except jsonschema.ValidationError as error:
            raise usage_error(f"param {param.name!r}: {error.message}") from None
