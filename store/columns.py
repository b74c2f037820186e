"""Column types that keep their values exactly, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Double
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from store.values import EPOCH

__all__ = ["EPOCH", "Json", "MetricFloat", "Text", "Timestamp", "storable"]

MICROSECOND = timedelta(microseconds=1)


NUL = "\u2400"
"""``␀``: what stands for a NUL, which PostgreSQL can't hold in a text."""


def storable(text: str) -> str:
    """The text with what no database takes written out: NUL as ``␀``, half characters as escapes.

    The latter are in names of files that aren't UTF-8, for example.
    """
    if "\0" in text:
        text = text.replace("\0", NUL)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode(errors="backslashreplace").decode()
    return text


class Text(TypeDecorator[str]):
    """A text of any origin: see ``storable``. What is looked for is written in the same way."""

    impl = sqlalchemy.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        return _storable_or_null


def _storable_or_null(value: str | None) -> str | None:
    return None if value is None else storable(value)


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime, stored as whole microseconds since 1970 UTC; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone can't be stored: {value!r}")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class MetricFloat(TypeDecorator[float]):
    """A float whose NaN survives: SQLite turns NaN into NULL, so NULL is read back as NaN."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        return math.nan if value is None else value


class Json(TypeDecorator[Any]):
    """A JSON document as text. ``None`` is stored as NULL."""

    impl = sqlalchemy.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        import msgspec

        if value is None:
            return None
        try:
            return msgspec.json.encode(value).decode()
        except UnicodeEncodeError:
            return msgspec.json.encode(_all_storable(value)).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        import msgspec

        return None if value is None else msgspec.json.decode(value)


def _all_storable(value: Any) -> Any:
    """A JSON value whose texts can all be written."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_all_storable(key): _all_storable(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [_all_storable(element) for element in value]
    return value
