"""The columns of the table of tracked runs: which there can be, and what their cells say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.comparing import directions
from app.durations import duration
from app.tui import formats
from app.tui.columns import NAME_SHARE, Column
from app.tui.models.tracked_looks import (
    fitting,
    missing,
    number_spans,
    shown_value,
    status_role,
    status_span,
)
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, crop_text, span, width_of

if TYPE_CHECKING:
    from app.tui.models.tracked_lines import Line
    from store.metric_points import Summary
    from store.queries.tracked import TrackedRow
    from store.queries.tracked_table import Entry, KeyCount, Spread

ATTRIBUTE, PARAM, METRIC, TAG = "attribute", "param", "metric", "tag"
KINDS = (ATTRIBUTE, PARAM, METRIC, TAG)
PARTS = ("last", "min", "max", "mean", "first")
"""Which value of a metric a column shows, in the order in which a key goes through them."""
SYSTEM = "system/"
OWN_TAGS = ("mlflow.", "dagtop.")
"""Tags that nobody gave a run by hand begin so."""
NOTE = "mlflow.note.content"

LEAST_NAME, MOST_NAME = 16, 48
"""Cells of the name of a run; of a narrow terminal it takes a share."""
FEW_NAME = 28
"""Cells that the column gets for one name in ten: a single long one would take the room of many
values, and the line below the table has all of it."""
LEAST, MOST = 8, 20
"""Cells of a column of a param or a tag."""
EACH = 9
"""Cells of each of the three numbers of a metric over a group."""
NUMBER = 11
"""Cells that a number takes at most, with the star of the best one."""
SPREAD = 3 * EACH + 2
"""Cells of a metric over a group: least, mean, greatest."""
OF_GROUP = ": min mean max"
MOST_PARAMS, MOST_METRICS = 8, 8
"""Columns that are shown unasked."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column that can be shown."""

    kind: str
    key: str
    part: str = "last"
    """Of a metric."""

    @property
    def id(self) -> str:
        """What tells it from the others of a table."""
        return f"{self.kind}.{self.key}.{self.part}"

    @property
    def title(self) -> str:
        """What stands above it."""
        if self.kind == ATTRIBUTE:
            return ATTRIBUTES[self.key].title if self.key in ATTRIBUTES else self.key.upper()
        return self.key if self.part == "last" else f"{self.key} {self.part}"

    @property
    def words(self) -> str:
        """What it is, in full."""
        if self.kind == ATTRIBUTE:
            return self.title.lower()
        part = f" ({self.part})" if self.kind == METRIC else ""
        return f"{self.kind} {self.key}{part}"

    def as_json(self) -> list[str]:
        """The column as JSON can hold it."""
        return [self.kind, self.key, self.part]


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """A column of what every run has."""

    title: str
    width: int
    text: Callable[[TrackedRow, Scene], str]
    order: str = ""
    """The attribute of ``store.run_filter`` that it is sorted by; empty: it can't be."""
    right: bool = False
    descending: bool = False
    """The order that is useful first."""


def _clock(of: str) -> Callable[[TrackedRow, Scene], str]:
    return lambda row, scene: formats.clock(getattr(row, of), scene.now, scene.zone)


def _took(row: TrackedRow, scene: Scene) -> str:
    return duration(seconds_of(row, scene))


def seconds_of(row: TrackedRow, scene: Scene) -> float:
    """How long it took, or has taken so far."""
    end = row.ended_at or scene.now
    return max(0.0, (end - row.started_at).total_seconds())


def _index(row: TrackedRow, scene: Scene) -> str:
    return "" if row.map_index is None or row.map_index < 0 else str(row.map_index)


def _of(name: str) -> Callable[[TrackedRow, Scene], str]:
    return lambda row, scene: "" if getattr(row, name) is None else str(getattr(row, name))


ATTRIBUTES: dict[str, AttributeColumn] = {
    "started": AttributeColumn("STARTED", 9, _clock("started_at"), "start_time", descending=True),
    "took": AttributeColumn("TOOK", 7, _took, "duration", right=True, descending=True),
    "ended": AttributeColumn("ENDED", 9, _clock("ended_at"), "end_time", descending=True),
    "status": AttributeColumn("STATUS", 8, lambda row, scene: row.status.lower(), "status"),
    "experiment": AttributeColumn("EXPERIMENT", 16, _of("experiment"), "experiment"),
    "dag": AttributeColumn("DAG", 16, _of("dag_id"), "dag"),
    "dag_run": AttributeColumn(
        "DAG RUN", 22, lambda row, scene: formats.run_name(row.run_id or ""), "dag_run"
    ),
    "task": AttributeColumn("TASK", 14, _of("task_id"), "task"),
    "map_index": AttributeColumn("INDEX", 5, _index, "map_index", right=True),
    "attempt": AttributeColumn("TRY", 3, _of("try_number"), "attempt", right=True),
    "user_id": AttributeColumn("USER", 10, _of("user_id"), "user_id"),
    "run_id": AttributeColumn("RUN ID", 8, lambda row, scene: row.uuid[:8], "run_id"),
    "archived": AttributeColumn("ARCHIVED", 9, _clock("deleted_at")),
}
"""Attributes by the name of their column; the name of the run is the first column, always."""
NAME = ColumnSpec(ATTRIBUTE, "name")
STARTED = ColumnSpec(ATTRIBUTE, "started")


def spec_from(words: Any) -> ColumnSpec | None:
    """The column that ``as_json`` gave; None where it is nothing of the kind."""
    if not isinstance(words, list) or len(words) != 3:
        return None
    if not all(isinstance(one, str) for one in words):
        return None
    kind, key, part = words
    fits = kind in KINDS and part in PARTS and (kind == METRIC or part == "last")
    known = kind != ATTRIBUTE or key in ATTRIBUTES or key == NAME.key
    return ColumnSpec(kind, key, part) if fits and known else None


def order_field(spec: ColumnSpec) -> str:
    """The attribute that a column of an attribute is sorted by; empty: it can't be."""
    return "run_name" if spec == NAME else ATTRIBUTES[spec.key].order


def can_sort(spec: ColumnSpec) -> bool:
    """Whether the store can sort by it."""
    return spec.kind != ATTRIBUTE or bool(order_field(spec))


def first_descending(spec: ColumnSpec) -> bool:
    """The order that is useful first: of times the newest, of a metric the best."""
    if spec.kind == METRIC:
        return not lowest_is_best(spec)
    return spec.kind == ATTRIBUTE and spec != NAME and ATTRIBUTES[spec.key].descending


def lowest_is_best(spec: ColumnSpec) -> bool:
    """Whether less is better: of a loss, an error, a time; where the least is shown."""
    if spec.part in ("min", "max"):
        return spec.part == "min"
    return directions.lowest_is_best(spec.key)


def auto_columns(
    sample: Sequence[KeyCount], runs: int, *, one_experiment: bool, wide: bool
) -> tuple[ColumnSpec, ...]:
    """The columns that are shown until others are chosen: when, how long, where; the metrics that
    most runs of a sample have, and the params that differ. Where there is little room the
    experiment comes last."""
    params = [one for one in sample if one.kind == PARAM]
    differ = [one for one in params if one.values > 1 or one.runs < runs] or params
    differ = sorted(differ, key=lambda one: one.values < 2)  # those that only some have come last
    metrics = [one for one in sample if one.kind == METRIC and not one.key.startswith(SYSTEM)]
    shown = [STARTED, ColumnSpec(ATTRIBUTE, "took")]
    where = [] if one_experiment else [ColumnSpec(ATTRIBUTE, "experiment")]
    logged = [
        *(ColumnSpec(METRIC, one.key) for one in metrics[:MOST_METRICS]),
        *(ColumnSpec(PARAM, one.key) for one in differ[:MOST_PARAMS]),
    ]
    return tuple([*shown, *where, *logged] if wide else [*shown, *logged, *where])


# cells


@dataclass(slots=True)
class Sheet:
    """What the cells of the table are made of, besides their lines: filled as it is read."""

    entries: dict[int, Entry] = field(default_factory=dict[int, "Entry"])
    best: Mapping[ColumnSpec, float] = field(default_factory=dict[ColumnSpec, float])
    is_grouped: bool = False
    widths: dict[str, int] = field(default_factory=dict[str, int])
    """Of columns, by id; they only grow, or columns would jump as rows are read."""


def value_of(one: Summary, part: str) -> float:
    """The value of a metric that a column shows."""
    return getattr(one, f"{part}_value")


def spread_spans(spread: Spread | None, scene: Scene) -> Spans:
    """A metric over the runs of a group: least, mean, greatest."""
    if spread is None:
        return (Span(" " * 2 * EACH), *missing(scene.glyphs))  # where the mean ends
    low, mean, high = (f"{_short(one):>{EACH}}" for one in (spread.low, spread.mean, spread.high))
    return (Span(f"{low} ", "dim"), Span(mean, "text"), Span(f" {high}", "dim"))


def _short(value: float) -> str:
    """A finite number in at most nine cells."""
    text = f"{value:.4g}"
    return text if len(text) <= EACH else f"{value:.2g}"


def name_cell(line: Line, sheet: Sheet, scene: Scene) -> Spans:
    """How deep it is, whether something is folded in it, its status and its name."""
    glyphs = scene.glyphs
    if line.group is not None:
        fold = glyphs.folded if line.folded else glyphs.unfolded
        value = line.group.value
        name = Span("(none)", "dim") if value is None else span(value, "strong")
        return (Span(f"{fold} ", "accent"), name, Span(f" ({line.group.runs:,})", "dim"))
    entry = sheet.entries.get(line.run)
    indent = Span("  " * min(line.depth, 6))
    if entry is None:
        words = f"{line.more:,} more: filter to see them" if line.more else glyphs.ellipsis
        return (indent, Span(words, "faint"))
    fold = ""
    if line.children:
        fold = f"{glyphs.folded if line.folded else glyphs.unfolded} "
    pin = (Span(f"{glyphs.star} ", "mark"),) if line.pinned else ()
    row = entry.row
    role = "dim" if row.deleted_at is not None else "strong"
    hidden = (Span(f" ({line.children})", "dim"),) if line.children and line.folded else ()
    return (
        *pin,
        indent,
        Span(fold, "accent"),
        status_span(row.status, glyphs),
        Span(" "),
        span(row.name, role),
        *hidden,
    )


def cell_of(spec: ColumnSpec, line: Line, sheet: Sheet, scene: Scene) -> Spans:
    """What a column says of a line."""
    if line.group is not None:
        if spec.kind != METRIC:
            return ()
        return spread_spans(line.group.spreads.get((spec.key, spec.part)), scene)
    entry = sheet.entries.get(line.run)
    if entry is None:
        return ()
    if spec.kind == ATTRIBUTE:
        return _attribute_cell(spec, entry, scene)
    if spec.kind == METRIC:
        return _metric_cell(spec, entry, sheet, scene)
    found = (entry.params if spec.kind == PARAM else entry.tags).get(spec.key)
    if found is None:
        return missing(scene.glyphs)
    text = shown_value(spec.key, found)
    return (span(fitting(text, NUMBER) if spec.kind == PARAM else text, "text"),)


def _attribute_cell(spec: ColumnSpec, entry: Entry, scene: Scene) -> Spans:
    row = entry.row
    text = ATTRIBUTES[spec.key].text(row, scene)
    if spec.key == "status":
        return (span(text, status_role(row.status)),)
    if spec.key == "took":
        return (Span(text, "text" if row.ended_at is not None else "state.run.running"),)
    return (span(text, "dim" if spec.key in ("started", "ended", "run_id") else "text"),)


def _metric_cell(spec: ColumnSpec, entry: Entry, sheet: Sheet, scene: Scene) -> Spans:
    found = entry.metrics.get(spec.key)
    if found is None:
        cell = missing(scene.glyphs)
    else:
        value = value_of(found, spec.part)
        cell = number_spans(value, scene.glyphs, is_best=value == sheet.best.get(spec))
    if sheet.is_grouped:  # below the mean of its group
        room = max(0, 2 * EACH + 1 - width_of(cell))
        return (Span(" " * room), *cell)
    return cell


def table_columns(specs: Iterable[ColumnSpec], sheet: Sheet, room: int) -> list[Column[Line]]:
    """The columns of the table, which has ``room`` cells."""
    width = min(sheet.widths.get(NAME.id, LEAST_NAME), max(LEAST_NAME, int(room * NAME_SHARE)))
    name: Column[Line] = Column(
        NAME.id, "RUN", width, lambda line, scene: name_cell(line, sheet, scene), _sorts
    )
    if sheet.is_grouped:  # groups have metrics only
        specs = sorted(specs, key=lambda one: one.kind != METRIC)
    return [name, *(_column(spec, sheet) for spec in specs)]


def _column(spec: ColumnSpec, sheet: Sheet) -> Column[Line]:
    sort = _sorts if can_sort(spec) else None
    title = span(spec.title).text
    if spec.kind == ATTRIBUTE:
        found = ATTRIBUTES[spec.key]
        width, right = found.width, found.right
    elif spec.kind == METRIC and sheet.is_grouped:
        width, right = SPREAD, False
        title = f"{crop_text(title, SPREAD - len(OF_GROUP))}{OF_GROUP}"
    elif spec.kind == METRIC:
        width, right = sheet.widths.get(spec.id, NUMBER), True
    else:
        width, right = sheet.widths.get(spec.id, LEAST), False

    def cell(line: Line, scene: Scene) -> Spans:
        return cell_of(spec, line, sheet, scene)

    return Column(spec.id, title, width, cell, sort, right)


def _grow_name(sheet: Sheet, lines: Iterable[Line]) -> bool:
    """Make room for the names of the runs that were read, all but a few that are very long."""
    widths: list[int] = []
    for line in lines:
        if line.group is not None:
            widths.append(width_of((span(line.group.value or ""),)) + 12)
        elif (entry := sheet.entries.get(line.run)) is not None:
            widths.append(width_of((span(entry.row.name),)) + 4 + 2 * line.depth)
    widths.sort()
    most = widths[(len(widths) - 1) * 9 // 10] if widths else 0
    wanted = max(LEAST_NAME, most, min(widths[-1], FEW_NAME) if widths else 0)
    wanted = min(wanted, MOST_NAME)
    if wanted <= sheet.widths.get(NAME.id, 0):
        return False
    sheet.widths[NAME.id] = wanted
    return True


def _sorts(line: Line) -> int:
    """The store sorts; this only says that it can."""
    return 0


def grow_widths(sheet: Sheet, specs: Iterable[ColumnSpec], lines: Iterable[Line]) -> bool:
    """Make columns as wide as what was read needs, within limits; whether one has grown."""
    grown = _grow_name(sheet, lines)
    for spec in specs:
        if spec.kind == ATTRIBUTE:
            continue
        title = width_of((span(spec.title),)) + 2  # the arrow of the order, and its place
        wanted = max(NUMBER if spec.kind == METRIC else LEAST, title)
        if spec.kind != METRIC:
            for entry in sheet.entries.values():
                text = (entry.params if spec.kind == PARAM else entry.tags).get(spec.key)
                if text is not None:
                    text = fitting(text, NUMBER) if spec.kind == PARAM else text
                    wanted = max(wanted, width_of((span(text[: 4 * MOST]),)))
        wanted = min(wanted, MOST)
        if wanted > sheet.widths.get(spec.id, 0):
            sheet.widths[spec.id] = wanted
            grown = True
    return grown
