"""What a call asks for: values of a JSON document or a query, each checked where it is taken."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from store.mlflow_api.errors import ApiError
from store.values import EPOCH

T = TypeVar("T")

ACTIVE, DELETED, ALL = "ACTIVE_ONLY", "DELETED_ONLY", "ALL"
"""MLflow's view types."""

KEY_LENGTH, PARAM_LENGTH, TAG_LENGTH = 250, 6000, 8000
"""Characters at most: MLflow's limits. Of a longer value its server keeps the beginning."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call: what it asks for, and on what it works."""

    connection: Connection
    asked: Mapping[str, Any]
    now: datetime
    user: str
    """Who asks, for the audit trail."""
    artifact_root: str
    """URI below which a run's artifacts are: ``mlflow-artifacts:/runs``."""

    def text(self, *names: str) -> str:
        """The text that must be there under one of these names."""
        found = self.text_or(None, *names)
        if found is None:
            raise ApiError(f"Missing value for required parameter '{names[0]}'.")
        return found

    def text_or(self, otherwise: T, *names: str) -> str | T:
        """The text under one of these names, if there is one."""
        for name in names:
            value = self.asked.get(name)
            if value not in (None, ""):
                return text_of(value, name)
        return otherwise

    def key(self, *names: str) -> str:
        """The name of a param, metric, tag or experiment that must be there."""
        return key_of_pair(self.text(*names))

    def whole(self, name: str, otherwise: int) -> int:
        """The whole number of that name."""
        return whole(self.asked.get(name), name, otherwise)

    def time(self, name: str) -> datetime | None:
        """The time of that name: milliseconds since 1970."""
        value = self.asked.get(name)
        return None if value in (None, "", 0, "0") else moment(value, name)

    def several(self, name: str) -> list[Any]:
        """The list of that name."""
        value = self.asked.get(name) or []
        if isinstance(value, str):
            return [value]
        if not isinstance(value, Sequence):
            raise ApiError(f"{name} is a list, not {value!r}")
        return list(value)

    def pairs(self, name: str) -> dict[str, str]:
        """The list of ``{"key": …, "value": …}`` of that name."""
        return dict(map(pair, self.several(name)))

    @property
    def view(self) -> str:
        """Which runs or experiments are wanted: active ones unless said."""
        for name in ("run_view_type", "view_type"):
            value = self.asked.get(name)
            if value in (ACTIVE, DELETED, ALL):
                return str(value)
            if value in (1, 2, 3, "1", "2", "3"):
                return (ACTIVE, DELETED, ALL)[int(value) - 1]
        return ACTIVE


def pair(one: Any) -> tuple[str, str]:
    """The key and the value of a param or tag."""
    if not isinstance(one, Mapping) or not one.get("key"):
        raise ApiError(f"a param or a tag has a key and a value: {one!r}")
    value = one.get("value", "")
    return key_of_pair(text_of(one["key"], "key")), "" if value is None else text_of(value, "value")


def text_of(value: Any, name: str) -> str:
    """A text; numbers count as such, lists and objects don't, nor does half a character."""
    if isinstance(value, Mapping | list):
        raise ApiError(f"{name} is a text, not {str(value)[:60]}")
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ApiError(f"{name} is no Unicode text: {text[:60]!r}") from None
    return text


def key_of_pair(key: str) -> str:
    """A name, if it can be one of a param, metric or tag."""
    if len(key) > KEY_LENGTH or not key.isprintable():
        raise ApiError(
            f"a name has at most {KEY_LENGTH} characters, none of them a control character: "
            f"{key[:60]!r}"
        )
    return key


def listed(pairs: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Params or tags as MLflow writes them."""
    return [{"key": key, "value": value} for key, value in (pairs or {}).items()]


def whole(value: Any, name: str, otherwise: int) -> int:
    """A whole number; JSON of protobuf's has those of 64 bits as texts."""
    if value in (None, ""):
        return otherwise
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ApiError(f"{name} is a whole number, not {value!r}") from None


def number(value: Any, name: str) -> float:
    """A number; NaN and the infinities are texts in JSON."""
    if value == "-Infinity":
        return -math.inf
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ApiError(f"{name} is a number, not {value!r}") from None


def moment(value: Any, name: str) -> datetime:
    """A time in milliseconds since 1970 (UTC)."""
    try:
        return EPOCH + timedelta(milliseconds=whole(value, name, 0))
    except OverflowError:
        raise ApiError(f"{name} is no time in milliseconds: {value!r}") from None


def page_of(call: Call, most: int, default: int) -> tuple[int, int]:
    """The offset and the length of the page that is asked for."""
    length = call.whole("max_results", default)
    if not 0 < length <= most:
        raise ApiError(f"max_results is 1 to {most}, not {length}")
    token = call.text_or("", "page_token")
    if not token:
        return 0, length
    try:
        return max(0, int(base64.urlsafe_b64decode(token.encode()))), length
    except (ValueError, binascii.Error):
        raise ApiError(f"{token!r} is no page_token of ours") from None


def token_of(offset: int) -> str:
    """The token of the page that begins there."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def cut(found: Sequence[T], call: Call, most: int, default: int) -> tuple[Sequence[T], str]:
    """The page that is asked for, and the token of the next one."""
    offset, length = page_of(call, most, default)
    more = token_of(offset + length) if offset + length < len(found) else ""
    return found[offset : offset + length], more


def order(rows: list[T], call: Call, keys: Mapping[str, Callable[[T], Any]]) -> None:
    """Sort by what is asked for (``name DESC``), where anything is."""
    for one in reversed(call.several("order_by")):
        word, _, direction = str(one).strip().partition(" ")
        key = keys.get(word.strip("`"))
        if key is None:
            raise ApiError(f"Invalid order_by {one!r}: {', '.join(keys)} can be ordered by")
        rows.sort(key=key, reverse=direction.strip().upper() == "DESC")
