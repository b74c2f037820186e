"""Assets and their events without a screen: columns, what the filter sees, lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.grid import run_span
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from store.structure import AllAssets, AssetCondition, AssetStructure

if TYPE_CHECKING:
    from store.queries.assets import AssetEventRow, AssetRow, Consumer, ScheduleAsset, TaskRef

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


# words


def source_words(event: AssetEventRow) -> str:
    """Who made an event: ``load.copy[3]``, or who recorded it by hand."""
    if event.source_dag_id is None:
        return f"{event.actor or '?'}, by hand"
    index = event.source_map_index
    at = f"[{index}]" if index is not None and index >= 0 else ""
    return f"{event.source_dag_id}.{event.source_task_id}{at}"


def extra_words(event: AssetEventRow) -> str:
    """What an event says, as JSON; empty if it says nothing."""
    return json.dumps(event.extra, ensure_ascii=False) if event.extra else ""


def condition_words(condition: AssetCondition, *, inside: bool = False) -> str:
    """What a DAG waits for, as its author would write it: ``orders & (clicks | report)``."""
    if isinstance(condition, AssetStructure):
        return condition.name
    sign = " & " if isinstance(condition, AllAssets) else " | "
    words = sign.join(condition_words(one, inside=True) for one in condition.objects)
    return f"({words})" if inside and len(condition.objects) > 1 else words


def consumed_words(found: Sequence[tuple[str, int]]) -> str:
    """The assets whose events a run consumed: ``orders (3 events), clicks``."""
    return ", ".join(
        name if number == 1 else f"{name} ({formats.plural(number, 'event')})"
        for name, number in found
    )


def task_words(tasks: Sequence[TaskRef]) -> str:
    """Tasks in words: ``load.copy, load.check``."""
    return ", ".join(f"{one.dag_id}.{one.task_id}" for one in tasks)


def consumer_spans(one: Consumer) -> Spans:
    """A DAG that runs on an asset, and how far it is: ``report 1 of 2 ready``."""
    if one.is_paused:
        return (span(one.dag_id, "dim"), Span(" paused", "dim"))
    if one.needed < 2:
        return (span(one.dag_id),)
    if one.one_is_enough:
        return (span(one.dag_id), Span(f" any of {one.needed}", "dim"))
    role = "warning" if 0 < one.ready < one.needed else "dim"
    return (span(one.dag_id), Span(f" {one.ready} of {one.needed} ready", role))


# the assets


def columns(width: int = 80) -> list[Column[AssetRow]]:
    """The columns of the table of assets: who makes and who waits for their events comes first."""
    room = max(0, width - 80)
    producers, consumers = 16 + min(24, room // 4), 22 + min(38, room // 3)
    return [
        Column("name", "ASSET", 14, _name_cell, lambda a: a.name.lower(), most=40),
        Column(
            "producers",
            "PRODUCED BY",
            producers,
            _producers_cell,
            lambda a: task_words(a.producers),
        ),
        Column("consumers", "CONSUMED BY", consumers, _consumers_cell, lambda a: -len(a.consumers)),
        Column(
            "events",
            "EVENTS",
            6,
            _count_cell,
            lambda a: a.event_count,
            right=True,
            descending=True,
        ),
        Column("last", "LAST", 5, _last_cell, _last_key, right=True, descending=True),
        Column("uri", "URI", 16, _uri_cell, lambda a: a.uri, grows=True),
        Column("group", "GROUP", 10, _group_cell, lambda a: a.group.lower()),
    ]


def _name_cell(asset: AssetRow, scene: Scene) -> Spans:
    named = asset.producers or asset.consumers or asset.readers
    return (span(asset.name, "strong" if named else "dim"),)


def _last_cell(asset: AssetRow, scene: Scene) -> Spans:
    event = asset.last_event
    if event is None:
        return (Span("never", "faint"),)
    return (Span(formats.age(event.timestamp, scene.now)),)


def _last_key(asset: AssetRow) -> datetime:
    return LONG_AGO if asset.last_event is None else asset.last_event.timestamp


def _count_cell(asset: AssetRow, scene: Scene) -> Spans:
    return (Span(formats.count(asset.event_count), "text" if asset.event_count else "faint"),)


def _producers_cell(asset: AssetRow, scene: Scene) -> Spans:
    if not asset.producers:
        return (Span("no task", "dim"),)
    return (span(task_words(asset.producers)),)


def _consumers_cell(asset: AssetRow, scene: Scene) -> Spans:
    if not asset.consumers:
        return (Span("no DAG", "dim"),)
    return joined([consumer_spans(one) for one in asset.consumers], Span(", ", "dim"))


def _group_cell(asset: AssetRow, scene: Scene) -> Spans:
    return (span(asset.group, "dim"),)


def _uri_cell(asset: AssetRow, scene: Scene) -> Spans:
    return (span(asset.uri, "dim"),)


def facts_of(asset: AssetRow) -> Facts:
    """What the filter sees of an asset."""
    dags = [one.dag_id for one in (*asset.producers, *asset.readers, *asset.consumers)]
    waits = any(0 < one.ready < one.needed and not one.one_is_enough for one in asset.consumers)
    return Facts(
        text=f"{asset.name} {asset.uri} {asset.group}",
        flags=frozenset({"waits"} if waits else ()),
        fields={"dag": dags, "group": [asset.group], "uri": [asset.uri]},
        numbers={"events": float(asset.event_count)},
    )


def detail_line(asset: AssetRow | None, scene: Scene, *, with_event: bool = True) -> Spans:
    """What there is to say of the asset under the cursor; perhaps also of its last event."""
    if asset is None:
        return ()
    parts: list[Spans] = []
    if asset.uri != asset.name:
        parts.append((span(asset.uri, "text"),))
    event = asset.last_event
    if event is not None and with_event:
        when = formats.clock(event.timestamp, scene.now, scene.zone)
        run = formats.run_name(event.source_run_id) if event.source_run_id else ""
        made = f"event {when} by {source_words(event)}"
        parts.append((span(f"{made}, run {run}" if run else made, "text"),))
    parts.extend(consumer_spans(one) for one in asset.consumers if one.needed > 1)
    if asset.readers:
        parts.append((Span("read by ", "dim"), span(task_words(asset.readers), "dim")))
    parts.append((Span("group ", "dim"), span(asset.group, "dim")))
    if asset.extra:
        parts.append((span(json.dumps(asset.extra, ensure_ascii=False), "dim"),))
    return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))


# the events of one


def event_columns() -> list[Column[AssetEventRow]]:
    """The columns of the table of events."""
    return [
        Column("time", "WHEN", 19, _time_cell, lambda e: e.key, descending=True),
        Column("by", "MADE BY", 18, _by_cell, source_words),
        Column("runs", "FOLLOWED BY", 16, _runs_cell, lambda e: len(e.runs)),
        Column("extra", "EXTRA", 16, _extra_cell, extra_words),
        Column("run", "IN RUN", 24, _run_cell, lambda e: e.source_run_id or "", grows=True),
    ]


def _time_cell(event: AssetEventRow, scene: Scene) -> Spans:
    return (Span(formats.stamp(event.timestamp, scene.zone)),)


def _by_cell(event: AssetEventRow, scene: Scene) -> Spans:
    return (span(source_words(event), "text" if event.source_dag_id else "accent"),)


def _runs_cell(event: AssetEventRow, scene: Scene) -> Spans:
    parts = [(run_span(run.state, scene.glyphs, " "), span(run.dag_id)) for run in event.runs]
    return joined(parts, Span(", ", "dim")) if parts else (Span("none", "dim"),)


def _run_cell(event: AssetEventRow, scene: Scene) -> Spans:
    return (span(formats.run_name(event.source_run_id or ""), "dim"),)


def _extra_cell(event: AssetEventRow, scene: Scene) -> Spans:
    return (span(extra_words(event), "dim"),)


def event_facts(event: AssetEventRow) -> Facts:
    """What the filter sees of an event."""
    runs = [name for run in event.runs for name in (run.dag_id, run.run_id)]
    return Facts(
        text=" ".join((source_words(event), event.source_run_id or "", extra_words(event), *runs)),
        flags=frozenset() if event.source_dag_id else frozenset({"hand"}),
        fields={"dag": [event.source_dag_id or ""], "run": [event.source_run_id or "", *runs]},
        numbers={},
    )


def event_line(event: AssetEventRow | None, scene: Scene) -> Spans:
    """What there is to say of the event under the cursor."""
    if event is None:
        return ()
    parts: list[Spans] = [(Span(formats.ago(event.timestamp, scene.now)),)]
    if event.source_run_id:
        parts.append((Span("run ", "dim"), span(event.source_run_id)))
    for run in event.runs:
        name = span(f" {run.dag_id} {formats.run_name(run.run_id)}")
        parts.append((Span("then ", "dim"), run_span(run.state, scene.glyphs, ""), name))
    if words := extra_words(event):
        parts.append((span(words, "dim"),))
    return (Span("  "), *joined(parts, Span(f" {scene.glyphs.dot} ", "faint")))


# in the details of a DAG


def schedule_facts(assets: Sequence[ScheduleAsset], scene: Scene) -> list[tuple[str, Spans]]:
    """The assets in a DAG's schedule, and which of them have had an event."""
    ready = sum(one.ready for one in assets)
    found: list[tuple[str, Spans]] = []
    if len(assets) > 1:
        found.append(("ready", (Span(f"{ready} of {len(assets)} assets"),)))
    for number, one in enumerate(assets):
        state = Span("ready   ", "good") if one.ready else Span("awaited ", "dim")
        last = "no event yet"
        if one.last_event_at is not None:
            last = f"last event {formats.ago(one.last_event_at, scene.now)}"
        name = "" if number else "asset" if len(assets) == 1 else "assets"
        found.append((name, (state, span(one.name, "strong"), Span(f"  {last}", "dim"))))
    return found
