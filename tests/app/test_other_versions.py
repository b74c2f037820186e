"""That cleared runs go on with another version, in words."""

from __future__ import annotations

from typing import Any

from app.other_versions import version_lines


def version(former: int, dag_id: str = "shop", **changes: list[str]) -> dict[str, Any]:
    return {"dag_id": dag_id, "from": former, "to": 5, **changes}


def test_nothing_is_said_where_no_version_differs() -> None:
    assert version_lines([]) == []


def test_what_differs_is_named() -> None:
    one = version(3, changed=["train"], added=["test"], removed=["old"])
    assert version_lines([one]) == [("version 3 -> 5", "train changed, test new, old gone")]


def test_the_same_tasks_with_other_code() -> None:
    one = version(4, changed=[], added=[], removed=[])
    assert version_lines([one]) == [("version 4 -> 5", "other code, the same tasks")]


def test_of_several_versions_each_task_is_named_once() -> None:
    found = [version(4, changed=["a"]), version(3, changed=["a", "b"])]
    assert version_lines(found) == [("versions 3, 4 -> 5", "a, b changed")]


def test_of_many_tasks_and_versions_their_number_is_said() -> None:
    found = [version(number, changed=["a", "b", "c", "d"]) for number in (9, 8, 7, 6, 5)]
    assert version_lines(found) == [("versions ... 6, 7, 8, 9 -> 5", "4 tasks changed")]


def test_each_dag_has_its_line() -> None:
    found = [version(3, changed=["a"]), version(4, "bank", added=["b"])]
    assert version_lines(found) == [
        ("shop: version 3 -> 5", "a changed"),
        ("bank: version 4 -> 5", "b new"),
    ]
