"""From a text to the tree of a filter, or to the items of an order."""

from __future__ import annotations

from typing import Any

from store.run_filter.errors import FilterError
from store.run_filter.names import SHORT_FORMS, nearest
from store.run_filter.tree import Filter, OrderBy, nodes

LONGEST = 20_000
"""Characters of a filter."""

MOST_NODES = 200
DEEPEST = 50
"""Databases have limits to how deep and how long a condition may be; so have we, below them."""


def parse(text: str) -> Filter:
    """The filter that a text is; the empty one is all runs. Raises ``FilterError``."""
    found: Filter = _parsed(text, "filter")
    every = nodes(found.root)
    if len(every) > MOST_NODES:
        raise FilterError(
            f"a filter has at most {MOST_NODES} conditions; "
            "write those of the same field as one, with IN ('a', 'b')",
            0,
            len(text),
        )
    if max((depth for _, depth in every), default=0) > DEEPEST:
        raise FilterError(
            f"conditions are in each other more than {DEEPEST} deep; take parentheses or NOTs away",
            0,
            len(text),
        )
    return found


def order(text: str) -> tuple[OrderBy, ...]:
    """What runs are to be sorted by: MLflow's ``order_by`` items. Raises ``FilterError``."""
    found: tuple[OrderBy, ...] = _parsed(text, "order")
    if len(found) > 10:
        raise FilterError("runs are sorted by at most 10 fields; leave the last out", 0, len(text))
    return found


def _parsed(text: str, start: str) -> Any:
    from lark import UnexpectedInput

    from store.run_filter.grammar import parser

    if len(text) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST} characters; shorten it", 0, len(text))
    try:
        return parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise _explained(text, error, start) from None


def _explained(text: str, error: Any, start: str) -> FilterError:
    """What a place means at which the grammar doesn't go on."""
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    begin = len(text) if at_end else max(0, min(error.pos_in_stream or 0, len(text)))
    if token is not None and not at_end:
        end, wrong = token.end_pos, str(token)
    else:
        wrong = _up_to_space(text, begin)
        end = begin + len(wrong)
    before = text[:begin].split()
    after = f"after {_shortened(before[-1])} " if before else "at the beginning "
    expected = set(_accepted(error))
    sentence = _sentence(expected, wrong, after, start)
    return FilterError(sentence, begin, max(begin, min(end, len(text))))


def _accepted(error: Any) -> set[str]:
    parser = getattr(error, "interactive_parser", None)
    if parser is not None:
        return parser.accepts()
    return set(getattr(error, "allowed", None) or getattr(error, "expected", None) or ())


def _sentence(expected: set[str], wrong: str, after: str, start: str) -> str:
    if wrong[:1] and wrong[0] in "'\"`":
        if wrong[0] == "`":
            return "back quotes are for keys; write metrics.`a key` or params.`a key`"
        return "this quote is in the wrong place or has no end; write 'text' where a value stands"
    if "NUMBER" in expected:
        return _no_value(expected, wrong, after)
    if "NULL" in expected:
        return f"{after}stands NULL, NOT NULL, NAN, INF or FINITE, such as metrics.loss IS NAN"
    if "COMMA" in expected and "RPAR" in expected and "NUMBER" not in expected:
        return f"{after}a list goes on with a comma or ends with ); {_instead(wrong)}"
    if start == "order":
        return f"{after}{_instead(wrong)}; write fields with commas, such as metrics.loss DESC"
    if "EQUAL" in expected and "AND" not in expected:
        return _no_operator(wrong, after)
    if "LPAR" in expected and not expected & {"WORD", "AND"}:
        return f"{after}stands a list in parentheses, such as ('a', 'b'); {_instead(wrong)}"
    if wrong == ";":
        return "a filter has no ;; take it away, or put quotes around the text it is in"
    if "EQUAL" in expected:
        return f"{after}{_instead(wrong)}; write a comparison, AND, OR, or quotes around a text"
    return _no_clause(expected, wrong, after)


def _no_value(expected: set[str], wrong: str, after: str) -> str:
    if wrong[:1] == "=":
        return "this operator is unknown; write =, !=, <, <=, > or >="
    if wrong[:1] == ">":
        return "this operator is unknown; write != for what is not equal"
    if not wrong or wrong == ")":
        return f"{after}a value is missing; write a number or a 'text' in quotes"
    if wrong.lower().lstrip("+-") in ("nan", "inf", "infinity", "null"):
        name = "NULL" if wrong.lower() == "null" else "NAN" if "nan" in wrong.lower() else "INF"
        return f"{wrong} can't be compared with; write IS {name} or IS NOT {name}"
    word = _shortened(wrong)
    return f"{word} is no value; write a number, or put quotes around a text: '{word}'"


def _no_operator(wrong: str, after: str) -> str:
    if wrong:
        meant = nearest(wrong, ["LIKE", "ILIKE", "IN", "IS", "BETWEEN", "NOT IN"])
        hint = f"did you mean {meant}?" if meant else "write =, !=, <, <=, >, >=, IN, LIKE or IS"
        return f"{after}stands a comparison, not {_shortened(wrong)}; {hint}"
    return f"{after}a comparison is missing; write =, !=, <, <=, >, >=, IN, LIKE or IS"


def _no_clause(expected: set[str], wrong: str, after: str) -> str:
    if wrong == ")":
        if "WORD" in expected and "RPAR" not in expected and "AND" not in expected:
            return f"{after}a condition is missing; write one, such as metrics.loss < 1"
        return "this parenthesis closes none; take it away or write ( before it"
    if not wrong:
        if "RPAR" in expected:
            return "a parenthesis is open; write ) to close it"
        return f"{after}a condition is missing; write one, such as metrics.loss < 1"
    forms = ", ".join(f"{name}:" for name in SHORT_FORMS)
    if wrong.startswith(":"):
        return f"no name is before the colon; write one of {forms} or quotes around a text"
    return f"{after}{_instead(wrong)}; write a condition, such as metrics.loss < 1"


def _instead(wrong: str) -> str:
    return f"{_shortened(wrong)} can't stand here" if wrong else "something is missing"


def _shortened(text: str) -> str:
    """One line of it, for a sentence."""
    plain = " ".join(text.split())
    return plain if len(plain) <= 40 else f"{plain[:39]}…"


def _up_to_space(text: str, start: int) -> str:
    rest = text[start:].split(maxsplit=1)
    found = rest[0] if rest and not text[start : start + 1].isspace() else ""
    return found if found[:1].isalnum() else found[:1]
