"""Several pools changed at once."""

from __future__ import annotations

from store import edits
from store.queries.pools import get_pool
from tests.app.tui.admin_world import form_opened, go_to
from tests.app.tui.driving import opened, press, says, text_of
from tests.app.tui.world import World


async def test_marked_pools_get_their_slots_together(world: World) -> None:
    with world.store.write() as connection:
        for name, slots, deferred in (("cpu", 8, False), ("gpu", 2, True)):
            edits.set_pool(connection, name, slots, "ann", include_deferred=deferred)

    def pools() -> dict[str, tuple[int, bool]]:
        with world.store.read() as connection:
            found = {name: get_pool(connection, name) for name in ("cpu", "gpu")}
        return {name: (row.slots, row.include_deferred) for name, row in found.items() if row}

    async with opened(world.workspace) as pilot:
        await press(pilot, "7")
        await go_to(pilot, "cpu")
        await press(pilot, "space")
        await go_to(pilot, "gpu")
        await press(pilot, "space")
        await form_opened(pilot, "e")
        assert "2 pools" in text_of(pilot)
        assert "cpu, gpu" in text_of(pilot)
        await pilot.press("x")
        await says(pilot, "slots must be a whole number")
        await pilot.press("backspace", "4", "ctrl+r")
        await says(pilot, "2 pools have 4 slots each")
        assert pools() == {"cpu": (4, False), "gpu": (4, True)}
        await form_opened(pilot, "e")
        await pilot.press("tab", "right", "right", "ctrl+r")
        await says(pilot, "changed 2 pools")
        assert pools() == {"cpu": (4, True), "gpu": (4, True)}
