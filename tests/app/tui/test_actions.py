"""The registry of actions: complete, unambiguous, and honest about what it promises."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from textual.keys import _character_to_key

import app.tui.screens
from app.tui.actions import (
    ACTIONS,
    BY_ID,
    GROUPS,
    Action,
    actions_for,
    footer_actions,
    is_key,
    key_name,
    key_of_name,
    keys_table,
)
from app.tui.application import DagtopApp
from app.tui.bindings import bindings
from app.tui.screens.base import DagtopScreen
from app.tui.screens.help import help_lines
from app.tui.screens.triggering import TriggerForm
from app.tui.screens.views import (
    COMPARE_VIEWS,
    DAG_VIEWS,
    PLACES,
    TASK_VIEWS,
    TRACKED_VIEWS,
    View,
)
from app.tui.spans import plain
from app.tui.widgets.dialogs import ConfirmDialog


def screens() -> Iterator[type[DagtopScreen]]:
    """Every screen there is: the classes that have contexts of their own and bind their keys."""
    for module in pkgutil.iter_modules(app.tui.screens.__path__, "app.tui.screens."):
        for value in vars(importlib.import_module(module.name)).values():
            is_screen = isinstance(value, type) and issubclass(value, DagtopScreen)
            if is_screen and value.__module__ == module.name and "contexts" in vars(value):
                yield value


SCREENS = [one for one in screens() if one is not DagtopScreen]
HANDLED_BY: dict[str, type] = {
    "everywhere": DagtopApp,
    "confirm": ConfirmDialog,
    "form": TriggerForm,
}


def owners(context: str) -> list[type]:
    if context in HANDLED_BY:
        return [HANDLED_BY[context]]
    return [screen for screen in SCREENS if context in screen.contexts]


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_an_action_has_a_name_a_description_and_a_handler(action: object) -> None:
    one = next(a for a in ACTIONS if a is action)
    assert one.name
    assert one.description
    assert one.group in GROUPS
    assert owners(one.context), f"no screen has the context {one.context}"
    for owner in owners(one.context):
        handler = one.call.partition("(")[0]
        assert callable(getattr(owner, f"action_{handler}", None)), f"{owner.__name__} {one.id}"


@pytest.mark.parametrize("screen", SCREENS)
def test_a_key_means_one_thing_on_a_screen(screen: type[DagtopScreen]) -> None:
    keys = Counter(key for action in actions_for(screen.contexts) for key in action.keys)
    assert [key for key, number in keys.items() if number > 1] == []


@pytest.mark.parametrize(
    ("context", "views"),
    [
        ("place", PLACES),
        ("view", DAG_VIEWS),
        ("task", TASK_VIEWS),
        ("compare", COMPARE_VIEWS),
        ("tracked_run", TRACKED_VIEWS),
    ],
)
def test_a_view_has_a_key_that_shows_it(context: str, views: Mapping[str, View]) -> None:
    keys = {name: BY_ID[f"{context}.show-{name}"].keys for name in views}
    assert keys == {name: (view.key,) for name, view in views.items()}
    assert all(view.load().view_name == name for name, view in views.items())
    shown = [one for one in ACTIONS if one.id.startswith(f"{context}.show-")]
    assert len(shown) == len(views), "an action shows a view that doesn't exist"


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_binds_the_keys_of_its_contexts(screen: type[DagtopScreen]) -> None:
    own = [context for context in screen.contexts if context != "everywhere"]
    assert list(screen.BINDINGS) == bindings(*own)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_footer_has_at_most_seven_keys(screen: type[DagtopScreen]) -> None:
    assert 3 <= len(footer_actions(screen.contexts)) <= 7


@pytest.mark.parametrize("screen", SCREENS)
def test_read_only_takes_every_acting_key_away(screen: type[DagtopScreen]) -> None:
    left = actions_for(screen.contexts, read_only=True)
    assert not any(action.acts for action in left)
    assert "trigger" not in "".join(plain(line) for line in help_lines(left)).lower().split()


def test_what_destroys_acts() -> None:
    assert all(action.acts for action in ACTIONS if action.destructive)


def test_keys_avoid_what_terminals_cannot_tell_apart() -> None:
    taken = {"ctrl+i", "ctrl+m", "ctrl+j", "ctrl+h", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+enter"}
    assert not taken.intersection(key for action in ACTIONS for key in action.keys)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("f5", "F5"),
        ("shift+f12", "S-F12"),
        ("ctrl+left", "^Left"),
        ("ctrl+d", "^D"),
        ("alt+x", "Alt-x"),
        ("delete", "Del"),
        ("exclamation_mark", "!"),
        ("less_than_sign", "<"),
        ("comma", ","),
        ("é", "é"),
    ],
)
def test_a_key_is_shown_as_people_write_it_and_read_back(key: str, name: str) -> None:
    assert key_name(key) == name
    assert key_of_name(name) == key
    assert is_key(key)


def test_every_sign_of_the_keyboard_is_the_key_that_textual_means() -> None:
    assert [s for s in string.punctuation if key_of_name(s) != _character_to_key(s)] == []
    assert [key for a in ACTIONS for key in a.keys if key_of_name(key_name(key)) != key] == []
    assert not is_key("foo")


def test_the_readme_table_names_every_action() -> None:
    table = keys_table()
    assert all(f"| {action.name}:" in table for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_help_has_room_for_names_and_descriptions(action: Action) -> None:
    assert len(action.name) <= 13
    assert len(action.description) <= 44
