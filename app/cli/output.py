"""What commands print: one JSON document, or a table, coloured only on a terminal.

Whatever comes from the store is made safe for the terminal here, at the last step before it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.cli.times import iso
from app.text import escape_json, sanitize, sanitize_lines

if TYPE_CHECKING:
    from rich.console import Console

    from store.states import StateLook


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell with a colour (a name of Rich or ``#rrggbb``)."""

    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A table column. ``right``: numbers. ``fold``: long text, wrapped on a terminal.
    ``is_name``: the title is a name that users gave, and is written as they did."""

    title: str
    right: bool = False
    fold: bool = False
    is_name: bool = False

    @property
    def heading(self) -> str:
        """The title as it stands above the column."""
        return sanitize(self.title) if self.is_name else self.title.upper()


def on_terminal() -> bool:
    """Whether stdout is a terminal that a person looks at."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def can_print_glyphs() -> bool:
    """Whether stdout takes ✓ and its kin."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "✗◐".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def print_json(document: Any) -> None:
    """One JSON document on stdout. Times become ISO 8601 in UTC."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write(escape_json(text) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def say(text: str) -> None:
    """A sentence on stdout."""
    print(sanitize_lines(text))


def note(text: str) -> None:
    """A remark on stderr, so that stdout holds only what was asked for."""
    print(sanitize_lines(text), file=sys.stderr, flush=True)


def state_cell(look: StateLook) -> Cell:
    """A state: glyph, word and colour on a terminal; the word alone elsewhere."""
    if not on_terminal():
        return Cell(look.word)
    glyph = look.glyph if can_print_glyphs() else look.ascii_glyph
    return Cell(f"{glyph} {look.word}", look.colour)


def print_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]], *, empty: str
) -> None:
    """A table; ``empty`` is the sentence (on stderr) for one without rows."""
    safe = [[_cell(value) for value in row] for row in rows]
    if not safe:
        note(empty)
        return
    if on_terminal():
        _print_rich(columns, safe)
    else:
        _print_plain(columns, safe)


def print_facts(facts: Iterable[tuple[str, str | Cell]]) -> None:
    """What is known of one thing: a name and a value a line. Empty values are left out."""
    kept = [(name, _cell(value)) for name, value in facts]
    kept = [(name, cell) for name, cell in kept if cell.text]
    if on_terminal():
        _print_rich([Column(""), Column("", fold=True)], [[Cell(n, "dim"), c] for n, c in kept])
        return
    width = max((len(name) for name, _ in kept), default=0)
    for name, cell in kept:
        print(f"{name:<{width}}  {cell.text}")


def _cell(value: str | Cell) -> Cell:
    if isinstance(value, Cell):
        return Cell(sanitize(value.text), value.colour)
    return Cell(sanitize(value))


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _print_plain(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    titles = [column.heading for column in columns]
    lines = [titles] if any(titles) else []
    lines += [[cell.text for cell in row] for row in rows]
    widths = [max(_width(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        parts = []
        for column, width, text in zip(columns, widths, line, strict=True):
            padding = " " * (width - _width(text))
            parts.append(padding + text if column.right else text + padding)
        print("  ".join(parts).rstrip())


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=any(one.title for one in columns))
    for column in columns:
        table.add_column(
            sanitize(column.title),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.fold,
            header_style="bold",
        )
    for row in rows:
        table.add_row(*(Text(cell.text, style=cell.colour) for cell in row))
    _console().print(table)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
