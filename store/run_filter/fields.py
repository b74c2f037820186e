"""Fields, values and operators of a filter: from what is written to what is meant."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from store.columns import storable
from store.regex import PatternError, patterns
from store.run_filter.errors import FilterError
from store.run_filter.names import (
    ALIASES,
    ATTRIBUTES,
    DATASET_FIELDS,
    ENTITIES,
    PARTS,
    SHORT_FORMS,
    STANDINGS,
    STANDINGS_SHOWN,
    WITHOUT_MILLISECONDS,
    Kind,
    attribute_named,
    nearest,
    one_of,
)
from store.run_filter.tree import (
    Attribute,
    Clause,
    Dataset,
    Field,
    Metric,
    Moment,
    Operator,
    Param,
    Part,
    Short,
    Span,
    Standings,
    Tag,
    Value,
)

OF_NUMBERS = ("=", "!=", "<", "<=", ">", ">=")
OF_TEXTS = ("=", "!=", "LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE", "~", "!~")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
LONGEST = 1e11
"""Seconds: three thousand years."""
LONGEST_PATTERN = 10_000
"""Characters of a text that is looked for with wildcards: SQLite takes 50,000 bytes, in which a
character has up to four."""

_PART_OF_SPAN = re.compile(r"([0-9.]+)(ms|s|m|h|d|w)")


@dataclass(frozen=True, slots=True)
class Placed:
    """A field, and where it is written."""

    field: Field
    kind: Kind
    written: str
    start: int
    end: int

    def error(self, sentence: str) -> FilterError:
        return FilterError(sentence, self.start, self.end)


def token_error(token: Any, sentence: str) -> FilterError:
    """An error about a token of the text."""
    return FilterError(sentence, token.start_pos, token.end_pos)


def unquoted(written: str) -> str:
    """What is between quotes, in which a doubled quote is one."""
    quote = written[0]
    return written[1:-1].replace(quote * 2, quote) if quote in "'\"" else written[1:-1]


def key_field(token: Any) -> Placed:
    """The field of ``metrics.loss``, ``params."a b"``, ``attributes.status``."""
    entity, _, rest = str(token).partition(".")
    entity, quoted, part = ENTITIES[entity.lower()], rest[0] in '`"', ""
    if quoted:
        last = rest.rindex(rest[0])
        key, part = unquoted(rest[: last + 1]), rest[last + 2 :].lower()
    else:
        key, _, suffix = rest.rpartition(".")
        if entity == "metric" and key and suffix in PARTS:
            part = suffix
        else:
            key = rest
    if part and entity != "metric":
        raise token_error(token, f".{part} is of metrics only; leave it out")
    field, kind = _field(token, entity, key, PARTS.get(part, "last"))
    return Placed(field, kind, str(token), token.start_pos, token.end_pos)


def _field(token: Any, entity: str, key: str, part: Part) -> tuple[Field, Kind]:
    if entity == "metric":
        return Metric(key, part), Kind.METRIC
    if entity == "param":
        return Param(key), Kind.PARAM
    if entity == "tag":
        return Tag(key), Kind.TEXT
    if entity == "attribute":
        return _attribute(token, key)
    if key.lower() not in DATASET_FIELDS:
        raise token_error(
            token, f"a dataset has no {key!r}; write dataset.{one_of(list(DATASET_FIELDS))}"
        )
    return Dataset(key.lower()), Kind.TEXT


def attribute_field(token: Any) -> Placed:
    """The field of ``duration``: an attribute without ``attributes.`` before it."""
    field, kind = _attribute(token, str(token))
    return Placed(field, kind, str(token), token.start_pos, token.end_pos)


def _attribute(token: Any, written: str) -> tuple[Field, Kind]:
    name = attribute_named(written)
    if name is not None:
        return Attribute(name), ATTRIBUTES[name]
    entity, point, key = written.partition(".")
    known = nearest(written, [*ATTRIBUTES, *ALIASES])
    if point and key and (meant := nearest(entity, list(ENTITIES))):
        hint = f"did you mean {meant}.{key}?"
    elif known:
        hint = f"did you mean {known}?"
    else:
        hint = f"for a param or a metric write params.{written} or metrics.{written}"
    raise token_error(token, f"no attribute is called {written}; {hint}")


def short(token: Any) -> Clause:
    """``dag:train*`` or ``is:active``."""
    name, _, pattern = str(token).partition(":")
    if pattern[0] in "'\"":
        pattern = unquoted(pattern)
    name = name.lower()
    if name == "is":
        standing = STANDINGS.get(pattern.lower())
        if standing is None:
            meant = nearest(pattern, list(STANDINGS))
            hint = (
                f"did you mean is:{meant}?"
                if meant
                else f"write is:{one_of(list(STANDINGS_SHOWN))}"
            )
            raise token_error(token, f"runs can't be asked whether they are {pattern!r}; {hint}")
        return Standings(standing)
    if name not in SHORT_FORMS:
        meant = nearest(name, [*SHORT_FORMS, "is"])
        hint = f"did you mean {meant}:?" if meant else "put quotes around it to look for the text"
        raise token_error(token, f"there is no short form {name}:; {hint}")
    return Short(name, looked_for(token, pattern))


def looked_for(token: Any, text: str) -> str:
    """A text with wildcards, or to be found in another one, if it isn't too long for that."""
    if len(text) > LONGEST_PATTERN:
        raise token_error(
            token, f"a text of more than {LONGEST_PATTERN} characters can only be compared by ="
        )
    return text


def value(token: Any) -> Value:
    """A number, a text, a length of time or a date."""
    written = str(token)
    if token.type in ("SINGLE", "DOUBLE"):
        return unquoted(written)
    if token.type == "SPAN":
        seconds = math.fsum(float(n) * SECONDS[unit] for n, unit in _PART_OF_SPAN.findall(written))
        if seconds > LONGEST:
            raise token_error(token, f"{written} is too long; write at most 1000000d")
        return Span(seconds)
    if token.type == "DATE":
        found = moment(written)
        if found is None:
            raise token_error(token, f"there is no date {written}; write it as 2026-11-21")
        return found
    number = float(written)
    if not math.isfinite(number):
        raise token_error(token, f"{written} is too large; write IS INF for the infinities")
    return number


def moment(written: str) -> Moment | None:
    """The point in time of an ISO date; None if it is none."""
    if not re.match(r"\d{4}-\d{2}-\d{2}", written):
        return None
    try:
        return Moment(datetime.fromisoformat(written), whole_day=len(written) == 10)
    except ValueError:
        return None


def fitting(placed: Placed, token: Any, operator: str) -> Value:
    """The value of a token, if that can be compared with the field."""
    found = value(token)
    kind, name = placed.kind, placed.written
    is_text, is_number = isinstance(found, str), isinstance(found, float)
    if kind is Kind.TEXT and not is_text:
        raise token_error(token, f"{name} is a text; put single quotes around {token}")
    if kind in (Kind.METRIC, Kind.NUMBER) and not is_number:
        hint = "; leave the quotes out" if is_text and _is_number(found) else ", such as 0.5"
        raise token_error(token, f"{name} is compared with a number{hint}")
    if kind is Kind.PARAM and not (is_text or is_number):
        raise token_error(token, f"{name} is compared with a number or with a 'text' in quotes")
    if kind is Kind.SECONDS and not (is_number or isinstance(found, Span)):
        raise token_error(token, f"{name} is a length of time, such as 90s, 10m, 2h or 1d")
    if kind is Kind.TIME:
        found = _time(placed, token, found)
    _check_operator(placed, token, operator, found)
    return found


def _is_number(text: Value) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


def _time(placed: Placed, token: Any, found: Value) -> Value:
    if isinstance(found, str):
        at = moment(found)
        if at is None:
            raise token_error(token, f"{found!r} is no time; write a date such as 2026-11-21")
        return at
    bare = placed.written.rpartition(".")[2].strip('`"').lower()
    if isinstance(found, float) and bare in WITHOUT_MILLISECONDS:
        raise token_error(token, f"{token} has no unit; write {token}d for days ago, or a date")
    return found


def _check_operator(placed: Placed, token: Any, operator: str, found: Value) -> None:
    name = placed.written
    if isinstance(found, str):
        if operator in ("<", "<=", ">", ">=", "BETWEEN"):
            if placed.kind is Kind.PARAM and _is_number(found):
                hint = f"leave the quotes out to compare with the number: {found}"
            else:
                hint = f"texts have {one_of(list(OF_TEXTS[:4]))}"
            raise token_error(token, f"{name} can't be compared by {operator} with a text; {hint}")
        if operator in ("~", "!~"):
            _check_pattern(token, found)
        elif operator.endswith("LIKE"):
            looked_for(token, found)
    elif operator in OF_TEXTS[2:]:
        raise token_error(
            token,
            f"{operator} is for texts; put quotes around {token}"
            if placed.kind in (Kind.PARAM, Kind.TEXT)
            else f"{operator} is for texts, which {name} is not; "
            f"write {one_of(list(OF_NUMBERS))} instead",
        )


def _check_pattern(token: Any, pattern: str) -> None:
    try:
        patterns(storable(pattern))
    except PatternError as error:
        raise token_error(token, f"this regular expression can't be looked for: {error}") from None


def operator_written(text: str) -> Operator:
    """The operator that a token stands for, in any case and with any spaces."""
    plain = " ".join(text.upper().split())
    return next(one for one in get_args(Operator) if one == plain)
