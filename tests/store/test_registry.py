"""The model registry: versions are numbered for good, an alias has one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store import events, registry, tracked_edits, tracking
from store.engine import Store
from store.errors import InvalidValue, NotFound
from store.queries import registry as models
from store.registry import By, NewVersion

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
ANN = By("ann", NOW)
RUN = "a" * 32


def register(store: Store, name: str = "rank", *aliases: str, run: str | None = RUN) -> int:
    with store.write() as connection:
        return registry.create_version(
            connection, name, NewVersion("model", run, aliases=aliases), ANN
        )


def messages(store: Store) -> list[str]:
    with store.read() as connection:
        return [row.message for row in reversed(events.list_events(connection))]


def test_versions_count_up_and_a_number_is_never_used_again(any_store: Store) -> None:
    assert [register(any_store), register(any_store), register(any_store, "other")] == [1, 2, 1]
    with any_store.write() as connection:
        registry.delete_version(connection, "rank", 2, ANN)
    assert register(any_store) == 3
    with any_store.read() as connection:
        assert [row.version for row in models.versions(connection, name="rank")] == [3, 1]
        assert models.get_model(connection, "rank").newest_version == 3


def test_an_alias_moves_to_the_version_that_gets_it(any_store: Store) -> None:
    register(any_store, "rank", "champion", "candidate")
    register(any_store, "rank", "candidate")
    with any_store.write() as connection:
        assert models.get_model(connection, "rank").aliases == {"champion": 1, "candidate": 2}
        assert registry.set_alias(connection, "rank", "champion", 2, ANN) == 1
        assert registry.set_alias(connection, "rank", "champion", 2, ANN) == 2
    with any_store.read() as connection:
        assert models.get_version(connection, "rank@champion").version == 2
        assert models.get_version(connection, "rank@champion").aliases == ("candidate", "champion")
    assert messages(any_store)[-1] == "version 2 of model rank became champion, before version 1"
    assert messages(any_store).count(messages(any_store)[-1]) == 1  # no change, no event


def test_a_reference_is_an_alias_a_number_or_the_newest(any_store: Store) -> None:
    register(any_store, "rank", "champion")
    register(any_store)
    found = {}
    with any_store.read() as connection:
        for text in ("rank@champion", "models:/rank@champion", "rank/1", "models:/rank/2", "rank"):
            found[text] = models.get_version(connection, text).version
        assert models.get_version(connection, "models:/rank/latest").version == 2
    assert list(found.values()) == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("text", ["", "@", "rank@", "rank/x", "models:/", "rank/-1", "rank/²"])
def test_what_names_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="names no version of a model"):
        models.parse_reference(text)


def test_what_is_not_there_is_said_with_what_is(any_store: Store) -> None:
    register(any_store, "rank", "champion")
    with any_store.write() as connection:
        for reference, sentence in (
            ("rnak", "there is no model rnak: did you mean rank?"),
            ("rank/7", "model rank has no version 7"),
            ("rank@best", "model rank has no alias best; it has champion"),
        ):
            with pytest.raises(NotFound, match=sentence.replace("?", r"\?")):
                models.get_version(connection, reference)
        with pytest.raises(NotFound, match="model rank has no version 7"):
            registry.set_alias(connection, "rank", "champion", 7, ANN)
        with pytest.raises(NotFound, match="no alias champoin: did you mean champion"):
            registry.delete_alias(connection, "rank", "champoin", ANN)


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", "a@b", "a\x1b[31m", "n" * 257])
def test_a_name_that_could_not_be_referred_to_is_refused(store: Store, name: str) -> None:
    with store.write() as connection, pytest.raises(InvalidValue):
        registry.create_version(connection, name, NewVersion("model"), ANN)


@pytest.mark.parametrize("alias", ["", "latest", "Latest", "v3", "V12", "7", "a b", "ä", "a/b"])
def test_an_alias_that_looks_like_a_version_or_no_word_is_refused(store: Store, alias: str) -> None:
    with store.write() as connection, pytest.raises(InvalidValue, match="can't be an alias"):
        registry.create_version(connection, "rank", NewVersion("m", aliases=[alias]), ANN)
    with store.read() as connection:
        assert not models.versions(connection)


def test_a_version_tells_of_its_run_and_outlives_it(any_store: Store) -> None:
    with any_store.write() as connection:
        key = tracking.create_run(connection, tracking.NewRun(RUN, "sweep", "train", NOW))
    register(any_store)
    with any_store.write() as connection:
        row = models.get_version(connection, "rank")
        assert (row.run_key, row.run_name, row.experiment) == (key, "train", "sweep")
        assert models.versions(connection, run_uuid=RUN) == [row]
        connection.execute(tracking.tracked_run.delete())
        after = models.get_version(connection, "rank")
        assert (after.run_uuid, after.run_key, after.run_name) == (RUN, None, None)


def test_a_registration_is_found_by_its_run_and_moment(any_store: Store) -> None:
    register(any_store)
    with any_store.read() as connection:
        found = models.version_made_at(connection, "rank", RUN, NOW)
        assert found is not None
        assert found.version == 1
        later = NOW + timedelta(microseconds=1)
        assert models.version_made_at(connection, "rank", RUN, later) is None


def test_models_and_versions_are_described_tagged_renamed_and_deleted(any_store: Store) -> None:
    register(any_store, "rank", "champion")
    with any_store.write() as connection:
        registry.change_model(
            connection, "rank", ANN, new_name="order", description="d", tags={"a": "1", "b": "2"}
        )
        registry.change_model(connection, "order", ANN, tags={"a": None})
        registry.change_version(connection, "order", 1, ANN, description="first", tags={"x": "y"})
        model = models.get_model(connection, "order")
        assert (model.description, model.tags) == ("d", {"b": "2"})
        version = models.get_version(connection, "order@champion")
        assert (version.description, version.tags) == ("first", {"x": "y"})
        with pytest.raises(InvalidValue, match="there is a model order already"):
            registry.create_model(connection, "order", ANN)
        assert registry.delete_model(connection, "order", ANN) == 1
        assert models.registered_models(connection) == []
    assert messages(any_store)[-1] == "deleted model order with 1 version"


def test_each_change_is_on_the_audit_trail_with_who_did_it(store: Store) -> None:
    register(store, "rank", "champion")
    with store.read() as connection:
        rows = events.list_events(connection)
    assert {row.actor for row in rows} == {"ann"}
    kinds = [row.kind for row in reversed(rows)]
    assert kinds == ["model_made", "model_registered", "model_alias_set"]
    assert rows[0].details["before"] is None


def test_a_run_that_has_the_files_of_a_model_is_not_deleted(any_store: Store) -> None:
    with any_store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun(RUN, "sweep", "train", NOW))
        tracking.set_status(connection, run, tracking.FINISHED, NOW)
    register(any_store)
    with any_store.write() as connection:
        with pytest.raises(InvalidValue, match="version 1 of model rank has its files from"):
            tracked_edits.delete_runs(connection, [RUN], "ann", NOW)
        registry.delete_version(connection, "rank", 1, ANN)
        assert tracked_edits.delete_runs(connection, [RUN], "ann", NOW) == 1
