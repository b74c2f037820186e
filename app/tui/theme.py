"""Colours and glyphs: what a role or a state looks like in each theme.

A state's glyph, word and colour are defined in ``store.states``; here they are only translated
for terminals with few colours, none, or no Unicode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style

from store.states import (
    RUN_STATE_LOOKS,
    TASK_STATE_LOOKS,
    DagRunState,
    StateLook,
    TaskInstanceState,
)

if TYPE_CHECKING:
    from rich.terminal_theme import TerminalTheme
    from textual.theme import Theme

DARK, ANSI, PLAIN = "dagtop-dark", "dagtop-ansi", "dagtop-plain"


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
    """Unicode where the locale is UTF-8, else ASCII. ``DAGTOP_ASCII=1`` asks for ASCII."""
    if environment.get("DAGTOP_ASCII", "") not in ("", "0"):
        return ASCII
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environment.get(name)
        if value:
            return UNICODE if "utf" in value.lower() else ASCII
    return ASCII


def task_look(state: str | None) -> StateLook:
    """How a task instance's state is shown. A state this version doesn't know shows as itself."""
    try:
        return TASK_STATE_LOOKS[None if state is None else TaskInstanceState(state)]
    except ValueError:
        return StateLook(str(state), "?", "?", "#9aa5ce", 99, "not known to this version")


def run_look(state: str | None) -> StateLook:
    """How a DAG run's state is shown."""
    try:
        return RUN_STATE_LOOKS[DagRunState(state or "")]
    except ValueError:
        return StateLook(str(state or "never"), "·", ".", "#565f89", 99, "no run")


DARK_COLOURS: dict[str, str] = {
    "background": "#1a1b26",
    "panel": "#24283b",
    "cursor": "#2e3c64",
    "cursor_idle": "#262a3f",
    "text": "#c8d0f0",
    "dim": "#868eb6",
    "faint": "#4a5178",
    "accent": "#7aa2f7",
    "warning": "#e0af68",
    "error": "#f7768e",
    "good": "#9ece6a",
    "mark": "#e0af68",
    "match": "#e0af68",
}

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

BOLD_ROLES = frozenset({"title", "key", "heading", "strong", "tab", "error", "mark"})
ROLE_COLOUR = {
    "title": "text",
    "strong": "text",
    "key": "accent",
    "heading": "dim",
    "tab": "accent",
    "link": "accent",
}


LOG_COLOURS = {
    "black": "#414868",
    "red": "#f7768e",
    "green": "#9ece6a",
    "yellow": "#e0af68",
    "blue": "#7aa2f7",
    "magenta": "#bb9af7",
    "cyan": "#7dcfff",
    "white": "#c8d0f0",
}
"""The colours that logs name, in the dark theme; the bright ones are the same."""


class Palette:
    """Roles to styles, for one theme. ``row`` is the ground: "", "cursor", "idle",
    "cell" (under the cursor) or "panel"."""

    def __init__(self, theme: str) -> None:
        self.theme = theme
        self._styles: dict[tuple[str, str], Style] = {}

    def style(self, role: str, row: str = "") -> Style:
        """The style of a role on a ground; computed once."""
        key = (role, row)
        style = self._styles.get(key)
        if style is None:
            make = {DARK: self._dark, ANSI: self._ansi}.get(self.theme, self._plain)
            style = self._styles[key] = make(role, row)
        return style

    def _dark(self, role: str, row: str) -> Style:
        ground = {"cursor": "cursor", "idle": "cursor_idle", "panel": "panel"}.get(
            row, "background"
        )
        background = DARK_COLOURS[ground]
        if role == "badge":
            return Style(
                color=DARK_COLOURS["background"], bgcolor=DARK_COLOURS["accent"], bold=True
            )
        if role in ("match", "mark.match"):
            return Style(color=DARK_COLOURS["background"], bgcolor=DARK_COLOURS["match"])
        if row == "cell":
            colour = _state_colour(role) if role.startswith("state.") else DARK_COLOURS["accent"]
            return Style(color=DARK_COLOURS["background"], bgcolor=colour, bold=True)
        if role.startswith("state."):
            return Style(color=_state_colour(role), bgcolor=background)
        colour = DARK_COLOURS[ROLE_COLOUR.get(role, role)]
        return Style(color=colour, bgcolor=background, bold=role in BOLD_ROLES or None)

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


def theme_name(environment: Mapping[str, str], wanted: str | None = None) -> str:
    """The theme to start with: ``NO_COLOR`` wins, then the wish, then what the terminal can do."""
    if environment.get("NO_COLOR"):
        return PLAIN
    wishes = {"dark": DARK, "ansi": ANSI, "plain": PLAIN, "no-color": PLAIN}
    wish = wishes.get((wanted or environment.get("DAGTOP_THEME") or "").lower())
    if wish:
        return wish
    term = environment.get("TERM", "")
    if term in ("linux", "vt100", "vt220", "ansi", "xterm", "screen") and not environment.get(
        "COLORTERM"
    ):
        return ANSI
    return DARK


def log_theme() -> TerminalTheme:
    """The sixteen colours of logs in the dark theme."""
    from rich.terminal_theme import TerminalTheme

    def parts(colour: str) -> tuple[int, int, int]:
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

    named = [parts(colour) for colour in LOG_COLOURS.values()]
    ground, text = parts(DARK_COLOURS["background"]), parts(DARK_COLOURS["text"])
    return TerminalTheme(ground, text, named, named)


def textual_themes() -> list[Theme]:
    """Our themes for Textual's own widgets (inputs, buttons, borders)."""
    from textual.theme import BUILTIN_THEMES, Theme

    colours = DARK_COLOURS
    dark = Theme(
        name=DARK,
        primary=colours["accent"],
        secondary=colours["dim"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["good"],
        accent=colours["accent"],
        foreground=colours["text"],
        background=colours["background"],
        surface=colours["background"],
        panel=colours["panel"],
        boost=colours["panel"],
        variables={
            "muted": colours["dim"],
            "line": colours["faint"],
            "block-cursor-background": colours["cursor"],
            "block-cursor-foreground": colours["text"],
            "block-cursor-text-style": "none",
            "input-selection-background": colours["cursor"],
            "border": colours["faint"],
            "border-blurred": colours["faint"],
            "scrollbar": colours["faint"],
            "scrollbar-background": colours["background"],
        },
    )
    ansi = BUILTIN_THEMES["ansi-dark"]
    extra = {"muted": "ansi_bright_black", "line": "ansi_bright_black"}
    plain = {"muted": "ansi_default", "line": "ansi_default"}
    return [
        dark,
        _copy(ansi, ANSI, extra),
        _copy(ansi, PLAIN, plain),
    ]


def _copy(theme: Theme, name: str, extra: dict[str, str]) -> Theme:
    from dataclasses import replace

    return replace(theme, name=name, variables={**theme.variables, **extra})
