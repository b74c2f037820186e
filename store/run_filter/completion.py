"""What may be typed next in a filter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from store.run_filter.errors import FilterError
from store.run_filter.names import (
    ATTRIBUTES,
    DATASET_FIELDS,
    PARTS,
    SHORT_FORMS,
    STANDINGS_SHOWN,
    STATUSES,
    attribute_named,
)
from store.run_filter.printing import key_text

_SIGNS = frozenset("<>=!~")

MOST = 50
"""More than this is no help."""


@dataclass(frozen=True, slots=True)
class Known:
    """Names that are in the store."""

    metrics: Sequence[str] = ()
    params: Sequence[str] = ()
    tags: Sequence[str] = ()
    experiments: Sequence[str] = ()
    dags: Sequence[str] = ()
    tasks: Sequence[str] = ()
    users: Sequence[str] = ()


_WORDS = {
    "AND": "AND",
    "OR": "OR",
    "NOT": "NOT",
    "NOT_IN": "NOT IN (",
    "NOT_LIKE": "NOT LIKE",
    "NOT_ILIKE": "NOT ILIKE",
    "NOT_BETWEEN": "NOT BETWEEN",
    "IN": "IN (",
    "IS": "IS",
    "LIKE": "LIKE",
    "ILIKE": "ILIKE",
    "BETWEEN": "BETWEEN",
    "NULL": "NULL",
    "NAN": "NAN",
    "INF": "INF",
    "FINITE": "FINITE",
    "ASC": "ASC",
    "DESC": "DESC",
    "EQUAL": "=",
    "NOT_EQUAL": "!=",
    "LESS": "<",
    "LESS_EQUAL": "<=",
    "MORE": ">",
    "MORE_EQUAL": ">=",
    "MATCHES": "~",
    "NOT_MATCHES": "!~",
    "COMMA": ",",
    "RPAR": ")",
}
"""Tokens of the grammar that are written in one way only, in the order in which they help."""

_OF_NUMBERS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "MORE", "MORE_EQUAL", "BETWEEN")
_OF_TEXTS = ("EQUAL", "NOT_EQUAL", "LIKE", "ILIKE", "MATCHES")
_OF_BOTH = ("IN", "NOT_IN", "IS")

# What is being typed: a field up to a quote that is open, a short form, a text, an operator, or
# letters up to the next character that means something.
_BEGUN = re.compile(
    r"""(?:\w+\.)(?:`[^`]*|"[^"]*)$ | [a-z_]+:(?:'[^']*|[^\s()'"`]*)$ | '[^']*$
    | [!<>=~]+$ | [^\s()'"`,=<>!~;:]+$""",
    re.VERBOSE | re.IGNORECASE,
)


def begun(text: str, position: int) -> int:
    """Where that begins which a completion at this position takes the place of."""
    before = text[:position]
    for at in _candidates(before):
        found = _BEGUN.match(before, at)
        if found is not None:
            return at
    return position


def _candidates(before: str) -> Iterable[int]:
    """Places where a token can begin, outside of quotes, the leftmost first."""
    quote, places = "", [0]
    for place, one in enumerate(before):
        if quote:
            if one == quote:
                quote = ""
                places.append(place + 1)
            continue
        if one in "'\"`":
            quote = one
            if place and before[place - 1] not in ".:":
                places.append(place)
        elif one.isspace() or one in "(),":
            places.append(place + 1)
        elif (one in _SIGNS) != (before[place - 1 : place] in _SIGNS):
            places.append(place)
    return places


def complete(text: str, position: int, known: Known, *, of_order: bool = False) -> list[str]:
    """What may stand at a position instead of ``text[begun(text, position):position]``.

    Empty where nothing is known, or where the text before is no beginning of a filter.
    """
    position = max(0, min(position, len(text)))
    start = begun(text, position)
    typed = text[start:position]
    state = _state(text[:start], "order" if of_order else "filter")
    if state is None:
        return []
    accepted, tokens = state
    found = list(_proposals(accepted, tokens, typed, known, of_order=of_order))
    lower = typed.lower()
    fitting = [one for one in dict.fromkeys(found) if one.lower().startswith(lower)]
    return [one for one in fitting if one != typed][:MOST]


def _state(before: str, start: str) -> tuple[set[str], list[Any]] | None:
    """The tokens that may follow a text, and those that it has; None: nothing may."""
    from lark import UnexpectedInput

    from store.run_filter.grammar import parser

    interactive = parser().parse_interactive(before, start=start)
    tokens: list[Any] = []
    try:
        tokens.extend(interactive.iter_parse())
    except (UnexpectedInput, FilterError):
        return None
    return interactive.accepts(), tokens


def _proposals(
    accepted: set[str], tokens: list[Any], typed: str, known: Known, *, of_order: bool
) -> Iterable[str]:
    if "NUMBER" in accepted:
        yield from _values(tokens, known)
        return
    if "NULL" in accepted:
        suited = ("NOT", "NULL", *(("NAN", "INF", "FINITE") if _is_of_metric(tokens) else ()))
        yield from (_WORDS[one] for one in suited if one in accepted)
        return
    after_field = bool(tokens) and tokens[-1].type in ("FIELD", "WORD")
    is_field = after_field and (
        tokens[-1].type == "FIELD" or attribute_named(str(tokens[-1])) is not None
    )
    if is_field and not of_order:
        suited = _operators(str(tokens[-1]))
        yield from (_WORDS[one] for one in suited if one in accepted)
        if tokens[-1].type == "FIELD":
            return
    comparing = set(_OF_NUMBERS + _OF_TEXTS + _OF_BOTH)
    comparing |= {"NOT_LIKE", "NOT_ILIKE", "NOT_BETWEEN", "NOT_MATCHES"}
    yield from (word for one, word in _WORDS.items() if one in accepted and one not in comparing)
    if "FIELD" in accepted:
        yield from _fields(typed, known)
    if "SHORT" in accepted:
        yield from _shorts(typed, known)
    if "TEXT" in accepted:
        yield "text("


def _is_of_metric(tokens: list[Any]) -> bool:
    fields = [token for token in tokens if token.type in ("FIELD", "WORD")]
    return fields[-1].lower().startswith("metric")


def _operators(field: str) -> tuple[str, ...]:
    entity = field.partition(".")[0].lower()
    if entity in ("metric", "metrics"):
        return _OF_NUMBERS + _OF_BOTH
    if entity in ("param", "params", "parameter", "parameters"):
        return tuple(dict.fromkeys(_OF_NUMBERS + _OF_TEXTS + _OF_BOTH))
    name = attribute_named(field.rpartition(".")[2] if "." in field else field)
    if name in ("start_time", "end_time", "duration", "attempt", "map_index"):
        return _OF_NUMBERS + _OF_BOTH
    return _OF_TEXTS + _OF_BOTH


def _fields(typed: str, known: Known) -> Iterable[str]:
    """All fields; those with a key only when their entity is being typed."""
    entity, point, _ = typed.partition(".")
    if not point:
        yield from ("metrics.", "params.", "tags.", "dataset.", *ATTRIBUTES)
        return
    keys: dict[str, Sequence[str]] = {
        "metric": known.metrics,
        "param": known.params,
        "parameter": known.params,
        "tag": known.tags,
        "attribute": tuple(ATTRIBUTES),
        "attr": tuple(ATTRIBUTES),
        "run": tuple(ATTRIBUTES),
        "dataset": DATASET_FIELDS,
    }
    kind = entity.lower().removesuffix("s")
    for key in keys.get(kind, ()):
        name = f"{entity}.{key_text(key)}"
        yield name
        if typed[len(entity) + 1 :][:1] == '"':
            yield '{}."{}"'.format(entity, key.replace('"', '""'))
        elif typed[len(entity) + 1 :][:1] == "`":
            yield f"{entity}.`{key}`"
        if kind == "metric" and typed.lower().startswith(f"{name.lower()}."):
            yield from (f"{name}.{part}" for part in PARTS)


def _shorts(typed: str, known: Known) -> Iterable[str]:
    name, colon, _ = typed.partition(":")
    if not colon:
        yield from (f"{one}:" for one in (*SHORT_FORMS, "is"))
        return
    values: dict[str, Iterable[str]] = {
        "dag": known.dags,
        "task": known.tasks,
        "experiment": known.experiments,
        "user": known.users,
        "status": tuple(status.lower() for status in STATUSES),
        "has": (*known.metrics, *known.params, *known.tags),
        "is": STANDINGS_SHOWN,
    }
    for value in values.get(name.lower(), ()):
        bare = re.fullmatch(r"[^\s()'\"`]+", value) and not typed[len(name) + 1 :].startswith("'")
        yield f"{name}:{value}" if bare else "{}:'{}'".format(name, value.replace("'", "''"))


def _values(tokens: list[Any], known: Known) -> Iterable[str]:
    """Texts that the last field can be; none for numbers, which nobody can guess."""
    fields = [token for token in tokens if token.type in ("FIELD", "WORD")]
    name = attribute_named(str(fields[-1]).rpartition(".")[2]) if fields else None
    values: dict[str, Sequence[str]] = {
        "status": STATUSES,
        "experiment": known.experiments,
        "dag": known.dags,
        "task": known.tasks,
        "user_id": known.users,
    }
    entity = str(fields[-1]).partition(".")[0].lower() if fields else ""
    if name is None or entity in ("tag", "tags", "param", "params", "parameter", "parameters"):
        return
    for value in values.get(name, ()):
        yield "'{}'".format(value.replace("'", "''"))
