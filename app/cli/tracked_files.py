"""Tracked runs as files."""

from __future__ import annotations

from pathlib import Path

from app import tracked_export
from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.output import note
from app.cli.tracked_views import counted, found_ids
from store.engine import Store


def write_parquet(store: Store, text: str, sort: str, limit: int, file: str) -> None:
    """Write the runs that pass a filter to a new Parquet file, with a column for each attribute,
    param, metric (its last value) and tag."""
    path = Path(file).expanduser()
    if path.exists():
        raise usage_error(f"{path} exists: choose another name")
    ids = found_ids(store, text, sort, limit)
    with store.read() as connection:
        columns = tracked_export.all_columns(connection, ids)
        data = tracked_export.as_parquet(columns, tracked_export.rows(connection, ids, columns))
    try:
        path.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", ExitCode.FAILED) from None
    note(f"wrote {counted(len(ids))} to {path}")
    if len(ids) == limit:
        note(f"the first {limit}; --limit writes more")
