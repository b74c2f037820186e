"""The colours of each theme. A state's own colour is that of the dark theme, which others
translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.terminal_theme import TerminalTheme

DARK, LIGHT, CONTRAST = "dagtop-dark", "dagtop-light", "dagtop-contrast"
DEUTERANOPIA, TRITANOPIA = "dagtop-deuteranopia", "dagtop-tritanopia"
ANSI, PLAIN = "dagtop-ansi", "dagtop-plain"

THEMES: dict[str, str] = {
    DARK: "dark",
    LIGHT: "light",
    CONTRAST: "high contrast",
    DEUTERANOPIA: "without red against green (protanopia, deuteranopia)",
    TRITANOPIA: "without blue against yellow (tritanopia)",
    ANSI: "the terminal's own 16 colours; half the bytes",
    PLAIN: "no colours",
}
"""Every theme, and what it is for, in the order in which the action goes through them."""

RED, ORANGE, YELLOW, SKY = "#f7768e", "#ff9e64", "#e0af68", "#7dcfff"
SLATE, CYAN, PURPLE, GREY, GREEN = "#9aa5ce", "#2ac3de", "#bb9af7", "#565f89", "#9ece6a"
"""The colours of states, as ``store.states`` names them."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one theme, as ``#rrggbb``."""

    background: str
    panel: str
    cursor: str
    cursor_idle: str
    text: str
    dim: str
    faint: str
    accent: str
    warning: str
    error: str
    good: str
    mark: str
    is_dark: bool = True
    states: Mapping[str, str] = field(default_factory=dict)
    """Colour of a state in the dark theme -> its colour in this one, where it is another."""
    log: Mapping[str, str] = field(default_factory=dict)
    """The colours that logs name; the bright ones are the same."""

    def of_role(self, role: str) -> str:
        """The colour of a role such as "dim"."""
        return str(getattr(self, role))

    def of_state(self, colour: str) -> str:
        """The colour of a state, given its colour in the dark theme."""
        return self.states.get(colour, colour)


_DARK_LOG = {
    "black": "#414868",
    "red": RED,
    "green": GREEN,
    "yellow": YELLOW,
    "blue": "#7aa2f7",
    "magenta": PURPLE,
    "cyan": SKY,
    "white": "#c8d0f0",
}
_LIGHT_LOG = {
    "black": "#2b2f45",
    "red": "#b3203a",
    "green": "#3a6b12",
    "yellow": "#7d5500",
    "blue": "#2457c5",
    "magenta": "#7a3fc4",
    "cyan": "#006d85",
    "white": "#5b6180",
}
_CONTRAST_LOG = {
    "black": "#808080",
    "red": "#ff6b6b",
    "green": "#5dff5d",
    "yellow": "#ffff55",
    "blue": "#8cb4ff",
    "magenta": "#ff8cff",
    "cyan": "#55ffff",
    "white": "#ffffff",
}

FULL: dict[str, Colours] = {
    DARK: Colours(
        background="#1a1b26",
        panel="#24283b",
        cursor="#2e3c64",
        cursor_idle="#262a3f",
        text="#c8d0f0",
        dim="#868eb6",
        faint="#4a5178",
        accent="#7aa2f7",
        warning=YELLOW,
        error=RED,
        good=GREEN,
        mark=YELLOW,
        log=_DARK_LOG,
    ),
    LIGHT: Colours(
        background="#fafafc",
        panel="#e8eaf2",
        cursor="#cfdcf7",
        cursor_idle="#e3e7f2",
        text="#23263a",
        dim="#5b6180",
        faint="#747b9a",
        accent="#2457c5",
        warning="#7d5500",
        error="#b3203a",
        good="#3a6b12",
        mark="#7d5500",
        is_dark=False,
        states={
            RED: "#b3203a",
            ORANGE: "#a34700",
            YELLOW: "#7d5500",
            SKY: "#0a6ba8",
            SLATE: "#535c86",
            CYAN: "#006d85",
            PURPLE: "#7a3fc4",
            GREY: "#6f7694",
            GREEN: "#3a6b12",
        },
        log=_LIGHT_LOG,
    ),
    CONTRAST: Colours(
        background="#000000",
        panel="#1c1c1c",
        cursor="#003a8c",
        cursor_idle="#303030",
        text="#ffffff",
        dim="#d0d0d0",
        faint="#8a8a8a",
        accent="#8cb4ff",
        warning="#ffff55",
        error="#ff6b6b",
        good="#5dff5d",
        mark="#ffff55",
        states={
            RED: "#ff6b6b",
            ORANGE: "#ffa64d",
            YELLOW: "#ffff55",
            SKY: "#55ffff",
            SLATE: "#c8d4ff",
            CYAN: "#00e5ff",
            PURPLE: "#ff8cff",
            GREY: "#b0b0b0",
            GREEN: "#5dff5d",
        },
        log=_CONTRAST_LOG,
    ),
    # The palette of Okabe and Ito ("Color Universal Design", 2008), lightened for a dark ground:
    # success is blue, failure vermilion, so that neither needs red told from green.
    DEUTERANOPIA: Colours(
        background="#16181d",
        panel="#24272e",
        cursor="#2c3f5c",
        cursor_idle="#262b33",
        text="#dfe3ea",
        dim="#9aa2b1",
        faint="#545c6b",
        accent="#8fb8ff",
        warning="#f0e442",
        error="#ff7a33",
        good="#56b4e9",
        mark="#f0e442",
        states={
            RED: "#ff7a33",
            ORANGE: "#e6b800",
            YELLOW: "#f0e442",
            SKY: "#ffffff",
            SLATE: "#9aa2b1",
            CYAN: "#c8d4e8",
            PURPLE: "#cc9fd8",
            GREY: "#6b7280",
            GREEN: "#56b4e9",
        },
        log={**_DARK_LOG, "red": "#ff7a33", "green": "#56b4e9"},
    ),
    # Tritanopia confuses blue with green and yellow with violet: red, teal and greys remain.
    TRITANOPIA: Colours(
        background="#17191c",
        panel="#25282c",
        cursor="#4a2f38",
        cursor_idle="#2b2d31",
        text="#e6e6e6",
        dim="#a3a3a3",
        faint="#5c5c5c",
        accent="#5fd7d7",
        warning="#ff9db0",
        error="#ff4d5e",
        good="#2fc4b2",
        mark="#ff9db0",
        states={
            RED: "#ff4d5e",
            ORANGE: "#ff8a94",
            YELLOW: "#ffb3c0",
            SKY: "#ffffff",
            SLATE: "#b0b0b0",
            CYAN: "#9fe8e0",
            PURPLE: "#d98ca8",
            GREY: "#757575",
            GREEN: "#2fc4b2",
        },
        log={**_DARK_LOG, "red": "#ff4d5e", "green": "#2fc4b2"},
    ),
}
"""The themes with colours of their own; the other two take the terminal's."""


def log_theme(name: str) -> TerminalTheme:
    """The sixteen colours of logs in a theme."""
    from rich.terminal_theme import TerminalTheme

    def parts(colour: str) -> tuple[int, int, int]:
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

    colours = FULL.get(name, FULL[DARK])
    named = [parts(colour) for colour in colours.log.values()]
    return TerminalTheme(parts(colours.background), parts(colours.text), named, named)
