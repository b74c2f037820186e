"""Opening, transactions, the settings of connections, and what their errors say."""

from __future__ import annotations

import sqlite3
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from store import edits, events, migrations
from store.engine import Store, open_store
from store.errors import (
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    StoreTooNew,
    StoreUnreadable,
)
from store.models import event
from store.workspace import Workspace


def note(store: Store, message: str) -> None:
    with store.write() as connection:
        events.record(connection, "note", "anna", message)


def messages(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(event.c.message).order_by(event.c.id)).scalars())


def test_a_store_that_was_not_made_is_missing(workspace: Workspace) -> None:
    with pytest.raises(StoreMissing, match="dagtop up"):
        open_store(workspace)
    assert not workspace.state.exists()


def test_reading_only_makes_nothing_either(workspace: Workspace) -> None:
    with pytest.raises(StoreMissing):
        open_store(workspace, create=True, read_only=True)


def test_the_database_and_what_is_beside_it_is_for_its_owner_only(
    store: Store, workspace: Workspace
) -> None:
    note(store, "so that there is a WAL")
    files = list(workspace.state.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(workspace.state.stat().st_mode) == 0o700


def test_every_connection_has_the_settings(store: Store) -> None:
    with store.read() as one, store.read() as other:
        for connection in (one, other):
            settings = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in (
                    "journal_mode",
                    "synchronous",
                    "busy_timeout",
                    "foreign_keys",
                    "temp_store",
                    "journal_size_limit",
                )
            }
            assert settings == {
                "journal_mode": "wal",
                "synchronous": 1,
                "busy_timeout": 5000,
                "foreign_keys": 1,
                "temp_store": 2,
                "journal_size_limit": 64 * 1024 * 1024,
            }


def test_a_write_is_kept_and_a_failed_one_is_not(any_store: Store) -> None:
    note(any_store, "kept")

    def fail() -> None:
        with any_store.write() as connection:
            events.record(connection, "note", "anna", "lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert messages(any_store) == ["kept"]


def test_a_read_sees_one_moment_and_never_waits_for_a_writer(any_store: Store) -> None:
    note(any_store, "before")
    with any_store.read() as reader:
        count = text("SELECT count(*) FROM event")
        assert reader.execute(count).scalar() == 1
        with any_store.write() as writer:
            events.record(writer, "note", "anna", "during")
            assert reader.execute(count).scalar() == 1
        assert reader.execute(count).scalar() == 1
    assert messages(any_store) == ["before", "during"]


def test_a_second_writer_waits_for_the_first(any_store: Store) -> None:
    first_writes, done = threading.Event(), []

    def second() -> None:
        first_writes.wait(10)
        note(any_store, "second")
        done.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with any_store.write() as connection:
        events.record(connection, "note", "anna", "first")
        first_writes.set()
        done.append("first")
    thread.join()
    assert done == ["first", "second"]
    assert sorted(messages(any_store)) == ["first", "second"]


def test_a_database_locked_for_too_long_is_said_so(workspace: Workspace, store: Store) -> None:
    with open_store(workspace, busy_timeout=0.05) as impatient:
        with store.write(), pytest.raises(StoreLocked, match="locked by another process"):
            note(impatient, "in vain")
        assert messages(impatient) == []
        note(impatient, "afterwards it works")


def test_a_full_disk_is_said_so_and_nothing_is_lost_or_half_written(store: Store) -> None:
    note(store, "before")
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def write_much() -> None:
        with store.write() as connection:
            for _ in range(1000):
                events.record(connection, "note", "anna", "x" * 4000)

    with pytest.raises(StoreFull, match="prune"):
        write_much()
    assert messages(store) == ["before"]
    with store.write() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1000}")
    note(store, "when there is space again")
    assert messages(store) == ["before", "when there is space again"]


def test_a_file_system_that_became_read_only_is_said_so(store: Store) -> None:
    note(store, "before")
    with store.write() as connection:  # what SQLite answers then, for this connection
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly, match="can't be written to; check its permissions"):
        note(store, "in vain")
    assert messages(store) == ["before"]


def test_a_read_only_store_refuses_to_write(workspace: Workspace, store: Store) -> None:
    note(store, "by another")
    with open_store(workspace, read_only=True) as reader:
        assert messages(reader) == ["by another"]
        with pytest.raises(StoreReadOnly, match="reading only"):
            note(reader, "in vain")
        with pytest.raises(StoreReadOnly), reader.read() as connection:
            events.record(connection, "note", "anna", "in vain")


def test_a_file_that_is_no_database_is_said_so(workspace: Workspace) -> None:
    workspace.create_state_folder()
    workspace.database.write_text("this is not a database, however long it is " * 100)
    with pytest.raises(StoreUnreadable, match="not a database"):
        open_store(workspace)


def test_a_folder_in_place_of_the_database_is_said_so(workspace: Workspace) -> None:
    workspace.database.mkdir(parents=True)
    with pytest.raises(StoreUnreadable, match="not a file"):
        open_store(workspace)


def test_an_unreadable_file_is_said_so(workspace: Workspace, store: Store) -> None:
    store.close()
    workspace.database.unlink()
    workspace.database.symlink_to(workspace.root / "nowhere" / "dagtop.db")
    with pytest.raises(StoreMissing):
        open_store(workspace)


def test_a_damaged_database_is_said_so(workspace: Workspace, store: Store) -> None:
    for number in range(50):
        note(store, f"{number} " + "x" * 4000)
    store.close()
    content = bytearray(workspace.database.read_bytes())
    page = 4096
    for start in range(2 * page, len(content) - page, page):
        content[start : start + page] = b"\xff" * page
    workspace.database.write_bytes(content)
    with (
        pytest.raises(StoreUnreadable, match=r"damaged|not a database"),
        open_store(workspace) as it,
    ):
        messages(it)


def test_a_database_of_a_newer_dagtop_is_refused(workspace: Workspace, store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for create in (False, True):
        with pytest.raises(StoreTooNew, match=r"newer dagtop.*9999.*upgrade dagtop"):
            open_store(workspace, create=create)


def test_an_empty_file_has_no_tables_until_it_is_created(workspace: Workspace) -> None:
    workspace.create_state_folder()
    workspace.database.touch()
    with pytest.raises(StoreMissing, match="db upgrade"):
        open_store(workspace)
    with open_store(workspace, create=True) as store, store.read() as connection:
        assert migrations.revision(connection) == migrations.HEAD


def test_two_processes_may_create_the_store_at_once(workspace: Workspace) -> None:
    together, failures = threading.Barrier(4), []

    def create() -> None:
        together.wait()
        try:
            open_store(workspace, create=True).close()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_change_token_changes_with_every_commit_and_only_then(any_store: Store) -> None:
    token = any_store.change_token()
    assert any_store.change_token() == token
    note(any_store, "something")
    assert any_store.change_token() != token


def test_changed_says_so_once_per_change(store: Store, workspace: Workspace) -> None:
    with open_store(workspace, read_only=True) as watcher:
        assert watcher.changed()
        assert not watcher.changed()
        note(store, "one")
        note(store, "two")
        assert watcher.changed()
        assert not watcher.changed()


def test_references_hold(store: Store) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO xcom VALUES (7, 'task', -1, 'key', x'31', NULL, "
                f"{datetime.now(UTC).timestamp():.0f})"
            )
        )


def test_the_settings_name_the_database(
    workspace: Workspace, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGTOP_DATABASE_URL", postgres_url)
    with open_store(workspace, create=True) as store:
        assert store.engine.dialect.name == "postgresql"
        assert store.path is None
        with store.write() as connection:
            edits.set_pool(connection, "gpu", 2, "anna")
    assert not workspace.database.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/name", "can't use a mysql database"),
        ("no url at all", "looks like postgresql://"),
        ("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2", "check the server"),
    ],
)
def test_a_database_that_can_not_be_used_is_said_so(
    workspace: Workspace, url: str, said: str
) -> None:
    with pytest.raises(StoreError, match=said):
        open_store(workspace, url=url)


def test_an_error_never_shows_the_password_of_the_url(workspace: Workspace) -> None:
    with pytest.raises(StoreUnreadable) as caught:
        open_store(workspace, url="postgresql://anna:s3cret@127.0.0.1:1/x?connect_timeout=2")
    assert "s3cret" not in str(caught.value)


def test_writers_of_other_processes_are_seen(store: Store, workspace: Workspace) -> None:
    token = store.change_token()
    raw = sqlite3.connect(workspace.database)
    raw.execute("INSERT INTO variable VALUES ('a', 'b', '')")
    raw.commit()
    raw.close()
    assert store.change_token() != token


def test_an_sqlite_url_names_another_file(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    with open_store(workspace, url=f"sqlite:///{elsewhere}", create=True) as store:
        assert store.path == elsewhere
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600


def test_a_glance_differs_after_a_commit(store: Store) -> None:
    before = store.glance()
    assert before is not None
    assert store.glance() == before
    with store.write() as connection:
        events.record(connection, "glanced", "ann", "somebody looked")
    assert store.glance() != before
