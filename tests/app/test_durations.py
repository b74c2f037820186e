"""How long something took."""

from __future__ import annotations

import pytest

from app.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.42, "0.42s"),
        (8.06, "8.1s"),
        (42.9, "42s"),
        (187, "3m 07s"),
        (7500, "2h 05m"),
        (273600, "3d 04h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
