"""How statuses, metrics and params of tracked runs are written. Pure."""

from __future__ import annotations

import math

from app.tui.spans import Span, Spans
from app.tui.theme import Glyphs
from store.secrets import MASK, is_sensitive

STATUS_LOOKS: dict[str, tuple[str, str, str, str]] = {
    "RUNNING": ("●", "*", "state.run.running", "running"),
    "SCHEDULED": ("◐", "q", "state.run.queued", "scheduled"),
    "FINISHED": ("✓", "+", "state.run.success", "finished"),
    "FAILED": ("✗", "x", "state.run.failed", "failed"),
    "KILLED": ("⊘", "k", "state.upstream_failed", "killed"),
}
"""Status -> glyph, its stand-in in ASCII, role, word."""


LONGEST_NUMBER = 26
"""Characters of a number as programs write them; a longer text is something else: a digest."""


def status_span(status: str, glyphs: Glyphs) -> Span:
    """The glyph of a status; one that isn't known shows as a question."""
    sign, plain, role, _ = STATUS_LOOKS.get(status, ("?", "?", "warning", ""))
    return Span(plain if glyphs.is_ascii else sign, role)


def status_word(status: str) -> str:
    """What a status is called."""
    return STATUS_LOOKS[status][3] if status in STATUS_LOOKS else status.lower()


def status_role(status: str) -> str:
    """The colour of a status."""
    return STATUS_LOOKS[status][2] if status in STATUS_LOOKS else "warning"


def odd_text(value: float, glyphs: Glyphs) -> str:
    """NaN and the infinities, each by its own sign."""
    if math.isnan(value):
        return "NaN" if glyphs.is_ascii else "∅ NaN"
    sign = "-" if value < 0 else "+"
    return f"{sign}inf" if glyphs.is_ascii else f"{sign}∞"


def missing(glyphs: Glyphs) -> Spans:
    """What a run has nothing of."""
    return (Span("-" if glyphs.is_ascii else glyphs.dot, "faint"),)


def number_text(value: float, glyphs: Glyphs) -> str:
    """A number in at most ten cells; what isn't finite by its own sign."""
    if not math.isfinite(value):
        return odd_text(value, glyphs)
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:
        return f"{value:.3g}"
    if value.is_integer():
        return str(int(value))
    return f"{value:.0f}" if size >= 1e5 else f"{value:.5g}"


def number_spans(value: float, glyphs: Glyphs, *, is_best: bool = False) -> Spans:
    """A metric's value; the best of all has a star, what isn't finite stands out."""
    text = number_text(value, glyphs)
    if not math.isfinite(value):
        return (Span(text, "warning"),)
    if is_best:
        return (Span(f"{glyphs.star}{text}", "good"),)
    return (Span(text, "text"),)


def fitting(text: str, width: int) -> str:
    """A value in at most so many cells, if it is a number: fewer digits, where cutting them off
    would cut off the exponent, too. Any other text is as it was."""
    if len(text) <= width or len(text) > LONGEST_NUMBER:
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    rounded = (f"{value:.{digits}g}" for digits in range(width, 0, -1))
    return next((one for one in rounded if len(one) <= width), text)


def shown_value(key: str, value: str) -> str:
    """A param's or tag's value as it may be seen: what its name says is secret is masked. A number
    is none: ``max_tokens``."""
    if not is_sensitive(key) or "tokeniz" in key.lower():
        return value
    try:
        float(value)
    except ValueError:
        return MASK
    return value
