"""Where ``:`` leads, and how it is completed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from app.tui.jumps import Elsewhere, Known, Target, complete, find, parse, sought
from app.tui.screens.all_runs import AllRunsScreen
from app.tui.screens.dags import DagsScreen
from app.tui.screens.graph import GraphScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.jump import JumpScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.run import RunScreen
from app.tui.screens.views import DAG_VIEWS, PLACES
from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of, until
from tests.app.tui.world import World, structure_of

KNOWN = Known(
    places={"dags": "DAGs", "runs": "Runs", "pools": "Pools"},
    views={"grid": "Grid", "graph": "Graph", "runs": "Runs"},
    dag_ids=("etl", "etl_weekly", "train", "pools_report"),
    dag_id="etl",
    run_id=None,
    run_ids=("scheduled__2026-11-21", "manual__2026-11-20", "manual__2026-11-19"),
    task_ids=("load", "train", "train_all"),
)
NOWHERE = Known(KNOWN.places, KNOWN.views, KNOWN.dag_ids)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("dags", Target("place", "dags")),
        ("pools", Target("place", "pools")),
        ("dag etl", Target("view", "grid", "etl")),
        ("train", Target("view", "grid", "train")),
        ("etl_", Target("view", "grid", "etl_weekly")),
        ("weekly", Target("view", "grid", "etl_weekly")),
        ("ewk", Target("view", "grid", "etl_weekly")),
        ("prep", Target("view", "grid", "pools_report")),
        ("graph", Target("view", "graph", "etl")),
        ("graph train", Target("view", "graph", "train")),
        ("runs", Target("view", "runs", "etl")),
        ("dependencies", Target("dependencies", dag_id="etl")),
        ("dependencies train", Target("dependencies", dag_id="train")),
        ("run 11-20", Target("run", dag_id="etl", run_id="manual__2026-11-20")),
        (
            "log load",
            Target("log", dag_id="etl", run_id="scheduled__2026-11-21", task_id="load"),
        ),
        (
            "log train[3]",
            Target(
                "log",
                dag_id="etl",
                run_id="scheduled__2026-11-21",
                task_id="train",
                map_index=3,
            ),
        ),
        (
            "log weather fetch[2]",
            Target("log", dag_id="weather", run_id="w1", task_id="fetch", map_index=2),
        ),
        ("log train fit", Target("log", dag_id="train", run_id="t1", task_id="fit")),
        (
            "log etl load",
            Target("log", dag_id="etl", run_id="scheduled__2026-11-21", task_id="load"),
        ),
        ("q", Target("quit")),
        ("?", Target("help")),
    ],
)
def test_a_jump_leads_where_it_says(text: str, target: Target) -> None:
    dag_ids = (*KNOWN.dag_ids, "weather")
    others = {"weather": (("w1",), ("fetch",)), "train": (("t1",), ("fit",))}
    assert parse(text, replace(KNOWN, dag_ids=dag_ids, others=others)) == target


@pytest.mark.parametrize(
    ("text", "known", "said"),
    [
        ("", KNOWN, "type where to go"),
        ("dag nope", KNOWN, "no DAG is called nope"),
        ("run manual", KNOWN, "2 runs match manual: type more of it"),
        ("log zip", KNOWN, "no task is called zip"),
        ("graph", NOWHERE, "no DAG is looked at"),
        ("log load", NOWHERE, "no DAG is looked at: name it before the task"),
        ("log etl", NOWHERE, "name a task of etl, too"),
        ("log etl zip", replace(NOWHERE, others={"etl": (("r",), ("load",))}), "no task is called"),
        ("log etl load", replace(NOWHERE, others={"etl": ((), ())}), "etl has no run yet"),
        ("log load", Known(dag_id="etl", task_ids=("load",)), "etl has no run yet"),
        ("log nosuch load", KNOWN, "no DAG is called nosuch$"),
        ("log nosuch load", NOWHERE, "no DAG is called nosuch$"),
        ("log weekl load", KNOWN, "no DAG is called weekl: write etl_weekly whole"),
    ],
)
def test_a_jump_that_leads_nowhere_says_why(text: str, known: Known, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text, known)


def test_a_view_is_meant_by_what_its_tab_says() -> None:
    places = {name: view.title for name, view in PLACES.items()}
    known = replace(KNOWN, places=places, views={n: v.title for n, v in DAG_VIEWS.items()})
    for views, kind in ((PLACES, "place"), (DAG_VIEWS, "view")):
        for name, view in views.items():
            if kind == "place" and name in DAG_VIEWS:
                continue  # of the DAG that is looked at
            for label in {name, view.title, view.short or view.title, view.title.upper()}:
                target = parse(label, known)
                assert (target.kind, target.name) == (kind, name)
    for text in ("vars", "Conns", "conn"):
        assert parse(text, known).kind == "place"
        assert complete(text, known)[0].text in ("variables", "connections")


def test_a_dag_that_is_called_as_a_view_is_for_short_is_meant_itself() -> None:
    known = replace(KNOWN, dag_ids=("vars", "pool"))
    assert parse("vars", known) == Target("view", "grid", "vars")
    assert parse("pool", known) == Target("view", "grid", "pool")


def test_without_a_dag_its_views_are_not_offered() -> None:
    assert [one.text for one in complete("gr", NOWHERE)] == []
    assert "graph" in [one.text for one in complete("gr", KNOWN)]


def test_completions_of_the_second_word() -> None:
    found = [one.text for one in complete("log tr", KNOWN)]
    assert found == ["log train", "log train_all", "log train "]
    elsewhere = replace(NOWHERE, others={"etl": (("r",), ("load", "save"))})
    assert [one.text for one in complete("log et", elsewhere)] == ["log etl ", "log etl_weekly "]
    found = [one.text for one in complete("log etl", elsewhere)]
    assert found == ["log etl load", "log etl save", "log etl_weekly "]
    assert [one.text for one in complete("log etl sa", elsewhere)] == ["log etl save"]
    assert [one.text for one in complete("log etl sa[2]", elsewhere)] == ["log etl save[2]"]
    assert [one.text for one in complete("log etl load[1", elsewhere)] == ["log etl load[1]"]
    assert [one.text for one in complete("log etl load[", elsewhere)] == ["log etl load["]
    assert complete("log etl load[x]", elsewhere) == []
    assert "log train[3]" in [one.text for one in complete("log train[3]", KNOWN)]
    assert [one.text for one in complete("dag w", KNOWN)] == ["dag etl_weekly"]
    assert [one.text for one in complete("run 2026-11-2", KNOWN)] == [
        "run scheduled__2026-11-21",
        "run manual__2026-11-20",
    ]


@given(st.lists(st.text(min_size=1, max_size=6), unique=True), st.text(max_size=4))
def test_what_is_found_matches_and_the_whole_name_is_first(names: list[str], text: str) -> None:
    found = find(text, names)
    assert set(found) <= set(names)
    if text in names:
        assert found[0].lower() == text.lower()


@given(st.text(max_size=20))
def test_every_text_leads_somewhere_or_gives_a_sentence(text: str) -> None:
    with suppress(ValueError):
        assert parse(text, KNOWN).kind
    complete(text, KNOWN)


async def test_a_jump_opens_what_it_names(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "colon", *"graph rec", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GraphScreen), "the graph")
        await press(pilot, "colon", *"log prep")
        await says(pilot, "log preprocess")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        assert "preprocess" in text_of(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, GridScreen), "the grid")
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log again")
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: isinstance(pilot.app.screen, GraphScreen), "the graph again")
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "on to the log")
        await press(pilot, "colon", *"dags", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DagsScreen), "the list")


async def test_a_jump_to_a_run_opens_it_above_its_grid(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "colon", *"recommend", "enter")
        await press(pilot, "colon", *"run scheduled__2026-11-21T0", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        run = pilot.app.screen
        assert isinstance(run, RunScreen)
        await press(pilot, "escape")
        grid = pilot.app.screen
        assert isinstance(grid, GridScreen)
        await until(pilot, lambda: grid.view.run is not None, "a run")
        assert grid.view.run is not None
        assert grid.view.run.run_id == run.run_id


async def test_the_prompt_says_what_is_wrong(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("empty")) as pilot:
        await press(pilot, "colon", *"log train", "enter")
        await says(pilot, "no DAG is looked at")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DagsScreen)


async def test_in_the_list_of_dags_the_one_under_the_cursor_is_meant(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "slash", *"recommend", "enter", "colon", *"log prep", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        assert "preprocess" in text_of(pilot)
        await press(pilot, "colon", *"dags", "enter")
        await press(pilot, "colon", *"runs", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AllRunsScreen), "all runs")


OTHER_RUNS = (Elsewhere("train", "nightly-7"), Elsewhere("weather", "nightly-77"))
OTHER_TASKS = (Elsewhere("train", "t1", "fit"),)
FOUND = {"run nightly-7": OTHER_RUNS, "run nightly": OTHER_RUNS, "log fit": OTHER_TASKS}


@pytest.mark.parametrize("known", [KNOWN, NOWHERE], ids=["in a DAG", "nowhere"])
def test_what_the_dag_at_hand_has_not_is_meant_of_another(known: Known) -> None:
    assert sought("run nightly-7", known) == "run nightly-7"
    assert sought("log fit[3]", known) == "log fit"
    known = replace(known, elsewhere=FOUND)
    assert parse("run nightly-7", known) == Target("run", dag_id="train", run_id="nightly-7")
    of_fit = Target("log", dag_id="train", run_id="t1", task_id="fit")
    assert parse("log fit", known) == of_fit
    assert parse("log fit[3]", known) == replace(of_fit, map_index=3)
    with pytest.raises(ValueError, match="2 runs of other DAGs match nightly: choose one"):
        parse("run nightly", known)
    texts = [one.text for one in complete("run nightly", known)]
    assert texts == ["run train nightly-7", "run weather nightly-77"]
    known = replace(known, others={"train": (("nightly-7",), ())})
    assert parse(texts[0], known) == Target("run", dag_id="train", run_id="nightly-7")


def test_what_the_dag_at_hand_has_is_looked_for_nowhere_else() -> None:
    for text in ("run manual", "log load", "log train[3]", "log etl load", "run etl manual", "run"):
        assert sought(text, KNOWN) is None


async def test_runs_and_tasks_of_any_dag_are_gone_to_by_their_names_alone(world: World) -> None:
    for name in ("aa", "zz"):
        version = world.dag(name, structure_of(name, [f"load_{name}"]))
        run = world.run(name, version, "success", ago=timedelta(hours=1), run_id=f"the_{name}")
        world.instance(name, run, f"load_{name}", "success", log=b"from " + name.encode())
    async with opened(world.workspace) as pilot:
        await press(pilot, "g", "colon", *"run THE_z")
        await says(pilot, "run zz the_zz")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await press(pilot, "colon", *"log load_a", "enter")
        await says(pilot, "from aa")
        await press(pilot, "colon", *"run nothing_of_the_kind", "enter")
        await says(pilot, "no run is called nothing_of_the_kind")


def test_the_places_of_the_workspace_are_meant_where_a_dag_is_only_pointed_at() -> None:
    known = replace(NOWHERE, pointed_at="etl", run_ids=("r",), task_ids=("load",))
    assert parse("runs", known) == Target("place", "runs")
    assert parse("graph", known) == Target("view", "graph", "etl")
    assert parse("log load", known) == Target("log", dag_id="etl", run_id="r", task_id="load")
    assert "graph" in [one.text for one in complete("gr", known)]
    assert "log " in [one.text for one in complete("l", known)]


def test_a_completion_is_safe_to_show_and_leads_to_the_name_it_stands_for() -> None:
    evil = "etl\x1b[2J\u202e of [b]shop[/b]"
    known = replace(NOWHERE, dag_ids=("etl", evil, "train"))
    found = next(one for one in complete("dag shop", known))
    assert found.text == "dag etl of [b]shop[/b]"
    assert parse(found.text, known) == Target("view", "grid", evil)


def test_letters_in_their_order_find_a_name_after_those_that_hold_them_together() -> None:
    names = ["el_sweep_n", "elasticnet_sweep", "my_eln", "eln_daily", "nle"]
    found = ["eln_daily", "my_eln", "el_sweep_n", "elasticnet_sweep"]
    assert find("eln", names) == found
    assert find("eln", names, loosely=False) == found[:2]


async def test_the_log_of_a_task_of_any_dag_is_gone_to_from_anywhere(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "7", "colon", *"log rec")
        await says(pilot, "DAG, then a task of it")
        await press(pilot, "tab", *"prep")
        await says(pilot, "task of recommend")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        assert "recommend" in text_of(pilot)
        await press(pilot, "2", "colon", *"log recommend load_tables", "enter")
        await until(pilot, lambda: "load_tables" in text_of(pilot).split("\n")[0], "another log")
        assert isinstance(pilot.app.screen, LogScreen)


def test_the_start_of_a_task_is_meant_though_a_dag_is_called_so() -> None:
    known = Known(dag_ids=("etl", "load"), dag_id="etl", run_ids=("r1",), task_ids=("load_x",))
    assert parse("log load", known).task_id == "load_x"
    assert parse("log load_x", known).task_id == "load_x"
    with pytest.raises(ValueError, match="name a task of load, too"):
        parse("log load", replace(known, task_ids=("train",)))


async def test_names_that_arrive_move_nothing_under_the_cursor(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "colon", *"log rec", "down")
        await says(pilot, "DAG, then a task of it")
        screen = pilot.app.screen
        assert isinstance(screen, JumpScreen)
        names = {"recommend": (("r",), ("reckon", "record"))}
        screen._known = replace(screen._known, others=names, task_ids=("recall",))
        screen._names_came()
        await press(pilot, "tab")
        assert screen.query_one(Input).value == "log recommend "
