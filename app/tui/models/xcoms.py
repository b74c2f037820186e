"""XCom values as people read them: what type one is, and its lines. Pure.

A value is stored as JSON; what JSON doesn't know is an object with the one key ``"__dagtop__"``, a
list of the type's name and its parts (``runner.authoring.serialization`` writes it). It is shown
in Python's notation, as the task that pulls it would print it; no class of it is ever imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.text import sanitize_lines
from app.tui import formats
from app.tui.models.xcom_arrays import array_lines, bytes_lines, dtype_name, shape_words
from app.tui.spans import Span, Spans, span

TAG = "__dagtop__"
HEAD = 120
"""Bytes of a value from which its type is told."""

INDENT = 2
NARROW = 24
"""Cells that a nested value has at least, however deep it is."""

_TAGGED = re.compile(
    r'\s*\{\s*"__dagtop__"\s*:\s*\[\s*"(\w+)"(?:\s*,\s*"([^"]*)")?(?:,(\[[\d,]*\]))?'
)
_NUMBER = re.compile(r"\s*-?\d+([.eE])?")
_FIRST = {'"': "str", "[": "list", "{": "dict", "t": "bool", "f": "bool", "n": "None"}
_TYPES = {"decimal": "Decimal", "uuid": "UUID", "path": "Path", "pendulum": "datetime"}
_CALLS = {**_TYPES, "date": "date", "time": "time"}
"""Types of one text, and what they are called."""

_TOKEN = re.compile(
    r"""(?P<key>'(?:[^'\\]|\\.)*'(?=:\ )|"(?:[^"\\]|\\.)*"(?=:\ ))
    |(?P<string>b?'(?:[^'\\]|\\.)*'?|b?"(?:[^"\\]|\\.)*"?)
    |(?P<keyword>\b(?:None|True|False|nan|inf)\b)
    |(?P<number>(?<![\w.])-?\d[\w.+-]*)
    |(?P<type>[A-Za-z_][\w.]*(?=\())""",
    re.VERBOSE,
)
_ROLES = {
    "key": "code.name",
    "string": "code.string",
    "keyword": "code.keyword",
    "number": "code.number",
    "type": "code.type",
}


@dataclass(frozen=True, slots=True)
class XComValue:
    """A value laid out: a line is coloured when it is asked for, there may be a million."""

    kind: str
    """The type in words: ``dict of 3``, ``ndarray float32 3x4``."""
    texts: Sequence[str]
    """Its lines, without colours."""
    is_text: bool = False
    """A string: its lines are text as it is, no notation."""
    problem: str = ""
    """Why it can't be shown in another way than as it is stored."""

    def __len__(self) -> int:
        return len(self.texts)

    def line(self, index: int) -> Spans:
        """One line with its colours."""
        text = self.texts[index]
        return (span(text),) if self.is_text else coloured(text)

    def text(self) -> str:
        """All of it, to be copied."""
        return "\n".join(self.texts)


def kind_of(head: bytes, length: int | None = None) -> str:
    """The type of a value, told from its first ``HEAD`` bytes; of a list or dict with its length.

    Of a class of the user's it is the name of the class.
    """
    text = head.decode("utf-8", "replace")
    match = _TAGGED.match(text)
    if match is not None:
        return _tag_kind(match, length)
    number = _NUMBER.match(text)
    if number is not None:
        return "float" if number[1] else "int"
    kind = _FIRST.get(text.lstrip()[:1], "?")
    return f"{kind} of {length:,}" if length is not None and kind in ("list", "dict") else kind


def _tag_kind(match: re.Match[str], length: int | None) -> str:
    name, first, shape = match[1], match[2] or "", match[3] or ""
    if name in ("dataclass", "model", "enum"):
        return first.rpartition(":")[2].rpartition(".")[2] or name
    if name == "ndarray":
        sizes = [int(size) for size in re.findall(r"\d+", shape)]
        return f"ndarray {dtype_name(first)} {shape_words(sizes)}".rstrip()
    kind = _TYPES.get(name, name)
    return f"{kind} of {length:,}" if length is not None and kind in ("tuple", "dict") else kind


def preview(head: bytes, size: int) -> Spans:
    """The beginning of a value in one line. ``size``: bytes of the whole."""
    value = read_value(head, 400) if len(head) >= size else None
    if value is not None and not value.problem:
        text = " ".join(line.strip() for line in value.texts[:40])
        return (span(text),) if value.is_text else coloured(text)
    return (span(head.decode("utf-8", "replace"), "dim"),)


def read_value(raw: bytes, width: int = 78) -> XComValue:
    """A stored value laid out in lines of about ``width`` cells. Never raises."""
    import msgspec

    try:
        value = msgspec.json.decode(raw)
        return _laid_out(value, max(NARROW, width))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"this isn't JSON: {error}"
    except RecursionError:
        problem = "it is nested too deeply to be laid out"
    except (ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
        problem = f"it was made by another dagtop ({type(error).__name__}: {error})"
    text = sanitize_lines(raw.decode("utf-8", "replace"))
    return XComValue("?", _cut(text, width), is_text=True, problem=problem)


def _cut(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` characters."""
    return [
        line[start : start + width]
        for line in text.split("\n")
        for start in range(0, max(1, len(line)), width)
    ]


def _laid_out(value: Any, width: int) -> XComValue:
    tag = _tag_of(value)
    if isinstance(value, str) or (tag is not None and tag[0] == "str"):
        text = value if isinstance(value, str) else _plain_tag("str", tag[1:] if tag else [])
        lines = sanitize_lines(text).expandtabs(4).split("\n")
        kind = "str" if len(lines) == 1 else f"str of {formats.plural(len(lines), 'line')}"
        return XComValue(kind, [part for line in lines for part in _cut(line, 2000)], is_text=True)
    if tag is not None and tag[0] == "ndarray":
        kind = f"ndarray {dtype_name(tag[1])} {shape_words(tag[2])}".rstrip()
        return XComValue(kind, array_lines(tag[1], tag[2], tag[3], width))
    if tag is not None and tag[0] in ("bytes", "bytearray"):
        octets = _octets(tag[1])
        kind = f"{tag[0]}, {formats.size(len(octets))}"
        return XComValue(kind, bytes_lines(octets), is_text=True)
    writer = _Writer(width)
    writer.put(value, 0, "", "")
    return XComValue(_kind_of_value(value, tag), writer.lines)


def _kind_of_value(value: Any, tag: list[Any] | None) -> str:
    if tag is None:
        name = "None" if value is None else type(value).__name__
        return f"{name} of {len(value):,}" if isinstance(value, (list, dict)) else name
    if tag[0] in ("dataclass", "model", "enum"):
        return str(tag[1]).replace(":", ".")
    kind = _TYPES.get(tag[0]) or str(tag[0])
    return f"{kind} of {len(tag[1]):,}" if isinstance(tag[1], list) else kind


def _tag_of(value: Any) -> list[Any] | None:
    """Name and parts of a value of a type that JSON doesn't know; None of others."""
    if type(value) is not dict or len(value) != 1 or TAG not in value:
        return None
    parts = value[TAG]
    return parts if type(parts) is list and parts and type(parts[0]) is str else None


def _octets(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)


class _Wide(Exception):
    """A value doesn't fit into one line."""


class _Writer:
    """Lays out values in Python's notation: in one line where it fits, else an item a line."""

    def __init__(self, width: int) -> None:
        self._width = width
        self.lines: list[str] = []

    def put(self, value: Any, indent: int, before: str, after: str) -> None:
        """Add a value's lines; ``before`` and ``after`` are what stands around it."""
        room = max(NARROW, self._width - indent - len(before) - len(after))
        try:
            text = _inline(value, room)
        except _Wide:
            self._put_parts(value, indent, before, after)
        else:
            self.lines.append(f"{' ' * indent}{before}{text}{after}")

    def _put_parts(self, value: Any, indent: int, before: str, after: str) -> None:
        pad, inner = " " * indent, min(indent + INDENT, self._width // 2)
        opening, items, closing = _parts(value)
        if items is None:
            self.lines.append(f"{pad}{before}{_leaf(value)}{after}")
            return
        self.lines.append(f"{pad}{before}{opening}")
        if all(not name and type(item) in (int, float, bool) for name, item in items):
            self._fill([repr(item) for _, item in items], inner)
        else:
            for name, item in items:
                self.put(item, inner, name, ",")
        self.lines.append(f"{pad}{closing}{after}")

    def _fill(self, words: list[str], indent: int) -> None:
        """Numbers, as many in a line as fit."""
        room = max(NARROW, self._width - indent)
        line: list[str] = []
        used = 0
        for word in words:
            if line and used + len(word) + 1 > room:
                self.lines.append(f"{' ' * indent}{', '.join(line)},")
                line, used = [], 0
            line.append(word)
            used += len(word) + 2
        self.lines.append(f"{' ' * indent}{', '.join(line)},")


Items = list[tuple[str, Any]]
"""What stands before an item (``'key': ``, ``field=``), and the item."""


def _parts(value: Any) -> tuple[str, Items | None, str]:
    """Opening, items and closing of a value that has parts; no items of one that has none."""
    if type(value) is list:
        return "[", [("", item) for item in value], "]"
    if type(value) is not dict:
        return "", None, ""
    tag = _tag_of(value)
    if tag is None:
        return "{", [(f"{key!r}: ", item) for key, item in value.items()], "}"
    name, content = tag[0], tag[1] if len(tag) > 1 else None
    if name == "tuple":
        return "(", [("", item) for item in content or []], ")"
    if name in ("set", "frozenset"):
        around = ("{", "}") if name == "set" else ("frozenset({", "})")
        return around[0], [("", item) for item in content or []], around[1]
    if name == "dict":
        return "{", [(f"{_inline(key, 400)}: ", item) for key, item in content or []], "}"
    if name in ("dataclass", "model"):
        called = str(content).rpartition(":")[2]
        fields = tag[2] if len(tag) > 2 and type(tag[2]) is dict else {}
        return f"{called}(", [(f"{key}=", item) for key, item in fields.items()], ")"
    return "", None, ""


def _inline(value: Any, room: int) -> str:
    """The value in one line. Raises ``_Wide`` where that has more than ``room`` characters."""
    opening, items, closing = _parts(value)
    if items is None:
        text = _leaf(value)
        if len(text) > room:
            raise _Wide
        return text
    used = len(opening) + len(closing)
    words: list[str] = []
    for name, item in items:
        word = name + _inline(item, room - used - len(name))
        used += len(word) + 2
        if used - 2 > room:
            raise _Wide
        words.append(word)
    if closing == "}" and opening == "{" and not items and _tag_of(value) is not None:
        return "set()" if value[TAG][0] == "set" else "{}"
    comma = "," if opening == "(" and len(words) == 1 else ""
    return f"{opening}{', '.join(words)}{comma}{closing}"


def _leaf(value: Any) -> str:
    """A value without parts."""
    tag = _tag_of(value)
    if tag is None:
        return repr(value)
    return _plain_tag(tag[0], tag[1:]) if tag[0] == "float" else _typed(tag[0], tag[1:])


def _plain_tag(name: str, parts: list[Any]) -> str:
    if name == "str":
        return bytes.fromhex(parts[0]).decode("utf-8", "replace")
    return str(parts[0])


def _typed(name: str, parts: list[Any]) -> str:
    write = _LEAVES.get(name)
    if write is not None:
        return write(parts)
    if name in _CALLS and parts:
        text = _inline(parts[0], 10_000)
        return f"{_CALLS[name]}({text})"
    raise ValueError(f"the unknown type {name!r}")


def _datetime(parts: list[Any]) -> str:
    zone = f" {parts[1]}" if len(parts) > 1 else ""
    return f"datetime({str(parts[0]).replace('T', ' ', 1) + zone!r})"


def _timedelta(parts: list[Any]) -> str:
    names = ("days", "seconds", "microseconds")
    shown = [f"{name}={part}" for name, part in zip(names, parts, strict=False) if part]
    return f"timedelta({', '.join(shown) or '0'})"


def _bytes(name: str) -> Callable[[list[Any]], str]:
    def write(parts: list[Any]) -> str:
        octets = _octets(parts[0])
        if len(octets) > 60:
            return f"{name}({formats.size(len(octets))})"
        return repr(octets) if name == "bytes" else f"bytearray({octets!r})"

    return write


def _array(parts: list[Any]) -> str:
    return f"ndarray({dtype_name(str(parts[0]))} {shape_words(parts[1])})"


def _enum(parts: list[Any]) -> str:
    return f"{str(parts[0]).rpartition(':')[2]}({_inline(parts[1], 10_000)})"


_LEAVES: dict[str, Callable[[list[Any]], str]] = {
    "datetime": _datetime,
    "pendulum": _datetime,
    "timedelta": _timedelta,
    "bytes": _bytes("bytes"),
    "bytearray": _bytes("bytearray"),
    "ndarray": _array,
    "enum": _enum,
    "str": lambda parts: repr(_plain_tag("str", parts)),
}


def coloured(text: str) -> Spans:
    """A line of Python's notation: keys, strings, numbers and names of types in their colours."""
    line: list[Span] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            line.append(span(text[end : match.start()], "code.sign"))
        line.append(span(match[0], _ROLES[match.lastgroup or "string"]))
        end = match.end()
    if end < len(text):
        line.append(span(text[end:], "code.sign"))
    return tuple(line)
