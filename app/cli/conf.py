"""The conf of a triggered run: ``--conf`` and ``--param``, checked against the DAG's params."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.cli.errors import near_misses, usage_error
from app.param_formats import format_checker, problem_of
from store.conf import read_value
from store.structure import ParamStructure


def parse_conf(text: str | None, option: str = "--conf") -> dict[str, Any]:
    """The JSON object of ``--conf`` (or of another option); ``@FILE`` reads it from a file."""
    if text is None:
        return {}
    if text.startswith("@"):
        try:
            with open(text[1:], encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise usage_error(f"{option}: {text[1:]} can't be read: {error.strerror}") from None
    try:
        conf = json.loads(text)
    except json.JSONDecodeError as error:
        raise usage_error(f"{option} is not JSON: {error}") from None
    if not isinstance(conf, dict):
        raise usage_error(f"{option} must be a JSON object, such as '{{\"epochs\": 3}}'")
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
                format_checker=format_checker(),
            )
        except jsonschema.ValidationError as error:
            raise usage_error(f"param {param.name!r}: {problem_of(error)}") from None
