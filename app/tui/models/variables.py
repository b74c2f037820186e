"""Variables without a screen: columns, filter, details, what a form may hold. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from typing import TYPE_CHECKING

from app.text import sanitize_lines
from app.tui.columns import GAP, GUTTER, Column
from app.tui.filters import Facts
from app.tui.formats import plural
from app.tui.reading_admin import VariableText
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span

if TYPE_CHECKING:
    from store.queries.admin import VariableHead

NARROW_VALUE, WIDE_VALUE = 24, 80
"""Cells of the column of values, on a narrow and on a wide terminal."""
KEY, DESCRIPTION, FILES = 16, 20, 14
"""Cells of the other columns."""
EMPTY = "No Variables yet: A adds one, i imports a JSON file."
EMPTY_READ_ONLY = "No Variables yet."


def columns(revealed: Mapping[str, str], width: int = 80) -> list[Column[VariableHead]]:
    """The columns; ``revealed`` are the values of secrets that are shown for a moment."""

    def key_cell(row: VariableHead, scene: Scene) -> Spans:
        return (span(row.key, "strong"),)

    def value_cell(row: VariableHead, scene: Scene) -> Spans:
        if row.key in revealed:
            return (span(revealed[row.key], "warning"),)
        if row.masked:
            return (Span(row.head, "dim"),)
        if not row.size:
            return (Span("(empty)", "dim"),)
        return (span(" ".join(row.head.split())),)

    def files_cell(row: VariableHead, scene: Scene) -> Spans:
        return files_words(row.files)

    def description_cell(row: VariableHead, scene: Scene) -> Spans:
        return (span(row.description, "dim"),)

    rest = width - GUTTER - KEY - 2 * GAP - DESCRIPTION - 1
    value = max(NARROW_VALUE, min(WIDE_VALUE, max(rest // 2 + 10, 38)))
    return [
        Column("key", "KEY", KEY, key_cell, lambda v: v.key.lower(), most=40),
        Column(
            "value", "VALUE", value, value_cell, lambda v: "" if v.masked else v.head, grows=True
        ),
        Column(
            "description",
            "DESCRIPTION",
            DESCRIPTION,
            description_cell,
            lambda v: v.description,
            grows=True,
        ),
        Column(
            "files",
            "READ BY",
            FILES,
            files_cell,
            lambda v: len(v.files),
            descending=True,
            grows=True,
        ),
    ]


def files_words(files: tuple[str, ...]) -> Spans:
    """ "etl.py +2": the folder goes without saying."""
    if len(files) == 0:
        return ()
    more = f" +{len(files) - 1}" if len(files) > 1 else ""
    return (span(files[0].removeprefix("dags/"), "dim"), Span(more, "dim"))


def facts_of(row: VariableHead) -> Facts:
    """What the filter sees; of a secret not its value."""
    value = "" if row.masked else row.head
    return Facts(
        text=f"{row.key} {value} {row.description}",
        flags=frozenset({"secret"} if row.masked else ()),
        fields={
            "key": (row.key,),
            "value": (value,),
            "file": row.files,
            "description": (row.description,),
        },
        numbers={"size": float(row.size)},
    )


def detail_line(row: VariableHead | None, revealed: Mapping[str, str], scene: Scene) -> Spans:
    """What there is to say of the row under the cursor."""
    if row is None:
        return ()
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = []
    if row.key in revealed:
        parts.append((Span("shown for a moment: ", "warning"), span(revealed[row.key])))
    elif row.masked:
        parts.append((Span("secret by its name", "dim"),))
    if row.key not in revealed:
        parts.append((Span(plural(row.size, "character"), "dim"),))
        if row.files:
            parts.append((Span("read by ", "dim"), span(", ".join(row.files), "dim")))
        if row.description:
            parts.append((span(row.description, "dim"),))
    return (Span("  "), *joined(parts, dot))


def details(one: VariableText) -> str:
    """All of a Variable as a text; a secret stays masked."""
    value = one.value
    if value is None:
        value = "***, secret by its name" if one.masked else too_large(one)
    rows = (
        ("key", one.key),
        ("description", one.description),
        ("read by", "\n".join(one.files)),
        ("size", plural(one.size, "character")),
        ("value", value),
    )
    return table_of(rows)


def table_of(rows: tuple[tuple[str, str], ...]) -> str:
    """Names and values of several lines under each other; those without a value are left out."""
    lines: list[str] = []
    for name, text in rows:
        if text:
            first, *rest = sanitize_lines(text).split("\n")
            lines.append(f"{name:<13} {first}")
            lines.extend(f"{'':<13} {line}" for line in rest)
    return "\n".join(lines)


def too_large(one: VariableText) -> str:
    """Why a value isn't shown, and where it is."""
    return f"{one.size:,} characters: 'dagtop variables get' prints them"


NAMED = 12
"""Variables that are called by their names before they are overwritten."""


def import_words(keys: Collection[str], known: Container[str]) -> list[Spans]:
    """What importing these would do, in lines: how many exist and are overwritten, and which."""
    there = [key for key in keys if key in known]
    exist = "exists and is" if len(there) == 1 else "exist and are"
    lines: list[Spans] = [
        (Span(f"{len(there):,} {exist} overwritten by the file's value", "warning"),),
        *((Span("  "), span(key, "strong")) for key in there[:NAMED]),
    ]
    if len(there) > NAMED:
        lines.append((Span(f"  and {len(there) - NAMED:,} more", "dim"),))
    if new := len(keys) - len(there):
        lines.append((Span(f"{new:,} {'is' if new == 1 else 'are'} new"),))
    return lines


def problems(texts: Mapping[str, str], known: Container[str]) -> dict[str, str]:
    """What is wrong with the fields of a new Variable (``known``: keys that are taken)."""
    key = texts.get("key")
    if key is None:
        return {}
    if not key.strip():
        return {"key": "a variable needs a name"}
    if key in known:
        return {"key": f"there is a Variable {key} already: e edits it"}
    return {}
