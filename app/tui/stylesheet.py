"""CSS that is parsed once for each set of colours."""

from __future__ import annotations

from functools import lru_cache

from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

Parsed = LRUCache[tuple[object, ...], list[RuleSet]]
SOURCES = 1024
"""Pieces of CSS, one for each class of widget: there are fewer."""


@lru_cache(maxsize=16)
def parsed_with(
    _variables: frozenset[tuple[str, str]],
) -> Parsed:
    """What was parsed with these variables, to begin with nothing."""
    return LRUCache(SOURCES)


class KeptStylesheet(Stylesheet):
    """A stylesheet that keeps what it has parsed.

    Textual 8 parses all CSS a second time right after the start, and all of it again with the
    first widget of each class that is shown later: a fifth of the work of opening a screen.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parse_cache = parsed_with(frozenset(variables.items()))

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take other colours; the same ones change nothing."""
        if variables != self._variables:
            self._parse_cache = LRUCache(0)  # the former stays whole
            super().set_variables(variables)
            self._parse_cache = parsed_with(frozenset(variables.items()))

    def reparse(self) -> None:
        """Parse what has not been parsed with these variables."""
        self.parse()
