"""Settings of the terminal UI: where they come from, and what is said when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, UiConfig, describe, load
from store.settings import ConfigError
from store.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    (tmp_path / "shop" / "dags").mkdir(parents=True)
    return Workspace(tmp_path / "shop")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_without_files_the_defaults_hold(space: Workspace, tmp_path: Path) -> None:
    assert load(space, {}, tmp_path / "none.toml") == Settings(UiConfig(), {})


def test_the_workspace_wins_over_the_user_and_the_environment_over_both(
    space: Workspace, tmp_path: Path
) -> None:
    user = write(tmp_path / "u.toml", '[ui]\ntheme = "light"\nbell = true\nmouse = false\n')
    write(space.config_file, '[ui]\ntheme = "contrast"\nmouse = true\n[runner]\nparallelism = 3\n')
    ui = load(space, {"DAGTOP_THEME": "ansi"}, user).ui
    assert (ui.theme, ui.bell, ui.mouse) == ("ansi", True, True)
    assert load(space, {}, user).ui.theme == "contrast"


def test_keys_are_written_as_people_see_them(space: Workspace, tmp_path: Path) -> None:
    text = '[keys]\n"tasks.clear" = "C"\n"list.down" = ["Down", "^N"]\n"everywhere.help" = "?"\n'
    keys = load(space, {}, write(tmp_path / "u.toml", text)).keys
    assert keys["tasks.clear"] == ("C",)
    assert keys["list.down"] == ("down", "ctrl+n")
    assert keys["everywhere.help"] == ("question_mark",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[ui]\ntheme = "lihgt"\n',
            (
                r"\[ui\] theme is 'lihgt', but dagtop expected one of \"\" \(empty\), dark, light, "
                r"contrast, deuteranopia, tritanopia, ansi, plain: did you mean light\?$"
            ),
        ),
        ("[ui]\ntheme = 3\n", r"theme is 3, but dagtop expected one of .*, plain$"),
        ('[ui]\ntheme = "Dark"\n', r"theme is 'Dark'.*did you mean dark\?$"),
        ('[ui]\nnotify = "bell"\n', r"notify is 'bell', .* one of .*, osc9, osc777$"),
        ("[ui]\nbel = true\n", r"no setting bel.*did you mean bell\?"),
        ("[kees]\n", r"no section \[kees\].*did you mean keys\?"),
        ('[keys]\n"task.clear" = "C"\n', r"no action task.clear.*did you mean .*tasks.clear.*\?"),
        (
            '[keys]\n"zzz" = "x"\n',
            r"u.toml: \[keys\] there is no action zzz; the README's table.*$",
        ),
        ('[keys]\n"tasks.clear" = "F5x"\n', r"has 'F5x', which is no key; keys are written as"),
        ('[keys]\n"tasks.clear" = ["x", "ctrlk"]\n', r"has 'ctrlk', which is no key"),
        ('[keys]\n"tasks.clear" = 3\n', r'"tasks.clear" must be a key or a list of keys'),
        ('[ui]\ntimezone = "Mars/Base"\n', r"timezone is 'Mars/Base'.*time zone"),
        ("[runner]\nparallelism = 1\n", r"no section \[runner\]"),
    ],
)
def test_a_mistake_says_where_and_what(
    space: Workspace, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load(space, {}, write(tmp_path / "u.toml", text))
    with pytest.raises(ConfigError, match=said) as told:
        describe(space, {}, tmp_path / "u.toml")
    assert len(str(told.value)) - len(str(tmp_path)) < 200  # not all the names of some hundred keys


def test_every_setting_is_described(space: Workspace, tmp_path: Path) -> None:
    listed = describe(space, {}, tmp_path / "none.toml")
    assert {one.key for one in listed} == set(UiConfig.__struct_fields__)
    assert all(one.description and one.variable.startswith("DAGTOP_UI_") for one in listed)
