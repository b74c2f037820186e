"""What of the table of tracked runs is chosen from lists: columns, experiments, groups, views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from app.tui.formats import plural
from app.tui.models.picking import Item
from app.tui.models.tracked_columns import (
    ATTRIBUTE,
    ATTRIBUTES,
    METRIC,
    OWN_TAGS,
    PARAM,
    PARTS,
    SYSTEM,
    TAG,
    ColumnSpec,
)
from app.tui.models.tracked_view import GROUP_ATTRIBUTES, TableView, view_from
from app.tui.reading_tracked import Choices, read_choices, read_places
from app.tui.screens.picking import Picked, PickScreen

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.tui.screens.tracked_filter import FilteredRuns
    from store.engine import Store
    from store.queries.tracked_table import Place
    from store.saved_views import SavedView

HEADINGS = {
    METRIC: "metrics",
    PARAM: "params",
    ATTRIBUTE: "attributes",
    TAG: "tags",
    "system": "system metrics",
    "own": "tags of MLflow and dagtop",
}
"""Group of columns -> what stands above it, in this order."""


# columns


def heading_of(spec: ColumnSpec) -> str:
    """Under which heading a column stands."""
    if spec.kind == METRIC and spec.key.startswith(SYSTEM):
        return HEADINGS["system"]
    if spec.kind == TAG and spec.key.startswith(OWN_TAGS):
        return HEADINGS["own"]
    return HEADINGS[spec.kind]


def column_items(choices: Choices, shown: Sequence[ColumnSpec]) -> list[Item]:
    """The columns that can be chosen: those that are shown in the form that they have."""
    counts = {one.spec: one.runs for one in choices.found}
    specs = list(shown)
    known = {(one.kind, one.key) for one in shown}
    specs.extend(
        one
        for one in (*counts, *(ColumnSpec(ATTRIBUTE, key) for key in ATTRIBUTES))
        if (one.kind, one.key) not in known
    )
    places = list(HEADINGS.values())
    specs.sort(key=lambda one: places.index(heading_of(one)))
    return [_column_item(one, counts, choices.sample) for one in specs]


def _column_item(spec: ColumnSpec, counts: dict[ColumnSpec, int], sample: int) -> Item:
    name = ATTRIBUTES[spec.key].title.lower() if spec.kind == ATTRIBUTE else spec.key
    runs = counts.get(replace(spec, part="last"))
    more = "" if runs is None else f"in {runs} of {plural(sample, 'run')}" if runs else "elsewhere"
    part = f" {spec.part}" if spec.kind == METRIC else ""
    return Item(spec.id, f"{name}{part}", more, heading_of(spec), is_faint=runs == 0)


def ask_columns(screen: FilteredRuns) -> None:
    """Choose the columns."""
    snapshot = screen.snapshot
    if snapshot is None:
        return
    shown = snapshot.columns

    def read(choices: Choices) -> None:
        items = column_items(choices, shown)
        counts = {one.spec: one.runs for one in choices.found}
        specs = {one.id: one for one in shown}
        for one in (*counts, *(ColumnSpec(ATTRIBUTE, key) for key in ATTRIBUTES)):
            specs.setdefault(one.id, one)

        def turned(key: str, step: int) -> Item | None:
            spec = specs[key]
            if spec.kind != METRIC:
                return None
            part = PARTS[(PARTS.index(spec.part) + step) % len(PARTS)]
            new = replace(spec, part=part)
            specs[new.id] = new
            return _column_item(new, counts, choices.sample)

        def then(picked: Picked | None) -> None:
            if picked is not None and picked.by == "delete":
                screen.change(replace(screen.view, columns=None))
                screen.choose_columns()
                screen.dagtop.say("the columns are those that most of the runs have")
            elif picked is not None:
                chosen = tuple(dict.fromkeys(specs[key] for key in picked.several))
                new = next((one for one in chosen if one not in shown), None)
                if new is not None:
                    screen.table.go_to_column(new.id)
                screen.change(replace(screen.view, columns=chosen or None))

        screen.app.push_screen(
            PickScreen(
                "Columns",
                items,
                picked=[one.id for one in shown],
                hint="Del resets   ",
                keys=("delete",),
                turn=turned,
                cursor=screen.current_spec.id,
                placeholder="words of a param, metric or tag; Left and Right: last, min ...",
            ),
            then,
        )

    screen.dagtop.read_first(
        partial(read_choices, view=screen.view, clock=screen.dagtop.clock), read
    )


# experiments


def place_items(experiments: Sequence[Place], dags: Sequence[Place]) -> list[Item]:
    """The experiments and DAGs with the number of their runs."""

    def items(group: str, kind: str, places: Sequence[Place]) -> list[Item]:
        return [
            Item(f"{kind}{one.name}", one.name, _count_words(one), group, is_faint=not one.active)
            for one in places
        ]

    return [*items("experiments", "e", experiments), *items("DAGs", "d", dags)]


def _count_words(one: Place) -> str:
    archived = f", {one.archived:,} archived" if one.archived else ""
    return f"{plural(one.active, 'run')}{archived}"


def taken(before: Sequence[str], answer: Picked) -> list[str]:
    """What was chosen: those with a cross; where no cross has changed, what the cursor was put on
    instead of them; of "all" nothing."""
    if not answer.key:
        return [] if answer.key == "" else [one for one in answer.several if one]
    crosses = [one for one in answer.several if one]
    if not crosses or (set(crosses) == set(before) and answer.key not in before):
        return [answer.key]
    return crosses


def ask_experiments(screen: FilteredRuns) -> None:
    """Choose the experiments and DAGs whose runs are shown."""
    view = screen.view

    def read(found: tuple[list[Place], list[Place]]) -> None:
        items = [Item("", "all experiments"), *place_items(*found)]
        picked = [*(f"e{one}" for one in view.experiments), *(f"d{one}" for one in view.dags)]

        def then(answer: Picked | None) -> None:
            if answer is None or (answer.key is None and not answer.several):  # nothing matched
                return
            keys = taken(picked, answer)
            chosen = replace(
                screen.view,
                experiments=tuple(key[1:] for key in keys if key[0] == "e"),
                dags=tuple(key[1:] for key in keys if key[0] == "d"),
            )
            if chosen != screen.view:
                screen.change(chosen, called="")

        screen.app.push_screen(
            PickScreen(
                "Experiments",
                items,
                picked=picked,
                cursor=picked[0] if picked else "",
                placeholder="words of an experiment or a DAG",
            ),
            then,
        )

    screen.dagtop.read_first(read_places, read)


# groups


def group_items(choices: Choices) -> list[Item]:
    """What runs can be grouped by."""
    items = [
        Item(f"attribute.{key}", ATTRIBUTES[key].title.lower(), "", "attributes")
        for key in GROUP_ATTRIBUTES
    ]
    for kind in (PARAM, TAG):
        for one in choices.found:
            if one.spec.kind == kind and one.runs:
                values = plural(one.values, "value")
                more = f"{values} in {one.runs} of {plural(choices.sample, 'run')}"
                items.append(
                    Item(f"{kind}.{one.spec.key}", one.spec.key, more, heading_of(one.spec))
                )
    places = ["params", "tags", "attributes", HEADINGS["own"]]
    return sorted(items, key=lambda one: places.index(one.group))


def ask_group(screen: FilteredRuns) -> None:
    """Choose what runs are grouped by."""

    def read(choices: Choices) -> None:
        def then(picked: Picked | None) -> None:
            if picked is not None and picked.key is not None:
                kind, _, key = picked.key.partition(".")
                screen.change(replace(screen.view, group=(kind, key)))

        screen.app.push_screen(
            PickScreen("Group by", group_items(choices), placeholder="words of a param or tag"),
            then,
        )

    screen.dagtop.read_first(
        partial(read_choices, view=screen.view, clock=screen.dagtop.clock), read
    )


# saved views


def read_views(store: Store) -> list[SavedView]:
    """The saved views, by name."""
    from store.saved_views import TRACKED_RUNS, list_views

    with store.read() as connection:
        return list_views(connection, TRACKED_RUNS)


SAVE, OPEN = "save ", "open "


def view_items(views: Sequence[SavedView], current: str, text: str) -> list[Item]:
    """What can be done with a name that is typed: save what is seen under it."""
    if not text:
        return [Item(f"{SAVE}{current}", f"save the changes to {current}")] if current else []
    there = any(one.name == text for one in views)
    words = f"save over {text}" if there else f"save what is seen as {text}"
    return [Item(f"{SAVE}{text}", words)]


def view_words(view: TableView) -> str:
    """What a view is of, in a few words."""
    parts = [*view.experiments, *view.dags]
    if view.filter:
        parts.append(view.filter)
    if view.group is not None:
        parts.append(f"by {view.group[1]}")
    return ", ".join(parts)[:40]


def ask_views(screen: FilteredRuns) -> None:
    """Open, save, rename or delete views."""

    def read(views: list[SavedView]) -> None:
        contents = {one.name: one.content for one in views}
        items = [
            Item(f"{OPEN}{one.name}", one.name, view_words(view_from(one.content))) for one in views
        ]

        def then(picked: Picked | None) -> None:
            if picked is None or picked.key is None:
                return
            name = picked.key[len(OPEN) :]
            if picked.by == "delete":
                _ask_delete(screen, name)
            elif picked.by == "f2":
                _ask_rename(screen, name)
            elif picked.key.startswith(SAVE):
                _save(screen, name)
            else:
                screen.change(view_from(contents[name]), called=name)
                screen.dagtop.say(f"view {name}")

        keys = () if screen.dagtop.read_only else ("delete", "f2")
        screen.app.push_screen(
            PickScreen(
                "Views",
                items,
                hint="" if screen.dagtop.read_only else "F2 renames   Del deletes   ",
                keys=keys,
                typed=None
                if screen.dagtop.read_only
                else lambda text: view_items(views, screen.view_called, text),
                cursor=f"{OPEN}{screen.view_called}",
                placeholder="a name: of a view, or to save what is seen under",
                empty="no view is saved yet: type a name to save what is seen",
            ),
            then,
        )

    screen.dagtop.read_first(read_views, read)


Edit = Callable[["Connection", str, datetime], str]
"""Connection, actor and moment -> the sentence that says what was done."""


def write(
    screen: FilteredRuns, edit: Edit, undo: str, done: Callable[[str], None] | None = None
) -> None:
    """Change the store in the commander's thread; ``undo``: how it is taken back by hand.

    ``done`` is told what went wrong, or "" if nothing did; without it the footer says it.
    """
    from store import client
    from store.errors import StoreError

    app = screen.dagtop
    at = app.clock()

    def then(reply: str | StoreError) -> None:
        if isinstance(reply, StoreError):
            if done is None:
                app.say(str(reply), "error")
            else:
                done(str(reply))
            return
        if done is not None:
            done("")
        app.undos.cannot(reply, undo)
        app.say(reply, "good")
        app.refresher.poke()

    app.commander.edit(lambda connection: edit(connection, client.user(), at), then)


def _save(screen: FilteredRuns, name: str) -> None:
    content = screen.view.as_json()

    def edit(connection: Any, actor: str, at: datetime) -> str:
        from store.saved_views import TRACKED_RUNS, save_view

        over = save_view(connection, TRACKED_RUNS, name, content, actor, at)
        return f"saved view {name}{', over the one of before' if over else ''}"

    screen.view_called = name
    screen.keep()
    screen.show_counts()
    write(screen, edit, "its former content isn't kept")


def _ask_rename(screen: FilteredRuns, name: str) -> None:
    from app.tui.models.fields import FormField
    from app.tui.screens.editing import FormDialog

    def save(touched: Any, done: Callable[[str], None]) -> None:
        new = touched.get("name", name)

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store.saved_views import TRACKED_RUNS, rename_view

            rename_view(connection, TRACKED_RUNS, name, new, actor, at)
            return f"view {name} is called {new} now"

        if screen.view_called == name:
            screen.view_called = new
        write(screen, edit, "rename it again with w F2", done)

    field = FormField("name", "name", text=name, about="The name of the view.")
    screen.app.push_screen(FormDialog(f"Rename view {name}", [field], save))


def _ask_delete(screen: FilteredRuns, name: str) -> None:
    from app.tui.spans import Span, span
    from app.tui.widgets.dialogs import Choices as Chosen
    from app.tui.widgets.dialogs import ConfirmDialog

    def answered(choices: Chosen | None) -> None:
        if choices is None:
            return

        def edit(connection: Any, actor: str, at: datetime) -> str:
            from store.saved_views import TRACKED_RUNS, delete_view

            delete_view(connection, TRACKED_RUNS, name)
            return f"deleted view {name}"

        if screen.view_called == name:
            screen.view_called = ""
        write(screen, edit, "save it again with w")

    lines = [(Span("  "), span(name, "strong")), (), (Span("Its runs stay.", "dim"),)]
    screen.app.push_screen(ConfirmDialog("Delete the view?", lines, "delete it"), answered)
