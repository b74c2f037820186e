"""What is done with tracked runs: tags, names, archiving, restoring, deleting for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from app.tui.formats import plural
from app.tui.models.fields import FormField
from app.tui.models.tracked_looks import status_span
from app.tui.reading_tracked import read_targets
from app.tui.screens.editing import FormDialog
from app.tui.screens.tracked_picks import write
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle

if TYPE_CHECKING:
    from app.tui.screens.tracked_filter import FilteredRuns
    from store.tracked_edits import Target

MOST_NAMED = 8
"""Runs that a question names."""
CHILDREN = "children"


def named(targets: Sequence[Target], screen: FilteredRuns) -> list[Spans]:
    """The runs, the first ones by name."""
    glyphs = screen.dagtop.glyphs
    lines: list[Spans] = [
        (
            Span("  "),
            status_span(one.status, glyphs),
            Span(" "),
            span(one.name, "strong"),
            Span(f"  {one.uuid[:8]}", "dim"),
        )
        for one in targets[:MOST_NAMED]
    ]
    if len(targets) > MOST_NAMED:
        lines.append((Span(f"  and {len(targets) - MOST_NAMED:,} more", "dim"),))
    return lines


def ask_tag(screen: FilteredRuns, uuids: Sequence[str]) -> None:
    """Ask for a tag, and give it to runs."""
    what = plural(len(uuids), "run")
    fields = [
        FormField("key", "key", about="The key of the tag, as in team or stage."),
        FormField("value", "value", about="Its value. With none the tag is taken away."),
    ]

    def save(touched: Mapping[str, str], done: Callable[[str], None]) -> None:
        key, value = touched.get("key", "").strip(), touched.get("value", "")

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store import tracked_edits

            tracked_edits.set_tags(connection, uuids, {key: value or None}, actor, at)
            if value:
                return f"tagged {what}: {key}={value}"
            return f"took tag {key} away from {what}"

        write(screen, edit, "its former value isn't kept: t sets another", done)

    screen.app.push_screen(FormDialog(f"Tag {what}", fields, save))


def ask_rename(screen: FilteredRuns, uuid: str, name: str) -> None:
    """Ask for another name of a run."""

    def save(touched: Mapping[str, str], done: Callable[[str], None]) -> None:
        new = touched.get("name", name)

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store import tracked_edits

            former = tracked_edits.rename(connection, uuid, new, actor, at)
            return f"{former} is called {' '.join(new.split())} now"

        write(screen, edit, f"N gives it another name; it was {name}", done)

    field = FormField("name", "name", text=name, about="The name of the run.")
    screen.app.push_screen(FormDialog("Rename the run", [field], save))


def _ask(
    screen: FilteredRuns,
    uuids: Sequence[str],
    then: Callable[[list[Target], list[Target]], None],
) -> None:
    """Read the runs and those that are nested in them, then ask."""

    def read(found: tuple[list[Target], list[Target]]) -> None:
        if found[0]:
            then(*found)
        else:
            screen.dagtop.say("the run is gone: somebody deleted it", "warning")

    screen.dagtop.read_first(partial(read_targets, uuids=uuids), read)


def ask_archive(screen: FilteredRuns, uuids: Sequence[str]) -> None:
    """Archive runs, after asking; where all are archived, restore them."""
    _ask(screen, uuids, partial(_ask_archive, screen))


def _ask_archive(screen: FilteredRuns, runs: list[Target], nested: list[Target]) -> None:
    restores = all(one.is_archived for one in runs)
    verb, done = ("restore", "restored") if restores else ("archive", "archived")
    chosen = [one for one in runs if one.is_archived == restores]
    below = [one for one in nested if one.is_archived == restores]
    lines = named(chosen, screen)
    if not restores:
        words = "They are left out of lists. a under Archived restores them."
        lines += [(), (Span(words, "dim"),)]

    def act(choices: Choices | None) -> None:
        if choices is None:
            return
        wanted = [*chosen, *(below if choices.on.get(CHILDREN) else ())]
        uuids = [one.uuid for one in wanted]

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store import tracked_edits

            change = tracked_edits.restore if restores else tracked_edits.archive
            return f"{done} {plural(len(change(connection, uuids, actor, at)), 'run')}"

        undo = "a archives them again" if restores else "a under Archived (Tab) restores them"
        screen.table.clear_marks()
        write(screen, edit, undo)

    what = plural(len(chosen), "run")
    screen.app.push_screen(
        ConfirmDialog(
            f"{verb.capitalize()} {what}?",
            lines,
            f"{verb} {'it' if len(chosen) == 1 else 'them'}",
            toggles=_children(below, on=True),
            number=len(chosen),
        ),
        act,
    )


def _children(below: Sequence[Target], *, on: bool) -> list[Toggle]:
    words = f"also {plural(len(below), 'run')} nested in {'it' if len(below) == 1 else 'them'}"
    return [Toggle("c", CHILDREN, words, on=on)] if below else []


def ask_delete(screen: FilteredRuns, uuids: Sequence[str]) -> None:
    """Delete runs for good, after asking; those that are running stay."""
    _ask(screen, uuids, partial(_ask_delete, screen))


def _ask_delete(screen: FilteredRuns, runs: list[Target], nested: list[Target]) -> None:
    ended = [one for one in runs if not one.is_running]
    below = [one for one in nested if not one.is_running]
    running = len(runs) - len(ended)
    if not ended:
        screen.dagtop.say("what may still log something isn't deleted: wait for the end", "warning")
        return
    lines = named(ended, screen)
    lines += [(), (Span("With their params, metrics, tags and artifacts. ", "text"),)]
    lines.append((Span("It can't be undone", "warning"), Span("; a archives them instead.", "dim")))
    if running:
        words = f"{plural(running, 'run')} may still log something: not deleted."
        lines.append((Span(words, "warning"),))

    def work_out(choices: Choices, hand_over: Callable[..., None]) -> None:
        more = len(below) if choices.on.get(CHILDREN) else 0
        hand_over(lines, number=len(ended) + more)

    def act(choices: Choices | None) -> None:
        if choices is None:
            return
        wanted = [*ended, *(below if choices.on.get(CHILDREN) else ())]
        uuids = [one.uuid for one in wanted]

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store import tracked_edits

            number = tracked_edits.delete_runs(connection, uuids, actor, at)
            return f"deleted {plural(number, 'run')} for good"

        screen.table.clear_marks()
        write(screen, edit, "what was deleted is gone")

    what = plural(len(ended), "run")
    screen.app.push_screen(
        ConfirmDialog(
            f"Delete {what} for good?",
            lines,
            f"delete {'it' if len(ended) == 1 else 'them'}",
            toggles=_children(below, on=False),
            preview=work_out,
            number=len(ended),
        ),
        act,
    )
