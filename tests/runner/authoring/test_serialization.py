"""XComs as JSON, and back."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import settings
from runner.authoring.serialization import (
    TAG,
    XComNotReadable,
    XComNotSerializable,
    XComTooLarge,
    decode,
    encode,
)
from runner.journal.settings import Settings


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    A = "a"


class OldWord(str, Enum):  # noqa: UP042 - its str() is not its value
    A = "a"


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Signature:
    inputs: list[str]
    at: datetime
    version: int = field(default=1, init=False)
    kind: ClassVar[str] = "model"


@dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    parts: tuple[int, ...]


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


VALUES = [
    None,
    True,
    3,
    2**63,
    -(2**70),
    1.5,
    math.inf,
    -math.inf,
    "grün ✓",
    "lone \ud800 surrogate",
    [1, [2, {"a": None}]],
    (1, "2", (3,)),
    {1, 2},
    frozenset({"a"}),
    {1: "int key", (1, 2): "tuple key", None: 0},
    {"a": 1, "b\ud800": 2},
    {TAG: ["datetime", "no date at all"]},
    b"\x00\xff",
    bytearray(b"ab"),
    datetime(2026, 1, 2, 3, 4, 5, 678),  # noqa: DTZ001 - users have such
    datetime(2026, 1, 2, tzinfo=UTC),
    datetime(2026, 7, 2, 12, tzinfo=ZoneInfo("Europe/Zurich")),
    datetime(2026, 7, 2, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    date(2026, 1, 2),
    time(12, 30),
    timedelta(days=-1, seconds=3, microseconds=7),
    Decimal("1.10"),
    UUID(int=5),
    Path("/tmp/a b"),
    Colour.RED,
    Signature(["a"], datetime(2026, 1, 2, tzinfo=UTC)),
    Frozen("x", (1, 2)),
    pendulum.datetime(2026, 1, 2, tz="Asia/Tokyo"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    data, _ = encode(value)
    again = decode(data)
    assert again == value
    assert type(again) is type(value)
    assert decode(data.decode()) == value


def test_nan_comes_back_as_nan() -> None:
    assert math.isnan(decode(encode(math.nan)[0]))
    assert math.isnan(decode(encode({"loss": [math.nan]})[0])["loss"][0])


def test_zones_come_back_by_name() -> None:
    value = datetime(2026, 7, 2, 12, tzinfo=ZoneInfo("Europe/Zurich"))
    assert decode(encode(value)[0]).tzinfo == ZoneInfo("Europe/Zurich")
    moment = pendulum.datetime(2026, 1, 2, tz="Asia/Tokyo")
    assert decode(encode(moment)[0]).timezone_name == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("value", "json"),
    [
        ({"a": [1, 2.5, "x", None, True]}, b'{"a":[1,2.5,"x",null,true]}'),
        (range(3), b"[0,1,2]"),
        (Level.HIGH, b"3"),
        (Word.A, b'"a"'),
        (OldWord.A, b'"a"'),
        (Text("as it is"), b'"as it is"'),
        (OrderedDict(b=1, a=2), b'{"b":1,"a":2}'),
    ],
)
def test_what_json_knows_is_plain_json(value: Any, json: bytes) -> None:
    assert encode(value)[0] == json


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ([1, 2], 2),
        ((1,), 1),
        ({"a": 1}, 1),
        ([], 0),
        ("text", None),
        (b"ab", None),
        ({1, 2}, None),
        (None, None),
    ],
)
def test_the_length_is_that_of_what_can_be_mapped_over(value: Any, length: int | None) -> None:
    assert encode(value)[1] == length


class Forest:
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"model": Forest()}, "return_value['model'] is a Forest, which can't be an XCom"),
        ([1, (2, {"a": {3: object()}})], "return_value[1][1]['a'][3] is an object, which"),
        ({"f": len}, "return_value['f'] is <built-in function len>, which"),
        ([Forest], "return_value[0] is <class"),
        ((i for i in range(3)), "return_value is a generator, which can\'t be an XCom: "),
        ({1j: 1}, "return_value[1j] is a complex, which"),
    ],
)  # fmt: skip
def test_what_cant_be_an_xcom_is_told_with_its_path(value: Any, message: str) -> None:
    with pytest.raises(XComNotSerializable) as caught:
        encode(value)
    assert str(caught.value).startswith(message)


def test_a_value_that_contains_itself_is_told() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(XComNotSerializable, match="contains itself or is nested too deeply"):
        encode(value)


def test_an_instance_of_a_local_class_is_told() -> None:
    @dataclass
    class Local:
        x: int

    with pytest.raises(XComNotSerializable, match="define its class at the top of the file"):
        encode(Local(1))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("x" * 2000, "at least 2.0 KiB"),
        (["ab"] * 300, "at least"),
        ([1.5] * 300, "1.2 KiB"),
        (b"x" * 2000, "at least 2.6 KiB"),
    ],
)
def test_one_that_is_too_large_is_told_with_both_sizes(
    value: Any, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_settings", Settings(xcom_max_bytes=1024))
    with pytest.raises(XComTooLarge) as caught:
        encode(value, "XCom 'weights'")
    assert size in str(caught.value)
    assert "an XCom may have 1.0 KiB (xcom_max_bytes in dagtop.toml)" in str(caught.value)


def test_one_of_100_mb_is_refused_without_being_built() -> None:
    text = "x" * 100_000_000
    with pytest.raises(
        XComTooLarge, match=r"at least 95\.4 MiB as JSON and an XCom may have 16\.0"
    ):
        encode([text])
    with pytest.raises(XComTooLarge):
        encode(range(50_000_000))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "isn't JSON"),
        (b'{"__dagtop__":["hologram",1]}', "unknown type 'hologram'"),
        (b'{"__dagtop__":["dataclass","no.such:Thing",{}]}', "which isn't there"),
        (b'{"__dagtop__":["enum","math:Thing",1]}', "which isn't there"),
    ],
)
def test_what_cant_be_read_is_told(data: bytes, message: str) -> None:
    with pytest.raises(XComNotReadable, match=message):
        decode(data)


def test_numpy_scalars_become_numbers_and_arrays_stay_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    value = {
        "r2": numpy.float64(0.5),
        "n": numpy.int32(3),
        "ok": numpy.bool_(True),
        "f": numpy.float32(0.5),
    }
    assert encode(value)[0] == b'{"r2":0.5,"n":3,"ok":true,"f":0.5}'
    for array in (
        numpy.arange(6, dtype="int16").reshape(2, 3),
        numpy.array([numpy.nan, 1.0]),
        numpy.array(3.5),
        numpy.array(["2026-01-02"], dtype="datetime64[D]"),
        numpy.array(["a", "bc"]),
    ):
        again = decode(encode([array])[0])[0]
        numpy.testing.assert_array_equal(again, array)
        assert again.dtype == array.dtype
    with pytest.raises(XComNotSerializable, match=r"a numpy array of object"):
        encode(numpy.array([object()]))


JSON_KEYS = st.text(st.characters(), max_size=5)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.timedeltas()
    | st.decimals(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(JSON_KEYS | st.integers() | st.just(TAG), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(ANYTHING)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    data, _ = encode(value)
    msgspec.json.decode(data)
    assert decode(data) == value
