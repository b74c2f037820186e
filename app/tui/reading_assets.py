"""What the place of assets and the events of one read, in the refresher's thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.tui.models.dependencies import Dependencies
    from store.engine import Store
    from store.queries.assets import AssetEventRow, AssetRow

PAGE = 100
"""Events that are read at a time."""


@dataclass(frozen=True, slots=True)
class AssetsSnapshot:
    """All assets."""

    assets: tuple[AssetRow, ...]


@dataclass(frozen=True, slots=True)
class AssetSnapshot:
    """One asset and its newest events."""

    asset: AssetRow | None
    """None: it is gone."""
    events: tuple[AssetEventRow, ...] = ()
    more: bool = False
    is_shared: bool = False
    """Another asset has its name."""


@dataclass(frozen=True, slots=True)
class DependenciesSnapshot:
    """What depends on what."""

    found: Dependencies
    others: int
    """DAGs that nothing leads to, and that lead to nothing."""
    shared: frozenset[str] = frozenset()
    """Names that several assets have."""


def read_assets(store: Store) -> AssetsSnapshot:
    """All assets, with who makes and who waits for them."""
    from store.queries.assets import list_assets

    with store.read() as connection:
        return AssetsSnapshot(tuple(list_assets(connection)))


def read_asset(store: Store, asset_id: int, pages: int) -> AssetSnapshot:
    """One asset, and so many pages of its newest events."""
    from store.queries.assets import list_assets, list_events

    with store.read() as connection:
        assets = list_assets(connection)
        found = next((row for row in assets if row.id == asset_id), None)
        if found is None:
            return AssetSnapshot(None)
        page = list_events(connection, asset_id, limit=PAGE * pages)
    names = [row.name for row in assets]
    is_shared = names.count(found.name) > 1
    return AssetSnapshot(found, page.rows, page.next is not None, is_shared)


def read_dependencies(store: Store) -> DependenciesSnapshot:
    """The DAGs and assets that have to do with each other."""
    from app.tui.models.dependencies import dependencies_of
    from store.queries.assets import list_assets
    from store.queries.dags import DagFilter, dag_ids, list_dags

    with store.read() as connection:
        assets = list_assets(connection)
        tasks = [one for row in assets for one in (*row.producers, *row.readers)]
        named = {one.dag_id for one in tasks}
        named.update(one.dag_id for row in assets for one in row.consumers)
        wanted = DagFilter(dag_ids=frozenset(named))
        dags = list_dags(connection, wanted, recent=1) if named else []
        total = len(dag_ids(connection))
    found = dependencies_of(dags, assets)
    shared = frozenset(
        name for name, number in Counter(a.name for a in assets).items() if number > 1
    )
    return DependenciesSnapshot(found, total - len(found.dags), shared)


def read_condition(store: Store, dag_id: str) -> str:
    """What a DAG waits for, as its author would write it; empty if it doesn't run on assets."""
    from app.tui.models.assets import condition_words
    from store.queries.dags import get_structure

    with store.read() as connection:
        structure = get_structure(connection, dag_id)
    condition = structure.asset_condition if structure is not None else None
    return condition_words(condition) if condition is not None else ""
