"""Rendered template fields as they are recorded: JSON values, cut, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.masking import mask_text, redact

if TYPE_CHECKING:
    from runner.authoring.baseoperator import BaseOperator

STRING_LENGTH = 10_000
"""Characters of a string that are kept."""
ITEMS = 1000
"""Items of a field, however nested, that are kept."""


def rendered_fields(operator: BaseOperator) -> dict[str, Any]:
    """The template fields of a rendered operator that are not empty."""
    fields = {}
    for name in operator.template_fields:
        value = getattr(operator, name, None)
        shown = _Shown().json(value)
        if shown not in (None, "", [], {}):
            fields[name] = redact(shown, name)
    return fields


def cut(text: str) -> str:
    """At most ``STRING_LENGTH`` characters of ``text``, as valid Unicode."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= STRING_LENGTH:
        return text
    return f"{text[:STRING_LENGTH]}… ({len(text) - STRING_LENGTH:,} more characters)"


class _Shown:
    """One value as JSON; counts its items, to stop where there are too many."""

    def __init__(self) -> None:
        self._left = ITEMS

    def json(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, str):
            return cut(mask_text(value))
        if isinstance(value, int):
            return int(value) if -(2**63) <= value < 2**64 else cut(str(value))
        if isinstance(value, dict):
            return self._dict(value)
        if isinstance(value, (list, tuple)):
            return self._items(value, len(value))
        if isinstance(value, (set, frozenset)):
            return self._items(sorted(value, key=repr), len(value))
        return self._other(value)

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, element in value.items():
            if self._left <= 0:
                shown["…"] = f"{len(value) - len(shown):,} more"
                break
            self._left -= 1
            shown[cut(str(key))] = self.json(element)
        return shown

    def _items(self, values: Any, count: int) -> list[Any]:
        shown: list[Any] = []
        for element in values:
            if self._left <= 0:
                shown.append(f"… {count - len(shown):,} more")
                break
            self._left -= 1
            shown.append(self.json(element))
        return shown

    def _other(self, value: Any) -> str:
        """Callables by name, others by what the author lets them say, else by their class."""
        kind = type(value)
        if callable(value):
            return f"<callable {getattr(value, '__qualname__', kind.__qualname__)}>"
        if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
            return f"<{kind.__qualname__} object>"
        try:
            return cut(mask_text(str(value)))
        except Exception:
            return f"<{kind.__qualname__} whose text can't be made>"
