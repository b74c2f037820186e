"""Rows, cells and lines made from snapshots, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.actions import ACTIONS
from app.tui.columns import place_columns
from app.tui.commander import together
from app.tui.models.dags import (
    TABS,
    columns,
    detail_line,
    facts_of,
    in_tab,
    recent_strip,
    tab_counts,
    tabs_line,
)
from app.tui.models.grid import (
    bars,
    cell_line,
    counts_spans,
    dag_line,
    fold_default,
    has_marks,
    label,
    marks_legend,
    run_line,
    visible_rows,
    windows_to,
)
from app.tui.models.grid_filter import grid_filter
from app.tui.models.instance import reasons_for, touched_lines
from app.tui.models.scheduling import in_words
from app.tui.scene import Scene
from app.tui.screens.views import COMPARE_VIEWS, DAG_VIEWS, PLACES, TASK_VIEWS, views_line
from app.tui.scrolling import Position
from app.tui.spans import Span, plain, width_of
from app.tui.theme import ASCII, UNICODE, Palette, glyphs_for, task_look, theme_name
from app.tui.themes import FULL
from app.tui.widgets.chrome import crumb_spans, footer_line
from store.queries.cells import Cell
from store.queries.dags import RECENT_RUNS, DagRow, LastRun, RecentRun
from store.queries.grid import GridRow, GridRun
from store.queries.runs import RunKey
from store.states import DagRunState, DagRunType, TaskInstanceState
from tests.app.tui.world import NOW

SCENE = Scene(NOW, UTC, UNICODE)
SUCCESS, FAILED = DagRunState.SUCCESS, DagRunState.FAILED


def dag(dag_id: str = "shop", **values: Any) -> DagRow:
    row: dict[str, Any] = {
        "dag_id": dag_id,
        "display_name": dag_id,
        "description": "",
        "file": "dags/shop.py",
        "is_paused": False,
        "is_active": True,
        "owners": ("ann",),
        "tags": ("ml",),
        "schedule": "@daily",
        "schedule_words": "At 00:00 every day",
        "schedule_error": None,
        "timezone": "UTC",
        "max_active_runs": 16,
        "version_id": 1,
        "next_logical_date": NOW,
        "next_run_after": NOW + timedelta(hours=3),
        "import_error": None,
    }
    return DagRow(**{**row, **values})


def last(state: DagRunState) -> LastRun:
    start = NOW - timedelta(minutes=12)
    return LastRun(1, "r", state, start, start, start + timedelta(seconds=90), 90.0)


def cells_of(row: DagRow) -> dict[str, str]:
    return {column.key: plain(column.cell(row, SCENE)) for column in columns()}


# the DAG list


def test_a_dag_belongs_under_its_tabs() -> None:
    paused, broken = dag(is_paused=True), dag(last_run=last(FAILED))
    busy = dag(run_counts={DagRunState.RUNNING: 2})
    assert [tab for tab in TABS if in_tab(paused, tab)] == ["All", "Paused"]
    assert [tab for tab in TABS if in_tab(broken, tab)] == ["All", "Active", "Failed"]
    assert [tab for tab in TABS if in_tab(busy, tab)] == ["All", "Active", "Running"]
    assert tab_counts([paused, broken, busy])["All"] == 3


def test_the_tab_that_is_shown_stands_out_and_all_have_counts() -> None:
    line = tabs_line({"All": 3, "Failed": 1}, "Failed")
    assert " Failed 1 " in [piece.text for piece in line if piece.role == "badge"]
    assert "All 3" in plain(line)


def test_a_state_is_a_glyph_and_a_word() -> None:
    assert cells_of(dag(last_run=last(FAILED)))["last"] == "✗ failed   10m"
    assert cells_of(dag())["last"] == "never ran"


def test_a_paused_dag_has_no_next_run() -> None:
    assert cells_of(dag())["next"] == "in 3h  15:00"
    assert cells_of(dag(is_paused=True))["next"] == "·"
    assert cells_of(dag(schedule_error="61 is not a minute"))["next"] == "error"


def test_the_strip_shows_durations_by_height_and_trouble_by_glyph() -> None:
    runs = [RecentRun(SUCCESS, 10.0), RecentRun(FAILED, 99.0), RecentRun(SUCCESS, 80.0)]
    runs.append(RecentRun(DagRunState.RUNNING, None))
    assert plain(recent_strip(runs, UNICODE, 6)) == "  ▂✗▆●"
    assert plain(recent_strip(runs, ASCII, 6)).isascii()


@given(st.lists(st.tuples(st.sampled_from(DagRunState), st.floats(0, 1e6)), max_size=10))
def test_the_strip_is_as_wide_as_its_column(runs: list[tuple[DagRunState, float]]) -> None:
    bars_of = [RecentRun(state, seconds) for state, seconds in runs]
    assert width_of(recent_strip(bars_of, UNICODE, 10)) == 10


def test_what_a_filter_can_ask_of_a_dag() -> None:
    facts = facts_of(dag(last_run=last(FAILED), is_paused=True))
    assert facts.flags == {"paused"}
    assert facts.fields["state"] == ["failed"]
    assert facts.numbers["dur"] == 90.0


def test_details_begin_with_what_is_wrong() -> None:
    line = plain(detail_line(dag(import_error="SyntaxError: x"), SCENE)).strip()
    assert line.startswith("SyntaxError: x · @daily · At 00:00 every day")


def test_a_schedule_has_ended_only_where_a_runner_has_said_so() -> None:
    nothing = dag(next_run_after=None)
    assert "ended: no further run" in plain(detail_line(nothing, SCENE))
    unserved = replace(SCENE, is_served=False)  # it was put on while no runner was up
    assert "ended" not in plain(detail_line(nothing, unserved))


def test_a_schedule_is_shown_as_it_is_written_and_in_words() -> None:
    cron = dag(schedule="15 6 * * 1-5", schedule_words="At 06:15 from Monday to Friday")
    assert cells_of(cron)["schedule"] == "15 6 * * 1-5"
    assert cells_of(cron)["words"] == "At 06:15 from Monday to Friday"
    line = plain(detail_line(cron, SCENE)).strip()
    assert line.startswith("15 6 * * 1-5 · At 06:15 from Monday to Friday · dags/shop.py")
    by_hand = plain(detail_line(dag(schedule="None", schedule_words=""), SCENE)).strip()
    assert by_hand.startswith("run by hand · dags/shop.py")


def test_the_heading_says_how_many_runs_are_counted() -> None:
    titles = {column.key: column.title for column in columns()}
    assert titles["counts"] == f"LAST {RECENT_RUNS}"


def test_a_time_of_day_says_its_zone_where_it_is_not_the_users() -> None:
    berlin = Scene(NOW, ZoneInfo("Europe/Berlin"), UNICODE)
    assert in_words(dag(), SCENE) == "At 00:00 every day"
    assert in_words(dag(), berlin) == "At 00:00 every day (UTC)"
    assert in_words(dag(timezone="Europe/Paris"), berlin) == "At 00:00 every day"
    assert in_words(dag(schedule_words="Every 5 minutes"), berlin) == "Every 5 minutes"
    assert plain(dag_line(dag(), berlin)).startswith(" on · At 00:00 every day (UTC) · next in 3h")


def test_a_wide_list_shows_schedules_in_words() -> None:
    keys = [place.column.key for place in place_columns(columns(), 199)]
    assert keys[-4:] == ["tasks", "tags", "owner", "words"]
    assert place_columns(columns(), 199)[-1].width >= len("At 06:15 from Monday to Friday")


@pytest.mark.parametrize(("width", "unnamed"), [(80, 2), (100, 0)])
def test_wide_terminals_name_all_views_and_eighty_columns_most(width: int, unnamed: int) -> None:
    for views in (PLACES, DAG_VIEWS, TASK_VIEWS, COMPARE_VIEWS):
        for current in views:
            line = plain(views_line(views, current, width))
            assert width_of(views_line(views, current, width)) <= width
            words = [(f"{one.key} {one.title}", f"{one.key} {one.short}") for one in views.values()]
            named = [full in line or short in line for full, short in words]
            assert named.count(False) <= unnamed
            assert named[list(views).index(current)]
    assert "5 Variables  6 Connections" in plain(views_line(PLACES, "home", 130))
    assert plain(views_line(PLACES, "events", 60)).endswith("9 System 0 Events")


# tables


@given(st.integers(10, 250), st.integers(0, 8), st.integers(0, 80))
def test_columns_fit_and_the_first_stays(width: int, first: int, longest: int) -> None:
    placed = place_columns(columns(), width, first=first, longest=longest)
    assert placed[0].column.key == "name"
    assert placed[-1].x + placed[-1].width <= max(width, 3)
    assert all(a.x + a.width < b.x for a, b in pairwise(placed))


@given(
    st.integers(0, 200),
    st.integers(1, 30),
    st.lists(st.tuples(st.sampled_from(["move", "jump", "scroll"]), st.integers(-50, 50))),
)
def test_the_cursor_is_always_in_view(count: int, page: int, steps: list[tuple[str, int]]) -> None:
    position = Position(count, page)
    for name, step in steps:
        getattr(position, name)(step)
        assert 0 <= position.cursor < max(1, count)
        assert position.top <= position.cursor < position.top + page
        start, length = position.thumb()
        assert 0 <= start <= start + length <= page


# the grid


ROWS = (
    GridRow("task", "load", "load", 0, None, task_ids=("load",)),
    GridRow("group", "g", "g", 0, None, task_ids=("g.a", "g.h.b")),
    GridRow("task", "g.a", "a", 1, "g", task_ids=("g.a",)),
    GridRow("group", "g.h", "h", 1, "g", task_ids=("g.h.b",)),
    GridRow("task", "g.h.b", "b", 2, "g.h", task_ids=("g.h.b",)),
    GridRow("task", "train", "train", 0, None, is_mapped=True, task_ids=("train",)),
)


def ids(rows: list[GridRow]) -> list[str]:
    return [row.id for row in rows]


def test_a_folded_group_hides_what_is_in_it_at_any_depth() -> None:
    assert ids(visible_rows(ROWS, {"g"})) == ["load", "g", "train"]
    assert ids(visible_rows(ROWS, {"g.h"})) == ["load", "g", "g.a", "g.h", "train"]


def test_a_filter_finds_tasks_in_folded_groups_and_shows_the_groups_around() -> None:
    assert ids(visible_rows(ROWS, {"g"}, ("b",))) == ["g", "g.h", "g.h.b"]


def test_groups_are_folded_at_first_where_rows_are_many() -> None:
    assert fold_default(ROWS, 10) == set()
    assert fold_default(ROWS, 3) == {"g", "g.h"}


def test_a_mapped_task_says_how_many_and_how_they_are() -> None:
    counts: dict[TaskInstanceState | None, int] = {
        TaskInstanceState.SUCCESS: 447,
        TaskInstanceState.FAILED: 3,
    }
    cell = Cell(TaskInstanceState.FAILED, counts, is_mapped=True)
    assert plain(label(ROWS[5], cell, False, UNICODE)) == "train [] 450 · 447✓ 3✗"
    assert plain(label(ROWS[5], None, False, UNICODE)) == "train []"
    assert plain(counts_spans(counts, ASCII)) == "447+ 3x"


def run_of(seconds: float | None, state: DagRunState = SUCCESS) -> GridRun:
    return GridRun(1, "r", DagRunType.MANUAL, state, None, NOW, NOW, None, seconds, None)


@given(st.integers(1, 400), st.integers(1, 80))
def test_windows_lead_to_the_last_run_half_by_half(count: int, held: int) -> None:
    keys = [RunKey(NOW, count - number) for number in range(count)]
    ends = windows_to(keys, held)
    starts = [0, *(keys.index(key) + 1 for key in ends)]
    assert starts[-1] <= count - 1 < starts[-1] + held
    assert all(b - a <= held for a, b in pairwise(starts))


def test_bars_grow_with_durations() -> None:
    lines = [plain(line) for line in bars([run_of(10), run_of(5), run_of(None)], 2, UNICODE)]
    assert lines == ["█  ", "██ "]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e7)), max_size=20), st.integers(1, 6))
def test_a_bar_line_has_a_character_a_run(seconds: list[float | None], height: int) -> None:
    lines = bars([run_of(value) for value in seconds], height, UNICODE)
    assert [len(line) for line in lines] == [len(seconds)] * height


def test_the_line_of_a_task_ends_with_its_error() -> None:
    cell = Cell(TaskInstanceState.FAILED, {TaskInstanceState.FAILED: 1}, try_number=2)
    line = cell_line(ROWS[0], cell, (Span("ValueError: x"),), SCENE)
    assert plain(line) == "  task  load · ✗ failed · try 2 · ValueError: x"


# dialogs, frames


def test_a_dry_run_is_told_by_task() -> None:
    reply = {
        "instances": [["r", "train", n, "failed"] for n in range(3)] + [["r", "end", -1, None]]
    }
    lines = [plain(line) for line in touched_lines(reply, "Runs again:", UNICODE)]
    assert lines == [
        "Runs again: 4 task instances in 1 run:",
        "  ✗ train[0] [1] [2]",
        "  · end",
    ]
    assert "Nothing would change" in plain(touched_lines({"instances": []}, "x", UNICODE)[0])


def test_a_mark_of_what_is_at_work_says_that_its_process_is_ended() -> None:
    reply = {"instances": [["r", "train", -1, "running"]], "again": []}
    lines = [plain(line) for line in touched_lines(reply, "Marked success:", ASCII)]
    assert lines[-1] == "Its process gets SIGTERM, and SIGKILL if it does not end."


def test_a_dry_run_tells_what_runs_again_by_it_and_with_which_version() -> None:
    """A mark as success: on a terminal without Unicode, too."""
    version = {"dag_id": "d", "from": 1, "to": 2, "added": [], "removed": [], "changed": ["end"]}
    reply = {
        "instances": [["r", "train", -1, "failed"]],
        "again": [["r", "end", n, "upstream_failed"] for n in range(2)],
        "versions": [version],
    }
    lines = [plain(line) for line in touched_lines(reply, "Marked success:", ASCII)]
    assert lines == [
        "Version 1 -> 2: end changed",
        "Marked success: 1 task instance in 1 run:",
        "  x train",
        "Runs again below: 2 task instances in 1 run:",
        "  u end[0] [1]",
    ]


def test_what_several_marks_touch_is_told_once() -> None:
    """What is marked itself by one of them is not what runs again by another."""
    one = {"instances": [["r", "a", -1, "failed"]], "again": [["r", "b", 0, "failed"]]}
    two = {"instances": [["r", "b", 0, "failed"]], "again": [["r", "c", -1, "upstream_failed"]]}
    both = together([("dag", one), ("dag", two)])
    assert isinstance(both, dict)
    assert both["instances"] == [("dag r", "a", -1, "failed"), ("dag r", "b", 0, "failed")]
    assert both["again"] == [("dag r", "c", -1, "upstream_failed")]


def test_reasons_of_one_instance() -> None:
    reply = [["train", 0, "pool gpu: 0 of 2 free"], ["train", 1, "retry due"], ["end", -1, "x"]]
    assert reasons_for(reply, "train", 1) == ["retry due"]
    assert reasons_for(reply, "train", -1) == ["pool gpu: 0 of 2 free", "retry due"]
    assert reasons_for([["", -1, "the run is queued"]], "train", 1) == ["the run is queued"]
    assert reasons_for("no runner is up", "train", 1) == ["no runner is up"]
    assert reasons_for({}, "train", 1) == []


@given(st.lists(st.text("abé训 _", min_size=1, max_size=50), max_size=4), st.integers(45, 120))
def test_crumbs_that_can_be_shortened_fit(crumbs: list[str], room: int) -> None:
    line = crumb_spans(crumbs, room, UNICODE)
    short = sum(min(12, len(crumb) * 2) for crumb in crumbs) + 3 * len(crumbs) + 8
    assert width_of(line) <= max(room, short)


def test_help_and_quit_stay_in_a_narrow_footer() -> None:
    actions = [action for action in ACTIONS if action.context in ("everywhere", "dags")]
    shown = sorted((a for a in actions if a.footer), key=lambda a: a.footer)
    text = plain(footer_line(shown, 30))
    assert width_of(footer_line(shown, 30)) <= 30
    assert "? Help" in text
    assert "q Quit" in text


# themes


def test_glyphs_follow_the_locale() -> None:
    assert glyphs_for({"LANG": "de_DE.UTF-8"}) is UNICODE
    assert glyphs_for({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}) is ASCII
    assert glyphs_for({}) is ASCII


def test_themes_follow_the_terminal_and_no_color_wins() -> None:
    assert theme_name({"TERM": "xterm-256color"}) == "dagtop-dark"
    assert theme_name({"TERM": "linux"}) == "dagtop-ansi"
    assert theme_name({"NO_COLOR": "1"}, "dark") == "dagtop-plain"
    assert theme_name({"TERM": "xterm-256color"}, "ansi") == "dagtop-ansi"


def test_every_role_has_a_style_in_every_theme() -> None:
    roles = ["text", "dim", "faint", "accent", "warning", "error", "good", "key", "title", "badge"]
    roles += ["heading", "strong", "mark", "match"]
    roles += [f"state.{state.value}" for state in TaskInstanceState]
    roles += [f"state.run.{state.value}" for state in DagRunState] + ["state.none", "state.new"]
    for theme in ("dagtop-dark", "dagtop-ansi", "dagtop-plain"):
        palette = Palette(theme)
        for role in roles:
            for ground in ("", "cursor", "idle", "panel", "cell"):
                assert palette.style(role, ground) is palette.style(role, ground)


def luminance(colour: str) -> float:
    """As WCAG has it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["dagtop-light", "dagtop-contrast"])
@pytest.mark.parametrize("role", ["faint", "dim", "text", "accent", "warning", "error", "good"])
def test_signs_stand_out_from_every_ground(theme: str, role: str) -> None:
    colours = FULL[theme]
    for ground in (colours.background, colours.panel, colours.cursor, colours.cursor_idle):
        high, low = sorted((luminance(colours.of_role(role)), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3


def test_a_state_that_this_version_does_not_know_shows_as_itself() -> None:
    assert task_look("hibernating").word == "hibernating"


@pytest.mark.parametrize(
    ("text", "words", "states", "types"),
    [
        ("train run:failed", ("train",), {DagRunState.FAILED}, set()),
        ("type:man", (), set(), {DagRunType.MANUAL}),
        (
            "!type:backfill !type:manual run:",
            (),
            set(),
            {DagRunType.SCHEDULED, DagRunType.ASSET_TRIGGERED},
        ),
        ("run:nowhere a", ("a",), set(), set()),
    ],
)
def test_the_filter_of_the_grid_chooses_tasks_and_runs(
    text: str, words: tuple[str, ...], states: set[DagRunState], types: set[DagRunType]
) -> None:
    found = grid_filter(text)
    assert (found.words, found.states, found.types) == (words, states, types)
    assert bool(found.trouble) == ("nowhere" in text)
    assert grid_filter("stat:x").trouble == "no key stat: run, type"


def test_runs_that_the_schedule_did_not_make_and_new_versions_are_marked() -> None:
    plain_run = replace(run_of(1), run_type=DagRunType.SCHEDULED, version=1)
    assert not has_marks([plain_run, plain_run])
    newer = replace(plain_run, version=2)
    assert has_marks([plain_run, newer])
    assert plain(marks_legend([plain_run, newer], ASCII)) == "| version"
    assert plain(marks_legend([plain_run, run_of(1)], UNICODE)) == "m manual │ version"
    every = [newer, *(replace(run_of(1), run_type=kind) for kind in DagRunType)]
    assert plain(marks_legend(every, UNICODE, 40)) == "m manual b backfill a asset │ version"
    assert plain(marks_legend(every, UNICODE, 24)) == "m man b bf a asset │ ver"
    line = plain(run_line(newer, SCENE, before=plain_run))
    assert "version 1 to 2" in line
