"""The page of a tracked run: what it is, where it comes from, what belongs to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.durations import duration
from app.tui import formats
from app.tui.lines import EntryLines
from app.tui.models.instance import instance_name
from app.tui.models.markdown import markdown_lines
from app.tui.models.tracked_lineage import lineage, models
from app.tui.models.tracked_looks import number_spans, shown_value, status_span, status_word
from app.tui.models.tracked_targets import Entry, Target
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, fit, joined, span, wrapped

if TYPE_CHECKING:
    from store.queries.tracked import TrackedRow
    from store.queries.tracked_page import TrackedPage

LABEL = 14
NOTE = "mlflow.note.content"
COMMIT = "mlflow.source.git.commit"
BRANCH = "mlflow.source.git.branch"
REPOSITORY = "mlflow.source.git.repoURL"
DIRTY = ("dagtop.source.git.dirty", "mlflow.source.git.dirty")
"""Whether there were changes that no commit has: whatever wrote it."""
HOST = ("dagtop.host",)
COMMAND = ("dagtop.command",)
SOURCE, SOURCE_TYPE = "mlflow.source.name", "mlflow.source.type"
TOLD = {NOTE, COMMIT, BRANCH, REPOSITORY, SOURCE, SOURCE_TYPE, *DIRTY, *HOST, *COMMAND}
"""Tags that have a place of their own on the page."""
HIDDEN = ("mlflow.user", "mlflow.runName", "mlflow.parentRunId", "mlflow.log-model.history")
"""Tags that say again what is said already, or what no person reads."""
FEW_METRICS = 8
MOST_CHILDREN = 50


def title_line(page: TrackedPage, scene: Scene) -> Spans:
    """The line about the run that all views have."""
    row = page.row
    end = row.ended_at or scene.now
    seconds = max(0.0, (end - row.started_at).total_seconds())
    line: list[Span] = [
        Span(" "),
        status_span(row.status, scene.glyphs),
        Span(" "),
        span(row.name or row.uuid[:8], "strong"),
        Span("  "),
        Span(status_word(row.status), status_span(row.status, scene.glyphs).role),
        Span("  "),
        Span(duration(seconds) or "0s", "text"),
        Span("  in ", "dim"),
        span(row.experiment),
    ]
    if row.deleted_at is not None:
        line.append(Span("  archived", "warning"))
    return tuple(line)


def recorded_by(row: TrackedRow) -> str:
    """The task instance and try that recorded a run, in words; empty: none did."""
    if row.task_id is None:
        return ""
    name = instance_name(row.task_id, -1 if row.map_index is None else row.map_index)
    return f"{name}, try {row.try_number}" if row.try_number is not None else name


def overview(page: TrackedPage, width: int, scene: Scene) -> list[Entry]:
    """Every line of the page."""
    entries: list[Entry] = []
    for title, section in (
        ("", _facts(page, scene)),
        ("Note", _note(page, width)),
        ("Metrics", _metrics(page, scene)),
        ("Params", _params(page)),
        ("Distributions", _distributions(page)),
        ("Nested runs", _children(page, scene)),
        ("Other runs of this task instance", [_run_line(one, scene) for one in page.beside]),
        ("Datasets", _datasets(page)),
        ("Models", models(page)),
        ("Lineage", lineage(page)),
        ("Tags", _tags(page)),
    ):
        found = list(section)
        if not found:
            continue
        if title:
            entries.extend((((), None), ((Span(f" {title}", "title"),), None)))
        for line, target in found:
            entries.extend(_folded(line, target, width))
    return entries


def _folded(line: Spans, target: Target | None, width: int) -> Iterable[Entry]:
    """A line, on several where it is too long."""
    for row in wrapped(line, max(20, width - 1), LABEL + 1)[:6]:
        yield row, target


def _fact(name: str, *value: Span, target: Target | None = None) -> Entry:
    return (Span(f" {name:<{LABEL}}", "dim"), *value), target


def _facts(page: TrackedPage, scene: Scene) -> Iterable[Entry]:
    row, tags = page.row, page.tags
    began = formats.stamp(row.started_at, scene.zone)
    ended = formats.stamp(row.ended_at, scene.zone) if row.ended_at else "still running"
    yield _fact("started", Span(began), Span(f"   ended {ended}", "dim"))
    yield _fact("run id", span(row.uuid))
    by = [span(row.user_id)] if row.user_id else []
    if host := _first(tags, HOST):
        by.extend((Span(" on " if by else "on ", "dim"), span(host)))
    if by:
        yield _fact("user", *by)
    if row.dag_id is not None and row.run_id is not None:
        yield _fact(
            "DAG run",
            span(row.dag_id),
            Span("  "),
            span(formats.run_name(row.run_id), "link"),
            target=Target("dag_run"),
        )
    if words := recorded_by(row):
        yield _fact("task", span(words, "link"), target=Target("task"))
    if page.parent is not None:
        yield _fact("parent", *_named(page.parent, scene), target=Target("run", page.parent.uuid))
    elif row.parent_uuid:
        yield _fact("parent", span(row.parent_uuid), Span("  it was deleted", "dim"))
    yield from _source(page)
    yield from _versions(page)
    if page.artifacts:
        words = f"{formats.plural(page.artifacts, 'file')}, {formats.size(page.artifact_bytes)}"
        yield _fact("artifacts", Span(words, "link"), target=Target("view", "artifacts"))
    if page.environment_id is not None:
        yield _fact("packages", Span("what it ran with", "link"), target=Target("view", "packages"))


def _source(page: TrackedPage) -> Iterable[Entry]:
    tags = page.tags
    if source := tags.get(SOURCE):
        yield _fact("source", span(source))
    if commit := tags.get(COMMIT):
        line = [span(commit[:12])]
        if branch := tags.get(BRANCH):
            line.extend((Span(" of ", "dim"), span(branch)))
        if (_first(tags, DIRTY) or "").lower() in ("true", "1", "yes", "dirty"):
            line.append(Span("  and changes that no commit has", "warning"))
        if repository := tags.get(REPOSITORY):
            line.extend((Span("  "), span(repository, "dim")))
        yield _fact("git commit", *line)
    if command := _first(tags, COMMAND):
        yield _fact("command", span(command))


def _versions(page: TrackedPage) -> Iterable[Entry]:
    if page.version is None:
        return
    line = [Span(f"version {page.version} of the pipeline", "link")]
    if page.newest_version not in (None, page.version):
        line.append(Span(f"  the newest is {page.newest_version}", "dim"))
    yield _fact("code", *line, target=Target("view", "code"))


def _first(tags: Any, keys: Sequence[str]) -> str:
    return next((tags[key] for key in keys if tags.get(key)), "")


def _note(page: TrackedPage, width: int) -> Iterable[Entry]:
    text = page.tags.get(NOTE, "")
    if text.strip():
        for line in markdown_lines(text, width - 2):
            yield (Span(" "), *line), Target("note")


def _metrics(page: TrackedPage, scene: Scene) -> Iterable[Entry]:
    shown = [one for one in page.metrics if not one.key.startswith("system/")]
    target = Target("view", "values")
    for one in shown[:FEW_METRICS]:
        line = [
            *fit((span(one.key),), 28, ellipsis=scene.glyphs.ellipsis),
            Span("  "),
            *fit(number_spans(one.last_value, scene.glyphs), 11, right=True),
        ]
        if one.count > 1:
            low, high = (
                number_spans(value, scene.glyphs)[0].text
                for value in (one.min_value, one.max_value)
            )
            line.append(Span(f"  {low} to {high}, {formats.plural(one.count, 'point')}", "dim"))
        if odd := one.nan_count + one.inf_count:
            line.append(Span(f"  {odd:,} not finite", "warning"))
        yield (Span("   "), *line), target
    yield from _more(len(shown) - FEW_METRICS, "metric", target)


def _params(page: TrackedPage) -> Iterable[Entry]:
    target = Target("view", "values")
    for key, value in list(page.params.items())[:FEW_METRICS]:
        yield (
            (Span("   "), *fit((span(key),), 28), Span("  "), span(shown_value(key, value))),
            target,
        )
    yield from _more(len(page.params) - FEW_METRICS, "param", target)


def _distributions(page: TrackedPage) -> Iterable[Entry]:
    for one in page.distributions[:FEW_METRICS]:
        words = [one.kind, formats.plural(one.count, "value")]
        if one.null_count:
            words.append(formats.plural(one.null_count, "null"))
        if one.steps > 1:
            words.append(formats.plural(one.steps, "step"))
        name = fit((span(one.key, "link"),), 28)
        line = (Span("   "), *name, Span(f"  {', '.join(words)}", "dim"))
        yield line, Target("distribution", one.key)
    rest = len(page.distributions) - FEW_METRICS
    yield from _more(rest, "distribution", Target("view", "distributions"))


def _more(number: int, noun: str, target: Target) -> Iterable[Entry]:
    if number > 0:
        words = formats.plural(number, noun)
        yield (Span(f"   {words} more", "dim"),), target


def _children(page: TrackedPage, scene: Scene) -> Iterable[Entry]:
    for one in page.children[:MOST_CHILDREN]:
        yield _run_line(one, scene)
    if page.child_count > MOST_CHILDREN:
        words = f"   {page.child_count - MOST_CHILDREN:,} more: dagtop runs search lists them"
        yield (Span(words, "dim"),), None


def _run_line(row: TrackedRow, scene: Scene) -> Entry:
    words = recorded_by(row)
    more = (Span("  "), span(words, "dim")) if words and words not in row.name else ()
    line = (Span("   "), *_named(row, scene), *more)
    return line, Target("run", row.uuid)


def _named(row: TrackedRow, scene: Scene) -> Spans:
    end = row.ended_at or scene.now
    seconds = max(0.0, (end - row.started_at).total_seconds())
    return (
        status_span(row.status, scene.glyphs),
        Span(" "),
        span(row.name or row.uuid[:8], "link"),
        Span("  "),
        span(row.uuid[:8], "dim"),
        Span(f"  {duration(seconds) or '0s'}", "dim"),
    )


def _datasets(page: TrackedPage) -> Iterable[Entry]:
    for one in page.inputs:
        pieces: list[Spans] = [(span(one.name, "strong"),), (span(one.digest[:12], "dim"),)]
        if one.context:
            pieces.append((span(f"for {one.context}"),))
        if one.source and one.source != "{}":
            pieces.append((span(f"{one.source_type} {one.source}"[:200], "dim"),))
        yield (Span("   "), *joined(pieces, Span("  "))), None
        if one.schema:
            yield (Span("     "), span(one.schema[:300], "dim")), None


def _tags(page: TrackedPage) -> Iterable[Entry]:
    for key, value in page.tags.items():
        if key not in TOLD and key not in HIDDEN:
            line = (Span("   "), *fit((span(key),), 28), Span("  "), span(shown_value(key, value)))
            yield line, Target("tag", key)


class PageLines(EntryLines["Target | None"]):
    """The lines of the page."""

    def next_section(self, index: int, direction: int) -> int | None:
        """Where the next (1) or previous (-1) section begins."""
        heads = [
            place
            for place, (line, _) in enumerate(self.entries)
            if line and line[-1].role == "title" and (not place or not self.entries[place - 1][0])
        ]
        if direction > 0:
            return next((place for place in heads if place > index), None)
        return next((place for place in reversed([0, *heads]) if place < index), None)
