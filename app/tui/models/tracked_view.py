"""How the table of tracked runs is looked at: what is remembered, and saved under a name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.tui.models.tracked_columns import (
    METRIC,
    STARTED,
    ColumnSpec,
    can_sort,
    first_descending,
    spec_from,
)

TABS = {"Active": "active", "Archived": "archived", "All": "all"}
"""Tab -> which runs it has (``tracked_table.Standing``)."""
MOST_SORTS = 5
MOST_TEXT = 20_000
GROUP_KINDS = ("param", "tag", "attribute")
GROUP_ATTRIBUTES = ("experiment", "dag", "dag_run", "task", "status", "user_id")
"""Attributes that runs can be grouped by (``tracked_table.ATTRIBUTE_COLUMNS``)."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A column that runs are sorted by."""

    spec: ColumnSpec
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A way to look at the table."""

    experiments: tuple[str, ...] = ()
    dags: tuple[str, ...] = ()
    tab: str = "Active"
    filter: str = ""
    order: tuple[Sort, ...] = ()
    """Without any the newest run is first."""
    columns: tuple[ColumnSpec, ...] | None = None
    """None: those that ``auto_columns`` chooses."""
    group: tuple[str, str] | None = None
    """Kind and key of what runs are grouped by."""
    nest: bool = True
    """Children stand below their parents, where the order lets them."""

    @property
    def nests(self) -> bool:
        """Whether children stand below their parents now: not where they are sorted by what they
        are, or chosen one by one; MLflow has it so, too."""
        by_time = not self.order or self.order[0].spec == STARTED
        return self.nest and by_time and not self.filter and self.group is None

    def as_json(self) -> dict[str, Any]:
        """The view as JSON can hold it."""
        return {
            "experiments": list(self.experiments),
            "dags": list(self.dags),
            "tab": self.tab,
            "filter": self.filter,
            "order": [[*one.spec.as_json(), one.descending] for one in self.order],
            "columns": None if self.columns is None else [one.as_json() for one in self.columns],
            "group": None if self.group is None else list(self.group),
            "nest": self.nest,
        }


def view_from(words: Any) -> TableView:
    """What ``as_json`` gave. It comes from a file or another user: anything may be in it."""
    if not isinstance(words, Mapping):
        return TableView()
    text, tab, columns = words.get("filter"), words.get("tab"), words.get("columns")
    return TableView(
        _texts(words.get("experiments")),
        _texts(words.get("dags")),
        tab if isinstance(tab, str) and tab in TABS else "Active",
        text[:MOST_TEXT] if isinstance(text, str) else "",
        _order(words.get("order")),
        _columns(columns) if isinstance(columns, list) else None,
        _group(words.get("group")),
        words.get("nest") is not False,
    )


def _texts(words: Any) -> tuple[str, ...]:
    found = words if isinstance(words, list) else []
    return tuple(one for one in found if isinstance(one, str))


def _columns(words: Sequence[Any]) -> tuple[ColumnSpec, ...]:
    found = [spec for one in words if (spec := spec_from(one)) is not None]
    return tuple(dict.fromkeys(found))


def _order(words: Any) -> tuple[Sort, ...]:
    found: list[Sort] = []
    for one in words if isinstance(words, list) else []:
        spec = spec_from(one[:3]) if isinstance(one, list) else None
        if spec is not None and can_sort(spec):
            found.append(Sort(spec, one[-1] is True))
    return tuple(found[:MOST_SORTS])


def _group(words: Any) -> tuple[str, str] | None:
    if not isinstance(words, list) or len(words) != 2:
        return None
    kind, key = words
    if kind not in GROUP_KINDS or not isinstance(key, str):
        return None
    return (kind, key) if kind != "attribute" or key in GROUP_ATTRIBUTES else None


# the order


def sorted_by(order: Sequence[Sort], spec: ColumnSpec) -> tuple[Sort, ...]:
    """Sort by a column alone; again the other way round; again no more."""
    only = order[0] if len(order) == 1 and order[0].spec == spec else None
    first = first_descending(spec)
    if only is None:
        return (Sort(spec, first),)
    return (Sort(spec, not first),) if only.descending == first else ()


def sorted_by_more(order: Sequence[Sort], spec: ColumnSpec) -> tuple[Sort, ...]:
    """Sort by a column, too, where others are equal; again the other way round; again no more."""
    first = first_descending(spec)
    for place, one in enumerate(order):
        if one.spec == spec:
            turned = [replace(one, descending=not first)] if one.descending == first else []
            return (*order[:place], *turned, *order[place + 1 :])
    return (*order, Sort(spec, first))[:MOST_SORTS]


def turned(order: Sequence[Sort]) -> tuple[Sort, ...]:
    """The order the other way round; of none that of the times of start."""
    if not order:
        return (Sort(STARTED),)
    return tuple(replace(one, descending=not one.descending) for one in order)


def with_part(view: TableView, spec: ColumnSpec, part: str) -> TableView:
    """The view with another value of a metric in a column; what is sorted by it follows."""
    new = replace(spec, part=part)
    columns = None
    if view.columns is not None:
        columns = tuple(dict.fromkeys(new if one == spec else one for one in view.columns))
    order = tuple(replace(one, spec=new) if one.spec == spec else one for one in view.order)
    return replace(view, columns=columns, order=order)


def metrics_of(columns: Sequence[ColumnSpec]) -> list[ColumnSpec]:
    """The columns of metrics."""
    return [one for one in columns if one.kind == METRIC]
