"""The models of a tracked run, and which runs have read what of each other: a part of its page.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.tracked_targets import Entry, Target
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from store.logged_models import LoggedModelRow
    from store.queries.tracked_page import ModelRow, TrackedPage, UseRow

STATES = {
    "READY": ("ready", "good"),
    "PENDING": ("pending", "warning"),
    "FAILED": ("failed", "error"),
}
FILES = Target("view", "artifacts")


def models(page: TrackedPage) -> Iterable[Entry]:
    """The models that the run has logged, each with the versions that it is registered as; then
    what it has registered besides."""
    told: set[tuple[str, int]] = set()
    for one in page.logged_models:
        path = one.artifact_location.partition(f"/{page.row.uuid}/")[2]
        own = [
            model
            for model in page.models
            if model.logged_id == one.id or (model.logged_id is None and path == model.path != "")
        ]
        told.update((model.name, model.version) for model in own)
        yield _logged(one, own), FILES
    for model in page.models:
        if (model.name, model.version) not in told:
            where = (Span("  of ", "dim"), span(model.path, "dim")) if model.path else ()
            yield (Span("   "), *_version(model), *where), FILES


def _logged(one: LoggedModelRow, registered: Sequence[ModelRow]) -> Spans:
    words, role = STATES.get(one.status, (one.status.lower(), "warning"))
    line = [Span("   "), span(one.name, "strong"), Span("  "), span(words, role)]
    if one.model_type:
        line.extend((Span("  "), span(one.model_type, "dim")))
    line.extend((Span("  "), span(one.id[:10], "dim")))
    for model in registered:
        line.extend((Span("  registered as ", "dim"), *_version(model)))
    if not registered and one.status == "READY":
        line.append(Span("  not registered", "dim"))
    return tuple(line)


def _version(model: ModelRow) -> Spans:
    aliases = "".join(f" @{alias}" for alias in model.aliases)
    return (span(model.name, "strong"), Span(f" version {model.version}"), span(aliases, "accent"))


def lineage(page: TrackedPage) -> Iterable[Entry]:
    """What it has read of other runs, and which runs have read what it has produced."""
    for uses in _grouped(page.reads):
        yield _use("reads    ", "of", uses)
    for uses in _grouped(page.read_by):
        yield _use("produced ", "read by", uses)


def _grouped(uses: Sequence[UseRow]) -> Iterable[Sequence[UseRow]]:
    """A model is many files: those of one folder that have to do with the same run."""
    groups: dict[tuple[str | None, str], list[UseRow]] = {}
    for one in uses:
        groups.setdefault((one.run_uuid, _folder(one)), []).append(one)
    return groups.values()


def _folder(one: UseRow) -> str:
    """The model that a file is of, else the folder that it is in; of one at the top the file."""
    return next((model.path for model in one.models), one.path.partition("/")[0])


def _use(verb: str, whose: str, uses: Sequence[UseRow]) -> Entry:
    first = uses[0]
    several = len(uses) > 1
    line = [Span(f"   {verb}", "dim"), span(f"{_folder(first)}/" if several else first.path)]
    if several:
        line.append(Span(f" {formats.plural(len(uses), 'file')}", "dim"))
    for model in first.models:
        line.extend((Span(", ", "dim"), *_version(model)))
    if first.run_uuid is None:
        return (*line, Span("  of a run that isn't known", "dim")), None
    name = first.run_name or first.run_uuid[:8]
    line.extend((Span(f"  {whose} ", "dim"), span(name, "link")))
    return tuple(line), Target("run", first.run_uuid)
