"""Which params matter for a metric, as a table. Pure."""

from __future__ import annotations

from app.comparing.importance import MODEL, Effect, Importance
from app.tui.columns import Column
from app.tui.formats import plural
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span
from app.tui.theme import Glyphs

BAR = 20
"""Cells of a bar of a whole."""
LIKELY = 0.05
"""p below which a correlation is more than chance, as people have it."""

NONE = 0.05
"""A correlation below which there is none to speak of."""


def bar_spans(share: float, role: str, glyphs: Glyphs, width: int = BAR) -> Spans:
    """A bar of a share from 0 to 1."""
    full, rest = ("#", " ") if glyphs.is_ascii else ("█", " ")
    cells = round(min(1.0, max(0.0, share)) * width)
    if share > 0 and not cells:
        return (Span("|" if glyphs.is_ascii else "▏", role), Span(rest * (width - 1)))
    return (Span(full * cells, role), Span(rest * (width - cells)))


def columns() -> list[Column[Effect]]:
    """Param, importance, correlation, p, runs."""
    return [
        Column("param", "PARAM", 12, _param, lambda one: one.param, most=40),
        Column("importance", "IMPORTANCE", BAR + 6, _importance, _weight, descending=True),
        Column("correlation", "CORRELATION", 17, _correlation, _strength, descending=True),
        Column("p", "P", 8, _p, lambda one: 2.0 if one.p is None else one.p),
        Column("runs", "RUNS", 4, lambda one, _: (Span(str(one.runs), "dim"),), right=True),
    ]


def _weight(one: Effect) -> float:
    return -1.0 if one.importance is None else one.importance


def _strength(one: Effect) -> float:
    return -1.0 if one.correlation is None else abs(one.correlation)


def _param(one: Effect, scene: Scene) -> Spans:
    return (span(one.param, "dim" if one.correlation is None else "strong"),)


def _importance(one: Effect, scene: Scene) -> Spans:
    if one.correlation is None:
        return (span(one.note, "dim"),)
    if one.importance is None:
        return (Span("too few runs", "dim"),)
    bar = bar_spans(one.importance, "accent", scene.glyphs)
    return (*bar, Span(f" {one.importance:5.2f}", "text" if one.importance > 0 else "dim"))


def _correlation(one: Effect, scene: Scene) -> Spans:
    if one.correlation is None:
        return ()
    role = "warning" if one.correlation < 0 else "good"
    sign = f"{one.correlation:+.2f}" if one.kind == "number" else f"{one.correlation:5.2f}"
    return (Span(f"{sign} ", "text"), *bar_spans(abs(one.correlation), role, scene.glyphs, 11))


def _p(one: Effect, scene: Scene) -> Spans:
    if one.p is None:
        return ()
    text = "<0.0001" if one.p < 1e-4 else f"{one.p:.4f}"
    return (Span(text, "text" if one.p < LIKELY else "dim"),)


def found_line(found: Importance) -> Spans:
    """What the figures rest on."""
    words = [Span(f" {plural(found.runs, 'run')} with a finite value", "dim")]
    if found.fit is not None:
        role = "text" if found.fit > 0 else "warning"
        words.append(Span(f"  R² {found.fit:.2f}", role))
    if found.note and found.effects:  # else the table says it
        words.append(Span(f"  {found.note}", "warning"))
    return tuple(words)


def effect_line(one: Effect | None, found: Importance) -> Spans:
    """What the figures of the param under the cursor mean."""
    if one is None:
        return ()
    if one.correlation is None:
        return (Span(" "), span(one.param, "strong"), Span(" "), span(one.note, "warning"))
    line = [Span(" "), span(one.param, "strong")]
    if one.kind == "number":
        way = "grows" if one.correlation > 0 else "falls"
        way = "does not go" if abs(one.correlation) < NONE else way
        words = f" {found.metric} {way} with it (Spearman {one.correlation:+.3f}, p {one.p:.2g})"
    else:
        words = (
            f" a category: correlation ratio {one.correlation:.3f} (Kruskal-Wallis p {one.p:.2g})"
        )
    line.append(span(words, "text"))
    if one.importance is not None:
        line.append(Span(f"  error {one.importance:+.0%} without it; {MODEL}", "dim"))
    return tuple(line)
