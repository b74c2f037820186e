"""Settings of the terminal UI: the user's own ``config.toml``, the workspace's ``dagtop.toml``
over it, ``DAGTOP_UI_…`` environment variables over both.

The docstrings here are what ``dagtop config`` shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from store.settings import (
    ConfigError,
    Kinds,
    Setting,
    Sources,
    hint,
    listed,
    read_document,
    resolve,
)
from store.workspace import Workspace


class UiConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[ui]``: how the terminal UI looks and behaves."""

    theme: Literal[
        "", "dark", "light", "contrast", "deuteranopia", "tritanopia", "ansi", "plain"
    ] = ""
    """Colours: dark, light, contrast, deuteranopia, tritanopia, ansi (the terminal's 16), plain
    (none); empty: the one chosen last, else what suits the terminal."""
    ascii: bool = False
    """Draw with ASCII characters alone."""
    mouse: bool = True
    """Take the mouse; without, the terminal selects text as it does elsewhere."""
    timezone: str = ""
    """Time zone of times on screen, such as Europe/Berlin; empty: the machine's."""
    title: bool = True
    """Say in the terminal's title what runs and what failed."""
    bell: bool = False
    """Ring the terminal's bell when a run fails."""
    notify: Literal["", "osc9", "osc777"] = ""
    """Let the terminal notify when a run fails: osc9 (iTerm2, WezTerm, kitty), osc777 (foot,
    Ghostty, urxvt); empty: don't."""
    reopen: bool = True
    """Open where one was when dagtop was left."""


KINDS: Kinds = {"ui": UiConfig}
SHORT = {("ui", "theme"): "DAGTOP_THEME"}
FILE_SECTIONS = ("ui", "keys")
WORKSPACE_SECTIONS = ("runner", "retention", "store", *FILE_SECTIONS)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the terminal UI."""

    ui: UiConfig = field(default_factory=UiConfig)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Id of an action -> the keys it has instead of its own, as Textual names them."""

    @property
    def uses_alt(self) -> bool:
        """Whether a key is held with Alt, which terminals send as Esc and that key."""
        return any("alt+" in key for keys in self.keys.values() for key in keys)


def user_file() -> Path:
    """The user's own settings."""
    import platformdirs

    return platformdirs.user_config_path("dagtop") / "config.toml"


def load(
    workspace: Workspace, environment: Mapping[str, str] | None = None, user: Path | None = None
) -> Settings:
    """The settings in force. Raises ``ConfigError``."""
    environment = os.environ if environment is None else environment
    return _load(workspace, environment, user)[0]


def describe(
    workspace: Workspace, environment: Mapping[str, str] | None = None, user: Path | None = None
) -> list[Setting]:
    """Every setting of the UI with its value, where the value comes from, and what it means.

    Raises ``ConfigError`` where ``load`` does.
    """
    environment = os.environ if environment is None else environment
    settings, sources = _load(workspace, environment, user)
    return listed({"ui": settings.ui}, sources, __file__)


def _load(
    workspace: Workspace, environment: Mapping[str, str], user: Path | None
) -> tuple[Settings, Sources]:
    documents = _documents(workspace, user)
    parts, sources = resolve(KINDS, documents, environment, SHORT)
    _check_timezone(parts["ui"].timezone)
    keys: dict[str, tuple[str, ...]] = {}
    for document in documents:
        for action, value in document.sections.get("keys", {}).items():
            keys[action] = _keys(action, value, str(document.path))
    return Settings(parts["ui"], keys), sources


def _documents(workspace: Workspace, user: Path | None) -> list[Any]:
    own = read_document(user_file() if user is None else user, FILE_SECTIONS)
    return [own, read_document(workspace.config_file, WORKSPACE_SECTIONS)]


def _check_timezone(name: str) -> None:
    if not name:
        return
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"[ui] timezone is {name!r}, but dagtop expected the name of a time zone, "
            "such as UTC or Europe/Berlin"
        ) from error


def _keys(action: str, value: object, where: str) -> tuple[str, ...]:
    """The keys of one action. Raises ``ConfigError``."""
    from app.tui.actions import BY_ID, is_key, key_of_name

    if action not in BY_ID:
        meant = hint(action, BY_ID) or "; the README's table of keys has their names"
        raise ConfigError(f"{where}: [keys] there is no action {action}{meant}")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(one, str) and one for one in names):
        raise ConfigError(
            f'{where}: [keys] "{action}" must be a key or a list of keys, such as "x" or '
            f'["ctrl+k", "delete"], but is {value!r}'
        )
    keys = tuple(key_of_name(name) for name in names)
    for name, key in zip(names, keys, strict=True):
        if not is_key(key):
            raise ConfigError(
                f'{where}: [keys] "{action}" has {name!r}, which is no key; keys are written as '
                "in x, ?, F5, Enter, ^N or alt+x"
            )
    return keys
