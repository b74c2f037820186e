"""NumPy arrays and bytes in XComs as lines of text, without NumPy. Pure."""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Iterable, Sequence

MOST_NUMBERS = 10_000
"""Numbers of an array that are shown."""

MOST_OCTETS = 256 * 1024
"""Bytes that are shown."""

_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex", "b": "bool"}
_CODES = {
    "f2": "e",
    "f4": "f",
    "f8": "d",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "b1": "?",
}


def dtype_name(dtype: str) -> str:
    """A dtype as people call it: ``float32`` for ``<f4``."""
    kind, size = dtype[1:2], dtype[2:]
    if kind == "b":
        return "bool"
    if kind in _KINDS and size.isdigit():
        return f"{_KINDS[kind]}{8 * int(size)}"
    return dtype


def shape_words(shape: Iterable[int]) -> str:
    """3x4"""
    return "x".join(str(size) for size in shape)


def array_lines(dtype: str, shape: Sequence[int], content: str, width: int) -> list[str]:
    """The rows of an array, each with the index of its first number where there are several."""
    total = 1
    for size in shape:
        total *= size
    if not total:
        return ["[]"]
    code = _CODES.get(dtype[1:])
    if code is None:
        return bytes_lines(b64decode(content))
    shown = min(total, MOST_NUMBERS)
    octets = shown * struct.calcsize(f"={code}")
    raw = b64decode(content[: (octets + 2) // 3 * 4])[:octets]
    if len(raw) < octets:
        raise ValueError(f"{len(raw)} bytes of {octets} are there")
    order = ">" if dtype[0] == ">" else "<"
    numbers = struct.unpack(f"{order}{shown}{code}", raw)
    words = [_number(number, code) for number in numbers]
    row = shape[-1] if shape else 1
    lines: list[str] = []
    for start in range(0, shown, row):
        head = f"{_index(start // row, shape[:-1])}  " if len(shape) > 1 else ""
        lines.extend(_row(head, words[start : start + row], width))
    if shown < total:
        lines.append(f"... and {total - shown:,} more numbers")
    return lines


def _number(number: object, code: str) -> str:
    if code in "ef":
        return f"{number:.7g}" if code == "f" else f"{number:.4g}"
    return repr(number)


def _index(number: int, shape: Sequence[int]) -> str:
    """The indexes of row ``number`` in the axes before the last."""
    places: list[str] = []
    for size in reversed(shape):
        number, place = divmod(number, size)
        places.append(str(place))
    return f"[{', '.join(reversed(places))}]"


def _row(head: str, words: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    line, used = head, 0
    for word in words:
        if used and len(line) + len(word) + 2 > width:
            lines.append(line)
            line, used = " " * len(head), 0
        line += f"  {word}" if used else word
        used += 1
    return [*lines, line]


def bytes_lines(octets: bytes) -> list[str]:
    """A dump: offset, hexadecimal, and the characters that can be printed."""
    lines: list[str] = []
    for start in range(0, min(len(octets), MOST_OCTETS), 16):
        part = octets[start : start + 16]
        hexes = part.hex(" ")
        text = "".join(chr(one) if 32 <= one < 127 else "." for one in part)
        lines.append(f"{start:08x}  {hexes:<47}  {text}")
    if len(octets) > MOST_OCTETS:
        lines.append(f"... and {len(octets) - MOST_OCTETS:,} more bytes")
    return lines or ["(no bytes)"]
