"""The source of a pipeline file in colours, and where in it a task is defined. Pure.

Only strings of several lines are looked for in the whole text (one pass of a regular expression);
everything else of a line is told from the line, when it is seen. So broken source has colours
too, and ten thousand lines open at once.
"""

from __future__ import annotations

import keyword
import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from app.text import sanitize_lines
from app.tui.lines import Lines
from app.tui.spans import Span, Spans

if TYPE_CHECKING:
    from store.structure import DagStructure, TaskStructure

_LONG = re.compile(
    r"#[^\n]*"
    r"|[rRbBuUfFtT]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z))"
    r"|\"(?:[^\"\\\n]|\\.)*[\"\n]|'(?:[^'\\\n]|\\.)*['\n]",
    re.DOTALL,
)
"""Comments and strings: those of several lines can only be told from all before them."""

_FUNCTION = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)")
_TASK_ID = re.compile(r"""\btask_id\s*=\s*["']([^"']+)["']""")
_KEYWORDS = "|".join([*keyword.kwlist, "match", "case"])
_TOKEN = re.compile(
    r"(?P<comment>\#.*)"
    r"|(?P<string>\b[rRbBuUfFtT]{0,2}(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?)"
    r"|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?)"
    r"|(?P<decorator>^\s*@[\w.]+)"
    r"|(?:(?<=\bdef\ )|(?<=\bclass\ ))(?P<name>\w+)"
    rf"|(?P<keyword>\b(?:{_KEYWORDS})\b(?!\s*=[^=]))"
    r"|(?P<number>(?<![\w.])\d[\w.]*)"
)
_ROLES = {
    "comment": "code.comment",
    "string": "code.string",
    "decorator": "code.type",
    "name": "code.name",
    "keyword": "code.keyword",
    "number": "code.number",
}


class Source(Lines):
    """A text with line numbers and colours."""

    def __init__(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = sanitize_lines(text)
        self.texts = text.removesuffix("\n").split("\n")
        self.gutter_width = max(3, len(str(len(self.texts))))
        self._inside = _inside_strings(text)
        self.functions = _first_lines(self.texts, _FUNCTION, "def")
        """By name, the line where a function begins."""
        self.task_ids = _first_lines(self.texts, _TASK_ID, "task_id")
        """By name, the line that gives a task its id."""

    def __len__(self) -> int:
        return len(self.texts)

    def gutter(self, index: int) -> Spans:
        return (Span(str(index + 1), "dim"),)

    def line(self, index: int) -> Spans:
        text = self.texts[index]
        pieces: list[Span] = []
        place = 0
        for start, end in self._inside.get(index, ()):
            pieces.extend(_coloured(text[place:start]))
            pieces.append(Span(text[start:end], "code.string"))
            place = end
        pieces.extend(_coloured(text[place:]))
        return _without_tabs(pieces)

    def plain(self, index: int) -> str:
        return self.texts[index]


@lru_cache(maxsize=8)
def source_of_text(text: str) -> Source:
    """The ``Source`` of a text; that of one seen lately is kept."""
    return Source(text)


def _inside_strings(text: str) -> dict[int, list[tuple[int, int]]]:
    """By line, which characters are parts of strings of several lines."""
    starts: list[int] = []
    inside: dict[int, list[tuple[int, int]]] = {}
    for match in _LONG.finditer(text):
        begin, end = match.span()
        if text.find("\n", begin, end - 1) < 0:
            continue
        if not starts:
            starts = [0, *(found.end() for found in re.finditer("\n", text))]
        number = bisect_right(starts, begin) - 1
        while number < len(starts) and starts[number] < end:
            first = starts[number]
            last = starts[number + 1] - 1 if number + 1 < len(starts) else len(text)
            inside.setdefault(number, []).append(
                (max(begin, first) - first, min(end, last) - first)
            )
            number += 1
    return inside


def _coloured(text: str) -> list[Span]:
    """A line, or a part of one without strings that go on, in colours."""
    pieces: list[Span] = []
    place = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if start > place:
            pieces.append(Span(text[place:start]))
        pieces.append(Span(text[start:end], _ROLES[match.lastgroup or "string"]))
        place = end
    if place < len(text):
        pieces.append(Span(text[place:]))
    return pieces


def _without_tabs(pieces: list[Span]) -> Spans:
    """Tabs as spaces up to the next eighth column, as Python reads them."""
    if not any("\t" in piece.text for piece in pieces):
        return tuple(pieces)
    column = 0
    result: list[Span] = []
    for piece in pieces:
        text = ""
        for character in piece.text:
            text += " " * (8 - (column + len(text)) % 8) if character == "\t" else character
        column += len(text)
        result.append(Span(text, piece.role))
    return tuple(result)


def definition_line(source: Source, task: TaskStructure) -> int | None:
    """Index of the line where a task is defined: its function, its operator; None if unknown.

    Where the text doesn't tell, it is the line that the structure names: there the task was made.
    """
    name = re.sub(r"__\d+$", "", task.task_id.rpartition(".")[2])
    found = source.task_ids.get(name)
    if found is not None:
        return _start_of_call(source.texts, found)
    if task.operator.startswith("@") and name in source.functions:
        return source.functions[name]
    made = None if task.line is None else task.line - 1
    return made if made is not None and made < len(source.texts) else None


def dag_line(source: Source, structure: DagStructure) -> int | None:
    """Index of the line where a DAG is defined: its function, else where it was made; None if
    unknown."""
    found = source.functions.get(structure.dag_id)
    if found is None and structure.line is not None:
        found = structure.line - 1
    return found if found is not None and found < len(source.texts) else None


def _first_lines(texts: list[str], pattern: re.Pattern[str], word: str) -> dict[str, int]:
    """By name, the first line where the pattern, which has ``word`` in it, matches."""
    found: dict[str, int] = {}
    for index, text in enumerate(texts):
        if word in text:
            for match in pattern.finditer(text):
                found.setdefault(match[1], index)
    return found


def _start_of_call(texts: list[str], index: int) -> int:
    """The line with the name of the operator, a few lines before its ``task_id=``."""
    for number in range(index, max(-1, index - 12), -1):
        if re.search(
            r"[A-Za-z_]\w*\s*\($|[A-Za-z_]\w*\s*\((?!.*\).*\btask_id)|^\s*@", texts[number]
        ):
            return number
    return index
