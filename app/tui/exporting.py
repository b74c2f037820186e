"""What a screen can be written to a file as: tables as CSV and JSON, charts, the screen itself."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from app.tui.spans import span
from store.secrets import masked

SECRETIVE = frozenset({"conf", "details"})
"""Fields of rows that hold what users named: some of it may be secret by its name."""


@dataclass(frozen=True, slots=True)
class Export:
    """One thing that can be written."""

    title: str
    suffix: str
    """csv, json, parquet, txt, svg."""
    make: Callable[[], Any]
    """Gives a text; bytes of what is none."""


def table_csv(items: Sequence[Any]) -> str:
    """The rows with all that is known of them, for spreadsheets and scripts. RFC 4180.

    The same names and values as in ``table_json``; what is within another thing is called
    ``thing.name``, a list is JSON text, nothing is empty. Without control characters.
    """
    rows = [dict(_flat(as_json(item))) for item in items]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(value: Any, name: str = "value") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, element in value.items():
            path = key if name == "value" else f"{name}.{key}"
            yield from _flat(element, span(path).text)
    elif isinstance(value, dict | list):
        yield name, json.dumps(value) if value else ""
    else:
        yield name, "" if value is None else span(str(value)).text


def table_json(items: Sequence[Any]) -> str:
    """The rows with all that is known of them, times as ISO 8601, lengths of time as seconds.

    Numbers that JSON doesn't have are texts: "NaN", "Infinity", "-Infinity".
    """
    rows = [as_json(item) for item in items]
    return json.dumps(rows, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def as_json(value: Any) -> Any:
    """A value as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        found = ((one.name, getattr(value, one.name)) for one in fields(value))
        return {name: as_json(masked(one) if name in SECRETIVE else one) for name, one in found}
    if isinstance(value, Mapping):
        return {str(key): as_json(element) for key, element in value.items()}
    if isinstance(value, str):
        return str(value)  # an enumeration's value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float):
        return value if value - value == 0 else json.dumps(value).strip('"')
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return [as_json(element) for element in value]
    return str(value)


def free_name(folder: Path, stem: str, suffix: str) -> str:
    """A name that no file in the folder has: ``stem.csv``, ``stem-2.csv`` ..."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)[:80].strip("-.")
    name, number = f"{safe or 'dagtop'}.{suffix}", 2
    while (folder / name).exists():
        name, number = f"{safe or 'dagtop'}-{number}.{suffix}", number + 1
    return name


def working_folder() -> Path:
    """The folder that relative names are of; home where that was taken away."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def typed_path(text: str) -> tuple[Path, str]:
    """The path that was typed, and what is there: "nothing", "a file", "a folder", "no file".

    ``~`` is somebody's home, if there is somebody of that name. Raises ``OSError`` for a path that
    can't be looked at: one too long, or in a folder that is closed to this user.
    """
    path = working_folder() / os.path.expanduser(text)  # which, unlike that of Path, never raises
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return path, "nothing"
    if stat.S_ISDIR(mode):
        return path, "a folder"
    return path, "a file" if stat.S_ISREG(mode) else "no file"


def completed_path(text: str, suffix: str) -> list[str]:
    """What a path may become: the folders and the files of that kind that begin so."""
    above, slash, begun = text.rpartition("/")
    folder = working_folder() / os.path.expanduser(above + slash)
    try:
        with os.scandir(folder) as entries:
            found = [(one.name, one.is_dir()) for one in entries]
    except (OSError, ValueError):  # a NUL in it
        return []
    return [
        f"{above}{slash}{name}{'/' if is_folder else ''}"
        for name, is_folder in sorted(found)
        if name.startswith(begun)
        and name.startswith(".") == begun.startswith(".")
        and (is_folder or name.endswith(suffix))
        and name.isprintable()
    ]


def write_new(path: Path, content: str | bytes) -> int:
    """Write a file that doesn't exist yet; returns its size in bytes.

    Raises ``OSError``: ``FileExistsError`` where it exists. What could not be written whole is
    taken away.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return len(data)
