"""The filter language: words, ``field:value``, ``!not``, ``dur>10m``; all terms must hold.

A list item states what can be filtered by as a ``Facts``; of DAGs this module knows the names of
states alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from app.text import sanitize
from store.states import BACKFILL_STATE_LOOKS, RUN_STATE_LOOKS, TASK_STATE_LOOKS

_TERM = re.compile(r"(?P<field>[a-z_]+)(?P<op>:|=|>=|<=|>|<)(?P<value>.*)", re.DOTALL)
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "k": 1e3}

STATES = frozenset(
    look.word
    for looks in (TASK_STATE_LOOKS, RUN_STATE_LOOKS, BACKFILL_STATE_LOOKS)
    for look in looks.values()
)
"""The names of states: of ``state:`` each means itself alone, not ``upstream_failed`` as well."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an item can be filtered by."""

    text: str
    """Searched by bare words."""
    flags: frozenset[str] = frozenset()
    """Bare words that hold as a whole: paused, active."""
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """``state:failed``, ``tag:ml``: any of the values may match."""
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    """``dur>10m``: compared as numbers, times in seconds."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    field: str
    operator: str
    value: str
    negated: bool = False


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a filter. Whatever isn't a condition is a word to search for."""
    terms: list[Term] = []
    for word in _WORD.findall(text):
        negated = word.startswith("!") and len(word) > 1
        body = (word[1:] if negated else word).replace('"', "").lower()
        if not body or body == "!":
            continue
        match = _TERM.fullmatch(body)
        if match is None:
            terms.append(Term("", "", body, negated))
        elif match["value"]:
            terms.append(Term(match["field"], match["op"], match["value"], negated))
    return tuple(terms)


def keys_of(facts: Facts) -> tuple[str, ...]:
    """What can stand before a colon or a comparison."""
    return (*facts.fields, *facts.numbers)


def unknown_key(terms: Sequence[Term], keys: Collection[str]) -> str:
    """The first key that the items haven't got; empty if there is none."""
    return next((term.field for term in terms if term.field and term.field not in keys), "")


def completed(text: str, keys: Sequence[str], seen: Sequence[Facts]) -> list[str]:
    """What the last word of a filter may become: the keys that begin so, then their values."""
    start = max(text.rfind(" "), text.rfind("!")) + 1
    head, word = text[:start], text[start:]
    key, colon, value = word.partition(":")
    if not colon:
        numbers = {key for facts in seen[:1] for key in facts.numbers}
        return [
            f"{head}{key}{'>' if key in numbers else ':'}"
            for key in keys
            if key.startswith(word.lower())
        ]
    values = {one for facts in seen for one in facts.fields.get(key.lower(), ())}
    found = [one for one in sorted(values) if one.lower().startswith(value.lower())]
    return [
        head + key + colon + (f'"{sanitize(one)}"' if " " in one else sanitize(one))
        for one in found
        if one
    ]


def matches(terms: Sequence[Term], facts: Facts) -> bool:
    """Whether all terms hold."""
    return all(_holds(term, facts) is not term.negated for term in terms)


def _holds(term: Term, facts: Facts) -> bool:
    if not term.field:
        return term.value in facts.flags or term.value in facts.text.lower()
    if term.operator in (">", "<", ">=", "<="):
        return _compares(term, facts.numbers.get(term.field))
    values = facts.fields.get(term.field)
    if values is None:
        return f"{term.field}{term.operator}{term.value}" in facts.text.lower()
    return any(meets(term, value.lower()) for value in values)


def meets(term: Term, value: str) -> bool:
    """Whether a value, in lower case, is what ``field:value`` or ``field=value`` asks for."""
    whole = term.operator == "=" or (term.field == "state" and term.value in STATES)
    return term.value == value if whole else term.value in value


def number_of(text: str) -> float | None:
    """``10m`` as 600.0; None where it is no number."""
    match = _NUMBER.fullmatch(text)
    return None if match is None or match[2] not in _UNITS else float(match[1]) * _UNITS[match[2]]


def _compares(term: Term, number: float | None) -> bool:
    limit = number_of(term.value)
    if number is None or limit is None:
        return False
    match term.operator:
        case ">":
            return number > limit
        case "<":
            return number < limit
        case ">=":
            return number >= limit
        case _:
            return number <= limit
