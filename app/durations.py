"""How long something took, in words for people. Standard library only."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float | None) -> str:
    """A measured time: 0.42s, 8.1s, 42s, 3m 07s, 2h 05m, 3d 04h."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds:.2f}s"
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < MINUTE:
        return f"{int(seconds)}s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)}m {int(seconds % MINUTE):02d}s"
    if seconds < 2 * DAY:
        return f"{int(seconds // HOUR)}h {int(seconds % HOUR // MINUTE):02d}m"
    return f"{int(seconds // DAY)}d {int(seconds % DAY // HOUR):02d}h"
