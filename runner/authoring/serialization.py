"""XComs as JSON, and back: what tasks hand to each other through the store.

Plain JSON values stay as they are. Others become an object with the one key ``"__dagtop__"``, a
list of the type's name and its parts: ``{"__dagtop__": ["datetime", "2026-11-21T10:00:00"]}``.
A dict that has other keys than strings, or that very key, becomes a list of pairs that way.
"""

from __future__ import annotations

import sys
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from runner.authoring import settings
from runner.authoring.exceptions import DagtopException

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TAG = "__dagtop__"
_TAG_BYTES = b'"__dagtop__"'
_PLAIN = (int, bool, type(None))


class XComNotSerializable(DagtopException, TypeError):
    """A value can't be an XCom; the message says which part of it, and what to do."""


class XComTooLarge(DagtopException, ValueError):
    """A value is larger than an XCom may be."""


class XComNotReadable(DagtopException, ValueError):
    """A stored XCom can't be made into a value here: its class is gone, or numpy isn't there."""


def encode(value: Any, name: str = "return_value") -> tuple[bytes, int | None]:
    """``value`` as JSON, and its length where it is a list or a dict, which can be mapped over.

    ``name`` is what error messages call it. Raises ``XComNotSerializable`` and ``XComTooLarge``.
    """
    limit = settings.in_force().xcom_max_bytes
    try:
        data = msgspec.json.encode(_Encoder(limit).plain(value))
    except _Unfit as unfit:
        raise XComNotSerializable(
            f"{name}{''.join(reversed(unfit.path))} is {unfit.what}, which can't be an XCom: "
            f"{unfit.advice}"
        ) from None
    except _TooLarge as too_large:
        raise _size_error(name, f"at least {_size(too_large.least)}", limit) from None
    except RecursionError:
        raise XComNotSerializable(
            f"{name} contains itself or is nested too deeply, which can't be an XCom: "
            "return a flat value"
        ) from None
    if len(data) > limit:
        raise _size_error(name, _size(len(data)), limit)
    return data, len(value) if isinstance(value, (list, tuple, dict, range)) else None


def decode(data: bytes | str) -> Any:
    """The value of stored JSON. Raises ``XComNotReadable``."""
    raw = data.encode() if isinstance(data, str) else data
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise XComNotReadable(f"a stored XCom isn't JSON: {error}") from None
    return _revive(value) if _TAG_BYTES in raw else value


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / (1024 * 1024):.1f} MiB"


def _size_error(name: str, size: str, limit: int) -> XComTooLarge:
    return XComTooLarge(
        f"{name} is {size} as JSON and an XCom may have {_size(limit)} "
        "(xcom_max_bytes in dagtop.toml): save it to a file and return its path"
    )


class _Unfit(Exception):
    """Something in a value can't be written; ``path`` is collected from the inside out."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
        self.path: list[str] = []


class _TooLarge(Exception):
    def __init__(self, least: int) -> None:
        super().__init__(least)
        self.least = least


class _Encoder:
    """Turns one value into plain JSON values, and gives up early on one that is too large."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._least = 0

    def _count(self, size: int) -> None:
        """``size`` more bytes of JSON are certain."""
        self._least += size
        if self._least > self._limit:
            raise _TooLarge(self._least)

    def plain(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is str:
            return self._text(value)
        if kind is float:
            return value if isfinite(value) else self._tag("float", repr(value))
        if kind is list:
            self._count(2 * len(value))
            return self._items(value)
        if kind is dict:
            self._count(4 * len(value))
            return self._dict(value)
        return self._other(value)

    def _tag(self, name: str, *parts: Any) -> dict[str, Any]:
        return {TAG: [name, *parts]}

    def _text(self, value: str) -> Any:
        self._count(len(value))
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate, as in an undecodable file name
            return self._tag("str", value.encode("utf-8", "surrogatepass").hex())
        return value

    def _items(self, values: Any) -> list[Any]:
        plain = self.plain
        result: list[Any] = []
        add = result.append
        try:
            for value in values:
                add(plain(value))
        except _Unfit as unfit:
            unfit.path.append(f"[{len(result)}]")
            raise
        return result

    def _dict(self, value: dict[Any, Any]) -> Any:
        if all(type(key) is str and key.isascii() for key in value) and TAG not in value:
            return self._values(value)
        pairs = []
        for key, element in value.items():
            try:
                pairs.append([self.plain(key), self.plain(element)])
            except _Unfit as unfit:
                unfit.path.append(f"[{_short(key)}]")
                raise
        if all(isinstance(key, str) for key, _ in pairs) and TAG not in value:
            return dict(pairs)
        return self._tag("dict", pairs)

    def _values(self, value: dict[str, Any]) -> dict[str, Any]:
        result = {}
        for key, element in value.items():
            try:
                result[key] = self.plain(element)
            except _Unfit as unfit:
                unfit.path.append(f"[{key!r}]")
                raise
        return result

    def _other(self, value: Any) -> Any:
        kind = type(value)
        write = _WRITERS.get((kind.__module__, kind.__qualname__))
        if write is not None:
            return write(self, value)
        if kind.__module__.partition(".")[0] == "numpy":
            return self._numpy(value)
        if isinstance(value, type):
            raise _unfit(value)
        if hasattr(kind, "__dataclass_fields__"):
            from dataclasses import fields

            content = {field.name: getattr(value, field.name) for field in fields(value)}
            return self._object("dataclass", kind, content)
        if hasattr(kind, "model_dump") and hasattr(kind, "model_validate"):  # pydantic
            return self._object("model", kind, value.model_dump(mode="json"))
        return self._kin(value)

    def _kin(self, value: Any) -> Any:
        """Subclasses of what JSON knows, enums, paths and what is like a dict."""
        from collections.abc import Mapping
        from enum import Enum
        from pathlib import PurePath

        if isinstance(value, Enum):
            if isinstance(value, (str, int, float)):  # equal to its value, so that will do
                return self.plain(value.value)
            return self._object("enum", type(value), value.value)
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return self.plain(float(value))
        if isinstance(value, list):
            return self.plain(list(value))
        if isinstance(value, tuple):
            return self._tag("tuple", self._items(value))
        if isinstance(value, PurePath):
            return self._tag("path", self.plain(str(value)))
        if isinstance(value, Mapping):
            return self.plain(dict(value))
        if callable(getattr(value, "isoformat", None)) and hasattr(value, "utcoffset"):
            return _write_datetime(self, value)
        raise _unfit(value)

    def _object(self, tag: str, kind: type, content: Any) -> Any:
        if "<locals>" in kind.__qualname__:
            raise _Unfit(
                f"a {kind.__name__}", "define its class at the top of the file, or return a dict"
            )
        name = f"{kind.__module__}:{kind.__qualname__}"
        return self._tag(tag, name, self.plain(content))

    def _numpy(self, value: Any) -> Any:
        numpy = sys.modules["numpy"]
        if isinstance(value, numpy.ndarray) and type(value) is numpy.ndarray:
            if value.dtype.hasobject or value.dtype.fields:
                raise _Unfit(
                    f"a numpy array of {value.dtype}", "return value.tolist(), or save it to a file"
                )
            self._count(value.nbytes * 4 // 3)
            from base64 import b64encode

            content = b64encode(value.tobytes()).decode()
            return self._tag("ndarray", value.dtype.str, list(value.shape), content)
        if isinstance(value, numpy.generic):
            item = value.item()
            if type(item).__module__.partition(".")[0] != "numpy":
                return self.plain(item)
        raise _unfit(value)


def _unfit(value: Any) -> _Unfit:
    kind = type(value)
    if isinstance(value, type) or callable(value):
        return _Unfit(f"{_short(value)}", "return data, not code")
    article = "an" if kind.__name__[:1].lower() in "aeiou" else "a"
    advice = "save it to a file and return its path"
    if kind.__name__ == "generator":
        advice = "return a list"
    return _Unfit(f"{article} {kind.__name__}", advice)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _write_datetime(encoder: _Encoder, value: datetime) -> Any:
    """With the name of its zone, which an offset alone would lose; pendulum's stay pendulum's."""
    zone = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "name", None)
    tag = "pendulum" if type(value).__module__.startswith("pendulum") else "datetime"
    content = [value.isoformat()] + ([str(zone)] if zone else [])
    return {TAG: [tag, *content]}


def _write_bytes(encoder: _Encoder, value: bytes) -> Any:
    from base64 import b64encode

    encoder._count(len(value) * 4 // 3)
    return {TAG: [type(value).__name__, b64encode(value).decode()]}


def _write_items(encoder: _Encoder, value: Any) -> Any:
    encoder._count(2 * len(value))
    return {TAG: [type(value).__name__, encoder._items(value)]}


def _write_text(encoder: _Encoder, value: Any) -> Any:
    return {TAG: [type(value).__name__.lower(), str(value)]}


def _write_iso(encoder: _Encoder, value: Any) -> Any:
    return {TAG: [type(value).__name__, value.isoformat()]}


def _write_timedelta(encoder: _Encoder, value: Any) -> Any:
    return {TAG: ["timedelta", value.days, value.seconds, value.microseconds]}


def _write_range(encoder: _Encoder, value: range) -> Any:
    encoder._count(2 * len(value))
    return list(value)


_WRITERS: dict[tuple[str, str], Callable[[_Encoder, Any], Any]] = {
    ("datetime", "datetime"): _write_datetime,
    ("datetime", "date"): _write_iso,
    ("datetime", "time"): _write_iso,
    ("datetime", "timedelta"): _write_timedelta,
    ("builtins", "bytes"): _write_bytes,
    ("builtins", "bytearray"): _write_bytes,
    ("builtins", "set"): _write_items,
    ("builtins", "frozenset"): _write_items,
    ("builtins", "tuple"): _write_items,
    ("builtins", "range"): _write_range,
    ("decimal", "Decimal"): _write_text,
    ("uuid", "UUID"): _write_text,
    ("pendulum.duration", "Duration"): _write_timedelta,
}
"""Types by module and name, so that none has to be imported to recognise it."""


def _revive(value: Any) -> Any:
    if type(value) is list:
        return [_revive(element) for element in value]
    if type(value) is not dict:
        return value
    tagged = value.get(TAG)
    if type(tagged) is not list or not tagged:
        return {key: _revive(element) for key, element in value.items()}
    name, *parts = tagged
    read = _READERS.get(name)
    if read is None:
        raise XComNotReadable(
            f"a stored XCom has the unknown type {name!r}: it was made by another dagtop"
        )
    return read(*parts)


def _read_datetime(text: str, zone: str | None = None) -> Any:
    from datetime import UTC, datetime

    value = datetime.fromisoformat(text)
    if zone is None:
        return value
    if zone == "UTC":
        return value.astimezone(UTC)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return value.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return value


def _read_pendulum(text: str, zone: str | None = None) -> Any:
    import pendulum

    return pendulum.instance(_read_datetime(text, zone), tz=None)


def _read_date(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def _read_time(text: str) -> Any:
    from datetime import time

    return time.fromisoformat(text)


def _read_timedelta(days: int, seconds: int, microseconds: int) -> Any:
    from datetime import timedelta

    return timedelta(days, seconds, microseconds)


def _read_bytes(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)


def _read_decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def _read_uuid(text: str) -> Any:
    from uuid import UUID

    return UUID(text)


def _read_path(text: Any) -> Any:
    from pathlib import Path

    return Path(_revive(text))


def _read_ndarray(dtype: str, shape: list[int], text: str) -> Any:
    from importlib import import_module

    try:
        numpy = import_module("numpy")
    except ImportError:
        raise XComNotReadable("a stored XCom is a numpy array: install numpy to read it") from None
    return numpy.frombuffer(_read_bytes(text), dtype=dtype).reshape(shape).copy()


def _class(name: str) -> Any:
    """The class that an XCom names: as loaded already, else imported."""
    module_name, _, path = name.partition(":")
    try:
        module = sys.modules.get(module_name)
        if module is None:
            from importlib import import_module

            module = import_module(module_name)
        found: Any = module
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise XComNotReadable(
            f"a stored XCom is a {path} of module {module_name}, which isn't there ({error}): "
            "define the class in a module that both pipelines import"
        ) from None
    return found


def _read_dataclass(name: str, content: dict[str, Any]) -> Any:
    kind = _class(name)
    value = object.__new__(kind)
    for field, element in _revive(content).items():
        object.__setattr__(value, field, element)
    return value


_READERS: dict[str, Callable[..., Any]] = {
    "float": float,
    "str": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
    "dict": lambda pairs: {_revive(key): _revive(value) for key, value in pairs},
    "tuple": lambda items: tuple(map(_revive, items)),
    "set": lambda items: set(map(_revive, items)),
    "frozenset": lambda items: frozenset(map(_revive, items)),
    "bytes": _read_bytes,
    "bytearray": lambda text: bytearray(_read_bytes(text)),
    "datetime": _read_datetime,
    "pendulum": _read_pendulum,
    "date": _read_date,
    "time": _read_time,
    "timedelta": _read_timedelta,
    "decimal": _read_decimal,
    "uuid": _read_uuid,
    "path": _read_path,
    "ndarray": _read_ndarray,
    "dataclass": _read_dataclass,
    "model": lambda name, content: _class(name).model_validate(_revive(content)),
    "enum": lambda name, content: _class(name)(_revive(content)),
}
