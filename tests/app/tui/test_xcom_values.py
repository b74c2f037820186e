"""XCom values laid out as people read them: every type that the runner writes, and damaged ones."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.xcoms import HEAD, kind_of, preview, read_value
from app.tui.spans import Spans, plain
from runner.authoring.serialization import encode
from tests.app.tui.world import ESCAPES


@dataclass
class Config:
    alpha: float
    names: list[str]


class Colour(enum.Enum):
    RED = 1


def stored(value: Any) -> bytes:
    return encode(value)[0]


def value_text(raw: bytes, width: int = 78) -> str:
    return read_value(raw, width).text()


def value_lines(raw: bytes) -> list[Spans]:
    value = read_value(raw)
    return [value.line(index) for index in range(len(value))]


SIMPLE: list[tuple[Any, str, str]] = [
    (None, "None", "None"),
    (True, "bool", "True"),
    (12, "int", "12"),
    (-1.5e-9, "float", "-1.5e-09"),
    (float("nan"), "float", "nan"),
    (float("-inf"), "float", "-inf"),
    ("hello", "str", "hello"),
    ([1, 2, 3], "list of 3", "[1, 2, 3]"),
    ({"a": [True, None], "b": "x"}, "dict of 2", "{'a': [True, None], 'b': 'x'}"),
    ([], "list of 0", "[]"),
    ({}, "dict of 0", "{}"),
    ((1,), "tuple of 1", "(1,)"),
    ({1: "one"}, "dict of 1", "{1: 'one'}"),
    (set(), "set", "set()"),
    (frozenset({1}), "frozenset", "frozenset({1})"),
    (Decimal("1.20"), "Decimal", "Decimal('1.20')"),
    (Path("data/x.csv"), "Path", "Path('data/x.csv')"),
    (date(2026, 11, 21), "date", "date('2026-11-21')"),
    (time(10, 30), "time", "time('10:30:00')"),
    (timedelta(days=1, seconds=5), "timedelta", "timedelta(days=1, seconds=5)"),
    (timedelta(), "timedelta", "timedelta(0)"),
    (
        datetime(2026, 11, 21, 10, tzinfo=ZoneInfo("Europe/Berlin")),
        "datetime",
        "datetime('2026-11-21 10:00:00+01:00 Europe/Berlin')",
    ),
    (
        UUID("12345678-1234-5678-1234-567812345678"),
        "UUID",
        "UUID('12345678-1234-5678-1234-567812345678')",
    ),
    (Config(0.1, ["a"]), "Config", "Config(alpha=0.1, names=['a'])"),
    (Colour.RED, "Colour", "Colour(1)"),
    ([b"ab", {1}], "list of 2", "[b'ab', {1}]"),
    ([float("nan"), "\udcff"], "list of 2", "[nan, '???']"),
]


@pytest.mark.parametrize(("value", "kind", "text"), SIMPLE, ids=lambda one: str(one)[:20])
def test_a_value_is_shown_in_pythons_notation(value: Any, kind: str, text: str) -> None:
    raw, length = encode(value)
    assert kind_of(raw[:HEAD], length) == kind
    assert value_text(raw) == text.replace("???", "\ufffd" * 3)
    assert plain(preview(raw, len(raw))) == value_text(raw)


def test_a_text_is_shown_as_it_is_line_by_line() -> None:
    value = read_value(stored("one\n  two\tx\n"))
    assert (value.kind, value.is_text) == ("str of 3 lines", True)
    assert value.texts == ["one", "  two   x", ""]


def test_what_does_not_fit_has_an_item_a_line_and_numbers_fill_lines() -> None:
    value = read_value(
        stored({"losses": list(range(40)), "model": {"name": "als", "of": "x" * 40, "k": (1, 2)}}),
        width=60,
    )
    assert value.kind == "dict of 2"
    assert value.text().split("\n") == [
        "{",
        "  'losses': [",
        "    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,",
        "    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,",
        "    30, 31, 32, 33, 34, 35, 36, 37, 38, 39,",
        "  ],",
        "  'model': {",
        "    'name': 'als',",
        "    'of': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',",
        "    'k': (1, 2),",
        "  },",
        "}",
    ]


def test_an_array_shows_its_rows_without_numpy() -> None:
    raw = stored(numpy.arange(6, dtype="float32").reshape(2, 3) / 4)
    value = read_value(raw)
    assert value.kind == kind_of(raw[:HEAD]) == "ndarray float32 2x3"
    assert value.texts == ["[0]  0  0.25  0.5", "[1]  0.75  1  1.25"]
    assert value_text(stored(numpy.array([[[1], [2]], [[3], [4]]], ">i2"))) == (
        "[0, 0]  1\n[0, 1]  2\n[1, 0]  3\n[1, 1]  4"
    )
    assert value_text(stored(numpy.array([True, False]))) == "True  False"
    assert value_text(stored(numpy.zeros((0, 3)))) == "[]"
    assert value_text(stored([numpy.zeros(3)])) == "[ndarray(float64 3)]"


def test_of_a_large_array_the_first_numbers_are_read() -> None:
    value = read_value(stored(numpy.arange(30_000)))
    assert value.texts[-1] == "... and 20,000 more numbers"
    assert value.texts[0].startswith("0  1  2")


def test_bytes_are_dumped() -> None:
    value = read_value(stored(b"PAR1\x00\x1b[2J" + b"x" * 20))
    assert value.kind == "bytes, 29 B"
    assert (
        value.texts[0]
        == "00000000  50 41 52 31 00 1b 5b 32 4a 78 78 78 78 78 78 78  PAR1..[2Jxxxxxxx"
    )


def test_no_control_sequence_gets_through() -> None:
    for value in (ESCAPES, [ESCAPES], {ESCAPES: ESCAPES}, Path(ESCAPES), b"\x1b[2J", (ESCAPES,)):
        shown = "\n".join(plain(line) for line in value_lines(stored(value)))
        shown += value_text(stored(value)) + plain(preview(stored(value), 10_000))
        assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"__dagtop__":["tomorrow",1]}',
    b'{"__dagtop__":["ndarray","<f8",[9],"AAAA"]}',
    b'{"__dagtop__":["dict",7]}',
    b'{"__dagtop__":["datetime"]}',
    b"[" * 5000 + b"]" * 5000,
]


@pytest.mark.parametrize("raw", DAMAGED, ids=lambda raw: str(raw[:24]))
def test_what_cannot_be_read_is_shown_as_it_is_stored_and_said(raw: bytes) -> None:
    value = read_value(raw)
    assert value.problem
    assert value.text().replace("\n", "") == raw.decode("utf-8", "replace")
    kind_of(raw[:HEAD])
    assert preview(raw[:HEAD], len(raw))


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=30,
)


@given(plain_values)
def test_lines_of_values_are_what_the_value_says(value: Any) -> None:
    shown = value_text(stored(value), width=40)
    if isinstance(value, str):
        return
    names = {"nan": float("nan"), "inf": float("inf")}
    assert repr(eval(shown, names)) == repr(value)


@given(st.binary(max_size=200) | plain_values.map(stored))
def test_a_kind_is_told_from_any_first_bytes(raw: bytes) -> None:
    assert kind_of(raw[:HEAD])
    assert read_value(raw).kind


def test_lines_are_coloured_when_asked_for() -> None:
    raw = msgspec.json.encode({"name": "als", "rate": 0.5, "on": None})
    roles = {piece.text: piece.role for piece in value_lines(raw)[0]}
    assert roles["'name'"] == "code.name"
    assert roles["'als'"] == "code.string"
    assert roles["0.5"] == "code.number"
    assert roles["None"] == "code.keyword"
