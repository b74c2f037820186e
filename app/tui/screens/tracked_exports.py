"""The table of tracked runs as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.tui.exporting import Export
from app.tui.formats import plural
from app.tui.models.tracked_columns import ATTRIBUTE, ColumnSpec
from app.tui.reading_tracked import order_of, scope_of

if TYPE_CHECKING:
    from app.tracked_export import ExportColumn
    from app.tui.screens.tracked_filter import FilteredRuns

FIELDS = {
    "started": "started_at",
    "ended": "ended_at",
    "took": "duration",
    "status": "status",
    "experiment": "experiment",
    "dag": "dag_id",
    "dag_run": "run_id",
    "task": "task_id",
    "map_index": "map_index",
    "attempt": "try_number",
    "user_id": "user_id",
    "run_id": "uuid",
    "archived": "deleted_at",
}
"""Column of an attribute -> field of ``TrackedRow``."""


def export_columns(shown: Sequence[ColumnSpec]) -> list[ExportColumn]:
    """The columns that are shown, after what tells a run from the others."""
    from app.tracked_export import ExportColumn

    first = [ExportColumn(ATTRIBUTE, name) for name in ("uuid", "name", "status")]
    rest = [
        ExportColumn(ATTRIBUTE, FIELDS[one.key])
        if one.kind == ATTRIBUTE
        else ExportColumn(one.kind, one.key, one.part)
        for one in shown
    ]
    return list(dict.fromkeys([*first, *rest]))


def exports(screen: FilteredRuns) -> list[Export]:
    """The marked runs, or all that pass the filter, with the columns that are shown."""
    snapshot = screen.snapshot
    if snapshot is None:
        return []
    marked = list(dict.fromkeys(line.run for line in screen.table.chosen() if line.run))
    chosen = marked if screen.run_marks() else None
    number = snapshot.passing if chosen is None else len(chosen)
    what = plural(number, "run")

    def made(make: Callable[[Sequence[Any], Iterable[Any]], str | bytes]) -> Any:
        view, clock = screen.view, screen.dagtop.clock
        workspace, columns = screen.dagtop.workspace, export_columns(snapshot.columns)

        def write() -> str | bytes:
            from app import tracked_export
            from store.engine import open_store
            from store.run_filter import parse, select_runs

            with open_store(workspace) as store, store.read() as connection:
                ids = chosen
                if ids is None:
                    wanted = scope_of(view).around(parse(view.filter))
                    query = select_runs(wanted, order_of(view.order), now=clock())
                    ids = list(connection.execute(query).scalars())
                return make(columns, tracked_export.rows(connection, ids, columns))

        return write

    from app.tracked_export import as_csv, as_json, as_parquet

    return [
        Export(f"{what} as CSV, with these columns", "csv", made(as_csv)),
        Export(f"{what} as JSON, with these columns", "json", made(as_json)),
        Export(f"{what} as Parquet, with these columns", "parquet", made(as_parquet)),
    ]
