"""Markdown as a terminal shows it: parsed by markdown-it, painted in our roles. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from app.text import sanitize_lines
from app.tui.spans import Span, Spans, fit, span, width_of, wrapped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LEAST = 20
"""Cells that a line has at least."""
LEAST_CELL = 4
"""Cells that a column of a table keeps where there are too many of them."""
GAP = Span("  ")
INLINE = {"strong_open": "strong", "em_open": "accent", "s_open": "dim", "link_open": "accent"}
"""What begins a piece of a line -> the role of what is in it."""
APART = frozenset(
    (
        *("heading_open", "paragraph_open", "bullet_list_open", "ordered_list_open"),
        *("blockquote_open", "table_open", "fence", "code_block", "hr", "html_block"),
    )
)
"""What an empty line comes before, unless it is within something else."""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def markdown_lines(text: str, width: int) -> list[Spans]:
    """The lines of a text, none wider than there is room for, as far as 20 cells are; control
    sequences are gone. A line that ends in the text ends here, too."""
    painter = _Painter(max(LEAST, width))
    for token in _parser().parse(sanitize_lines(text).expandtabs(4)):
        painter.take(token)
    return painter.lines


class _Painter:
    """Takes one token after another."""

    def __init__(self, width: int) -> None:
        self.lines: list[Spans] = []
        self._width = width
        self._role = "text"
        self._marks: list[Span] = []
        """What stands before the first line of a list's item, one for each list."""
        self._indents: list[Span] = []
        """What stands before all others."""
        self._rows: list[list[Spans]] | None = None
        """Of a table that has begun."""

    def take(self, token: Token) -> None:
        """Paint a token, or remember what it says of those that follow."""
        kind = token.type
        if kind in APART and token.level == 0 and self.lines:
            self.lines.append(())
        if kind == "inline":
            self._take_text(inline(token.children or (), self._role))
        elif kind in ("heading_open", "heading_close"):
            self._role = "title" if kind == "heading_open" else "text"
        elif kind == "list_item_open":
            self._enter(Span(f"{token.info}. " if token.info else "- ", "accent"))
        elif kind == "blockquote_open":
            self._indents.append(Span("> ", "dim"))
        elif kind in ("list_item_close", "blockquote_close"):
            self._indents.pop()
            self._marks.clear()
        elif kind in ("fence", "code_block"):
            self._paint([(Span("  "), span(one, "code.string")) for one in _rows(token.content)])
        elif kind == "html_block":
            self._paint([(span(one, "dim"),) for one in _rows(token.content)])
        elif kind == "hr":
            self._paint([(Span("-" * self._room(), "dim"),)])
        else:
            self._take_table(kind)

    def _enter(self, mark: Span) -> None:
        self._marks.append(mark)
        self._indents.append(Span(" " * len(mark.text)))

    def _take_table(self, kind: str) -> None:
        if kind == "table_open":
            self._rows = []
        elif kind == "tr_open" and self._rows is not None:
            self._rows.append([])
        elif kind == "th_open":
            self._role = "heading"
        elif kind == "th_close":
            self._role = "text"
        elif kind == "table_close" and self._rows is not None:
            rows, self._rows = self._rows, None
            self._paint(table_lines(rows, self._room()))

    def _take_text(self, lines: Sequence[Spans]) -> None:
        if self._rows:
            self._rows[-1].append(lines[0] if lines else ())
        else:
            self._paint(lines)

    def _room(self) -> int:
        return max(LEAST_CELL, self._width - width_of(self._indents))

    def _paint(self, lines: Sequence[Spans]) -> None:
        for line in (part for one in lines for part in wrapped(one, self._room(), 2)):
            ahead = list(self._indents)
            if self._marks:  # of this item, and of lists that begin with it
                ahead[-len(self._marks) :] = self._marks
                self._marks.clear()
            self.lines.append((*ahead, *line))


def _rows(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


def inline(tokens: Sequence[Token], role: str) -> list[Spans]:
    """The lines of a paragraph: what is bold, meant, struck out, code, a link, a picture."""
    lines: list[list[Span]] = [[]]
    roles, links = [role], [""]
    for token in tokens:
        kind = token.type
        if kind in ("softbreak", "hardbreak"):
            lines.append([])
        elif kind in INLINE:
            roles.append(INLINE[kind])
            links.append(str(token.attrs.get("href", "")))
        elif kind.endswith("_close"):
            roles.pop()
            if (link := links.pop()) and link != "".join(one.text for one in lines[-1][-1:]):
                lines[-1].append(span(f" ({link})", "dim"))
        elif kind == "image":
            lines[-1].append(span(f"[{token.content}] ({token.attrs.get('src', '')})", "dim"))
        elif token.content:
            own = {"code_inline": "code.string", "html_inline": "dim"}
            lines[-1].append(span(token.content, own.get(kind, roles[-1])))
    return [tuple(line) for line in lines]


def table_lines(rows: Sequence[Sequence[Spans]], width: int) -> list[Spans]:
    """Cells side by side; the widest columns give way where there is no room for all."""
    count = max(map(len, rows), default=0)
    widths = [
        max((width_of(row[at]) for row in rows if at < len(row)), default=1) for at in range(count)
    ]
    while widths and sum(widths) + len(GAP.text) * (count - 1) > width and max(widths) > LEAST_CELL:
        widths[widths.index(max(widths))] -= 1
    lines: list[Spans] = []
    for row in rows:
        line: list[Span] = []
        for at, cells in enumerate(widths):
            line.extend((*fit(row[at] if at < len(row) else (), cells), GAP))
        lines.append(tuple(line[:-1]))
    return lines
