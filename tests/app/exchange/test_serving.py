"""MLflow's client and our server, both as processes: what is logged there is found here."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.cli.exit_codes import ExitCode
from store.mlflow_api import CALLS, ApiError, Call
from store.mlflow_api.experiments import pseudo_id
from store.models import experiment
from store.workspace import Workspace
from tests.app.cli.conftest import run_command
from tests.app.exchange.conftest import client, dumped
from tests.support.stores import new_store

pytestmark = pytest.mark.timeout(300)  # MLflow's client takes seconds to begin
ASKS = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    workspace: Workspace
    url: str
    token: str

    def ask(self, method: str, path: str, **words: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, f"{self.url}{path}", headers=headers, **words)  # type: ignore[arg-type]

    def post(self, path: str, document: object) -> httpx.Response:
        return self.ask("POST", ASKS + path, content=json.dumps(document))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``dagtop serve --mlflow`` of an empty workspace."""
    workspace = Workspace(tmp_path_factory.mktemp("served").resolve())
    workspace.dags.mkdir()
    words = [sys.executable, "-m", "dagtop", "-w", str(workspace.root), "serve", "--mlflow"]
    process = subprocess.Popen([*words, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = dict(
            process.stdout.readline().strip().removeprefix("export ").split("=", 1)
            for _ in range(2)
        )
        yield Served(workspace, found["MLFLOW_TRACKING_URI"], found["MLFLOW_TRACKING_TOKEN"])
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def logged(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server once a client has logged what a store can hold; clients know the token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", served.token)
        folder = tmp_path_factory.mktemp("client")
        client("make", served.url, str(folder), folder=folder)
        yield served


@pytest.mark.slow
def test_what_a_client_logs_it_finds_again_and_so_does_an_export(
    logged: Served, target: Path, tmp_path: Path
) -> None:
    assert run_command(logged.workspace.root, "export", "mlflow", str(target)).code == 0
    there, exported = dumped(logged.url, f"sqlite:///{target}", folder=tmp_path)
    first = next(run for run in there["runs"].values() if run["name"] == "first")
    assert first["params"] == {"lr": "0.1", "deep/key": "x y\nz"}
    assert [len(first["history"][key]) for key in ("loss", "val/acc")] == [6, 2]
    assert sorted(first["artifacts"]) == ["deep/file.txt", "x.json"]
    assert {run["status"] for run in there["runs"].values()} == {"FINISHED", "FAILED", "RUNNING"}
    assert there["models"]["reg"]["aliases"] == {"champion": "2"}

    found = run_command(logged.workspace.root, "runs", "search", "metrics.loss IS NAN", "--json")
    assert [one["run_name"] for one in found.document["runs"]] == ["first"]
    ours, theirs = exported["models"]["reg"], there["models"]["reg"]
    for mine, other in zip(ours["versions"], theirs["versions"], strict=True):
        # `runs:/RUN/deep` is said in a way that each side's clients find the files by
        uuid = other[2]
        assert other[1] == f"mlflow-artifacts:/{uuid}/deep"
        assert sorted(os.listdir(mine[1])) == ["file.txt"]
        mine[1] = other[1]
    assert ours == theirs
    assert exported["logged"] == there["logged"]
    for uuid, run in there["runs"].items():
        same = ("params", "tags", "artifacts", "inputs", "times", "status", "stage", "experiment")
        assert {name: exported["runs"][uuid][name] for name in same} == {
            name: run[name] for name in same
        }
        assert exported["runs"][uuid]["history"].get("loss") == run["history"].get("loss")


@pytest.mark.slow
def test_what_is_served_can_be_imported_elsewhere(logged: Served, workspace: Workspace) -> None:
    taken = run_command(workspace.root, "import", "mlflow", logged.url, "--json").document
    assert (taken["artifacts"] > 0, taken["problems"]) == (True, [])
    ours, theirs = (
        run_command(space.root, "runs", "search", "is:active OR is:deleted", "--json").document
        for space in (workspace, logged.workspace)
    )
    assert ours == theirs


def test_the_models_that_a_run_has_made_are_its_outputs(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0", "start_time": 1}).json()["run"]
    run_id = run["info"]["run_id"]
    assert run["outputs"] == {"model_outputs": []}
    asked = {"experiment_id": "0", "name": "model", "source_run_id": run_id}
    model = served.post("logged-models", asked).json()["model"]["info"]["model_id"]
    found = served.ask("GET", f"{ASKS}runs/get?run_id={run_id}").json()["run"]
    assert found["outputs"] == {"model_outputs": [{"model_id": model, "step": 0}]}
    served.ask("DELETE", f"{ASKS}logged-models/{model}")
    found = served.ask("GET", f"{ASKS}runs/get?run_id={run_id}").json()["run"]
    assert found["outputs"] == {"model_outputs": []}


def test_nobody_is_let_in_without_the_token(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        for path in ("experiments/search", "runs/get?run_id=1"):
            answer = httpx.get(f"{served.url}{ASKS}{path}", headers=headers)
            assert answer.status_code == 401
        put = f"{served.url}/api/2.0/mlflow-artifacts/artifacts/x/y"
        assert httpx.put(put, headers=headers, content=b"x").status_code == 401
    kept = served.workspace.state / "serve.token"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_param_stays_what_it_is_as_in_mlflow(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    lr = {"run_id": run, "key": "lr", "value": "1"}
    assert served.post("runs/log-parameter", lr).status_code == 200
    assert served.post("runs/log-parameter", lr).status_code == 200
    again = served.post("runs/log-parameter", {**lr, "value": "2"})
    assert (again.status_code, again.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "path", ["..%2F..%2F..%2Fetc%2Fpasswd", "{run}/..%2F..%2Fx", "{run}/%2Fetc%2Fpasswd", "{run}/"]
)
def test_paths_of_files_cannot_lead_out(served: Served, path: str) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    place = "/api/2.0/mlflow-artifacts/artifacts/" + path.format(run=run)
    assert served.ask("PUT", place, content=b"x").status_code in (400, 404)
    assert served.ask("GET", place).status_code in (400, 404)


@pytest.mark.parametrize(
    ("path", "asked", "sentence"),
    [
        ("runs/create", {"experiment_id": "999"}, "there is no experiment with id '999'"),
        ("runs/log-metric", {"run_id": "nix"}, "Run with id=nix not found"),
        ("runs/log-metric", {}, "Missing value for required parameter 'run_id'."),
        (
            "runs/search",
            {"experiment_ids": ["0"], "filter": "metrics.x <"},
            "after < a value is missing",
        ),
        ("runs/search", {"experiment_ids": ["0"], "max_results": "many"}, "'many'"),
        ("runs/search", {"experiment_ids": ["0"], "page_token": "!"}, "'!' is no page_token"),
        ("experiments/search", {"filter": "nonsense !"}, "Invalid filter string"),
        ("experiments/create", {"name": "Default"}, "already exists"),
        ("registered-models/rename", {"name": "a", "new_name": "b"}, "there is no model a"),
        ("experiments/update", {"experiment_id": "0", "new_name": "x"}, "keeps its name"),
        ("experiments/create", {"name": "a\x1b[2J"}, "none of them a control character"),
        ("experiments/create", {"name": {"a": 1}}, "name is a text"),
        ("experiments/create", {"name": "x" * 501}, "at most 500 characters"),
        ("runs/search", {"experiment_ids": ["0"], "max_results": math.inf}, "a whole number"),
        ("runs/create", {"experiment_id": "0", "run_name": "a\ud800"}, "no Unicode text"),
    ],
)
def test_what_is_wrong_is_refused_as_mlflows_server_does(
    served: Served, path: str, asked: object, sentence: str
) -> None:
    served.post("runs/create", {"experiment_id": "0"})
    answer = served.post(path, asked)
    assert answer.status_code in (400, 404)
    assert set(answer.json()) == {"error_code", "message"}
    assert sentence in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "asked", "sentence"),
    [
        ("log-metric", {"key": "m", "value": 1, "timestamp": 2**52}, "no time in milliseconds"),
        ("log-metric", {"key": "m", "value": 1, "timestamp": -(2**52)}, "no time in milliseconds"),
        ("log-metric", {"key": "m", "value": 1, "step": 2**63}, "doesn't fit into 64 bits"),
        ("log-metric", {"key": "m" * 251, "value": 1}, "at most 250 characters"),
        ("log-metric", {"key": "m\x1b[2J", "value": 1}, "none of them a control character"),
        ("log-parameter", {"key": "a\x1b[2J", "value": "1"}, "none of them a control character"),
        ("log-parameter", {"key": "a", "value": "b\ud800"}, "no Unicode text"),
        ("log-parameter", {"key": "a", "value": {"b": 1}}, "value is a text"),
        ("set-tag", {"key": "k" * 251, "value": "1"}, "at most 250 characters"),
        ("log-batch", {"tags": [{"key": "a\n", "value": "1"}]}, "none of them a control"),
        ("log-inputs", {"datasets": ["abc"]}, "has a dataset"),
        ("log-inputs", {"datasets": [{"dataset": "x"}]}, "has a dataset"),
        ("log-inputs", {"datasets": [{"dataset": {"name": "x"}, "tags": 5}]}, "a list of tags"),
    ],
)
def test_what_cannot_be_logged_is_refused_and_leaves_nothing(
    served: Served, path: str, asked: dict[str, object], sentence: str
) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    answer = served.post(f"runs/{path}", {"run_id": run, **asked})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert sentence in answer.json()["message"]
    data = served.ask("GET", ASKS + "runs/get", params={"run_id": run}).json()["run"]["data"]
    assert (data["metrics"], data["params"]) == ([], [])


def test_long_values_are_cut_as_mlflows_server_does(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    for _ in range(2):  # the same again is no change
        long = {"run_id": run, "key": "a", "value": "x" * 300_000}
        assert served.post("runs/log-parameter", long).status_code == 200
        assert served.post("runs/set-tag", long).status_code == 200
    data = served.ask("GET", ASKS + "runs/get", params={"run_id": run}).json()["run"]["data"]
    tags = {one["key"]: one["value"] for one in data["tags"]}
    assert (len(data["params"][0]["value"]), len(tags["a"])) == (6000, 8000)


def test_nothing_is_logged_to_an_archived_run(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    assert served.post("runs/delete", {"run_id": run}).status_code == 200
    for path in ("log-parameter", "log-metric", "set-tag", "log-batch", "update", "log-inputs"):
        answer = served.post(f"runs/{path}", {"run_id": run, "key": "a", "value": 1})
        assert answer.status_code == 400
        assert "must be in the 'active' state" in answer.json()["message"]
    assert served.post("runs/restore", {"run_id": run}).status_code == 200
    time_zero = {"run_id": run, "key": "a", "value": 1, "timestamp": 0}
    assert served.post("runs/log-metric", time_zero).status_code == 200
    asked = {"run_id": run, "metric_key": "a"}
    history = served.ask("GET", ASKS + "metrics/get-history", params=asked).json()["metrics"]
    assert [one["timestamp"] for one in history] == [0]


def test_a_name_is_that_of_a_file_or_of_a_folder(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    place = f"/api/2.0/mlflow-artifacts/artifacts/{run}"
    assert served.ask("PUT", f"{place}/a/b", content=b"1").status_code == 200
    assert served.ask("PUT", f"{place}/a/b", content=b"2").status_code == 200
    for path in ("a", "a/b/c"):
        answer = served.ask("PUT", f"{place}/{path}", content=b"3")
        assert answer.status_code == 400
        assert "the run has a file 'a/b'" in answer.json()["message"]


def test_a_version_made_of_a_logged_model_says_where_the_files_are(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    asked = {"experiment_id": "0", "name": "net", "source_run_id": run}
    model = served.post("logged-models", asked).json()["model"]["info"]
    served.post("registered-models/create", {"name": "made"})
    asked = {
        "name": "made",
        "source": f"models:/{model['model_id']}",
        "model_id": model["model_id"],
    }
    version = served.post("model-versions/create", asked).json()["model_version"]
    assert version["run_id"] == run
    assert version["source"] == model["artifact_uri"] == f"mlflow-artifacts:/{run}/net"
    shown = run_command(served.workspace.root, "models", "show", "made", "--json").document
    assert (shown["run_uuid"], shown["source"]) == (run, "net")


def test_what_isnt_given_of_a_model_stays_as_it_is(served: Served) -> None:
    served.post("registered-models/create", {"name": "kept", "description": "mine"})

    def described(**given: str) -> str:
        asked = {"name": "kept", **given}
        answer = served.ask("PATCH", ASKS + "registered-models/update", json=asked)
        return answer.json()["registered_model"]["description"]

    assert [described(), described(description="new"), described(description="")] == [
        "mine",
        "new",
        "",
    ]


def test_the_experiment_for_those_who_name_none_is_there_unmade_and_keeps_its_name(
    tmp_path: Path,
) -> None:
    with new_store(Workspace(tmp_path.resolve())) as store, store.write() as connection:

        def ask(method: str, path: str, **asked: object) -> dict[str, Any]:
            call = Call(connection, asked, datetime.now(UTC), "ann", "mlflow-artifacts:")
            return CALLS[method, path].answer(call)

        found = ask("GET", "experiments/get", experiment_id="0")["experiment"]
        assert (found["name"], found["tags"]) == ("Default", [])
        every = ask("POST", "experiments/search")["experiments"]
        assert [one["experiment_id"] for one in every] == ["0"]
        assert ask("POST", "runs/search", experiment_ids=["0", "99"]) == {"runs": []}
        assert connection.execute(select(experiment)).all() == []  # looking makes nothing
        with pytest.raises(ApiError, match="already exists"):
            ask("POST", "experiments/create", name="Default")
        with pytest.raises(ApiError, match="keeps its name"):
            ask("POST", "experiments/update", experiment_id="0", new_name="mine")
        key = ask("POST", "experiments/create", name="away")["experiment_id"]
        assert ask("GET", "experiments/get", experiment_id=pseudo_id("away")) == ask(
            "GET", "experiments/get", experiment_id=key
        )


def test_a_body_that_is_no_json_is_refused(served: Served) -> None:
    for body in (b"{", b"[]", b"[" * 200_000, b'{"a":' * 100_000):
        answer = served.ask("POST", ASKS + "runs/create", content=body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    unknown = served.ask("GET", ASKS + "traces/search")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_values_that_json_has_not_come_back_as_they_were(served: Served) -> None:
    run = served.post("runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    points = [
        {"key": "m", "value": value, "timestamp": 1, "step": step}
        for step, value in enumerate(["NaN", "Infinity", "-Infinity", 0.1, 1e308])
    ]
    assert served.post("runs/log-batch", {"run_id": run, "metrics": points}).status_code == 200
    asked = {"run_id": run, "metric_key": "m", "max_results": 3}
    answer = served.ask("GET", ASKS + "metrics/get-history", params=asked).json()
    rest = {**asked, "page_token": answer["next_page_token"]}
    answer["metrics"] += served.ask("GET", ASKS + "metrics/get-history", params=rest).json()[
        "metrics"
    ]
    assert [one["value"] for one in answer["metrics"]] == [
        "NaN",
        "Infinity",
        "-Infinity",
        0.1,
        1e308,
    ]


def test_a_port_that_is_taken_is_said_in_one_sentence(served: Served, workspace: Workspace) -> None:
    port = served.url.rpartition(":")[2]
    words = [sys.executable, "-m", "dagtop", "-w", str(workspace.root), "serve", "--mlflow"]
    done = subprocess.run(
        [*words, "--port", port], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == ExitCode.FAILED
    assert f"127.0.0.1:{port} can't be listened at" in done.stderr
    assert json.dumps(done.stdout) == '""'
