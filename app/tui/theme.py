"""Colours and glyphs: what a role or a state looks like in each theme.

A state's glyph, word and colour are defined in ``store.states``; here they are only translated
for terminals with few colours, none, or no Unicode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from app.tui.themes import ANSI, DARK, FULL, LIGHT, PLAIN, THEMES, Colours
from store.states import (
    RUN_STATE_LOOKS,
    TASK_STATE_LOOKS,
    StateLook,
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters we draw with, apart from those of the states."""

    bars: str
    """Eight heights, low to high."""
    rule: str
    divider: str
    crumb: str
    folded: str
    unfolded: str
    mark: str
    asset: str
    """No glyph of a state: it stands beside them."""
    star: str
    """Of a favourite."""
    ellipsis: str
    more_left: str
    more_right: str
    up: str
    down: str
    thumb: str
    cursor: str
    dot: str
    on: str
    off: str
    is_ascii: bool = False

    def bar(self, share: float) -> str:
        """The bar for a share of the largest, 0 to 1."""
        return self.bars[min(7, max(0, round(share * 7)))]


UNICODE = Glyphs(
    bars="▁▂▃▄▅▆▇█",
    rule="─",
    divider="│",
    crumb="›",
    folded="▸",
    unfolded="▾",
    mark="◆",
    asset="◆",
    star="★",
    ellipsis="…",
    more_left="‹",
    more_right="›",
    up="▲",
    down="▼",
    thumb="┃",
    cursor="▌",
    dot="·",
    on="●",
    off="○",
)
ASCII = Glyphs(
    bars="_.-=+*%#",
    rule="-",
    divider="|",
    crumb=">",
    folded=">",
    unfolded="v",
    mark="*",
    asset="@",
    star="*",
    ellipsis="~",
    more_left="<",
    more_right=">",
    up="^",
    down="v",
    thumb="|",
    cursor=">",
    dot="|",
    on="*",
    off="o",
    is_ascii=True,
)


def glyphs_for(environment: Mapping[str, str]) -> Glyphs:
    """Unicode where the locale is UTF-8, else ASCII."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environment.get(name)
        if value:
            return UNICODE if "utf" in value.lower() else ASCII
    return ASCII


TASK_LOOKS: Mapping[str | None, StateLook] = {**TASK_STATE_LOOKS}
RUN_LOOKS: Mapping[str | None, StateLook] = {**RUN_STATE_LOOKS}
"""By the state or its name, which are equal: tables ask for thousands."""


def task_look(state: str | None) -> StateLook:
    """How a task instance's state is shown. A state this version doesn't know shows as itself."""
    look = TASK_LOOKS.get(state)
    return look or StateLook(str(state), "?", "?", "#9aa5ce", 99, "not known to this version")


def run_look(state: str | None) -> StateLook:
    """How a DAG run's state is shown."""
    look = RUN_LOOKS.get(state)
    return look or StateLook(str(state or "never"), "·", ".", "#565f89", 99, "no run")


ANSI_OF: dict[str, str] = {
    "#f7768e": "bright_red",
    "#ff9e64": "red",
    "#e0af68": "yellow",
    "#7dcfff": "bright_cyan",
    "#9aa5ce": "bright_blue",
    "#2ac3de": "cyan",
    "#bb9af7": "magenta",
    "#565f89": "bright_black",
    "#9ece6a": "green",
}
"""The sixteen-colour stand-in of each state colour."""

ANSI_COLOURS: dict[str, str] = {
    "text": "default",
    "dim": "bright_black",
    "faint": "bright_black",
    "accent": "bright_blue",
    "warning": "yellow",
    "error": "bright_red",
    "good": "green",
    "mark": "yellow",
    "match": "yellow",
}

BOLD_ROLES = frozenset(
    {"title", "key", "heading", "strong", "tab", "error", "mark", "code.keyword", "code.name"}
)
ROLE_COLOUR = {
    "title": "text",
    "strong": "text",
    "key": "accent",
    "heading": "dim",
    "tab": "accent",
    "link": "accent",
    "code.keyword": "accent",
    "code.string": "good",
    "code.number": "warning",
    "code.comment": "dim",
    "code.name": "text",
    "code.type": "accent",
    "code.sign": "dim",
    "diff.added": "good",
    "diff.removed": "error",
    "diff.place": "accent",
}


SERIES_COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "white")
"""Of the lines of a chart in turn, by the name that logs have for the colour; not red: that is an
error's. The roles are ``series.0`` and so on."""


PIXELS = "pixels."
"""What the roles of a picture's cells begin with: the colours of its upper and lower half follow,
``pixels.rrggbb.rrggbb``. Themes leave them as they are."""


@lru_cache(maxsize=4096)
def pixel_style(role: str) -> Style:
    """The style of a cell of a picture."""
    _, upper, lower = role.split(".")
    return Style(color=f"#{upper}", bgcolor=f"#{lower}")


class Palette:
    """Roles to styles, for one theme. ``row`` is the ground: "", "cursor", "idle",
    "cell" (under the cursor) or "panel"."""

    def __init__(self, theme: str) -> None:
        self.theme = theme
        self._colours = FULL.get(theme)
        self._styles: dict[tuple[str, str], Style] = {}

    def style(self, role: str, row: str = "") -> Style:
        """The style of a role on a ground; computed once."""
        if role.startswith(PIXELS):
            return pixel_style(role)
        key = (role, row)
        style = self._styles.get(key)
        if style is None:
            if self._colours is not None:
                style = self._full(self._colours, role, row)
            else:
                style = (self._ansi if self.theme == ANSI else self._plain)(role, row)
            self._styles[key] = style
        return style

    def _full(self, colours: Colours, role: str, row: str) -> Style:
        background = {
            "cursor": colours.cursor,
            "idle": colours.cursor_idle,
            "panel": colours.panel,
        }.get(row, colours.background)
        if role == "badge":
            return Style(color=colours.background, bgcolor=colours.accent, bold=True)
        if role in ("match", "mark.match"):
            return Style(color=colours.background, bgcolor=colours.mark)
        if role.startswith("state."):
            colour = colours.of_state(_state_colour(role))
        elif role.startswith("series."):
            colour = colours.log[_series_colour(role)]
        else:
            colour = colours.of_role(ROLE_COLOUR.get(role, role))
        if row == "cell":
            ground = colour if role.startswith("state.") else colours.accent
            return Style(color=colours.background, bgcolor=ground, bold=True)
        bold = role in BOLD_ROLES and not role.startswith("state.")
        return Style(color=colour, bgcolor=background, bold=bold or None)

    def _ansi(self, role: str, row: str) -> Style:
        selected = row in ("cursor", "idle")
        background = {"cursor": "blue", "idle": "bright_black"}.get(row)
        if role == "badge":
            return Style(color="black", bgcolor="bright_blue", bold=True)
        if role in ("match", "mark.match"):
            return Style(color="black", bgcolor="yellow")
        if row == "cell":
            colour = ANSI_OF.get(_state_colour(role)) if role.startswith("state.") else None
            return Style(color="black", bgcolor=colour or "white")
        if selected:
            return Style(color="bright_white", bgcolor=background, bold=role in BOLD_ROLES or None)
        if role.startswith("state."):
            return Style(color=ANSI_OF.get(_state_colour(role), "default"))
        if role.startswith("series."):
            return Style(color=f"bright_{_series_colour(role)}")
        colour = ANSI_COLOURS[ROLE_COLOUR.get(role, role)]
        return Style(color=colour, bold=role in BOLD_ROLES or None)

    def _plain(self, role: str, row: str) -> Style:
        return Style(
            reverse=row in ("cursor", "cell") or role in ("badge", "match") or None,
            underline=row == "idle" or None,
            bold=role in BOLD_ROLES or role == "state.failed" or None,
            dim=(role in ("dim", "faint") and row != "cursor") or None,
        )


def _state_colour(role: str) -> str:
    name = role.removeprefix("state.")
    if name.startswith("run."):
        return run_look(name.removeprefix("run.")).colour
    return task_look(None if name == "none" else name).colour


def _series_colour(role: str) -> str:
    number = int(role.removeprefix("series."))
    return SERIES_COLOURS[number % len(SERIES_COLOURS)]


def theme_name(environment: Mapping[str, str], wanted: str = "") -> str:
    """The theme to start with: ``NO_COLOR`` wins, then the wish, then what the terminal says of
    itself. A wish that no theme has as its name is passed over."""
    if environment.get("NO_COLOR"):
        return PLAIN
    name = f"dagtop-{wanted.removeprefix('dagtop-')}"
    if name in THEMES:
        return name
    term = environment.get("TERM", "")
    if term in ("linux", "vt100", "vt220", "ansi", "xterm", "screen") and not environment.get(
        "COLORTERM"
    ):
        return ANSI
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if ground in ("7", "15") else DARK
