"""Values of any origin: what no database takes is written out, and found again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from store import edits, events, metric_points, records, tracking
from store.columns import storable
from store.engine import Store
from store.errors import InvalidValue
from store.models import dag_run, event, task_instance, task_try, xcom
from tests.support.history import fill

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BAD = "half \udcff, nul \0, ü"
GOOD = "half \\udcff, nul ␀, ü"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_made_storable_and_what_is_so_stays(text: str) -> None:
    stored = storable(text)
    stored.encode()
    assert "\0" not in stored
    assert storable(stored) == stored
    if "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert stored == text


def test_texts_of_tasks_are_stored_wherever_they_go(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    xcom_key = {"dag_run_id": 1, "task_id": "t", "map_index": -1, "key": BAD}
    with any_store.write() as connection:
        columns = ("reason", "error_type", "error_message", "error_place", "traceback", "hostname")
        facts = dict.fromkeys(columns, BAD)
        rendered = {"command": [BAD, 1, None]}
        records.update_rows(connection, task_try, [{"id": 1, "rendered": rendered, **facts}])
        records.update_rows(connection, task_instance, [{"id": 1, "map_label": BAD}])
        records.put_xcoms(
            connection, [{**xcom_key, "value": b'"x"', "length": None, "created_at": NOW}]
        )
        connection.execute(update(dag_run).values(note=BAD, conf={BAD: BAD}))
        events.record(connection, "note", BAD, BAD, details={BAD: [BAD]})
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, BAD, BAD, NOW, 1))
        tracking.log_param(connection, run, BAD, BAD)
        tracking.set_tag(connection, run, BAD, BAD)
        for value in (1.0, 2.0):
            metric_points.add(connection, run, BAD, *metric_points.pack([(value, 0, 0)]))
    with any_store.read() as connection:
        row = connection.execute(select(task_try)).one()
        assert [getattr(row, name) for name in columns] == [GOOD] * 6
        assert row.rendered["command"][0] in (GOOD, BAD)
        assert connection.execute(select(task_instance.c.map_label)).scalar() == GOOD
        asked = select(xcom.c.key).where(xcom.c.key == BAD)
        assert connection.execute(asked).scalar() == GOOD
        assert connection.execute(select(dag_run.c.note)).scalar() == GOOD
        assert connection.execute(select(event.c.message).where(event.c.actor == BAD)).all()
        assert tracking.params_of(connection, run) == {GOOD: GOOD}
        assert tracking.tags_of(connection, run) == {GOOD: GOOD}
        (metric,) = metric_points.summaries(connection, run)
        assert (metric.key, metric.count) == (GOOD, 2)


def test_what_a_user_sets_is_refused_instead_of_changed(any_store: Store) -> None:
    with any_store.write() as connection:
        for key, value in (("a\0b", "x"), ("a", "x\udc80")):
            with pytest.raises(InvalidValue, match="holds a NUL or half a character: take it out"):
                edits.set_variable(connection, key, value, "anna")
        with pytest.raises(InvalidValue, match="more than 1000000000 slots: -1 is no limit"):
            edits.set_pool(connection, "gpu", 2**31, "anna")
        edits.set_pool(connection, "gpu", 10**9, "anna")
