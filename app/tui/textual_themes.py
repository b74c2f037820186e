"""Our themes for what Textual paints itself: inputs, buttons, borders."""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from app.tui.themes import ANSI, FULL, PLAIN, Colours


def textual_themes() -> list[Theme]:
    """Our themes for Textual's own widgets (inputs, buttons, borders)."""
    ansi = BUILTIN_THEMES["ansi-dark"]
    extra = {"muted": "ansi_bright_black", "line": "ansi_bright_black"}
    plain = {"muted": "ansi_default", "line": "ansi_default"}
    return [
        *(_textual_theme(name, colours) for name, colours in FULL.items()),
        _copy(ansi, ANSI, extra),
        _copy(ansi, PLAIN, plain),
    ]


def _textual_theme(name: str, colours: Colours) -> Theme:
    return Theme(
        name=name,
        primary=colours.accent,
        secondary=colours.dim,
        warning=colours.warning,
        error=colours.error,
        success=colours.good,
        accent=colours.accent,
        foreground=colours.text,
        background=colours.background,
        surface=colours.background,
        panel=colours.panel,
        boost=colours.panel,
        dark=colours.is_dark,
        variables={
            "muted": colours.dim,
            "line": colours.faint,
            "block-cursor-background": colours.cursor,
            "block-cursor-foreground": colours.text,
            "block-cursor-text-style": "none",
            "input-selection-background": colours.cursor,
            "border": colours.faint,
            "border-blurred": colours.faint,
            "scrollbar": colours.faint,
            "scrollbar-background": colours.background,
        },
    )


def _copy(theme: Theme, name: str, extra: dict[str, str]) -> Theme:
    return replace(theme, name=name, variables={**theme.variables, **extra})
