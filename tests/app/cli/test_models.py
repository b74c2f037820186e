"""The model registry on the command line: register, promote, show, delete, as JSON, too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.cli.exit_codes import ExitCode
from store import metric_points, tracking
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import Command

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RUN = "ab" * 16


@pytest.fixture(autouse=True)
def run_with_a_model(workspace: Workspace) -> None:
    """A tracked run with a param, a metric and two files of a model."""
    workspace.create_state_folder()
    with open_store(workspace, create=True) as store, store.write() as connection:
        key = tracking.create_run(connection, tracking.NewRun(RUN, "sweep", "train try 1", NOW))
        tracking.log_param(connection, key, "alpha", "0.1")
        metric_points.add(connection, key, "rmse", *metric_points.pack([(53.5, 0, 1)]))
        for path in ("model/weights.json", "model/card.json", "other.txt"):
            tracking.log_artifact(connection, key, path, 12, "c" * 64, NOW)


def test_a_run_is_registered_promoted_and_shown(dagtop: Command) -> None:
    made = dagtop("models", "register", "abab", "--name", "rank", "--alias", "candidate", "--json")
    assert made.document == {"name": "rank", "version": 1, "aliases": ["candidate"]}
    assert dagtop("models", "register", RUN, "--name", "rank").out == (
        "registered version 2 of model rank\n"
    )
    assert dagtop("models", "alias", "rank", "1", "champion").out == "rank@champion is version 1\n"
    moved = dagtop("models", "alias", "rank", "2", "champion").out
    assert moved == "rank@champion is version 2, before version 1\n"
    shown = dagtop("models", "show", "rank@champion", "--json").document
    assert (shown["version"], shown["run_uuid"], shown["experiment"]) == (2, RUN, "sweep")
    assert (shown["params"], shown["metrics"]) == ({"alpha": "0.1"}, {"rmse": 53.5})
    assert [one["path"] for one in shown["artifacts"]] == ["model/card.json", "model/weights.json"]
    assert dagtop("models", "unalias", "rank", "champion").out == (
        "version 2 of rank is no longer champion\n"
    )
    (model,) = dagtop("models", "list", "--json").document["models"]
    assert (model["newest_version"], model["aliases"]) == (2, {"candidate": 1})
    versions = dagtop("models", "versions", "rank", "--json").document["versions"]
    assert [one["version"] for one in versions] == [2, 1]


def test_tables_name_the_run_and_the_aliases(dagtop: Command) -> None:
    dagtop("models", "register", RUN, "--name", "rank", "--alias", "champion")
    first, row = dagtop("models", "versions", "rank").out.splitlines()
    assert first.split()[:3] == ["VERSION", "ALIASES", "REGISTERED"]
    assert row.split()[:2] == ["1", "champion"]
    assert "abababab" in row
    assert "rank" in dagtop("models", "list").out
    shown = dagtop("models", "show", "rank").out
    assert "param alpha" in shown
    assert "file model/card.json" in shown


def test_without_a_model_the_list_says_how_to_make_one(dagtop: Command) -> None:
    found = dagtop("models", "list")
    assert (found.code, found.out) == (0, "")
    assert "dagtop.register_model" in found.err
    assert dagtop("models", "list", "--json").document == {"models": []}


def test_a_path_that_the_run_has_not_logged_is_refused(dagtop: Command) -> None:
    found = dagtop("models", "register", RUN, "--name", "rank", "--path", "mod")
    assert found.code == ExitCode.NOT_FOUND
    assert "has no artifact 'mod': it has model/card.json, model/weights.json, other.txt" in (
        found.err
    )


def test_what_is_not_there_is_said_in_one_sentence(dagtop: Command) -> None:
    dagtop("models", "register", RUN, "--name", "rank")
    for arguments, code, sentence in (
        (("show", "rnak"), ExitCode.NOT_FOUND, "there is no model rnak: did you mean rank?"),
        (("show", "rank/9"), ExitCode.NOT_FOUND, "model rank has no version 9"),
        (("alias", "rank", "9", "best"), ExitCode.NOT_FOUND, "model rank has no version 9"),
        (("alias", "rank", "1", "v2"), ExitCode.USAGE, "would be taken for a version"),
        (("delete", "rank", "9", "--yes"), ExitCode.NOT_FOUND, "model rank has no version 9"),
        (("register", RUN, "--name", "a/b"), ExitCode.USAGE, "can't be the name of a model"),
        (("describe", "rank"), ExitCode.USAGE, "nothing to change"),
        (("describe", "rank", "--tag", "x"), ExitCode.USAGE, "is not KEY=VALUE"),
    ):
        found = dagtop("models", *arguments)
        assert (found.code, sentence in found.err) == (code, True), found.err


def test_deleting_asks_and_leaves_the_run(dagtop: Command) -> None:
    dagtop("models", "register", RUN, "--name", "rank")
    assert dagtop("models", "delete", "rank", "1").code == ExitCode.USAGE
    assert dagtop("models", "delete", "rank", "1", "--yes").out == (
        "deleted version 1 of model rank\n"
    )
    assert dagtop("models", "delete", "rank", "--yes", "--json").document["deleted"] == "rank"
    assert dagtop("runs", "search", "--json").document["runs"][0]["run_id"] == RUN
    kinds = [one["kind"] for one in dagtop("events", "list", "--json").document["events"]]
    assert kinds[:2] == ["model_deleted", "model_version_deleted"]


def test_a_model_is_described_and_tagged(dagtop: Command) -> None:
    dagtop("models", "register", RUN, "--name", "rank", "--tag", "team=search")
    dagtop("models", "describe", "rank", "1", "--text", "the first", "--tag", "team=")
    dagtop("models", "describe", "rank", "--rename", "order", "--tag", "owner=ann")
    shown = dagtop("models", "show", "order", "--json").document
    assert (shown["description"], shown["tags"]) == ("the first", {})
    assert dagtop("models", "list", "--json").document["models"][0]["tags"] == {"owner": "ann"}
