"""Two ways lead to the newest tables, and they are the same: creating and migrating."""

from __future__ import annotations

import ast
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select, text

from store import maintenance, metric_points, migrations
from store.engine import Store, open_file, open_store, open_url
from store.errors import StoreOutdated
from store.models import metadata, metric_segment, param, tracked_run
from store.queries.assets import list_assets
from store.queries.dags import list_dags
from store.queries.runs import get_run
from store.queries.tasks import list_instances
from store.workspace import Workspace

VERSIONS = Path(migrations.__file__).parent / "versions"


def schema_of(store: Store) -> dict[str, Any]:
    """Everything that the database knows about its tables, comparable."""
    found: dict[str, Any] = {}
    with store.read() as connection:
        inspector = inspect(connection)
        for table in sorted(inspector.get_table_names()):
            found[table] = {
                "columns": [
                    {**column, "type": str(column["type"])}
                    for column in inspector.get_columns(table)
                ],
                "key": inspector.get_pk_constraint(table),
                "references": sorted(inspector.get_foreign_keys(table), key=str),
                "unique": sorted(inspector.get_unique_constraints(table), key=str),
                "indexes": sorted(
                    (readable(dict(one)) for one in inspector.get_indexes(table)), key=str
                ),
            }
        if store.is_sqlite:
            query = text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            found["sql"] = {name: parts(sql) for name, sql in connection.execute(query).all()}
    return found


def readable(index: dict[str, Any]) -> dict[str, Any]:
    """An index whose condition can be compared: it is an SQL expression, not its text."""
    options = {name: str(value) for name, value in index.pop("dialect_options", {}).items()}
    return {**index, "options": options}


def parts(sql: str) -> list[str]:
    """A statement cut at the commas outside of parentheses: their order doesn't matter."""
    start, _, body = " ".join(sql.replace('"tracked_run"', "tracked_run").split()).partition("(")
    columns = re.split(r",\s+(?![^(]*\))", body.rpartition(")")[0])
    return [start.strip(), *sorted(one.strip() for one in columns), body.rpartition(")")[2]]


def migrated(store: Store) -> Store:
    migrations.migrate(store)
    return store


def test_migrating_an_empty_sqlite_database_makes_what_creating_one_makes(
    store: Store, tmp_path: Path
) -> None:
    with migrated(open_file(tmp_path / "migrated.db", create=True)) as other:
        assert schema_of(other) == schema_of(store)


@pytest.mark.postgres
def test_migrating_an_empty_postgresql_database_makes_what_creating_one_makes(
    postgres_url: str, workspace: Workspace
) -> None:
    with migrated(open_url(postgres_url)) as store:
        by_migrating = schema_of(store)
        with store.write() as connection:
            metadata.drop_all(connection)
            connection.execute(text("DROP TABLE alembic_version"))
    with open_store(workspace, url=postgres_url, create=True) as store:
        assert schema_of(store) == by_migrating


def test_alembic_finds_no_difference_between_the_tables_and_the_models(any_store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with any_store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_migration_is_listed_and_follows_the_one_before() -> None:
    found = {}
    for path in VERSIONS.glob("*.py"):
        values = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        found[values["revision"]] = values["down_revision"]
    before = (None, *migrations.REVISIONS[:-1])
    assert found == dict(zip(migrations.REVISIONS, before, strict=True))


def test_alembic_is_not_loaded_for_a_new_or_current_database(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from store.engine import open_store\n"
        "from store.workspace import Workspace\n"
        "workspace = Workspace(pathlib.Path(sys.argv[1]))\n"
        "open_store(workspace, create=True).close()\n"
        "open_store(workspace).close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    root = Path(migrations.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=root)


def test_an_older_database_is_refused_until_it_is_upgraded(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    monkeypatch.setattr(migrations, "REVISIONS", ("0000", *migrations.REVISIONS))
    with pytest.raises(StoreOutdated, match=r"older dagtop.*dagtop db upgrade"):
        open_store(workspace)


def test_an_upgrade_makes_a_backup_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No older revision exists yet: one is played, and Alembic is kept from looking for it."""
    with open_file(tmp_path / "old.db", create=True) as store:
        with store.write() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('0000')"))
        monkeypatch.setattr(migrations, "REVISIONS", ("0000", *migrations.REVISIONS))
        upgraded: list[Store] = []
        monkeypatch.setattr(migrations, "migrate", upgraded.append)
        done = maintenance.upgrade(store)
    assert upgraded == [store]
    assert done.changed
    assert done.backup is not None
    assert done.backup.parent == tmp_path / "backups"
    with open_file(done.backup) as copy, copy.read() as connection:
        assert migrations.revision(connection) == "0000"


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    from store.errors import StoreError

    with open_file(tmp_path / "odd.db", create=True) as store:
        with store.write() as connection:
            connection.execute(text("CREATE TABLE task_try (id INTEGER PRIMARY KEY)"))
        with pytest.raises(StoreError, match="as it was before"):
            migrations.migrate(store)
        with store.read() as connection:
            assert inspect(connection).get_table_names() == ["task_try"]


def test_foreign_keys_are_enforced_again_after_a_migration(tmp_path: Path) -> None:
    with migrated(open_file(tmp_path / "migrated.db", create=True)) as store, store.read() as one:
        assert one.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_upgrading_a_workspace_makes_its_database(workspace: Workspace) -> None:
    first = maintenance.upgrade_workspace(workspace)
    assert (first.before, first.after, first.backup) == (None, migrations.HEAD, None)
    again = maintenance.upgrade_workspace(workspace)
    assert not again.changed


def test_a_store_of_the_first_revision_is_upgraded_with_its_rows(workspace: Workspace) -> None:
    workspace.create_state_folder()
    with open_file(workspace.database, create=True) as old:
        migrations.migrate(old, "0001")
        with old.write() as connection:
            connection.execute(
                text(
                    "INSERT INTO dag (dag_id, file, is_paused, is_active, display_name, "
                    "description, owners, tags, schedule, schedule_words, timezone, "
                    "max_active_runs, created_at) VALUES ('shop', 'dags/a.py', 0, 1, 'shop', '', "
                    "'[]', '[]', '@daily', 'At 00:00 every day', 'UTC', 16, 0)"
                )
            )
    with pytest.raises(StoreOutdated, match="dagtop db upgrade"):
        open_store(workspace)
    done = maintenance.upgrade_workspace(workspace)
    assert (done.before, done.after) == ("0001", migrations.HEAD)
    assert done.backup is not None
    with open_store(workspace) as store, store.read() as connection:
        (row,) = list_dags(connection)
        assert (row.dag_id, row.schedule, row.schedule_override) == ("shop", "@daily", None)


FILL_0002 = """
INSERT INTO source (digest, text) VALUES ('d', 'text');
INSERT INTO dag_version (id, dag_id, number, digest, structure, source_digest, created_at)
    VALUES (1, 'shop', 1, 'd', '{"dag_id":"shop","file":"a.py"}', 'd', 0);
INSERT INTO dag (dag_id, file, is_paused, is_active, display_name, description, owners, tags,
        schedule, schedule_words, timezone, max_active_runs, version_id, created_at)
    VALUES ('shop', 'a.py', false, true, 'shop', '', '[]', '[]', '@daily', 'daily', 'UTC', 16,
        1, 0);
INSERT INTO dag_run (id, dag_id, run_id, run_type, state, run_after, queued_at, version_id)
    VALUES (1, 'shop', 'r', 'manual', 'success', 0, 0, 1);
INSERT INTO task_instance (id, dag_run_id, dag_id, task_id, map_index, state, try_number,
        max_tries, pool, pool_slots)
    VALUES (1, 1, 'shop', 'one', -1, 'success', 1, 0, 'default_pool', 1);
INSERT INTO task_try (id, task_instance_id, dag_run_id, try_number, state, queued_at,
        journal_number, journal_offset)
    VALUES (1, 1, 1, 3, 'success', 0, 0, 0);
INSERT INTO experiment (id, name, created_at) VALUES (1, 'sweep', 0);
INSERT INTO tracked_run (id, uuid, experiment_id, try_id, name, started_at, status)
    VALUES (1, 'abc', 1, 1, 'one', 0, 'FINISHED');
INSERT INTO param (run_id, key, value) VALUES (1, 'lr', '1e-3'), (1, 'kind', 'adam');
INSERT INTO metric (id, run_id, key, count, nan_count, inf_count, first_value, last_value,
        last_step, last_at, min_value, max_value)
    VALUES (1, 1, 'loss', 3, 1, 0, 3.0, 1.0, 2, 0, 1.0, 3.0)
"""
"""Rows of every kind that a later revision changes, as revision 0002 has them."""


def filled_0002(store: Store) -> None:
    migrations.migrate(store, "0002")
    with store.write() as connection:
        for statement in FILL_0002.split(";"):
            connection.execute(text(statement))
        count, data = metric_points.pack([(3.0, 0, 0), (math.nan, 1, 0), (1.0, 2, 0)])
        points = {"metric_id": 1, "ordinal": 0, "count": count, "data": data}
        connection.execute(insert(metric_segment), points)


def check_upgraded(store: Store) -> None:
    """What stood in it is still there, and is read with the newest columns."""
    with store.read() as connection:
        (row,) = list_dags(connection)
        assert row.dag_id == "shop"
        run = get_run(connection, "shop", "r")
        assert run is not None
        assert run.experiment is None
        (instance,) = list_instances(connection, run.id)
        assert (instance.task_id, instance.priority_weight) == ("one", None)
        assert list_assets(connection) == []
        tracked = connection.execute(select(tracked_run)).one()
        assert (tracked.dag_id, tracked.run_id, tracked.task_id) == ("shop", "r", "one")
        assert (tracked.map_index, tracked.try_number, tracked.uuid) == (-1, 3, "abc")
        numbers = dict(connection.execute(select(param.c.key, param.c.number)).all())
        assert numbers == {"lr": 0.001, "kind": None}
        (loss,) = metric_points.summaries(connection, 1)
        assert (loss.min_step, loss.max_step, loss.mean_value) == (2, 0, 2.0)


def test_a_filled_store_of_revision_0002_is_upgraded(workspace: Workspace) -> None:
    workspace.create_state_folder()
    with open_file(workspace.database, create=True) as old:
        filled_0002(old)
    assert maintenance.upgrade_workspace(workspace).before == "0002"
    with open_store(workspace) as store:
        check_upgraded(store)


@pytest.mark.postgres
def test_a_filled_postgresql_database_of_revision_0002_is_upgraded(postgres_url: str) -> None:
    with open_url(postgres_url) as store:
        filled_0002(store)
        migrations.migrate(store)
        check_upgraded(store)
