"""Changing tracked runs by hand: what becomes of them, and what the audit trail says."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from store import tracked_edits as edits
from store import tracking
from store.engine import Store
from store.errors import InvalidValue, NotFound
from store.events import list_events
from store.models import metric, param, tracked_run
from store.queries.tracked import runs_called
from tests.store.run_filter.runs import NOW, Run, found, uuid_of, write

RUNS = [
    Run("parent", params={"lr": "0.1"}, metrics={"loss": [1.0]}, dag="shop", task="train"),
    Run("child", parent=0, dag="shop"),
    Run("grandchild", parent=1),
    Run("running", status="RUNNING", lasted=None),
]
A, B, C, RUNNING = (uuid_of(place) for place in range(4))


def told(store: Store) -> list[tuple[str, str]]:
    with store.read() as connection:
        return [(one.kind, one.message) for one in list_events(connection)][::-1]


def test_archived_runs_are_left_out_until_they_are_restored(any_store: Store) -> None:
    a, b, *_ = write(any_store, RUNS)
    with any_store.write() as connection:
        assert edits.archive(connection, [A, B, A], "ann", NOW) == [A, B]
        assert edits.archive(connection, [A], "ann", NOW) == [], "it is archived already"
    assert a not in found(any_store, "")
    assert set(found(any_store, "is:deleted")) == {a, b}
    with any_store.write() as connection:
        assert edits.restore(connection, [A, C], "ann", NOW) == [A]
    assert a in found(any_store, "")
    assert told(any_store) == [
        ("tracked_run_archived", "archived 2 tracked runs"),
        ("tracked_run_restored", "restored tracked run parent (00000000)"),
    ]


def test_a_tag_is_set_and_taken_away_for_all_at_once(any_store: Store) -> None:
    a, b, *_ = write(any_store, RUNS)
    with any_store.write() as connection:
        assert edits.set_tags(connection, [A, B], {"stage": "it's"}, "ann", NOW) == 2
        assert tracking.tags_of(connection, a) == {"stage": "it's"}
        edits.set_tags(connection, [A], {"stage": None}, "ann", NOW)
        assert tracking.tags_of(connection, a) == {}
        assert tracking.tags_of(connection, b) == {"stage": "it's"}
    assert told(any_store)[0] == ("tracked_run_tagged", "tagged stage=it's: 2 tracked runs")


@pytest.mark.parametrize("tags", [{" ": "x"}, {"k" * 251: "x"}, {"k": "v" * 8001}])
def test_a_tag_that_mlflow_would_not_take_is_refused(
    any_store: Store, tags: dict[str, str]
) -> None:
    write(any_store, RUNS)
    with pytest.raises(InvalidValue), any_store.write() as connection:
        edits.set_tags(connection, [A], tags, "ann", NOW)


def test_a_new_name_is_what_mlflows_clients_see_too(any_store: Store) -> None:
    a, *_ = write(any_store, RUNS)
    with any_store.write() as connection:
        assert edits.rename(connection, A, "  best  one ", "ann", NOW) == "parent"
        assert [row.id for row in runs_called(connection, "best one")] == [a]
        assert tracking.tags_of(connection, a) == {tracking.RUN_NAME: "best one"}
        with pytest.raises(InvalidValue, match="needs a name"):
            edits.rename(connection, A, "  ", "ann", NOW)


def test_what_is_deleted_is_gone_with_all_that_it_logged_and_its_children_stay(
    any_store: Store,
) -> None:
    _, b, *_ = write(any_store, RUNS)
    with any_store.write() as connection:
        assert edits.delete_runs(connection, [A], "ann", NOW) == 1
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (metric, param)
        ]
        query = select(tracked_run.c.parent_id).where(tracked_run.c.id == b)
        assert connection.execute(query).scalar() is None
    assert counts == [0, 0]
    [(kind, message)] = told(any_store)
    assert (kind, message) == ("tracked_run_deleted", "deleted tracked run parent (00000000)")


def test_a_run_that_may_still_log_is_not_deleted_nor_are_the_others(any_store: Store) -> None:
    write(any_store, RUNS)
    with (
        pytest.raises(InvalidValue, match="may still log something"),
        any_store.write() as connection,
    ):
        edits.delete_runs(connection, [A, RUNNING], "ann", NOW)
    assert len(found(any_store, "")) == 4
    assert told(any_store) == []


def test_descendants_are_found_however_deep_each_once(any_store: Store) -> None:
    write(any_store, RUNS)
    with any_store.read() as connection:
        names = [one.name for one in edits.with_descendants(connection, [A, B])]
        assert sorted(names) == ["child", "grandchild", "parent"]
        [target] = edits.targets(connection, [RUNNING])
        assert target.is_running


def test_a_run_that_is_gone_is_named(any_store: Store) -> None:
    with (
        pytest.raises(NotFound, match="no tracked run feedbeef"),
        any_store.write() as connection,
    ):
        edits.archive(connection, ["feedbeef" * 4], "ann", NOW)


def test_many_runs_are_one_event_for_each_dag(any_store: Store) -> None:
    write(any_store, [Run(f"r{n}", dag="shop" if n % 2 else None) for n in range(900)])
    uuids = [uuid_of(n) for n in range(900)]
    with any_store.write() as connection:
        edits.archive(connection, uuids, "ann", NOW)
        events = list_events(connection)
    assert {(one.dag_id, one.details["count"]) for one in events} == {("shop", 450), (None, 450)}
    assert all(len(one.details["runs"]) == edits.MOST_NAMED for one in events)
