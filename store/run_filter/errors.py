"""What is wrong with a filter: one sentence, and its place in the text."""

from __future__ import annotations

import re

LONGEST_WORD = 60
LONGEST_SENTENCE = 300


class FilterError(ValueError):
    """A text that is no filter, or no order."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        self.sentence = _one_line(sentence)
        """What is wrong and what would be right."""
        super().__init__(self.sentence)
        self.start = start
        self.end = end
        """The place that it is about: ``text[start:end]``, which is empty at the text's end."""


def _one_line(sentence: str) -> str:
    """The sentence on one line, whatever was quoted in it: what is long loses its middle."""
    plain = " ".join(sentence.split())
    plain = re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda found: _cut(found[0], LONGEST_WORD), plain)
    return _cut(plain, LONGEST_SENTENCE)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
