"""The table of tracked runs without a screen: columns, lines, views, words."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models import tracked_lines as lines
from app.tui.models.picking import Item, left, lines_of
from app.tui.models.tracked_columns import (
    ATTRIBUTE,
    FEW_NAME,
    LEAST_NAME,
    METRIC,
    NAME,
    NOTE,
    PARAM,
    STARTED,
    TAG,
    ColumnSpec,
    Sheet,
    auto_columns,
    cell_of,
    first_descending,
    grow_widths,
    lowest_is_best,
    name_cell,
    spec_from,
    table_columns,
)
from app.tui.models.tracked_looks import fitting
from app.tui.models.tracked_view import (
    Sort,
    TableView,
    sorted_by,
    sorted_by_more,
    turned,
    view_from,
    with_part,
)
from app.tui.models.tracked_words import column_words, detail_line
from app.tui.scene import Scene
from app.tui.screens.picking import Picked
from app.tui.screens.tracked_picks import taken
from app.tui.spans import plain, width_of
from app.tui.theme import UNICODE
from store.metric_points import Summary
from store.queries.tracked import TrackedRow
from store.queries.tracked_table import Entry, GroupRow, KeyCount, Spread
from tests.app.tui.world import ESCAPES, NOW

SCENE = Scene(NOW, None, UNICODE, "/shop/", frozenset(), True)
LOSS, LR, TEAM = ColumnSpec(METRIC, "loss"), ColumnSpec(PARAM, "lr"), ColumnSpec(TAG, "team")


def row(**values: Any) -> TrackedRow:
    began = NOW - timedelta(hours=1)
    facts: dict[str, Any] = {
        "id": 1,
        "uuid": "ab" * 16,
        "name": "fit",
        "experiment": "digits",
        "status": "FINISHED",
        "started_at": began,
        "ended_at": began + timedelta(seconds=90),
        "user_id": "ann",
        "parent_uuid": None,
        "dag_id": "train",
        "run_id": "manual__1",
        "task_id": "fit",
        "map_index": 3,
        "try_number": 2,
        "deleted_at": None,
    }
    return TrackedRow(**{**facts, **values})


def summary(last: float, **values: Any) -> Summary:
    facts: dict[str, Any] = {
        "id": 1,
        "run_id": 1,
        "key": "loss",
        "count": 10,
        "nan_count": 0,
        "inf_count": 0,
        "first_value": 2.0,
        "last_value": last,
        "last_step": 9,
        "last_at": NOW,
        "min_value": 0.25,
        "max_value": 2.0,
        "min_step": 5,
        "max_step": 0,
        "mean_value": 1.0,
    }
    return Summary(**{**facts, **values})


def entry(last: float = 0.5, **values: Any) -> Entry:
    return Entry(row(**values), {"lr": "0.1"}, {"loss": summary(last)}, {NOTE: "best\nof all"})


def sheet_of(one: Entry, **values: Any) -> Sheet:
    return Sheet({1: one}, **values)


LINE = lines.Line("1", 1)

# columns


def test_columns_unasked_are_params_that_differ_and_metrics_of_most_runs() -> None:
    sample = [
        KeyCount("metric", "loss", 10),
        KeyCount("metric", "system/cpu", 10),
        KeyCount("param", "lr", 10, 5),
        KeyCount("param", "seed", 10, 1),
        KeyCount("param", "dropout", 4, 1),
        KeyCount("tag", "team", 10, 2),
        KeyCount("metric", "acc", 9),
    ]
    keys = [one.key for one in auto_columns(sample, 10, one_experiment=False, wide=True)]
    assert keys == ["started", "took", "experiment", "loss", "acc", "lr", "dropout"]
    narrow = auto_columns(sample, 10, one_experiment=False, wide=False)
    assert narrow[-1].key == "experiment"
    alone = auto_columns([KeyCount("param", "lr", 1, 1)], 1, one_experiment=True, wide=True)
    assert [one.key for one in alone] == ["started", "took", "lr"], "of one run nothing differs"


@pytest.mark.parametrize(
    ("spec", "lowest"),
    [
        (ColumnSpec(METRIC, "val/loss"), True),
        (ColumnSpec(METRIC, "accuracy"), False),
        (ColumnSpec(METRIC, "accuracy", "min"), True),
        (ColumnSpec(METRIC, "loss", "max"), False),
        (ColumnSpec(METRIC, "rmse", "mean"), True),
    ],
)
def test_what_is_best_follows_from_the_name_or_the_part(spec: ColumnSpec, lowest: bool) -> None:
    assert lowest_is_best(spec) is lowest
    assert first_descending(spec) is not lowest


def test_cells_say_what_there_is_what_is_missing_and_what_is_best() -> None:
    sheet = sheet_of(entry(), best={LOSS: 0.5})
    assert plain(cell_of(LOSS, LINE, sheet, SCENE)) == "★0.5"
    assert plain(cell_of(ColumnSpec(METRIC, "loss", "min"), LINE, sheet, SCENE)) == "0.25"
    assert plain(cell_of(LR, LINE, sheet, SCENE)) == "0.1"
    assert plain(cell_of(TEAM, LINE, sheet, SCENE)) == "·"
    assert plain(cell_of(ColumnSpec(METRIC, "acc"), LINE, sheet, SCENE)) == "·"
    assert plain(cell_of(ColumnSpec(ATTRIBUTE, "took"), LINE, sheet, SCENE)) == "1m 30s"
    assert plain(cell_of(LR, lines.Line("2", 2), sheet, SCENE)) == "", "it isn't read yet"


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "∅ NaN"), (math.inf, "+∞"), (-math.inf, "-∞")]
)
def test_what_is_not_finite_has_its_own_sign_and_role(value: float, text: str) -> None:
    [cell] = cell_of(LOSS, LINE, sheet_of(entry(value)), SCENE)
    assert (cell.text, cell.role) == (text, "warning")


@given(st.floats())
def test_a_number_fits_its_column_with_the_star_of_the_best(value: float) -> None:
    cell = cell_of(LOSS, LINE, sheet_of(entry(value), best={LOSS: value}), SCENE)
    assert width_of(cell) <= 11


def test_secrets_are_masked_and_numbers_are_none() -> None:
    logged = {"api_token": "hunter2", "max_tokens": "512", "tokenizer": "bert"}
    one = Entry(row(), logged, {}, {})

    def shown(key: str) -> str:
        return plain(cell_of(ColumnSpec(PARAM, key), LINE, sheet_of(one), SCENE))

    assert [shown(key) for key in logged] == ["***", "512", "bert"]


def test_a_groups_metrics_are_least_mean_and_greatest_its_runs_stand_below_the_mean() -> None:
    group = GroupRow("0.1", 3, {("loss", "last"): Spread(2, 0.1, 0.2, 0.3)})
    sheet = sheet_of(entry(), is_grouped=True)
    head = lines.Line("group:0.1", folded=True, group=group)
    cell = plain(cell_of(LOSS, head, sheet, SCENE))
    assert cell.split() == ["0.1", "0.2", "0.3"]
    member = plain(cell_of(LOSS, LINE, sheet, SCENE))
    assert cell.index("0.2") + 3 == len(member)
    assert plain(name_cell(head, sheet, SCENE)) == "▸ 0.1 (3)"
    made = table_columns((LR, LOSS), sheet, 80)
    assert [one.key for one in made] == [NAME.id, LOSS.id, LR.id], "groups have metrics only"


def test_names_have_status_depth_folds_and_pins() -> None:
    sheet = sheet_of(entry(status="FAILED"))
    line = lines.Line("1", 1, depth=1, children=2, folded=True)
    assert plain(name_cell(line, sheet, SCENE)) == "  ▸ ✗ fit (2)"
    assert plain(name_cell(lines.Line("1", 1, pinned=True), sheet, SCENE)) == "★ ✗ fit"
    assert (
        plain(name_cell(lines.Line("x", depth=1, more=7), sheet, SCENE))
        .strip()
        .startswith("7 more")
    )


def test_columns_only_grow_and_the_name_takes_its_share_of_a_narrow_terminal() -> None:
    sheet = sheet_of(entry(name="n" * 40))
    assert grow_widths(sheet, [LR], [LINE])
    assert not grow_widths(sheet, [LR], [LINE])
    assert table_columns([LR], sheet, 60)[0].width == 22
    assert table_columns([LR], sheet, 200)[0].width == 44
    sheet.entries = {1: entry(name="n")}
    assert not grow_widths(sheet, [LR], [LINE]), "it would jump"
    assert table_columns([], Sheet(), 80)[0].width == LEAST_NAME


def test_one_very_long_name_among_many_takes_no_room_from_the_values() -> None:
    names = {number: entry(name=f"fit {number}") for number in range(1, 20)}
    sheet = Sheet({**names, 20: entry(name="n" * 90)})
    grow_widths(sheet, [], [lines.Line(str(number), number) for number in range(1, 21)])
    assert table_columns([], sheet, 200)[0].width == FEW_NAME


def test_hostile_names_and_values_are_harmless() -> None:
    evil = Entry(row(name=ESCAPES), {ESCAPES: ESCAPES}, {}, {NOTE: ESCAPES})
    sheet, spec = sheet_of(evil), ColumnSpec(PARAM, ESCAPES)
    view = TableView(filter=ESCAPES)
    texts = [
        plain(name_cell(LINE, sheet, SCENE)),
        plain(cell_of(spec, LINE, sheet, SCENE)),
        plain(column_words(spec, evil, LINE, view, sheet, SCENE)),
        plain(detail_line(evil, LINE, SCENE)),
        table_columns([spec], sheet, 80)[1].title,
    ]
    assert all(text.isprintable() for text in texts)


# words


def test_the_line_of_the_column_tells_all_of_its_value() -> None:
    one = Entry(row(), {}, {"loss": summary(math.nan, nan_count=3, inf_count=1)}, {})
    view = TableView(order=(Sort(LOSS, False),))
    text = plain(column_words(LOSS, one, LINE, view, sheet_of(one), SCENE))
    assert "metric loss (last), sorted up" in text
    assert "last ∅ NaN at 9" in text
    assert "10 points, 3 NaN, 1 inf" in text
    assert "min 0.25 at 5" in text
    absent = column_words(ColumnSpec(METRIC, "acc"), one, LINE, view, sheet_of(one), SCENE)
    assert "not logged" in plain(absent)


def test_the_line_of_the_run_says_where_it_comes_from() -> None:
    text = plain(detail_line(entry(deleted_at=NOW), LINE, SCENE))
    for words in ("finished after 1m 30s", "archived just now", "best", "train manual__1 fit[3]"):
        assert words in text
    assert "of all" not in text, "the first line of the note only"


# lines


def test_children_stand_below_their_parents_in_their_order() -> None:
    found = lines.nested([5, 4, 3, 2, 1], {5: 1, 4: 1, 3: 2}, ())
    assert [(one.run, one.depth, one.children) for one in found] == [
        (2, 0, 1),
        (3, 1, 0),
        (1, 0, 2),
        (5, 1, 0),
        (4, 1, 0),
    ]
    folded = lines.nested([5, 4, 3, 2, 1], {5: 1, 4: 1, 3: 2}, {1})
    assert [one.run for one in folded] == [2, 3, 1]
    assert lines.parent_line(found, 4) == found[2]
    assert lines.parent_line(found, 0) is None


@given(
    st.lists(st.integers(1, 30), unique=True, max_size=30),
    st.dictionaries(st.integers(1, 30), st.integers(1, 30), max_size=30),
    st.sets(st.integers(1, 30)),
)
def test_nesting_loses_no_run_whatever_the_parents_are(
    ids: list[int], parents: dict[int, int], folded: set[int]
) -> None:
    unfolded = [one.run for one in lines.nested(ids, parents, ())]
    assert sorted(unfolded) == sorted(ids)
    some = [one.run for one in lines.nested(ids, parents, folded)]
    assert set(some) <= set(ids)
    assert len(some) == len(set(some))


def test_groups_that_are_unfolded_list_their_runs_and_say_how_many_are_left_out() -> None:
    groups = [GroupRow("a", 3), GroupRow(None, 1)]
    found = lines.grouped(groups, {"a": [7, 8]})
    assert [one.key for one in found] == [
        "group:a", "group:a/7", "group:a/8", "group:a/more", "group",
    ]  # fmt: skip
    assert found[3].more == 1
    assert [one.folded for one in found if one.group] == [False, True]


# views


def test_sorting_turns_round_and_ends() -> None:
    first = sorted_by((), LOSS)
    assert first == (Sort(LOSS, False),), "the least loss is the best"
    second = sorted_by(first, LOSS)
    assert second == (Sort(LOSS, True),)
    assert sorted_by(second, LOSS) == ()
    assert sorted_by(first, LR) == (Sort(LR, False),)
    more = sorted_by_more(first, LR)
    assert more == (Sort(LOSS, False), Sort(LR, False))
    assert sorted_by_more(more, LR) == (Sort(LOSS, False), Sort(LR, True))
    assert sorted_by_more(sorted_by_more(more, LR), LR) == first
    assert turned(()) == (Sort(STARTED, False),)
    assert turned(more) == (Sort(LOSS, True), Sort(LR, True))


def test_another_part_of_a_metric_takes_the_order_with_it() -> None:
    view = TableView(columns=(LOSS, LR), order=(Sort(LOSS, True),))
    new = with_part(view, LOSS, "min")
    least = ColumnSpec(METRIC, "loss", "min")
    assert new.columns == (least, LR)
    assert new.order == (Sort(least, True),)


def test_children_are_nested_only_where_the_order_lets_them() -> None:
    assert TableView().nests
    assert TableView(order=(Sort(STARTED, False),)).nests
    assert not TableView(order=(Sort(LOSS),)).nests
    assert not TableView(filter="x").nests
    assert not TableView(group=("param", "lr")).nests
    assert not TableView(nest=False).nests


def test_a_view_comes_back_from_json() -> None:
    view = TableView(
        ("digits",), ("train",), "All", "metrics.loss < 1", (Sort(LOSS, True),), (LR, LOSS),
        ("tag", "team"), False,
    )  # fmt: skip
    assert view_from(view.as_json()) == view
    assert view_from(TableView().as_json()) == TableView()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(list(TableView().as_json()))


@given(st.dictionaries(NAMES, JSON))
def test_a_view_of_anything_is_a_view(words: dict[str, Any]) -> None:
    found = view_from(words)
    assert view_from(found.as_json()) == found


@pytest.mark.parametrize(
    "words", [None, [], ["metric", "a"], ["metric", "a", "x"], ["attribute", "y", "last"]]
)
def test_what_is_no_column_is_none(words: Any) -> None:
    assert spec_from(words) is None


# picking


def test_items_are_left_by_words_and_stand_under_their_groups() -> None:
    items = [Item("a", "val/loss", "in 3 runs", "metrics"), Item("b", "lr", "", "params")]
    assert left(items, "LOSS") == items[:1]
    assert left(items, "params") == items[1:]
    found = lines_of(items, {"b"}, 1, 40)
    assert [plain(one.spans).split() for one in found] == [
        ["metrics"],
        ["[", "]", "val/loss", "in", "3", "runs"],
        ["params"],
        ["[x]", "lr"],
    ]
    assert [one.item for one in found] == [None, 0, None, 1]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("1.0611315460302897e-05", 12, "1.061132e-05"),
        ("0.024209725044109363", 12, "0.024209725"),
        ("123456789012345678", 12, "1.234568e+17"),
        ("0.1", 12, "0.1"),
        ("1234567890" * 4, 12, "1234567890" * 4),  # a commit
        ("a long text that is no number", 12, "a long text that is no number"),
    ],
)
def test_a_number_loses_digits_before_it_loses_its_exponent(
    text: str, width: int, shown: str
) -> None:
    assert fitting(text, width) == shown


@pytest.mark.parametrize(
    ("before", "answer", "chosen"),
    [
        ([], Picked("ea"), ["ea"]),
        ([], Picked("ea", ("eb", "ec")), ["eb", "ec"]),
        (["ea"], Picked("ea", ("ea",)), ["ea"]),
        (["ea"], Picked("eb", ("ea",)), ["eb"]),  # another one was searched for
        (["ea"], Picked("eb", ("ea", "eb")), ["ea", "eb"]),
        (["ea", "eb"], Picked("ea", ("ea", "eb")), ["ea", "eb"]),
        (["ea"], Picked("", ("ea",)), []),
        (["ea"], Picked(None, ("ea",)), ["ea"]),
    ],
)
def test_experiments_are_those_with_a_cross_or_the_one_that_was_gone_to(
    before: list[str], answer: Picked, chosen: list[str]
) -> None:
    assert taken(before, answer) == chosen
