"""What is said of a crash."""

from __future__ import annotations

from rich.segment import Segments

from tests.app.tui.driving import app_of, opened
from tests.app.tui.world import World


async def test_the_report_of_a_crash_names_no_values(world: World) -> None:
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        try:
            password = "hunter2"
            raise ValueError(f"{len(password)} letters are too few")
        except ValueError:
            app._fatal_error()
        (report,) = app._exit_renderables
        assert isinstance(report, Segments)
        text = "".join(segment.text for segment in report.segments)
        assert "7 letters are too few" in text
        assert "hunter2" not in text.replace('password = "hunter2"', "")
        app._exit_renderables.clear()
