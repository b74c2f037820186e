"""CSS is parsed once for each set of colours, and always with the right ones."""

from __future__ import annotations

from textual.app import App

from app.tui.stylesheet import KeptStylesheet
from app.tui.themes import THEMES, textual_themes

CSS = "Static { background: $background; color: $foreground; }"


def colours(sheet: KeptStylesheet) -> list[str]:
    """The colours that the rules give."""
    return [rule.css for rule in sheet.rules]


def variables_of(theme: str) -> dict[str, str]:
    app = App[None]()
    for one in textual_themes():
        app.register_theme(one)
    app.theme = theme
    return app.get_css_variables()


def test_each_theme_has_its_colours_however_often_it_changes() -> None:
    variables = {theme: variables_of(theme) for theme in THEMES}
    afresh: dict[str, list[str]] = {}
    for theme in THEMES:
        sheet = KeptStylesheet(variables[theme])
        sheet.add_source(CSS)
        afresh[theme] = colours(sheet)
    assert len({tuple(one) for one in afresh.values()}) > 1
    sheet = KeptStylesheet(variables["dagtop-dark"])
    sheet.add_source(CSS)
    for theme in (*THEMES, *reversed(THEMES)):
        sheet.set_variables(variables[theme])
        sheet.reparse()
        assert colours(sheet) == afresh[theme]


def test_what_was_parsed_is_not_parsed_again_and_what_is_new_is() -> None:
    variables = variables_of("dagtop-light")
    sheet = KeptStylesheet(variables)
    sheet.add_source(CSS, read_from=("one", ""))
    [first] = sheet.rules
    sheet.set_variables(dict(variables))
    sheet.add_source("Input { width: 7; }", read_from=("two", ""))
    sheet.reparse()
    assert sheet.rules[0] is first
    assert len(sheet.rules) == 2
