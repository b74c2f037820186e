"""Tracked runs as CSV, JSON and Parquet: a row for each, a column for each thing."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.text import sanitize
from store.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 2_000
"""Runs that are read at once."""
ATTRIBUTES = (
    "uuid", "name", "experiment", "status", "started_at", "ended_at", "duration", "user_id",
    "parent_uuid", "dag_id", "run_id", "task_id", "map_index", "try_number", "deleted_at",
)  # fmt: skip
"""Fields of ``TrackedRow``, in the order of their columns."""
MISSING = "Parquet files need pyarrow: pip install 'dagtop[previews]'"


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: an attribute, or what was logged under a key."""

    kind: str
    """attribute, param, metric, tag."""
    key: str
    part: str = "last"
    """Of a metric: last, min, max, mean, first."""

    @property
    def name(self) -> str:
        """What it is called in the file."""
        if self.kind == "attribute":
            return self.key
        part = "" if self.part == "last" else f".{self.part}"
        return f"{self.kind}s.{self.key}{part}"


class NoParquet(StoreError):
    """What writes Parquet isn't installed."""


def all_columns(connection: Connection, ids: Sequence[int]) -> list[ExportColumn]:
    """Columns for all that these runs have logged."""
    from store.queries.tracked_table import sampled_keys

    found: dict[str, set[str]] = {"param": set(), "metric": set(), "tag": set()}
    for some in _batches(ids):
        for one in sampled_keys(connection, some):
            found[one.kind].add(one.key)
    return [
        *(ExportColumn("attribute", name) for name in ATTRIBUTES),
        *(ExportColumn(kind, key) for kind, keys in found.items() for key in sorted(keys)),
    ]


def rows(
    connection: Connection, ids: Sequence[int], columns: Sequence[ExportColumn]
) -> Iterator[list[Any]]:
    """The values of the columns of each run; runs that are gone are left out."""
    from store.queries.tracked import tracked_rows
    from store.queries.tracked_table import values

    logged = [(one.kind, one.key, one.part) for one in columns if one.kind != "attribute"]
    of_row = [one.key for one in columns if one.kind == "attribute"]
    is_attribute = [one.kind == "attribute" for one in columns]
    for some in _batches(ids):
        found = values(connection, some, logged)
        for row in tracked_rows(connection, some):
            attributes, others = iter([getattr(row, name) for name in of_row]), iter(found[row.id])
            yield [next(attributes if own else others) for own in is_attribute]


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def as_csv(columns: Sequence[ExportColumn], values: Iterable[Sequence[Any]]) -> str:
    """RFC 4180, without control characters; times as ISO 8601, what is missing is empty."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([sanitize(one.name) for one in columns])
    writer.writerows([_csv_value(one) for one in row] for row in values)
    return out.getvalue()


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else _no_number(value)
    return value if isinstance(value, int) else sanitize(str(value))


def _no_number(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def as_json(columns: Sequence[ExportColumn], values: Iterable[Sequence[Any]]) -> str:
    """A list of objects, without what is missing; "NaN" and "Infinity" are texts."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, float) and not math.isfinite(value):
            return _no_number(value)
        return value

    names = [one.name for one in columns]
    found = [
        {name: plain(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in values
    ]
    return json.dumps(found, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def as_parquet(columns: Sequence[ExportColumn], values: Iterable[Sequence[Any]]) -> bytes:
    """Columns with types: metrics as float64, NaN as NaN, times in UTC. Raises ``NoParquet``."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise NoParquet(MISSING) from None

    moment, number = pyarrow.timestamp("us", tz="UTC"), pyarrow.int32()
    kinds: dict[str, Any] = {
        **dict.fromkeys(("started_at", "ended_at", "deleted_at"), moment),
        **dict.fromkeys(("map_index", "try_number"), number),
        "duration": pyarrow.float64(),
    }

    def kind_of(one: ExportColumn) -> Any:
        if one.kind == "metric":
            return pyarrow.float64()
        text = pyarrow.string()
        return kinds.get(one.key, text) if one.kind == "attribute" else text

    by_column = list(zip(*values, strict=True)) or [()] * len(columns)
    arrays = [
        pyarrow.array(list(cells), type=kind_of(one), from_pandas=False)
        for one, cells in zip(columns, by_column, strict=True)
    ]
    table = pyarrow.table(arrays, names=[one.name for one in columns])
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()
