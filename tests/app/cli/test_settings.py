"""Pools, Variables, Connections, settings and the database: none of them needs a runner."""

from __future__ import annotations

import json
import os
import stat

import pytest

from app.cli.exit_codes import ExitCode
from store.engine import open_store
from store.queries.connections import get_connection
from store.queries.variables import get_variable
from store.workspace import Workspace
from tests.app.cli.conftest import Command


def test_a_pool_is_made_changed_and_deleted(dagtop: Command) -> None:
    assert dagtop("pools", "set", "gpu", "2", "--description", "cards").out == (
        "pool gpu has 2 slots\n"
    )
    assert dagtop("pools", "set", "gpu", "-1", "--include-deferred").code == 0
    pools = {one["name"]: one for one in dagtop("pools", "list", "--json").document["pools"]}
    assert pools["gpu"]["slots"] == -1
    assert pools["gpu"]["description"] == "cards"
    assert pools["gpu"]["include_deferred"] is True
    assert "no limit" in dagtop("pools", "list").out
    assert dagtop("pools", "delete", "gpu").code == ExitCode.USAGE
    assert dagtop("pools", "delete", "gpu", "--yes").code == 0
    assert dagtop("pools", "delete", "gpu", "--yes").code == ExitCode.NOT_FOUND
    assert dagtop("pools", "set", "gpu", "-5").code == ExitCode.USAGE
    assert dagtop("pools", "set", "gpu", "-x").code == ExitCode.USAGE
    assert dagtop("variables", "set", "offset", "-3").code == 0
    assert dagtop("variables", "get", "offset").out == "-3\n"


def test_a_variable_is_set_printed_and_deleted(dagtop: Command) -> None:
    assert dagtop("variables", "set", "region", "eu", "--description", "where").code == 0
    assert dagtop("variables", "get", "region").out == "eu\n"
    assert dagtop("variables", "set", "lines", given="a\nb\n").code == 0
    assert dagtop("variables", "get", "lines").out == "a\nb\n"
    outcome = dagtop("variables", "get", "regio")
    assert outcome.code == ExitCode.NOT_FOUND
    assert "did you mean 'region'" in outcome.err
    assert dagtop("variables", "delete", "region", "--yes").code == 0
    assert dagtop("variables", "get", "region").code == ExitCode.NOT_FOUND


def test_a_secret_variable_is_masked_unless_it_is_asked_for(dagtop: Command) -> None:
    dagtop("variables", "set", "api_key", given="s3cret")
    assert "s3cret" not in dagtop("variables", "list").out
    listed = dagtop("variables", "list", "--json").document["variables"]
    assert listed == [{"key": "api_key", "value": None, "description": "", "masked": True}]
    outcome = dagtop("variables", "get", "api_key")
    assert (outcome.code, outcome.out) == (ExitCode.REFUSED, "")
    assert dagtop("variables", "get", "api_key", "--show-secrets").out == "s3cret\n"


def test_variables_come_back_from_an_export_as_they_were(
    dagtop: Command, workspace: Workspace
) -> None:
    values = {"a": "1", "b": '{"x": [1]}', "c": "text\n", "api_key": "secret", "d": '{"value": 1}'}
    for key, value in values.items():
        dagtop("variables", "set", key, value, "--description", f"the {key}")
    file = workspace.root / "variables.json"
    assert dagtop("variables", "export", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for key in values:
        dagtop("variables", "delete", key, "--yes")
    assert dagtop("variables", "import", str(file)).out == "set 5 Variables\n"
    with open_store(workspace) as store, store.read() as connection:
        assert {key: get_variable(connection, key) for key in values} == values


def test_variables_are_imported_from_airflows_format_all_or_none(
    dagtop: Command, workspace: Workspace
) -> None:
    airflow = {"n": 5, "o": {"x": 1}, "t": "text", "d": {"value": [1], "description": "why"}}
    assert dagtop("variables", "import", "-", given=json.dumps(airflow)).code == 0
    assert dagtop("variables", "get", "n").out == "5\n"
    assert dagtop("variables", "get", "o").out == '{"x": 1}\n'
    assert dagtop("variables", "get", "d", "--json").document["description"] == "why"
    outcome = dagtop("variables", "import", "-", given=json.dumps({"ok": "1", " ": "2"}))
    assert outcome.code == ExitCode.USAGE
    assert dagtop("variables", "get", "ok").code == ExitCode.NOT_FOUND
    assert dagtop("variables", "import", "/nowhere").code == ExitCode.USAGE
    assert dagtop("variables", "import", "-", given="[]").code == ExitCode.USAGE


def test_a_connection_is_added_and_its_password_stays_hidden(
    dagtop: Command, workspace: Workspace
) -> None:
    outcome = dagtop(
        "connections", "add", "db", "--type", "postgres", "--host", "h", "--port", "5432",
        "--login", "ann", "--password", "--extra", '{"api_key": "k", "region": "eu"}',
        given="pa ss\n",
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (0, "set Connection db\n")
    for arguments in (("list",), ("list", "--json"), ("get", "db"), ("get", "db", "--json")):
        shown = dagtop("connections", *arguments)
        assert shown.code == 0
        assert "pa ss" not in shown.out
        assert '"k"' not in shown.out
    document = dagtop("connections", "get", "db", "--json", "--show-secrets").document
    assert document["password"] == "pa ss"
    assert json.loads(document["extra"]) == {"api_key": "k", "region": "eu"}
    with open_store(workspace) as store, store.read() as connection:
        details = get_connection(connection, "db")
    assert details is not None
    assert (details.host, details.port, details.login) == ("h", 5432, "ann")


def test_a_connection_is_added_by_uri_which_options_override(dagtop: Command) -> None:
    uri = "http://ann:pw@example.com:8080/v1?timeout=3"
    assert dagtop("connections", "add", "api", "--uri", "-", "--host", "h", given=uri).code == 0
    document = dagtop("connections", "get", "api", "--json").document
    assert document["password"] == "***"
    assert (document["host"], document["port"], document["schema"]) == ("h", 8080, "v1")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--uri", "nonsense"),
        ("--type", "http", "--extra", "{"),
        ("--type", "http", "--port", "70000"),
        ("--uri", "-", "--password"),
    ],
)
def test_a_connection_that_makes_no_sense_is_refused(
    dagtop: Command, options: tuple[str, ...]
) -> None:
    assert dagtop("connections", "add", "x", *options, given="x").code == ExitCode.USAGE


def test_the_actor_of_a_change_is_on_the_audit_trail(dagtop: Command) -> None:
    dagtop("pools", "set", "gpu", "2")
    dagtop("variables", "set", "password", given="hidden")
    events = dagtop("events", "list", "--json").document["events"]
    assert [one["kind"] for one in events] == ["variable_set", "pool_set"]
    assert all(one["actor"] for one in events)
    assert "hidden" not in json.dumps(events)


def test_the_settings_say_where_they_come_from(
    dagtop: Command, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.config_file.write_text("[runner]\nparallelism = 4\n")
    monkeypatch.setenv("DAGTOP_RETENTION_DAYS", "7")
    settings = {
        f"{one['section']}.{one['key']}": one
        for one in dagtop("config", "--json").document["settings"]
    }
    assert settings["runner.parallelism"]["value"] == 4
    assert settings["runner.parallelism"]["source"] == "dagtop.toml"
    assert settings["retention.days"]["source"] == "DAGTOP_RETENTION_DAYS"
    assert dagtop("config", "runner.parallelism").out.splitlines()[1].split()[:2] == [
        "runner.parallelism", "4",
    ]  # fmt: skip
    assert "did you mean" in dagtop("config", "runner.parallel").err


def test_a_wrong_setting_is_one_sentence(dagtop: Command, workspace: Workspace) -> None:
    workspace.config_file.write_text("[runner]\nparalelism = 4\n")
    outcome = dagtop("config")
    assert outcome.code == ExitCode.WORKSPACE
    assert len(outcome.err.splitlines()) == 1


def test_the_password_of_the_database_url_is_never_shown(
    dagtop: Command, workspace: Workspace
) -> None:
    workspace.config_file.write_text('[store]\nurl = "postgresql://u:topsecret@h/d"\n')
    for outcome in (dagtop("config"), dagtop("config", "--json"), dagtop("doctor", "--json")):
        assert "topsecret" not in outcome.out + outcome.err


def test_the_database_is_made_checked_copied_and_shrunk(
    dagtop: Command, workspace: Workspace
) -> None:
    assert dagtop("db", "upgrade", "--json").document["before"] is None
    assert "up to date" in dagtop("db", "upgrade").out
    assert dagtop("db", "check", "--json").document["problems"] == []
    copy = workspace.root / "copy.db"
    assert dagtop("db", "backup", str(copy), "--json").document["bytes"] > 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert dagtop("db", "backup", str(copy)).code == ExitCode.STORE
    assert dagtop("db", "backup").code == 0
    assert os.listdir(workspace.state / "backups")
    assert dagtop("db", "vacuum").code == 0


@pytest.mark.usefixtures("filled")
def test_pruning_deletes_ended_runs_and_their_logs(dagtop: Command, workspace: Workspace) -> None:
    with open_store(workspace) as store, store.read() as connection:
        keys = connection.exec_driver_sql(
            "SELECT id FROM dag_run WHERE dag_id = 'dag_0000' ORDER BY id"
        ).scalars()
        folders = [workspace.tries / str(key) for key in keys]
    for folder in folders:
        (folder / "1").mkdir(parents=True)
    assert dagtop("db", "prune", "--dag", "dag_0000", "--yes").code == ExitCode.USAGE
    asked = dagtop("db", "prune", "--older-than", "1d")
    assert asked.code == ExitCode.USAGE
    assert "Delete 12 runs (4 of dag_0000, 4 of dag_0001, 4 of dag_0002) that ended" in asked.err
    dry = dagtop("db", "prune", "--keep", "2", "--dry-run", "--json").document
    assert dry == {"dry_run": True, "runs": 9, "dags": dict.fromkeys(dry["dags"], 3)}
    shown = dagtop("db", "prune", "--older-than", "1d", "--dag", "dag_0001", "--dry-run")
    assert shown.out.split() == ["DAG", "RUNS", "dag_0001", "4"]
    assert all(folder.exists() for folder in folders)
    document = dagtop("db", "prune", "--dag", "dag_0000", "--keep", "2", "--yes", "--json").document
    assert document["runs"] == 3
    assert [folder.exists() for folder in folders] == [False, False, False, True, True]
    assert dagtop("db", "prune", "--older-than", "never", "--yes").code == ExitCode.USAGE


def test_a_damaged_database_is_said(dagtop: Command, workspace: Workspace) -> None:
    workspace.create_state_folder()
    workspace.database.write_bytes(b"this is no database at all" * 100)
    outcome = dagtop("dags", "list")
    assert outcome.code == ExitCode.STORE
    assert "is not a database" in outcome.err
    document = dagtop("doctor", "--json").document
    assert document["ok"] is False
