"""What the page of a tracked run reads: all that belongs to it, of either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from store import distributions, logged_models, metric_points, models, registry, tracking
from store.engine import Store
from store.queries.tracked_page import (
    MOST_RELATED,
    DistributionRow,
    Environment,
    TrackedPage,
    environment_of,
    get_page,
    runs_of_instance,
    source_text,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)


def uuid(number: int) -> str:
    return f"{number:032x}"


def make(store: Store, number: int, *, parent: int | None = None, **values: object) -> int:
    with store.write() as connection:
        new = tracking.NewRun(
            uuid(number),
            "digits",
            f"run {number}",
            AT + timedelta(minutes=number),
            parent="" if parent is None else uuid(parent),
        )
        key = tracking.create_run(connection, new)
        if values:
            table = models.tracked_run
            connection.execute(update(table).where(table.c.id == key).values(values))
    return key


def page(store: Store, number: int) -> TrackedPage:
    with store.read() as connection:
        found = get_page(connection, uuid(number))
    assert found is not None
    return found


def test_there_is_no_page_of_a_run_that_is_not_there(any_store: Store) -> None:
    with any_store.read() as connection:
        assert get_page(connection, uuid(1)) is None


def test_a_page_has_what_was_logged(any_store: Store) -> None:
    key = make(any_store, 1)
    with any_store.write() as connection:
        tracking.log_param(connection, key, "lr", "0.1")
        tracking.set_tag(connection, key, "team", "vision")
        metric_points.add(connection, key, "loss", *metric_points.pack([(0.5, 0, 0), (0.25, 1, 1)]))
        tracking.log_artifact(connection, key, "a/b.txt", 7, "d" * 64, AT)
        tracking.log_artifact(connection, key, "c.txt", 5, "e" * 64, AT)
    found = page(any_store, 1)
    assert found.params == {"lr": "0.1"}
    assert found.tags == {"team": "vision"}
    assert [(one.key, one.last_value, one.count) for one in found.metrics] == [("loss", 0.25, 2)]
    assert (found.artifacts, found.artifact_bytes) == (2, 12)
    assert (found.version, found.newest_version) == (None, None)


def test_parent_and_children_are_named_however_many_there_are(any_store: Store) -> None:
    make(any_store, 1)
    for number in range(2, MOST_RELATED + 12):
        make(any_store, number, parent=1)
    found = page(any_store, 1)
    assert found.parent is None
    assert len(found.children) == MOST_RELATED
    assert found.child_count == MOST_RELATED + 10
    child = page(any_store, 2)
    assert child.parent is not None
    assert child.parent.uuid == uuid(1)
    assert child.child_count == 0


def test_runs_of_other_tries_stand_beside_it_but_not_those_nested_in_it(any_store: Store) -> None:
    place = {"dag_id": "train", "run_id": "r1", "task_id": "fit", "map_index": -1}
    make(any_store, 1, **place, try_number=1)
    make(any_store, 2, **place, try_number=2)
    make(any_store, 3, parent=2, **place, try_number=2)
    make(any_store, 4, **{**place, "map_index": 1}, try_number=1)
    make(any_store, 5, **place, try_number=3, deleted_at=AT)
    assert [one.uuid for one in page(any_store, 2).beside] == [uuid(1)]
    with any_store.read() as connection:
        run = [one.uuid for one in runs_of_instance(connection, "train", "r1")]
        assert run == [uuid(number) for number in (1, 2, 3, 4)]
        of_try = runs_of_instance(connection, "train", "r1", "fit", -1, 2)
        assert [one.uuid for one in of_try] == [uuid(2), uuid(3)]


def test_datasets_models_with_aliases_and_lineage_are_there(any_store: Store) -> None:
    key, other = make(any_store, 1), make(any_store, 2)
    with any_store.write() as connection:
        data = {"name": "digits", "digest": "ab", "source_type": "local", "source": "d.csv"}
        facts = {"schema": None, "profile": None, "tags": {"mlflow.data.context": "eval"}}
        tracking.log_input(connection, key, {**data, **facts})
        model = {"name": "digits", "created_at": AT, "updated_at": AT, "tags": {}}
        made = insert(models.registered_model).returning(models.registered_model.c.id)
        model_id = connection.execute(made, model).scalar_one()
        version = {
            "model_id": model_id,
            "version": 2,
            "run_uuid": uuid(1),
            "source": "model",
            "status": "READY",
            "created_at": AT,
            "updated_at": AT,
            "tags": {},
        }
        connection.execute(insert(models.model_version), version)
        for alias, number in (("champion", 2), ("candidate", 2), ("old", 1)):
            row = {"model_id": model_id, "alias": alias, "version": number, "set_at": AT}
            connection.execute(insert(models.model_alias), row)
        use = {"digest": "d" * 64, "path": "model/a", "used_at": AT}
        connection.execute(
            insert(models.artifact_use), {"run_id": other, "producer_uuid": uuid(1), **use}
        )
    found = page(any_store, 1)
    assert [(one.name, one.context) for one in found.inputs] == [("digits", "eval")]
    assert [(one.name, one.version, one.aliases) for one in found.models] == [
        ("digits", 2, ("candidate", "champion"))
    ]
    assert [(one.path, one.run_name) for one in found.read_by] == [("model/a", "run 2")]
    reader = page(any_store, 2)
    assert [(one.run_uuid, one.run_name) for one in reader.reads] == [(uuid(1), "run 1")]
    for use in (*found.read_by, *reader.reads):
        assert use.models == found.models  # the file belongs to the model, from either side


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("model", "model"),
        (f"dagtop-artifact:/{uuid(1)}/deep/model", "deep/model"),
        (f"dagtop-artifact:/{uuid(2)}/model", ""),
        ("s3://bucket/model", ""),
    ],
)
def test_files_of_a_version_are_found_among_those_of_its_run(
    any_store: Store, source: str, path: str
) -> None:
    make(any_store, 1)
    by = registry.By("ann", AT)
    with any_store.write() as connection:
        registry.create_version(connection, "digits", registry.NewVersion(source, uuid(1)), by)
    [one] = page(any_store, 1).models
    assert (one.name, one.version, one.path) == ("digits", 1, path)


def test_models_and_distributions_that_it_has_logged_are_there(any_store: Store) -> None:
    key = make(any_store, 1)
    facts = {"id": "m-1", "name": "model", "model_type": None, "status": "READY"}
    where = {"artifact_location": f"dagtop-artifact:/{uuid(1)}/model", "params": {}, "tags": {}}
    with any_store.write() as connection:
        logged_models.put(connection, key, {**facts, **where}, AT)
        for step in range(2):
            content = {"counts": {"a": 1}}
            distributions.put(
                connection, key, "items", step, AT, "categories", 1 + step, 0, content
            )
    found = page(any_store, 1)
    assert [one.id for one in found.logged_models] == ["m-1"]
    assert found.distributions == (DistributionRow("items", "categories", 2, 2, 0),)


def test_environment_and_script_are_read_when_they_are_wanted(any_store: Store) -> None:
    with any_store.write() as connection:
        made = insert(models.environment).returning(models.environment.c.id)
        values = {"digest": "e", "python": "3.12.1", "packages": {"numpy": "2.4"}}
        environment = connection.execute(made, values).scalar_one()
        connection.execute(insert(models.source), {"digest": "s", "text": "print(1)\n"})
    make(any_store, 1, environment_id=environment, source_digest="s")
    found = page(any_store, 1)
    assert (found.environment_id, found.source_digest) == (environment, "s")
    with any_store.read() as connection:
        assert environment_of(connection, environment) == Environment("3.12.1", {"numpy": "2.4"})
        assert environment_of(connection, environment + 1) is None
        assert source_text(connection, "s") == "print(1)\n"
        assert source_text(connection, "t") is None
