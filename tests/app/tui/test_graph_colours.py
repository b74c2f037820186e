"""What stands out in the graph of a DAG, and what recedes."""

from __future__ import annotations

from datetime import timedelta

from app.tui.screens.graph import GraphScreen
from store.structure import DagStructure, TaskStructure
from tests.app.tui.driving import AppPilot, opened, press, text_of
from tests.app.tui.world import World


def colour_at(pilot: AppPilot, x: int, y: int) -> object:
    """The colour of a cell on screen."""
    strip = pilot.app.screen._compositor.render_strips()[y]
    for segment in strip.crop(x, x + 1):
        return segment.style.color if segment.style else None
    raise AssertionError(f"there is nothing at {x}, {y}")


async def test_what_leads_to_the_cursor_and_from_it_stands_out_and_what_was_left_out_recedes(
    world: World,
) -> None:
    edges = {"start": ["taken", "left"], "taken": ["end"], "left": ["end"], "aside": ["away"]}
    names = ("start", "taken", "left", "end", "aside", "away")
    tasks = [TaskStructure(name, "@task", downstream=edges.get(name, [])) for name in names]
    version = world.dag("branch", DagStructure("branch", "dags/a.py", tasks=tasks, roots=[*names]))
    run = world.run("branch", version, "success", ago=timedelta(hours=1))
    for name in names:
        world.instance("branch", run, name, "skipped" if name == "left" else "success")
    async with opened(world.workspace, (120, 40), dag="branch") as pilot:
        await press(pilot, "2", "slash", *"taken", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GraphScreen)
        view = screen.view
        numbers = {row.id: number for number, row in enumerate(view.picture.nodes)}
        left, top = view.region.x - view.x, view.region.y - view.y

        def name_of(task: str) -> object:
            box = view.layout_now.boxes[numbers[task]]
            line = text_of(pilot).splitlines()[top + box.y + box.height // 2]
            return colour_at(pilot, line.index(task), top + box.y + box.height // 2)

        def head_to(task: str) -> object:
            x, y = view.layout_now.arrows[numbers[task]]
            return colour_at(pilot, left + x, top + y)

        assert name_of("start") == name_of("end") != name_of("aside")
        assert name_of("aside") == name_of("away")
        assert name_of("left") not in (name_of("start"), name_of("aside"))
        assert head_to("taken") == head_to("end")
        assert len({head_to("taken"), head_to("away"), head_to("left")}) == 3
