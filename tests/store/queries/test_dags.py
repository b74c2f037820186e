"""The list of DAGs, one of them, its versions and source, and files that can't be imported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from store.engine import Store
from store.models import dag, dag_run, dag_version, pipeline_file
from store.queries import dags
from store.queries.dags import DagFilter, list_dags
from store.states import DagRunState, TaskInstanceState
from tests.support.history import START, fill

SUCCESS, FAILED, RUNNING = DagRunState.SUCCESS, DagRunState.FAILED, DagRunState.RUNNING


def listed(store: Store, wanted: DagFilter, sort: str = "dag_id") -> list[str]:
    with store.read() as connection:
        return [row.dag_id for row in list_dags(connection, wanted, sort)]


def test_an_empty_store_has_no_dags(any_store: Store) -> None:
    with any_store.read() as connection:
        assert list_dags(connection) == []
        assert dags.get_dag(connection, "a") is None
        assert dags.get_structure(connection, "a") is None
        assert dags.source_of(connection, "a") is None
        assert dags.dag_ids(connection) == []


def test_a_dag_is_listed_with_what_its_newest_runs_did(any_store: Store) -> None:
    fill(any_store, dags=2, runs=30, tasks=4)
    with any_store.read() as connection:
        row = list_dags(connection, recent=5)[0]
    assert (row.dag_id, row.file, row.owners, row.tags) == (
        "dag_0000",
        "dags/dag_0000.py",
        ("ml",),
        ("even",),
    )
    # Every seventh run failed, number 24 for one; 29 is running.
    assert [bar.state for bar in row.recent_runs] == [SUCCESS] * 4 + [RUNNING]
    assert [bar.duration for bar in row.recent_runs] == [300.0] * 4 + [None]
    assert row.run_counts == {SUCCESS: 4, RUNNING: 1}
    assert row.recent_task_states == {
        TaskInstanceState.SUCCESS: 2,
        TaskInstanceState.RUNNING: 1,
        None: 1,
    }
    assert row.last_run is not None
    assert row.last_run.run_after == START + timedelta(hours=30)
    assert row.last_run.started_at == START + timedelta(hours=29)
    assert (row.last_run.state, row.last_run.duration) == (RUNNING, None)
    assert row.last_run.run_id == f"scheduled__{(START + timedelta(hours=29)).isoformat()}"
    assert row.next_run_after == START + timedelta(days=900)
    assert row.import_error is None


def test_all_active_runs_are_counted_and_of_the_others_the_newest(any_store: Store) -> None:
    fill(any_store, dags=1, runs=40, tasks=1)
    with any_store.write() as connection:
        old = dag_run.c.id <= 10
        connection.execute(update(dag_run).where(old).values(state="queued", ended_at=None))
    with any_store.read() as connection:
        row = list_dags(connection, recent=3)[0]
    assert row.run_counts == {DagRunState.QUEUED: 10, RUNNING: 1, SUCCESS: 1, FAILED: 1}
    assert sum(row.run_counts.values()) == 13


def test_a_dag_without_runs_has_no_last_one(any_store: Store) -> None:
    fill(any_store, dags=1, runs=0)
    with any_store.read() as connection:
        row = list_dags(connection)[0]
    assert row.last_run is None
    assert (row.recent_runs, row.run_counts, row.recent_task_states) == ((), {}, {})


def test_dags_are_chosen_by_words_tags_owners_file_and_state(store: Store) -> None:
    fill(store, dags=6, runs=9, tasks=2, live=False)
    assert listed(store, DagFilter(search="0003")) == ["dag_0003"]
    assert listed(store, DagFilter(search="ODD dag")) == ["dag_0001", "dag_0003", "dag_0005"]
    assert listed(store, DagFilter(tags=frozenset({"even", "x"}))) == [
        "dag_0000",
        "dag_0002",
        "dag_0004",
    ]
    assert listed(store, DagFilter(owners=frozenset({"nobody"}))) == []
    assert listed(store, DagFilter(paused=True)) == ["dag_0004"]
    assert listed(store, DagFilter(file="dags/dag_0002.py")) == ["dag_0002"]
    assert listed(store, DagFilter(states=frozenset({FAILED}))) == ["dag_0002"]
    assert listed(store, DagFilter(dag_ids=frozenset({"dag_0001", "nope"}))) == ["dag_0001"]


def test_dags_that_no_file_defines_are_left_out_unless_asked_for(store: Store) -> None:
    fill(store, dags=2, runs=1)
    with store.write() as connection:
        connection.execute(update(dag).where(dag.c.dag_id == "dag_0001").values(is_active=False))
    assert listed(store, DagFilter()) == ["dag_0000"]
    assert listed(store, DagFilter(active=None)) == ["dag_0000", "dag_0001"]
    assert listed(store, DagFilter(active=False)) == ["dag_0001"]
    with store.read() as connection:
        row = dags.get_dag(connection, "dag_0001")
        assert row is not None
        assert row.last_run is not None
        assert dags.dag_ids(connection) == ["dag_0000"]
        assert dags.dag_ids(connection, active=None) == ["dag_0000", "dag_0001"]


def test_dags_are_sorted_as_asked(store: Store) -> None:
    fill(store, dags=4, runs=3, tasks=1, live=False)
    ids = [f"dag_{number:04}" for number in range(4)]

    def change(place: int, **values: object) -> None:
        latest = (dag_run.c.dag_id == ids[place]) & (dag_run.c.run_after > START + 2.5 * hour)
        connection.execute(update(dag_run).where(latest).values(**values))

    hour = timedelta(hours=1)
    with store.write() as connection:
        change(0, ended_at=START + timedelta(hours=9))
        change(1, run_after=START + timedelta(hours=50))
        change(2, state="failed")
        change(3, state="running", ended_at=None)
        later = update(dag).where(dag.c.dag_id == ids[0])
        connection.execute(later.values(next_run_after=START + timedelta(days=901)))
        connection.execute(update(dag).where(dag.c.dag_id == ids[1]).values(is_paused=True))
        connection.execute(update(dag).where(dag.c.dag_id == ids[2]).values(next_run_after=None))
    everything = DagFilter()
    assert listed(store, everything, "dag_id") == ids
    assert listed(store, everything, "last_run")[0] == ids[1]
    assert listed(store, everything, "next_run") == [ids[3], ids[0], ids[1], ids[2]]
    assert listed(store, everything, "state") == [ids[1], ids[2], ids[3], ids[0]]
    assert listed(store, everything, "duration") == [ids[0], ids[1], ids[2], ids[3]]
    with pytest.raises(ValueError, match="not by colour"):
        listed(store, everything, "colour")


def test_a_file_that_can_not_be_imported_is_shown_with_its_dags(any_store: Store) -> None:
    fill(any_store, dags=2, runs=1)
    with any_store.write() as connection:
        broken = update(pipeline_file).where(pipeline_file.c.file == "dags/dag_0001.py")
        values = {"error": "name 'x' is not defined", "error_line": 3, "traceback": "…"}
        connection.execute(broken.values(**values, warnings=["old style"]))
    with any_store.read() as connection:
        assert [row.import_error for row in list_dags(connection)] == [
            None,
            "name 'x' is not defined",
        ]
        (row,) = dags.import_errors(connection)
        assert (row.file, row.line, row.error) == (
            "dags/dag_0001.py",
            3,
            "name 'x' is not defined",
        )
        assert row.warnings == ("old style",)
        assert [row.file for row in dags.pipeline_files(connection)] == [
            "dags/dag_0000.py",
            "dags/dag_0001.py",
        ]


def test_versions_are_listed_newest_first_with_their_runs(any_store: Store) -> None:
    fill(any_store, dags=1, runs=4, tasks=2)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with any_store.write() as connection:
        document = '{"dag_id":"dag_0000","file":"f","tasks":[]}'
        connection.execute(
            insert(dag_version),
            {"id": 2, "dag_id": "dag_0000", "number": 2, "digest": "d2", "structure": document,
             "source_digest": "source of dag_0000", "created_at": at},
        )  # fmt: skip
        connection.execute(update(dag).values(version_id=2))
        connection.execute(update(dag_run).where(dag_run.c.id == 4).values(version_id=2))
    with any_store.read() as connection:
        versions = dags.dag_versions(connection, "dag_0000")
        assert [(row.number, row.runs, row.digest) for row in versions] == [
            (2, 1, "d2"),
            (1, 3, "dag_0000 of 2 tasks"),
        ]
        newest = dags.get_structure(connection, "dag_0000")
        first = dags.get_structure(connection, "dag_0000", 1)
        assert newest is not None
        assert first is not None
        assert (len(newest.tasks), len(first.tasks)) == (0, 2)
        assert dags.get_structure(connection, "other", 1) is None
        source = dags.source_of(connection, "dag_0000")
        assert source is not None
        assert (source.version, source.text, source.created_at) == (2, "# dag_0000\n", at)
        older = dags.source_of(connection, "dag_0000", 1)
        assert older is not None
        assert older.version == 1
        assert dags.source_of(connection, "dag_0000", 9) is None


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("dags/a.py:8: the cron: no", 8, "the cron: no"),
        ("dags/a.py: the file: can't be read", None, "the file: can't be read"),
        ("the import took longer than 30 s", None, "the import took longer than 30 s"),
        ("dags/a.pyx:8: what", None, "dags/a.pyx:8: what"),
    ],
)
def test_a_sentence_about_a_file_is_parted_from_its_place(
    text: str, line: int | None, sentence: str
) -> None:
    assert dags.split_place(text, "dags/a.py") == (line, sentence)
