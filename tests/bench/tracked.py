"""Figures of tracked runs as a table: top runs by a metric, all of them, filters and groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from app.tracked_export import ATTRIBUTES, ExportColumn, rows
from app.tui.models.tracked_columns import METRIC, ColumnSpec
from app.tui.models.tracked_view import Sort, TableView
from app.tui.reading_tracked import Look, read_entries, read_table
from store.engine import Store, open_store
from store.queries import tracked_table
from store.queries.tracked_table import GroupBy
from store.run_filter import order, parse
from store.run_filter.tree import Metric
from store.workspace import Workspace
from tests.bench.figure import Figure
from tests.support.tracked_runs import NOW, fill_tracked

COLUMNS = [
    *(ExportColumn("attribute", name) for name in ATTRIBUTES),
    *(ExportColumn("param", key) for key in ("lr", "model", *(f"p{n}" for n in range(2, 10)))),
    *(ExportColumn("metric", key) for key in ("rmse", *(f"m{n}" for n in range(1, 10)))),
]


@contextmanager
def filled(folder: Path, runs: int, metrics: int) -> Iterator[Store]:
    """A store with so many runs, of 10 params each."""
    root = folder / f"runs{runs}"
    root.mkdir(parents=True)
    with open_store(Workspace(root), create=True) as store:
        fill_tracked(store, runs, metrics=metrics)
        yield store


def seconds(store: Store, act: Callable[[Connection], object], times: int = 7) -> float:
    """The least of several times, after the first: others work on the machine, too."""
    found: list[float] = []
    for _ in range(times + 1):
        with store.read() as connection:
            began = time.perf_counter()
            act(connection)
            found.append(time.perf_counter() - began)
    return min(found[1:])


def top(text: str, sort: str, limit: int = 20) -> Callable[[Connection], object]:
    """The first runs of an order, with 10 params and 10 metrics each."""

    def act(connection: Connection) -> object:
        wanted, by = parse(text), order(sort)
        ids = tracked_table.run_ids(connection, wanted, by, now=NOW, limit=limit)
        return list(rows(connection, ids, COLUMNS))

    return act


def figure(name: str, measured: float, reach: float | None) -> Figure:
    """A time in milliseconds."""
    limit = "" if reach is None else f"<= {reach * 1e3:g} ms"
    reached = None if reach is None else measured <= reach
    return Figure(name, f"{measured * 1e3:.1f} ms", limit, reached)


def few(folder: Path) -> Iterator[Figure]:
    """1,000 runs of 10 params and 10 metrics."""
    with filled(folder, 1_000, 10) as store:
        by_metric = seconds(store, top("", "metrics.rmse ASC"))
        whole = seconds(store, top("", "metrics.rmse ASC", 1_000))
    yield figure("1,000 runs: top 20 by a metric", by_metric, 0.003)
    yield figure("  all of them as a table", whole, 0.05)


def many(folder: Path) -> Iterator[Figure]:
    """100,000 runs of 10 params and 10 metrics."""
    cases: dict[str, tuple[str, str, float | None]] = {
        "100,000 runs: top 20 by a metric": ("", "metrics.rmse ASC", 0.02),
        "  by its mean": ("", "metrics.rmse.mean ASC", 0.02),
        "  by a param": ("", "params.lr DESC", 0.02),
        "  by a param that is a text": ("", "params.model ASC", None),
        "  of half of them, by a metric": ("metrics.m1 < 0.5", "metrics.rmse ASC", None),
        "  newest of half of them": ("metrics.m1 < 0.5", "", None),
        "  newest by a mean": ("metrics.m1.mean < 0.11", "", None),
        "  of an experiment and a param": (
            "experiment = 'experiment 1' AND params.model = 'mlp'",
            "metrics.rmse ASC",
            None,
        ),
    }
    with filled(folder, 100_000, 10) as store:
        for name, (text, sort, reach) in cases.items():
            yield figure(name, seconds(store, top(text, sort), 3), reach)
        wanted, by = parse(""), GroupBy("param", "model")

        def group(connection: Connection) -> object:
            return tracked_table.group_rows(connection, wanted, by, [Metric("rmse")], now=NOW)

        yield figure("  grouped by a param, with a metric", seconds(store, group, 3), 0.3)
        count = seconds(store, lambda c: tracked_table.run_count(c, wanted, now=NOW), 3)
        yield figure("  counted", count, None)


def screen(folder: Path) -> Iterator[Figure]:
    """What the terminal reads of 10,000 runs of 200 metrics."""
    with filled(folder, 10_000, 200) as store:
        columns = tuple(ColumnSpec(METRIC, f"m{number}") for number in range(1, 9))
        by_metric = TableView(order=(Sort(columns[0]),))
        cases = {
            "10,000 runs of 200 metrics: opened": (Look(TableView(), None), 0.1),
            "  read again, as something changed": (Look(TableView(), columns), 0.05),
            "  sorted by a metric": (Look(by_metric, columns), 0.05),
        }
        for name, (look, reach) in cases.items():
            took = seconds(
                store,
                lambda _, look=look: read_table(
                    store, look=look, window=(0, 100), clock=lambda: NOW
                ),
            )
            yield figure(name, took, reach)
        page = list(range(5_000, 5_150))
        took = seconds(store, lambda _: read_entries(store, page, columns))
        yield figure("  the rows of a page and its neighbours", took, 0.02)


def tracked(folder: Path) -> Iterator[Figure]:
    """Tracked runs as a table: top 20, all, filters, groups, screens."""
    yield from few(folder)
    yield from screen(folder)
    yield from many(folder)
