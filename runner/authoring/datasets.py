"""``log_input``: which data a run has used, by name and digest, in the form that MLflow has it."""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.authoring import tracking
from runner.authoring.exceptions import ArgumentError
from runner.journal.records import InputLogged

CONTEXT = "mlflow.data.context"
"""The tag that says what data were used for (MLflow's)."""
CHUNK = 1 << 20
DIGEST_LENGTH = 32
"""Characters of a digest; MLflow takes 36."""
MOST_COLUMNS = 1000
_OF_PYTHON = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "binary"}
_OF_NUMPY = {"b": "boolean", "U": "string", "S": "binary", "M": "datetime", "O": "string"}
Schema = list[tuple[str, str]]
"""Names and types of columns."""


@dataclass(frozen=True, slots=True)
class Found:
    """What data say of themselves."""

    digest: str
    schema: str | None
    profile: dict[str, int]


def log_input(
    name: str,
    data: Any = None,
    *,
    path: str | os.PathLike[str] | None = None,
    digest: str | None = None,
    source: str | None = None,
    context: str = "training",
    tags: Mapping[str, Any] | None = None,
) -> str:
    """Log that the active run uses data, and give back their digest, by which the same data are
    known again.

    ``data``: a list of dicts, a dict of columns, a numpy array, a pandas or polars DataFrame.
    ``path``: a file or a folder. Else the ``digest`` that somebody else has worked out. ``source``:
    where they are from, a URL or a query. ``context``: what for. Raises ``ArgumentError`` for what
    is no data, ``OSError`` where a file can't be read.
    """
    tracking.check_key("dataset", name)
    if sum(one is not None for one in (data, path)) > 1 or not (
        data is not None or path is not None or digest
    ):
        raise ArgumentError(f"log_input({name!r}) takes data, path or digest")
    if path is not None:
        found = _of_path(os.fspath(path))
        where = os.path.abspath(os.fspath(path))
    else:
        found = Found(str(digest), None, {}) if data is None else _of_data(name, data)
        where = ""
    source = None if source is None else str(source)  # a Path, for example
    chosen = str(digest or found.digest)[:36]
    kind = "local" if path is not None and source is None else "code" if not source else "uri"
    told = {"uri": source or where} if source or where else {"tags": {}}
    used = {CONTEXT: str(context), **{str(key): str(value) for key, value in (tags or {}).items()}}
    log = tracking.active_log()
    log.record(
        InputLogged(
            name,
            chosen,
            kind,
            json.dumps(told),
            found.schema,
            json.dumps(found.profile) if found.profile else None,
            used,
            log.uuid,
        )
    )
    return chosen


def _of_path(path: str) -> Found:
    """Of a file its content; of a folder the names and contents of all files in it."""
    whole = hashlib.sha256()
    if not os.path.isdir(path):
        size = _hash_file(path, whole)
        return Found(_short(whole), _schema_of_file(path), {"num_bytes": size})
    size = number = 0
    for folder, folders, files in os.walk(path):
        folders.sort()
        for file in sorted(files):
            one = os.path.join(folder, file)
            if os.path.isfile(one):
                own = hashlib.sha256()
                size += _hash_file(one, own)
                number += 1
                whole.update(os.fsencode(os.path.relpath(one, path)) + b"\0" + own.digest())
    return Found(_short(whole), None, {"num_files": number, "num_bytes": size})


def _hash_file(path: str, into: Any) -> int:
    size = 0
    with open(path, "rb") as file:
        while part := file.read(CHUNK):
            into.update(part)
            size += len(part)
    return size


def _schema_of_file(path: str) -> str | None:
    """The columns of a CSV or TSV file with a head; nothing is known of their types."""
    end = os.path.splitext(path)[1].lower()
    if end not in (".csv", ".tsv"):
        return None
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        line = file.readline(CHUNK)
    names = next(csv.reader([line], delimiter="\t" if end == ".tsv" else ","), [])
    return _columns([(name, "string") for name in names]) if names else None


def _of_data(name: str, data: Any) -> Found:
    dtype = getattr(data, "dtype", None)
    if dtype is not None and hasattr(data, "shape") and not hasattr(data, "columns"):
        return _of_array(data)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _of_frame(data, pandas)
    if hasattr(data, "to_dicts"):  # of polars
        data = data.to_dicts()
    if isinstance(data, Mapping):
        data = _rows(name, data)
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise ArgumentError(
            f"log_input({name!r}): data is a list of dicts, a dict of columns, an array or a "
            f"DataFrame, not {type(data).__name__}; a file is given as path="
        )
    return _of_rows(list(data))


def _rows(name: str, columns: Mapping[Any, Any]) -> list[dict[str, Any]]:
    lists = {str(key): list(values) for key, values in columns.items()}
    if len({len(values) for values in lists.values()}) > 1:
        raise ArgumentError(f"log_input({name!r}): the columns have different lengths")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _of_rows(rows: Sequence[Any]) -> Found:
    whole = hashlib.sha256()
    types: dict[str, str] = {}
    for row in rows:
        whole.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
        if isinstance(row, Mapping):
            for key, value in row.items():
                if value is not None:
                    types.setdefault(str(key), _type_of(value))
                else:
                    types.setdefault(str(key), "")
    known = [(key, kind or "string") for key, kind in types.items()]
    profile = {"num_rows": len(rows), "num_elements": len(rows) * max(1, len(known))}
    return Found(_short(whole), _columns(known) if known else None, profile)


def _type_of(value: Any) -> str:
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "datetime"
    return _OF_PYTHON.get(type(value), "string")


def _of_array(data: Any) -> Found:
    import numpy as np

    array = np.asarray(data)
    whole = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    if array.dtype.hasobject:
        whole.update(json.dumps(array.tolist(), default=str).encode())
    else:
        whole.update(np.ascontiguousarray(array).data)
    shape = [-1, *array.shape[1:]]
    spec = [{"type": "tensor", "tensor-spec": {"dtype": str(array.dtype), "shape": shape}}]
    schema = {"mlflow_tensorspec": {"features": json.dumps(spec), "targets": None}}
    profile = {"num_rows": len(array) if array.ndim else 1, "num_elements": int(array.size)}
    return Found(_short(whole), json.dumps(schema), profile)


def _of_frame(frame: Any, pandas: Any) -> Found:
    whole = hashlib.sha256()
    known: Schema = []
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        known.append((str(name), _numpy_type(dtype)))
        whole.update(f"{name}\0{dtype}\0".encode("utf-8", "backslashreplace"))
    try:
        hashed = pandas.util.hash_pandas_object(frame, index=False)
        whole.update(hashed.to_numpy().tobytes())
    except TypeError:  # lists or dicts in its cells
        whole.update(frame.to_json(orient="split", default_handler=str).encode())
    profile = {"num_rows": len(frame), "num_elements": int(frame.size)}
    return Found(_short(whole), _columns(known), profile)


def _numpy_type(dtype: Any) -> str:
    kind, size = getattr(dtype, "kind", "O"), getattr(dtype, "itemsize", 8)
    if kind in "iu":
        return "integer" if size <= 4 else "long"
    if kind == "f":
        return "float" if size <= 4 else "double"
    return _OF_NUMPY.get(kind, "string")


def _columns(known: Schema) -> str:
    return json.dumps(
        {
            "mlflow_colspec": [
                {"type": kind, "name": name, "required": True}
                for name, kind in known[:MOST_COLUMNS]
            ]
        }
    )


def _short(whole: Any) -> str:
    return whole.hexdigest()[:DIGEST_LENGTH]
