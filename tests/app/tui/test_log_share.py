"""How far down a log one is."""

from __future__ import annotations

from pathlib import Path

from tests.app.tui.test_merged_lines import at, merged


def test_how_far_down_a_line_of_merged_logs_is_grows_from_line_to_line(tmp_path: Path) -> None:
    """Of a log that begins late, too, among one that is longer."""
    long = b"".join(at(second, f"long {second}\n") for second in range(0, 50, 2))
    late = b"".join(at(second, f"late {second}\n") for second in range(31, 50, 2))
    lines = merged(tmp_path, long, late)
    lines.to_top()
    shares: list[float] = []
    place = lines.first()
    while place is not None:
        shares.append(lines.share(place))
        lines.allow(1 << 20)
        place = lines.after(place)
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
