"""The filters of MLflow's shorter lists: experiments, registered models and their versions, logged
models. They are few, so they are looked at one by one. (Runs: ``store.run_filter``.)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from store.mlflow_api.errors import ApiError
from store.regex import is_found

GRAMMAR = r"""
    ?start: [clause ("AND"i clause)*]
    clause: field OPERATOR value          -> compare
          | field "IN"i "(" value ("," value)* ")"  -> one_of
    field: NAME ("." NAME)?
    ?value: STRING | NUMBER
    OPERATOR.2: "!=" | "<=" | ">=" | "=" | "<" | ">" | "LIKE"i | "ILIKE"i
    NAME: /[A-Za-z_][\w\-\/]*/ | /`[^`]+`/ | /"[^"]+"/
    STRING: /'[^']*'/ | /"[^"]*"/
    NUMBER: /[-+]?\d+(\.\d+)?([eE][-+]?\d+)?/
    %ignore /\s+/
"""
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
UNSAID = {"mlflow.prompt.is_prompt": "false"}
"""What a tag counts as that isn't there: MLflow 3 asks for models that are no prompts."""
LONGEST_PATTERN = 10_000
"""Characters with wildcards."""
PREFIXES = ("attribute", "attributes", "attr")


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="earley", ambiguity="resolve", lexer="dynamic")


def passes(text: str, facts: Mapping[str, Any]) -> bool:
    """Whether a thing with these facts is wanted; those of pairs (tags, params) are dicts.

    Raises ``ApiError`` for a filter that isn't MLflow's.
    """
    if not text.strip():
        return True
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        place = text[max(0, (error.pos_in_stream or 0)) :][:20]
        raise ApiError(f"Invalid filter string {text!r}: at {place!r}") from None
    clauses = tree.children if tree.data == "start" else [tree]
    return all(_holds(one, facts) for one in clauses if isinstance(one, Tree))


def _holds(clause: Tree[Token], facts: Mapping[str, Any]) -> bool:
    field, *rest = clause.children
    assert isinstance(field, Tree)
    found = _fact([_plain(one) for one in field.children], facts)
    if clause.data == "one_of":
        return found is not None and str(found) in [_plain(one) for one in rest]
    operator, value = str(rest[0]).upper(), _plain(rest[1])
    if found is None:
        return False
    if operator in ("LIKE", "ILIKE"):
        if len(value) > LONGEST_PATTERN:
            raise ApiError(f"{operator} takes a text of at most {LONGEST_PATTERN} characters")
        # Not by Python's engine: with a few % it takes hours for a text that nearly fits.
        flags = "is" if operator == "ILIKE" else "s"
        pattern = re.escape(value).replace("%", ".*").replace("_", ".")
        return is_found(rf"(?{flags})^{pattern}\z", str(found)) or False
    if isinstance(found, int | float):
        try:
            return ORDER[operator](found, float(value))
        except ValueError:
            raise ApiError(f"{value!r} is compared with a number") from None
    return ORDER[operator](str(found), value)


def _fact(path: list[str], facts: Mapping[str, Any]) -> Any:
    if len(path) == 2 and path[0] in PREFIXES:
        path = path[1:]
    if len(path) == 2:
        pairs = facts.get(path[0].rstrip("s") + "s")
        if not isinstance(pairs, Mapping):
            raise ApiError(f"{path[0]!r} can't be filtered by here")
        return pairs.get(path[1], UNSAID.get(path[1]))
    if path[0] not in facts:
        known = ", ".join(sorted(facts))
        raise ApiError(f"Invalid attribute key {path[0]!r} specified. Valid keys are {known}")
    return facts[path[0]]


def _plain(token: Any) -> str:
    text = str(token)
    return text[1:-1] if text[:1] in "'\"`" and len(text) > 1 else text
