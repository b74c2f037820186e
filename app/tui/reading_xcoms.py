"""What the place of XComs reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.tui.filters import parse
from app.tui.models.xcom_rows import wanted_of

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.xcoms import PlacedXCom

PAGE = 200
"""XComs of a page."""

TIME = 0.15
"""Seconds for which runs are looked through for a page."""


@dataclass(frozen=True, slots=True)
class XComsSnapshot:
    """The newest XComs that pass a filter."""

    filter_text: str
    rows: tuple[PlacedXCom, ...]
    more: bool


def read_newest_xcoms(store: Store, filter_text: str, pages: int) -> XComsSnapshot:
    """So many pages of the newest XComs."""
    from store.queries.xcoms import newest_xcoms

    wanted = wanted_of(parse(filter_text))
    with store.read() as connection:
        page = newest_xcoms(connection, wanted, limit=PAGE * pages, seconds=TIME * pages)
    return XComsSnapshot(filter_text, page.rows, page.more)
