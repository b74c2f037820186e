"""The source of a DAG: colours, definitions, what differs between versions, and the screen."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.tui.models.diffs import diff_lines
from app.tui.models.source import Source, definition_line
from app.tui.models.versions import (
    Changes,
    Diff,
    changes_between,
    changes_line,
    changes_lines,
)
from app.tui.screens.code import CodeScreen
from app.tui.spans import from_cell, plain, with_matches
from store import models
from store.structure import TaskStructure
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import World, structure_of
from tests.app.tui.world_details import (
    FIRST,
    SECOND,
    THIRD,
    forecast,
)

# the colours


def roles(text: str, line: int = 0) -> dict[str, str]:
    return {piece.text.strip(): piece.role for piece in Source(text).line(line)}


def test_tokens_of_python_have_their_colours() -> None:
    found = roles("def train(rate=0.5, name='x'):  # why\n")
    assert found["def"] == "code.keyword"
    assert found["train"] == "code.name"
    assert found["0.5"] == "code.number"
    assert found["'x'"] == "code.string"
    assert found["# why"] == "code.comment"
    assert roles("    @task(retries=1)")["@task"] == "code.type"


def test_a_string_of_several_lines_is_one_in_all_of_them() -> None:
    source = Source('x = """one # no comment\n  def no_keyword\nend""" + f(1)\n')
    assert [piece.role for piece in source.line(1)] == ["code.string"]
    assert source.line(0)[-1].role == "code.string"
    assert source.line(2)[0] == ('end"""', "code.string")
    assert roles('a = "not \\" closed\nfor x in y:', 1)["for"] == "code.keyword"


def test_quotes_in_comments_and_comments_in_strings_do_not_run_on() -> None:
    source = Source('# it\'s """ a comment\nreturn \'# """\'\nreturn 1\n')
    assert roles('# it\'s """ a comment\nreturn 1', 1)["return"] == "code.keyword"
    assert source.line(2)[0].role == "code.keyword"


@given(st.text(st.sampled_from("\"'#\\\n \tabf{}=é训")))
def test_broken_source_is_shown_whole(text: str) -> None:
    source = Source(text)
    expected = text.removesuffix("\n").split("\n")
    assert source.texts == expected
    for index, line in enumerate(expected):
        assert plain(source.line(index)).replace(" ", "") == line.replace("\t", "").replace(" ", "")


def test_lines_are_numbered_as_python_numbers_them() -> None:
    assert Source("a\r\nb\rc\n").texts == ["a", "b", "c"]
    assert Source("").texts == [""]


def test_tabs_go_to_the_next_eighth_column() -> None:
    assert plain(Source("a\tb").line(0)) == "a       b"


def test_ten_thousand_lines_are_ready_at_once() -> None:
    text = THIRD * 330
    began = time.perf_counter()
    source = Source(text)
    for index in range(40):
        source.line(index)
    assert len(source) > 10_000
    assert time.perf_counter() - began < 1.0, "takes 0.05 s on the machine this was written on"


# definitions


def test_a_task_is_found_where_its_function_is() -> None:
    source = Source(THIRD)
    for task in forecast(3).tasks:
        line = definition_line(source, task)
        assert line is not None
        assert source.texts[line].strip().startswith(f"def {task.task_id}(")


def test_a_task_is_found_by_the_name_its_operator_gives() -> None:
    source = Source("x = BashOperator(\n    bash_command='ls',\n    task_id='run_it',\n)")
    assert definition_line(source, TaskStructure("group.run_it", "BashOperator", line=4)) == 0
    source = Source("def work(): ...\nwork.override(task_id='other')()")
    assert definition_line(source, TaskStructure("other", "@task", line=2)) == 1


def test_a_repeated_call_is_found_at_its_function_and_else_where_it_was_made() -> None:
    source = Source("@task\ndef work(): ...\nwork()\nwork()")
    assert definition_line(source, TaskStructure("work__1", "@task", line=4)) == 1
    assert definition_line(source, TaskStructure("made_by_a_loop", "Operator", line=3)) == 2
    assert definition_line(source, TaskStructure("gone", "Operator", line=99)) is None


# what differs


def test_changes_name_tasks_schedule_params_and_lines() -> None:
    changes = changes_between(forecast(1), forecast(3), FIRST, THIRD)
    assert changes.added == ("publish",)
    assert changes.removed == ("old_report",)
    assert changes.changed == (("load_sales", ("retries 1 -> 3",)),)
    assert changes.fields == (
        ("schedule", "@daily", "0 */6 * * *"),
        ("catchup", "no", "yes"),
        ("groups", "0", "1"),
    )
    assert changes.params == ("horizon_days 7 -> 14",)
    assert (changes.plus, changes.minus) == (8, 8)
    assert plain(changes_line(changes)) == (
        "+publish -old_report ~load_sales, schedule @daily -> 0 */6 * * *, catchup, groups, "
        "params, +8 -8 lines"
    )
    assert [plain(line) for line in changes_lines(changes)][:3] == [
        "+ task publish",
        "- task old_report",
        "~ task load_sales  retries 1 -> 3",
    ]


def test_the_same_version_has_no_changes() -> None:
    assert changes_between(forecast(1), forecast(1), FIRST, FIRST) == Changes()
    assert plain(changes_line(Changes())) == "nothing that is seen"


def test_many_changed_tasks_are_counted() -> None:
    changes = Changes(added=tuple("abcde"), removed=("x",))
    assert plain(changes_line(changes)) == "+5 -1 tasks"


texts = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


@given(texts, texts)
def test_a_diff_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    lines = diff_lines(old, new)
    assert bool(lines) == (old != new)
    for one in lines:
        if one.sign == " ":
            assert one.old is not None
            assert one.new is not None
            assert old[one.old] == new[one.new]
    assert all(one.sign != "@" or (one.old, one.new) != (None, None) for one in lines)
    shown = [one.old for one in lines if one.sign in " -"]
    assert shown == sorted(set(shown), key=lambda number: number or 0), "a line is shown twice"
    went = {one.old for one in lines if one.sign == "-"}
    came = {one.new for one in lines if one.sign == "+"}
    kept_old = [text for number, text in enumerate(old) if number not in went]
    kept_new = [text for number, text in enumerate(new) if number not in came]
    assert kept_old == kept_new


def test_many_changes_in_ten_thousand_lines_are_found_at_once() -> None:
    old = [f"line {number}" if number % 3 else "pass" for number in range(12_000)]
    new = [f"{line}!" if number % 10 == 0 else line for number, line in enumerate(old)]
    began = time.perf_counter()
    lines = diff_lines(old, new)
    assert time.perf_counter() - began < 3.0, "takes 0.1 s on the machine this was written on"
    assert sum(one.sign == "+" for one in lines) == 1200


def test_a_diff_shows_context_signs_and_where_a_line_is_now() -> None:
    old, new = Source("a\nb\nc\nd\ne\nf\ng\nh\n"), Source("a\nb\nc\nd\nE\nf\ng\nh\n")
    diff = Diff(old, new, Changes())
    assert [plain(diff.line(index)) for index in range(len(diff))] == [
        "@@ -2 +2 @@",
        "  b",
        "  c",
        "  d",
        "- e",
        "+ E",
        "  f",
        "  g",
        "  h",
    ]
    assert [diff.new_line(index) for index in (1, 4, 5)] == [1, 4, 4]
    assert plain(diff.gutter(4)).split() == ["5"]
    assert diff.next_part(3, 1) is None
    assert diff.next_part(3, -1) == 0
    same = Diff(old, old, Changes(added=("x",)))
    assert [plain(same.line(index)) for index in range(len(same))] == [
        "+ task x",
        "",
        "The source is the same.",
    ]


@given(texts, texts)
def test_a_copied_diff_is_one_that_patch_takes(old: list[str], new: list[str]) -> None:
    before, after = Source("\n".join(old) + "\n"), Source("\n".join(new) + "\n")
    told = Diff(before, after, Changes()).unified("a", "b")
    assert patched(before.texts, told) == after.texts


def patched(texts: list[str], diff: str) -> list[str]:
    """What ``patch`` makes of a text."""
    result: list[str] = []
    place = 0
    for line in diff.split("\n")[2:-1]:
        if line.startswith("@@"):
            numbers, count = (int(word) for word in line.split()[1].removeprefix("-").split(","))
            start = numbers - (1 if count else 0)
            result.extend(texts[place:start])
            place = start
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert texts[place] == line[1:]
            if line.startswith(" "):
                result.append(line[1:])
            place += 1
    return [*result, *texts[place:]]


@given(st.text(st.sampled_from("ab训👩")), st.integers(0, 12))
def test_lines_move_sideways_by_cells(text: str, cells: int) -> None:
    from rich.cells import cell_len

    from app.tui.spans import Span

    whole = cell_len(text)
    line = from_cell((Span(text),), cells)
    assert cell_len(plain(line)) == max(0, whole - cells)


@given(
    st.lists(st.text(st.sampled_from("abAB "), max_size=6), max_size=6), st.text("ab", min_size=1)
)
def test_matches_are_marked_across_pieces(parts: list[str], needle: str) -> None:
    from app.tui.spans import Span

    line = with_matches(tuple(Span(part) for part in parts), needle)
    text = "".join(parts)
    assert plain(line) == text
    marked = "".join(p.text if p.role == "match" else "\n" for p in line)
    assert (needle in text.lower()) == bool(marked.strip("\n"))


# the screen


SCENES: dict[str, tuple[str, ...]] = {
    "code": ("enter", "8"),
    "code_older": ("enter", "8", "less_than_sign"),
    "code_diff": ("enter", "8", "D"),
    "code_diff_of_two": ("enter", "8", "v", "1", "enter"),
    "code_search": ("enter", "8", "slash", *"retries", "enter"),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_the_source_looks_as_it_did(
    scene: str, size: tuple[int, int], details: Workspace
) -> None:
    await check_scene(scene, size, details, SCENES[scene])


@by_size
@pytest.mark.parametrize("scene", ["code_hostile", "code_hostile_diff"])
async def test_hostile_source_is_harmless(
    scene: str, size: tuple[int, int], hostile: Workspace
) -> None:
    keys = ("enter", "8", *(("D",) if scene.endswith("diff") else ()))
    shown = await check_scene(scene, size, hostile, keys)
    assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


def screen(pilot: AppPilot) -> CodeScreen:
    found = app_of(pilot).screen
    assert isinstance(found, CodeScreen)
    return found


async def test_the_source_is_that_of_the_runs_version(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "h", "h", "8")
        await says(pilot, "version 1 of 3")
        assert "of run manual__first" in text_of(pilot)
        assert "retries=1" in text_of(pilot)
        await press(pilot, "dollar_sign")
        await says(pilot, "version 3 of 3")
        assert "not of run manual__first (that is 1)" in text_of(pilot)
        await press(pilot, "o")
        await says(pilot, "version 1 of 3")
        await press(pilot, "less_than_sign")
        await says(pilot, "this is the oldest version")


async def test_the_task_in_focus_is_found_and_the_next_one(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "8")
        view = screen(pilot).view
        await press(pilot, "d")
        screen(pilot).look.task_id = "train"
        await press(pilot, "g", "d")
        assert "def train(" in view.lines.plain(view.cursor)
        await press(pilot, "J")
        assert "def publish(" in view.lines.plain(view.cursor)
        assert screen(pilot).look.task_id == "publish"
        await press(pilot, "K", "K")
        assert "def load_sales(" in view.lines.plain(view.cursor)
        await press(pilot, "K")
        await says(pilot, "no other task is defined that way")


async def test_a_diff_against_any_version_leads_back_to_the_source(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "8", "D")
        await says(pilot, "version 2 -> 3")
        await press(pilot, "v", "9", "enter")
        await says(pilot, "there is no version 9")
        await says(pilot, "v 9")
        await press(pilot, "escape")
        await until(pilot, lambda: "v 9" not in text_of(pilot), "the prompt is closed")
        await says(pilot, "version 2 -> 3")
        await press(pilot, "v", "3", "enter")
        await says(pilot, "version 3 is the one shown")
        await press(pilot, "backspace", "1", "enter")
        await says(pilot, "version 1 -> 3")
        view = screen(pilot).view
        await press(pilot, "slash", *"pool=", "enter", "enter")
        await until(pilot, lambda: screen(pilot).snapshot.diff is None, "the source")  # type: ignore[union-attr]
        await until(pilot, lambda: "pool=" in view.lines.plain(view.cursor), "the line")
        await press(pilot, "less_than_sign", "less_than_sign", "D")
        await says(pilot, "there is no version before to compare with")


async def test_escape_ends_the_search_then_the_diff_then_the_view(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "8", "D", "slash", "t", "a", "s", "k", "enter")
        await says(pilot, "/task")
        await press(pilot, "escape")
        await until(pilot, lambda: "/task" not in text_of(pilot), "no search")
        await press(pilot, "escape")
        await until(pilot, lambda: "2 ->" not in text_of(pilot), "no diff")
        await press(pilot, "escape")
        assert not isinstance(app_of(pilot).screen, CodeScreen)


async def test_the_view_is_found_again_as_it_was_left(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "8", "less_than_sign", "j", "j", "j", "1", "8")
        await says(pilot, "version 2 of 3")
        assert screen(pilot).view.cursor == 3


async def test_the_grid_at_the_side_leads_to_version_and_task(details: Workspace) -> None:
    async with opened(details, (170, 40)) as pilot:
        await press(pilot, "enter", "8")
        await says(pilot, "version 3 of 3")
        await pilot.press("ctrl+w", "h", "h")
        await says(pilot, "version 1 of 3")
        await pilot.press("j")
        view = screen(pilot).view
        await until(pilot, lambda: "def train(" in view.lines.plain(view.cursor), "the task")


async def test_the_source_is_copied_and_a_line_of_it(details: Workspace, tmp_path: Path) -> None:
    async with opened(details) as pilot:
        await press(pilot, "enter", "8", "y")
        await says(pilot, "copied dags/forecast.py")
        assert [one.suffix for one in screen(pilot).exports()] == ["py"]
        assert pilot.app.clipboard == THIRD
        await press(pilot, "Y")
        assert pilot.app.clipboard == '"""Forecasts what the shop sells.'
        await press(pilot, "D")
        await says(pilot, "version 2 -> 3")
        await press(pilot, "y")
        await says(pilot, "copied the diff")
        assert pilot.app.clipboard.startswith("--- dags/forecast.py version 2\n")
        assert '+    @task(pool="gpu")\n' in pilot.app.clipboard
        assert [one.suffix for one in screen(pilot).exports()] == ["diff"]


def test_the_second_version_differs_in_schedule_and_rate() -> None:
    changes = changes_between(forecast(1), forecast(2), FIRST, SECOND)
    assert (changes.plus, changes.minus) == (2, 2)


TWO = """\
from dagtop import DAG, dag

with DAG("first"):
    pass


@dag(schedule=None)
def second():
    pass


second()
"""


@pytest.mark.parametrize(("dag_id", "made_at", "line"), [("first", 3, 3), ("second", 12, 8)])
async def test_a_file_of_several_dags_opens_where_the_dag_is_defined(
    world: World, dag_id: str, made_at: int, line: int
) -> None:
    for name in ("first", "second"):
        structure = msgspec.structs.replace(structure_of(name, ["t"]), line=made_at)
        world.dag(name, structure, file="dags/two.py")
    with world.write() as connection:
        connection.execute(update(models.source).values(text=TWO))
    world.lease()
    async with opened(world.workspace, dag=dag_id) as pilot:
        await press(pilot, "8")
        await says(pilot, "version 1 of 1")
        assert screen(pilot).view.cursor == line - 1
        await press(pilot, "g")
        await press(pilot, "7", "8")
        await says(pilot, "version 1 of 1")
        assert screen(pilot).view.cursor == 0  # where it was left


async def test_a_file_of_one_dag_opens_at_its_begin(world: World) -> None:
    structure = msgspec.structs.replace(structure_of("first", ["t"]), line=3)
    world.dag("first", structure)
    with world.write() as connection:
        connection.execute(update(models.source).values(text=TWO))
    world.lease()
    async with opened(world.workspace, dag="first") as pilot:
        await press(pilot, "8")
        await says(pilot, "version 1 of 1")
        assert screen(pilot).view.cursor == 0
