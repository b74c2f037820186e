"""Distributions as tables: a row for each category or bin, a column for each run or step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.comparing.distributions import Counted, Part, Spread, figures
from app.tui.columns import GAP, GUTTER, Column
from app.tui.formats import plural
from app.tui.models.compare.importance import bar_spans
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span, width_of

if TYPE_CHECKING:
    from store.distributions import Stated

Steps = Literal["one", "sum", "each"]
STEPS: tuple[Steps, ...] = ("one", "sum", "each")
STEPS_WORDS: dict[Steps, str] = {
    "one": "one step",
    "sum": "all steps added up",
    "each": "step by step",
}
LABEL, MOST_LABEL = 18, 44
SHARE = 6
"""Cells of a share: 100.0%."""
CHANGE = 7
LEAST_BAR, MOST_BAR = 4, 24
COUNTS = frozenset({"values", "nulls", "distinct", "infinite"})
"""Figures that are whole numbers."""


@dataclass(slots=True)
class DistributionsForm:
    """How the distributions of a run are looked at."""

    key: str = ""
    """Empty: the first."""
    step: int | None = None
    """None: the last one."""
    steps: Steps = "one"
    log: bool = False
    """Bins grow by powers of ten."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column: a run, or a step."""

    key: str
    title: str
    role: str = "accent"


def part_key(part: Part) -> str:
    """What tells a row from all others: a category may be called "other", too."""
    return f"{'rest' if part.is_rest else 'part'} {part.label}"


def share_text(share: float | None) -> str:
    """A share in six cells at most; what is there but rounds to nothing isn't called nothing."""
    if share is None:
        return ""
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}"


def columns_of(
    spread: Spread, heads: Sequence[Head], width: int, baseline: int | None = None
) -> list[Column[Part]]:
    """The label of a row, then what each column has of it."""
    longest = max((width_of(label_spans(part)) for part in spread.parts), default=0)
    most = max(LABEL, min(longest, MOST_LABEL if width >= 100 else LABEL + 6))
    label = Column("part", _kind_title(spread), LABEL, label_spans, most=most)
    room = max(0, width - 1 - GUTTER - most)
    if len(heads) == 1:
        bar = max(LEAST_BAR, min(2 * MOST_BAR, room - 3 * GAP - SHARE - 10))
        return [label, *_single(spread, heads[0], bar)]
    own = SHARE + (CHANGE if baseline is not None else 0)
    each = room // max(1, len(heads)) - GAP - own - 1
    bar = min(MOST_BAR, each) if each >= LEAST_BAR else 0
    return [
        label,
        *(_beside(spread, head, at, own, bar, baseline) for at, head in enumerate(heads)),
    ]


def _kind_title(spread: Spread) -> str:
    return "bin" if spread.kind == "numbers" else "category"


def label_spans(part: Part, _: Scene | None = None) -> Spans:
    """What a row is called."""
    if not part.label:
        return (Span("(empty text)", "dim"),)
    return (span(part.label, "dim" if part.is_rest else "strong"),)


def _single(spread: Spread, head: Head, width: int) -> list[Column[Part]]:
    largest = _largest(spread, 0)

    def bar(part: Part, scene: Scene) -> Spans:
        role = "dim" if part.is_rest else head.role
        return bar_spans((spread.share(part, 0) or 0.0) / largest, role, scene.glyphs, width)

    def count(part: Part, _: Scene) -> Spans:
        return (Span(f"{part.counts[0]:,}", "text" if part.counts[0] else "dim"),)

    order = _by_count(0)
    return [
        Column("count", "count", 10, count, order, right=True, descending=True),
        Column("share", "share", SHARE, _share(spread, 0), order, right=True, descending=True),
        Column("bar", "", width, bar),
    ]


def _by_count(at: int) -> Callable[[Part], int]:
    return lambda part: part.counts[at]


def _largest(spread: Spread, at: int) -> float:
    return max((spread.share(part, at) or 0.0 for part in spread.parts), default=0.0) or 1.0


def _share(spread: Spread, at: int) -> Callable[[Part, Scene], Spans]:
    def cell(part: Part, scene: Scene) -> Spans:
        share = spread.share(part, at)
        if share is None:
            return (Span(scene.glyphs.dot, "faint"),)
        return (Span(share_text(share), "text" if share else "dim"),)

    return cell


def _beside(
    spread: Spread, head: Head, at: int, own: int, bar: int, baseline: int | None
) -> Column[Part]:
    largest = max(_largest(spread, place) for place in range(len(spread.totals)))
    shares = _share(spread, at)

    def cell(part: Part, scene: Scene) -> Spans:
        [found] = shares(part, scene)
        line = [Span(found.text.rjust(SHARE), found.role)]
        if baseline is not None:
            line.append(_change(spread, part, at, baseline))
        if bar:
            share = (spread.share(part, at) or 0.0) / largest
            role = "dim" if part.is_rest else head.role
            line.extend((Span(" "), *bar_spans(share, role, scene.glyphs, bar)))
        return tuple(line)

    width = own + (bar + 1 if bar else 0)
    title = span(head.title).text
    return Column(head.key, title, width, cell, _by_share(spread, at), descending=True)


def _by_share(spread: Spread, at: int) -> Callable[[Part], float]:
    def key(part: Part) -> float:
        share = spread.share(part, at)
        return -1.0 if share is None else share

    return key


def _change(spread: Spread, part: Part, at: int, baseline: int) -> Span:
    """Percentage points against the baseline."""
    own, base = spread.share(part, at), spread.share(part, baseline)
    if own is None or base is None or at == baseline:
        return Span(" " * CHANGE)
    points = (own - base) * 100
    role = "dim" if abs(points) < 0.05 else "warning"
    return Span(f"{points:+.1f}".rjust(CHANGE), role)


def keys_words(key: str, keys: Sequence[str]) -> Spans:
    """Which of the distributions it is."""
    line = [Span(" "), span(key, "strong")]
    if len(keys) > 1:
        line.append(Span(f"  {keys.index(key) + 1:,} of {len(keys):,}", "dim"))
    return tuple(line)


def steps_words(stated: Sequence[Stated], form: DistributionsForm, shown: Sequence[int]) -> Spans:
    """Which of its steps are shown. ``stated``: those of the distribution."""
    if not shown:
        return ()
    if form.steps == "one":
        places = [one.step for one in stated]
        of = f", {places.index(shown[-1]) + 1:,} of {len(places):,}" if len(places) > 1 else ""
        return (Span(f"step {shown[-1]:,}{of}", "accent"),)
    words = plural(len(shown), "step")
    words = f"the last {words}" if len(shown) < len(stated) else words
    return (Span(f"{words} {'added up' if form.steps == 'sum' else 'side by side'}", "accent"),)


def note_words(spread: Spread) -> Spans:
    """What is to be known of the rows that there are."""
    return (Span(f"{spread.note}  ", "warning"),) if spread.note and spread.parts else ()


def figures_lines(found: Counted | None) -> tuple[Spans, Spans]:
    """What is known of all values: how many there are, where they lie."""
    lines: tuple[list[Span], list[Span]] = ([], [])
    for words, value in () if found is None else figures(found):
        text = f"{value:,}" if words in COUNTS else f"{value:.4g}"
        if words == "nulls" and found is not None:
            text += f" ({share_text(value / found.count)})"
        role = "warning" if words in ("nulls", "infinite") else "text"
        line = lines[words not in (*COUNTS, "mean", "std")]
        line.extend((Span("  " if line else " "), Span(f"{words} ", "dim"), Span(text, role)))
    return tuple(lines[0]), tuple(lines[1])


def part_line(part: Part | None, spread: Spread, heads: Sequence[Head]) -> Spans:
    """The row under the cursor in full."""
    if part is None:
        return ()
    line = [Span(" "), *label_spans(part)]
    for at, head in enumerate(heads):
        share = spread.share(part, at)
        if share is None:
            continue
        count = f"{part.counts[at]:,} of {spread.totals[at]:,}"
        if len(heads) > 1:
            line.extend((Span("  "), span(head.title, head.role), Span(f" {count}")))
        else:
            line.extend((Span(f"  {count}"), Span(f" {share:.3%}", "dim")))
    return tuple(line)


def rows_for_export(spread: Spread, heads: Sequence[Head]) -> list[Mapping[str, Any]]:
    """A row for each category or bin: of one column count and share, of several the counts."""
    if len(heads) == 1:
        return [
            {"part": one.label, "count": one.counts[0], "share": spread.share(one, 0)}
            for one in spread.parts
        ]
    return [
        {"part": one.label, **{head.key: one.counts[at] for at, head in enumerate(heads)}}
        for one in spread.parts
    ]
