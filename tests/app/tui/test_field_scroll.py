"""Forms with more fields than there is room for."""

from __future__ import annotations

from tests.app.tui.driving import app_of, opened, press, says
from tests.app.tui.world import World


async def test_down_goes_from_field_to_field_where_not_all_are_seen(world: World) -> None:
    """And what is typed into is always seen."""
    world.dag("etl")
    async with opened(world.workspace, (60, 20)) as pilot:
        await says(pilot, "etl")
        await press(pilot, "t")
        await says(pilot, "Trigger etl")
        app = app_of(pilot)
        fields = app.screen.query_one("#fields")
        assert fields.max_scroll_y > 0, "all are seen: this tests nothing any more"
        await press(pilot, "tab")  # the first may have lines of its own
        seen: list[str | None] = []
        for _ in range(4):
            field = app.focused
            assert field is not None
            assert fields.region.contains_region(field.region), field.id
            seen.append(field.id)
            await press(pilot, "down")
        assert len(set(seen)) == 4
        await press(pilot, "up")
        assert app.focused is not None
        assert app.focused.id == seen[-1]
