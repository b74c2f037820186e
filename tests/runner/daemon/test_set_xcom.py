"""XComs set by hand: what is kept, what is refused, and what goes on with the new value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.daemon.brain import SKIP_KEY
from runner.daemon.commands import Refused
from store.values import MOST_TYPED_XCOM
from tests.runner.scheduling.pipelines import over, pipeline, task
from tests.support.turns import S, Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a"), task("b", "a", expansion=over("a")), task("c", "b")))
    yield turns
    turns.store.close()


def set_xcom(turns: Turns, run_id: str, value: str, **given: Any) -> Any:
    place = {"dag_id": "dag", "run_id": run_id, "task_id": "a", "key": "return_value", "new": True}
    return turns.do("set_xcom", **{**place, "value": value, **given})


def xcoms(turns: Turns) -> list[tuple[Any, ...]]:
    return turns.rows("SELECT task_id, map_index, key, value, length FROM xcom ORDER BY key")


def ended(turns: Turns, state: S = S.FAILED) -> str:
    run_id = turns.trigger()
    turns.starts("a")
    turns.ends("a", state)
    return run_id


def test_an_xcom_is_added_and_changed_and_both_are_on_the_audit_trail(turns: Turns) -> None:
    run_id = ended(turns)
    assert set_xcom(turns, run_id, ' {"x": [1, 2.5]} ') == {
        "key": "return_value",
        "new": True,
        "former": None,
    }
    assert xcoms(turns) == [("a", -1, "return_value", b'{"x":[1,2.5]}', 1)]
    answer = set_xcom(turns, run_id, '"text"', new=False)
    assert answer["former"] == '{"x":[1,2.5]}'
    assert xcoms(turns) == [("a", -1, "return_value", b'"text"', None)]
    events = turns.rows("SELECT message, task_id, map_index, details FROM event ORDER BY id")[-2:]
    assert [event[:3] for event in events] == [
        ("test added XCom return_value of a", "a", -1),
        ("test changed XCom return_value of a", "a", -1),
    ]
    assert json.loads(events[1][3]) == {"size": 6, "former_size": 13}


def test_a_mark_of_a_failed_task_goes_on_with_the_value_that_was_set_for_it(turns: Turns) -> None:
    run_id = ended(turns)
    set_xcom(turns, run_id, "[10, 20, 30]")
    mark = {"dag_id": "dag", "run_id": run_id, "task_ids": ["a"], "state": "success"}
    turns.do("mark_task", **mark)
    indexes = turns.rows("SELECT map_index FROM task_instance WHERE task_id = 'b' ORDER BY 1")
    assert indexes == [(0,), (1,), (2,)]


def test_a_run_that_goes_on_expands_with_the_new_value(turns: Turns) -> None:
    turns.add(
        pipeline(task("a"), task("w"), task("b", "a", "w", expansion=over("a")), dag_id="dag")
    )
    run_id = ended(turns, S.SUCCESS)
    set_xcom(turns, run_id, "[1, 2]")
    assert turns.run_states()[-1] == "running"
    turns.starts("w")
    turns.ends("w")
    assert turns.rows("SELECT count(*) FROM task_instance WHERE task_id = 'b'") == [(2,)]


def test_nothing_is_set_before_the_task_has_ended(turns: Turns) -> None:
    run_id = turns.trigger()
    with pytest.raises(Refused, match="a is queued: its XComs can be set once it has ended"):
        set_xcom(turns, run_id, "1")
    turns.starts("a")
    with pytest.raises(Refused, match="a is running"):
        set_xcom(turns, run_id, "1")
    with pytest.raises(Refused, match="c is waiting"):
        set_xcom(turns, run_id, "1", task_id="c")
    assert xcoms(turns) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"value": "{"}, "not JSON"),
        ({"value": "NaN"}, "not JSON"),
        ({"value": '"' + "x" * MOST_TYPED_XCOM + '"'}, "65,538 bytes as JSON; by hand .* 65,536"),
        ({"value": '[{"__dagtop__": ["path", "/"]}]'}, "marks types that JSON hasn't"),
        ({"value": str(list(range(1025)))}, "1,025 items and tasks map over it: at most 1,024"),
        ({"value": "1", "key": SKIP_KEY}, "what a branch has chosen"),
        ({"value": "1", "key": ""}, "length"),
        ({"value": "1", "map_index": 3}, r"has no a\[3\]"),
        ({"value": "1", "new": False}, "no XCom return_value any more"),
    ],
)
def test_what_can_not_be_kept_is_refused(given: dict[str, Any], why: str, turns: Turns) -> None:
    run_id = ended(turns)
    with pytest.raises(Refused, match=why):
        set_xcom(turns, run_id, **given)
    assert xcoms(turns) == []


def test_what_is_there_is_not_made_again(turns: Turns) -> None:
    run_id = ended(turns)
    set_xcom(turns, run_id, "1")
    with pytest.raises(Refused, match="has an XCom return_value already"):
        set_xcom(turns, run_id, "2")
    assert xcoms(turns) == [("a", -1, "return_value", b"1", None)]


def test_an_undo_leaves_what_came_after_the_change(turns: Turns) -> None:
    run_id = ended(turns)
    set_xcom(turns, run_id, "1")
    undo = {"new": False, "expected": ' {"x": 2} '}
    set_xcom(turns, run_id, '{"x": 2}', new=False)
    set_xcom(turns, run_id, '"theirs"', new=False)
    with pytest.raises(Refused, match="XCom return_value of a has another value by now: it stays"):
        set_xcom(turns, run_id, "1", **undo)
    assert xcoms(turns)[0][3] == b'"theirs"'
    set_xcom(turns, run_id, '{"x":2}', new=False)
    assert set_xcom(turns, run_id, "1", **undo)["former"] == '{"x":2}'
    assert xcoms(turns)[0][3] == b"1"
