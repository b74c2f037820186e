"""What a form for rows of the store is made of: fields, and what checks and saves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

TEXT, SECRET, CHOICE, JSON, LINES, FIXED = "text", "secret", "choice", "json", "lines", "fixed"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form."""

    name: str
    label: str
    control: str = TEXT
    """TEXT, SECRET, CHOICE, JSON and LINES (several lines), FIXED (only shown)."""
    text: str = ""
    """What stands in it at first."""
    about: str = ""
    """What belongs into it, in a sentence."""
    options: tuple[str, ...] = ()
    is_set: bool = False
    """Of a SECRET: there is one already."""
    height: int = 1


Check = Callable[[Mapping[str, str]], dict[str, str]]
"""Field -> what is wrong with it, of the texts of all fields."""
Save = Callable[[Mapping[str, str], Callable[[str], None]], None]
"""Saves the touched fields; then says what went wrong, or "" if nothing did."""
