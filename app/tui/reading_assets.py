"""What the place of assets and the events of one read, in the refresher's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
