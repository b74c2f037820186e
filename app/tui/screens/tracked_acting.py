"""What is done with a tracked run from its page: note, tags, name, archiving, running it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from app.tui.models.fields import FIXED, LINES, FormField
from app.tui.models.tracked_looks import shown_value
from app.tui.models.tracked_run import NOTE
from app.tui.screens.admin import write
from app.tui.screens.editing import FormDialog
from app.tui.screens.noting import NoteScreen, Subject
from app.tui.screens.triggering import clone
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from store.secrets import MASK

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.queries.tracked_page import TrackedPage

LONGEST_SHOWN = 2_000
"""Characters of a tag that the form shows; a longer one is set anew."""


def _named(page: TrackedPage) -> str:
    return f"{page.row.name or 'run'} ({page.row.uuid[:8]})"


def ask_note(app: DagtopApp, page: TrackedPage) -> None:
    """Edit the note, which is Markdown: MLflow's description of a run."""
    subject = Subject("the run", None, None, page.tags.get(NOTE, ""))
    head: list[Spans] = [(Span("run   ", "dim"), span(_named(page), "strong"))]

    def save(texts: dict[Subject, str] | None) -> None:
        text = (texts or {}).get(subject)
        if text is not None:
            done = "wrote the note" if text else "took the note away"
            _set_tags(app, page, {NOTE: text or None}, done)

    app.push_screen(NoteScreen(head, [subject]), save)


def _set_tags(
    app: DagtopApp,
    page: TrackedPage,
    tags: Mapping[str, str | None],
    said: str,
    done: Callable[[str], None] | None = None,
) -> None:
    def change(connection: Any) -> str:
        from store import client, tracked_edits

        at = datetime.now(UTC)
        tracked_edits.set_tags(connection, [page.row.uuid], tags, client.user(), at)
        return f"{said} of {_named(page)}"

    write(app, change, done)


def ask_tag(app: DagtopApp, page: TrackedPage, key: str = "") -> None:
    """Set a tag; one that is left empty is taken away."""
    old = page.tags.get(key, "")
    shown = "" if shown_value(key, old) == MASK or len(old) > LONGEST_SHOWN else old
    name = FormField("key", "key", FIXED if key else "text", key, "Its name.")
    about = "Empty: the tag is taken away." if key else "What it says."
    fields = [name, FormField("value", "value", LINES, shown, about, height=3)]

    def send(texts: Mapping[str, str], done: Callable[[str], None]) -> None:
        chosen = key or texts.get("key", "").strip()
        value = texts.get("value", "").strip()
        if not chosen or (key and "value" not in texts):
            done("a tag needs a key" if not chosen else "")
            return
        said = f"set tag {chosen}" if value else f"took tag {chosen} away"
        if not value and chosen not in page.tags:
            done(f"there is no tag {chosen} to be taken away: give it a value")
            return
        _set_tags(app, page, {chosen: value or None}, said, done)

    title = f"Tag {key} of {page.row.name}" if key else f"Tag of {page.row.name}"
    app.push_screen(FormDialog(title, fields, send))


def ask_name(app: DagtopApp, page: TrackedPage) -> None:
    """Give the run another name."""

    def change(name: str, connection: Any) -> str:
        from store import client, tracked_edits

        at = datetime.now(UTC)
        before = tracked_edits.rename(connection, page.row.uuid, name, client.user(), at)
        return f"renamed {before} to {name}"

    def send(texts: Mapping[str, str], done: Callable[[str], None]) -> None:
        if "name" not in texts:
            done("")
            return
        write(app, partial(change, texts["name"].strip()), done)

    field = FormField("name", "name", text=page.row.name, about="Others may have the same.")
    app.push_screen(FormDialog(f"Rename {page.row.name}", [field], send))


def ask_archive(app: DagtopApp, page: TrackedPage) -> None:
    """Archive the run after a question; an archived one is restored at once: nothing is lost."""
    restored = page.row.deleted_at is not None

    def change(connection: Any) -> str:
        from store import client, tracked_edits

        act = tracked_edits.restore if restored else tracked_edits.archive
        act(connection, [page.row.uuid], client.user(), datetime.now(UTC))
        return f"{'restored' if restored else 'archived'} {_named(page)}"

    if restored:
        write(app, change)
        return

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            write(app, change)

    lines: list[Spans] = [
        (Span("Lists and comparisons leave it out; all that it logged stays.", "text"),),
        (Span("It can be restored here at any time.", "dim"),),
    ]
    app.push_screen(ConfirmDialog(f"Archive {_named(page)}?", lines, "archive it"), answered)


def ask_delete(app: DagtopApp, page: TrackedPage) -> None:
    """Delete the run for good."""
    from app.tui.formats import plural

    points = sum(one.count for one in page.metrics)
    lines: list[Spans] = [
        (
            span(
                f"{plural(len(page.params), 'param')}, {plural(len(page.metrics), 'metric')} with "
                f"{plural(points, 'point')}, {plural(page.artifacts, 'artifact')}, "
                f"{plural(len(page.tags), 'tag')} are deleted for good."
            ),
        )
    ]
    if page.child_count:
        words = f"{plural(page.child_count, 'nested run')} stay, on their own."
        lines.append((Span(words, "dim"),))

    def change(connection: Any) -> str:
        from store import client, tracked_edits

        tracked_edits.delete_runs(connection, [page.row.uuid], client.user(), datetime.now(UTC))
        return f"deleted {_named(page)}"

    def answered(choices: Choices | None) -> None:
        if choices is not None:
            write(app, change)

    app.push_screen(ConfirmDialog(f"Delete {_named(page)}?", lines, "delete it"), answered)


def reproduce(app: DagtopApp, page: TrackedPage) -> None:
    """Open the form that triggers its DAG with the conf of the run that recorded it, and say which
    version of the code would run."""
    row = page.row
    if row.dag_id is None or row.run_id is None:
        app.say("no DAG recorded it: run its script again with the params under 2", "warning")
        return
    if page.version is None:
        app.say(f"its DAG run {row.run_id} was deleted, and its conf with it", "warning")
        return
    clone(app, row.dag_id, row.run_id, [code_line(page)])


def code_line(page: TrackedPage) -> Spans:
    """Which version of the pipeline would run, and which did."""
    if page.newest_version in (None, page.version):
        words = f"version {page.version}, as then: it is the newest"
        return (Span("code      ", "dim"), Span(words))
    words = f"version {page.newest_version}; it ran with version {page.version} (6 shows it)"
    return (Span("code      ", "warning"), Span(words))
