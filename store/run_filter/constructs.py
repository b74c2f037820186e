"""What the two databases spell differently, as parts of SQLAlchemy's expressions."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, Text, literal, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from store import regex
from store.columns import storable

CONTEXT_TAG = "mlflow.data.context"


class _Glob(FunctionElement[bool]):
    """A text beside a pattern, in its case: SQLite's GLOB (a LIKE of its own ignores the case)."""

    inherit_cache = True
    type = Boolean()


class _Matches(FunctionElement[bool]):
    """A text beside a regular expression."""

    inherit_cache = True
    type = Boolean()


class _AnyCase(FunctionElement[bool]):
    """A text beside a pattern, in any case."""

    inherit_cache = True
    type = Boolean()


class _AnyCaseBeyondAscii(FunctionElement[bool]):
    """The same for a pattern whose letters SQLite's LIKE doesn't know in both cases."""

    inherit_cache = True
    type = Boolean()


class _ByCharacter(FunctionElement[str]):
    """A text that sorts by its characters' numbers, on PostgreSQL of any locale, too."""

    inherit_cache = True
    type = String()


class _Context(FunctionElement[str]):
    """The context in the tags of a use of a dataset; NULL where there is none."""

    inherit_cache = True
    type = String()


# Only what is rendered is bound, so each database gets the pattern that is its own.


@compiles(_Glob)
def _glob(element: Any, compiler: Any, **keywords: Any) -> str:
    text, pattern, _ = element.clauses
    return f"({compiler.process(text, **keywords)} GLOB {compiler.process(pattern, **keywords)})"


@compiles(_Glob, "postgresql")
def _glob_of_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    text, _, pattern = element.clauses
    return f"({compiler.process(text, **keywords)} LIKE {compiler.process(pattern, **keywords)})"


@compiles(_Matches)
def _regexp(element: Any, compiler: Any, **keywords: Any) -> str:
    text, pattern, _ = element.clauses
    return f"({compiler.process(text, **keywords)} REGEXP {compiler.process(pattern, **keywords)})"


@compiles(_Matches, "postgresql")
def _regexp_of_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    text, _, pattern = element.clauses
    return f"({compiler.process(text, **keywords)} ~ {compiler.process(pattern, **keywords)})"


@compiles(_AnyCase)
@compiles(_AnyCaseBeyondAscii, "postgresql")
def _any_case(element: Any, compiler: Any, **keywords: Any) -> str:
    text, pattern, *_ = element.clauses
    operator = "ILIKE" if compiler.dialect.name == "postgresql" else "LIKE"
    left, right = compiler.process(text, **keywords), compiler.process(pattern, **keywords)
    return f"({left} {operator} {right} ESCAPE '\\')"


@compiles(_AnyCaseBeyondAscii)
def _any_case_beyond_ascii(element: Any, compiler: Any, **keywords: Any) -> str:
    text, _, pattern = element.clauses
    return f"({compiler.process(text, **keywords)} REGEXP {compiler.process(pattern, **keywords)})"


@compiles(_ByCharacter)
def _by_character(element: Any, compiler: Any, **keywords: Any) -> str:
    (text,) = element.clauses
    return compiler.process(text, **keywords)


@compiles(_ByCharacter, "postgresql")
def _by_character_of_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    (text,) = element.clauses
    return f'({compiler.process(text, **keywords)} COLLATE "C")'


@compiles(_Context)
def _context(element: Any, compiler: Any, **keywords: Any) -> str:
    (tags,) = element.clauses
    return f"json_extract({compiler.process(tags, **keywords)}, '$.\"{CONTEXT_TAG}\"')"


@compiles(_Context, "postgresql")
def _context_of_postgresql(element: Any, compiler: Any, **keywords: Any) -> str:
    (tags,) = element.clauses
    return f"(({compiler.process(tags, **keywords)})::json ->> '{CONTEXT_TAG}')"


def context(tags: ColumnElement[Any]) -> ColumnElement[str]:
    """The context in the tags of a use of a dataset."""
    return _Context(type_coerce(tags, Text))


def by_character(text: ColumnElement[Any]) -> ColumnElement[str]:
    """A text, to sort by."""
    return _ByCharacter(text)


def like(text: ColumnElement[Any], pattern: str, *, any_case: bool) -> ColumnElement[bool]:
    """Whether a text is like SQL's pattern: ``%`` any text, ``_`` any character, no escapes."""
    return _matches(text, storable(pattern), any_text="%", any_one="_", any_case=any_case)


def glob(text: ColumnElement[Any], pattern: str, *, any_case: bool = False) -> ColumnElement[bool]:
    """Whether a text is like a pattern in which ``*`` is any text."""
    if "*" not in pattern and not any_case:
        return text == pattern
    return _matches(text, storable(pattern), any_text="*", any_one="", any_case=any_case)


def contains(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Whether a text is in another one, in any case."""
    wanted = storable(part)
    return _any_case_of(text, f"%{_for_like(wanted, '', '')}%", re.escape(wanted))


def matches(text: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Whether a regular expression (see ``store.regex``) is found in a text."""
    found = regex.patterns(storable(pattern))
    return _Matches(text, literal(found.for_sqlite, Text), literal(found.for_postgresql, Text))


def _matches(
    text: ColumnElement[Any], pattern: str, *, any_text: str, any_one: str, any_case: bool
) -> ColumnElement[bool]:
    for_like = _for_like(pattern, any_text, any_one)
    if any_case:
        parts = (
            "." if one == any_one else ".*" if one == any_text else re.escape(one)
            for one in pattern
        )
        return _any_case_of(text, for_like, f"^{''.join(parts)}\\z")
    for_glob = "".join(
        "*" if one == any_text else "?" if one == any_one else f"[{one}]" if one in "*?[" else one
        for one in pattern
    )
    return _Glob(text, literal(for_glob, Text), literal(for_like, Text))


def _any_case_of(text: ColumnElement[Any], for_like: str, expression: str) -> ColumnElement[bool]:
    pattern = literal(for_like, Text)
    if for_like.isascii():
        return _AnyCase(text, pattern)
    return _AnyCaseBeyondAscii(text, pattern, literal(f"(?is){expression}", Text))


def _for_like(pattern: str, any_text: str, any_one: str) -> str:
    return "".join(
        "%" if one == any_text else "_" if one == any_one else f"\\{one}" if one in "%_\\" else one
        for one in pattern
    )
