"""MLflow's tracking, unmodified, in a workspace: what is logged, searched, and what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.mlflow_plugin import FOLDER as MLFLOW_PLUGIN
from tests.runner.mlflow.conftest import HEAD, Clients
from tests.support.live import Live, wait_for
from tests.support.scripts import ran, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

LOGS = """
mlflow.set_experiment("fluent")
with mlflow.start_run(run_name="outer", tags={"team": "blue"}, description="a note") as run:
    mlflow.log_params({"lr": 0.1, "depth": 3})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"nan": float("nan"), "inf": float("-inf")})
    mlflow.set_tag("gone", "x")
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "a.json")
    mlflow.log_table({"a": [1, 2]}, "table.json")
    with mlflow.start_run(run_name="inner", nested=True) as inner:
        mlflow.log_metric("loss", 0.25)
    try:
        mlflow.log_param("lr", 0.2)
        refused = ""
    except mlflow.MlflowException as error:
        refused = str(error)
run_id = run.info.run_id
own = client.get_run(run_id)
files = client.list_artifacts(run_id)
tell({
    "run_id": run_id,
    "inner": inner.info.run_id,
    "refused": refused.splitlines()[0],
    "status": own.info.status,
    "params": own.data.params,
    "nan": math.isnan(own.data.metrics["nan"]),
    "inf": own.data.metrics["inf"] == -math.inf,
    "history": [[m.value, m.step] for m in client.get_metric_history(run_id, "loss")],
    "files": [[f.path, f.is_dir] for f in files],
    "size": files[0].file_size,
    "notes": [f.path for f in client.list_artifacts(run_id, "notes")],
    "text": mlflow.artifacts.load_text(f"runs:/{run_id}/notes/a.txt"),
    "found": [r.info.run_id for r in client.search_runs([own.info.experiment_id])],
    "name": client.get_experiment(own.info.experiment_id).name,
})
"""


def test_an_unmodified_script_is_recorded_and_reads_what_it_has_logged(clients: Clients) -> None:
    told = clients.told(LOGS)
    assert told["refused"].startswith("Changing param values is not allowed. Param with key='lr'")
    assert told["status"] == "FINISHED"
    assert told["params"] == {"lr": "0.1", "depth": "3"}
    assert told["nan"]
    assert told["inf"]
    assert told["history"] == [[1.0, 0], [0.5, 1], [1 / 3, 2]]
    assert told["files"] == [["a.json", False], ["notes", True], ["table.json", False]]
    assert told["size"] == len('{\n  "a": 1\n}')
    assert told["notes"] == ["notes/a.txt"]
    assert told["text"] == "hello"
    assert told["found"][:2] == [told["inner"], told["run_id"]]
    assert told["name"] == "fluent"
    live = clients.live
    row = live.query(
        "SELECT t.id, t.name, t.status, e.name FROM tracked_run t JOIN experiment e "
        "ON e.id = t.experiment_id WHERE uuid = ?",
        told["run_id"],
    )
    assert row[0][1:] == ("outer", "FINISHED", "fluent")
    key = row[0][0]
    assert live.value("SELECT name FROM tracked_run WHERE parent_id = ?", key) == "inner"
    tags = dict(live.query("SELECT key, value FROM tag WHERE run_id = ?", key))
    assert tags["team"] == "blue"
    assert tags["mlflow.note.content"] == "a note"
    assert "gone" not in tags
    files = live.query("SELECT path, digest FROM artifact WHERE run_id = ? ORDER BY path", key)
    assert [path for path, _ in files] == ["a.json", "notes/a.txt", "table.json"]
    digest = files[1][1]
    kept = live.workspace.artifacts / digest[:2] / digest
    assert kept.read_text() == "hello"


FIVE_RUNS = """
name = sys.argv[0] + os.environ["EXPERIMENT"]
mlflow.set_experiment(name)
key = client.get_experiment_by_name(name).experiment_id
logged = {"half": 0.5, "nan": math.nan, "inf": math.inf, "tenth": 0.1, "missing": None}
lrs = {"half": "0.5", "nan": "1e-3", "inf": "10", "tenth": "9", "missing": None}
for run_name, loss in logged.items():
    with mlflow.start_run(run_name=run_name):
        if loss is not None:
            mlflow.log_metric("loss", loss)
            mlflow.log_param("lr", lrs[run_name])
def named(filter="", order=()):
    runs = client.search_runs([key], filter, order_by=list(order))
    return [run.info.run_name for run in runs]
with mlflow.start_run(run_name="deleted") as gone:
    pass
client.delete_run(gone.info.run_id)
from mlflow.entities import ViewType
pages, token = [], None
while True:
    page = client.search_runs([key], max_results=2, page_token=token)
    pages.append(len(page))
    token = page.token
    if not token:
        break
try:
    named("metrics.loss <")
    error = ""
except mlflow.MlflowException as problem:
    error = str(problem)
tell({
    "below 1": sorted(named("metrics.loss < 1")),
    "not half": sorted(named("metrics.loss != 0.5")),
    "huge": named("metrics.loss > 1e10"),
    "asc": named(order=["metrics.loss ASC"]),
    "desc": named(order=["metrics.loss DESC"]),
    "text": named("params.lr LIKE '%'", ["params.lr ASC"]),
    "name": named("attributes.run_name = 'half' AND status = 'FINISHED'"),
    "deleted": [r.info.run_name for r in client.search_runs([key], "", ViewType.DELETED_ONLY)],
    "all": len(client.search_runs([key], "", ViewType.ALL)),
    "pages": pages,
    "error": error,
})
"""


def test_filters_and_orders_give_what_mlflows_own_store_gives(
    clients: Clients, request: pytest.FixtureRequest
) -> None:
    told = clients.told(FIVE_RUNS, EXPERIMENT=request.node.name)
    assert told["below 1"] == ["half", "tenth"]
    assert told["not half"] == ["inf", "nan", "tenth"]
    assert told["huge"] == ["inf"]
    assert told["asc"] == ["tenth", "half", "inf", "nan", "missing"]
    assert told["desc"] == ["inf", "half", "tenth", "nan", "missing"]
    assert told["text"] == ["half", "inf", "nan", "tenth"]  # '0.5' < '10' < '1e-3' < '9'
    assert told["name"] == ["half"]
    assert told["deleted"] == ["deleted"]
    assert told["all"] == 6
    assert told["pages"] == [2, 2, 1]
    assert "a value is missing" in told["error"]


ALONE = """
mlflow.set_experiment("alone")
with mlflow.start_run(run_name="alone") as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "a.txt")
    text = mlflow.artifacts.load_text(run.info.artifact_uri + "/a.txt")
history = [m.value for m in client.get_metric_history(run.info.run_id, "loss")]
try:
    client.search_runs(["1"])
except mlflow.MlflowException as error:
    tell([text, history, client.get_run(run.info.run_id).info.status, str(error)])
"""


def test_without_a_runner_a_script_logs_and_reads_its_own(own: Live, python: str) -> None:
    text, history, status, error = Clients(own, python).told(ALONE)
    assert (text, history, status) == ("hello", [0.5], "FINISHED")
    assert error.startswith(f"no runner answers in {own.workspace.root} (")
    assert error.endswith("can only be read when one does; start it with 'dagtop up'")
    own.start()
    Clients(own, python).wait_until_read()
    rows = own.query(
        "SELECT t.name, e.name, status FROM tracked_run t JOIN experiment e ON e.id = experiment_id"
    )
    assert rows == [("alone", "alone", "FINISHED")]


def test_a_killed_script_keeps_what_it_has_logged_and_its_run_is_killed(clients: Clients) -> None:
    process = clients.start(
        """
run = mlflow.start_run(run_name="killed")
mlflow.log_metric("loss", 1.0)
tell(run.info.run_id)
import time; time.sleep(60)
"""
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().split('"')[1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    clients.wait_until_read()
    live = clients.live
    assert live.value("SELECT status FROM tracked_run WHERE uuid = ?", run_id) == "KILLED"
    query = "SELECT count FROM metric m JOIN tracked_run t ON t.id = m.run_id WHERE uuid = ?"
    assert live.value(query, run_id) == 1


def test_two_processes_at_once_may_log_to_one_run(clients: Clients) -> None:
    run_id = clients.told("with mlflow.start_run() as run: tell(run.info.run_id)")
    text = """
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 1.0, step=int(os.environ["STEP"]))
    mlflow.log_param("p" + os.environ["STEP"], "x")
tell(run.info.run_id)
"""
    several = [
        clients.start(text, name=f"part{step}.py", STEP=str(step), MLFLOW_RUN_ID=run_id)
        for step in range(2)
    ]
    assert [run_id in ran(process) for process in several] == [True, True]
    told = clients.told(
        f"run = client.get_run({run_id!r}); tell([run.info.status, run.data.params])"
    )
    assert told == ["FINISHED", {"p0": "x", "p1": "x"}]
    query = "SELECT count FROM metric m JOIN tracked_run t ON t.id = m.run_id WHERE uuid = ?"
    assert clients.live.value(query, run_id) == 2


def test_what_is_wrong_is_said_in_one_sentence(clients: Clients) -> None:
    told = clients.told(
        """
def problem(act):
    try:
        act()
    except mlflow.MlflowException as error:
        return [str(error), error.error_code]
run_id = client.create_run("0").info.run_id
tell([
    problem(lambda: client.get_run("0" * 32)),
    problem(lambda: client.get_experiment("12345")),
    problem(lambda: client.create_experiment("x", artifact_location="/tmp/x")),
    problem(lambda: client.get_registered_model("none")),
    problem(lambda: mlflow.artifacts.load_text("dagtop-artifact:/" + "0" * 32 + "/a.txt")),
    [*problem(lambda: mlflow.artifacts.load_text(f"dagtop-artifact:/{run_id}/a.txt")), run_id],
])
"""
    )
    missing = "RESOURCE_DOES_NOT_EXIST"
    assert told[0] == [f"Run with id={'0' * 32} not found", missing]
    assert told[1] == ["there is no experiment with id '12345'", missing]
    assert "files are kept in the workspace" in told[2][0]
    assert told[3][1] == missing
    assert told[4] == told[0]
    assert f"run {told[5][2]} has no artifact 'a.txt'" in told[5][0]


def test_nothing_is_logged_to_what_is_not_there_or_deleted(clients: Clients) -> None:
    told = clients.told(
        """
from mlflow.entities import Param
def problem(act):
    try:
        act()
    except mlflow.MlflowException as error:
        return [str(error), error.error_code]
nobody = "0" * 32
gone = client.create_experiment(f"gone for good, {mlflow.__version__}")
client.delete_experiment(gone)
run = client.create_run("0").info.run_id
client.log_param(run, "before", 1)
client.delete_run(run)
found = [
    problem(lambda: client.log_metric(nobody, "loss", 1)),
    problem(lambda: client.log_param(nobody, "lr", 1)),
    problem(lambda: client.set_tag(nobody, "t", 1)),
    problem(lambda: client.log_batch(nobody, params=[Param("a", "b")])),
    problem(lambda: client.log_param(run, "after", 1)),
    problem(lambda: client.create_run(gone)),
    problem(lambda: client.search_runs(["0"], max_results=0)),
    problem(lambda: client.search_runs(["0"], max_results=50_001)),
]
client.restore_run(run)
client.log_param(run, "after", 2)
client.restore_experiment(gone)
named = client.create_run(gone, run_name=5, tags={"n": 5})
tell([found, client.get_run(run).data.params, named.info.run_name, named.data.tags["n"]])
"""
    )
    found, params, name, tag = told
    missing = [f"Run with id={'0' * 32} not found", "RESOURCE_DOES_NOT_EXIST"]
    assert found[:4] == [missing] * 4
    assert all("must be in the 'active' state" in sentence for sentence, _ in found[4:6])
    assert all("for parameter 'max_results'" in sentence for sentence, _ in found[6:])
    assert {code for _, code in found[4:]} == {"INVALID_PARAMETER_VALUE"}
    assert params == {"before": "1", "after": "2"}
    assert (name, tag) == ("5", "5")
    clients.wait_until_read()
    assert clients.live.value("SELECT count(*) FROM tracked_run WHERE uuid = ?", "0" * 32) == 0


def test_an_alias_that_is_not_there_is_answered_as_mlflow_does(clients: Clients) -> None:
    told = clients.told(
        """
name = f"no aliases, {mlflow.__version__}"
client.create_registered_model(name)
client.delete_registered_model_alias(name, "champion")
try:
    client.get_model_version_by_alias(name, "champion")
except mlflow.MlflowException as error:
    tell([str(error), error.error_code])
"""
    )
    assert told == ["Registered model alias champion not found.", "INVALID_PARAMETER_VALUE"]


@pytest.mark.timeout(200)
def test_pipes_are_left_out_of_folders_and_links_followed(clients: Clients, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "weights").write_text("w")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more").write_text("m")
    (folder / "latest").symlink_to(tmp_path / "elsewhere")
    (folder / "round").symlink_to(folder)
    told = clients.told(
        f"""
with mlflow.start_run() as run:
    mlflow.log_artifacts({str(folder)!r})
    try:
        mlflow.log_artifact({str(folder / "pipe")!r})
    except mlflow.MlflowException as error:
        refused = str(error)
def paths(inner=None):
    for one in client.list_artifacts(run.info.run_id, inner):
        yield from paths(one.path) if one.is_dir else [one.path]
tell([sorted(paths()), refused])
"""
    )
    assert told[0] == ["latest/more", "weights"]
    assert told[1].endswith("is not a file")


def test_outside_of_a_workspace_one_sentence_says_so(
    clients: Clients, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    process = script(
        clients.live,
        f"{HEAD}\nmlflow.start_run()",
        folder=folder,
        python=clients.python,
        PYTHONPATH=str(MLFLOW_PLUGIN),
        MLFLOW_TRACKING_URI="dagtop:",
    )
    error = ran(process, 1)
    assert f"there is no workspace in {folder} or above it to record in" in error


def test_the_address_may_name_the_workspace(
    clients: Clients, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    text = """
mlflow.set_experiment("named")
with mlflow.start_run() as run:
    mlflow.log_text("hello", "a.txt")
tell(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt"))
"""
    process = script(
        clients.live,
        f"{HEAD}\n{text}",
        folder=folder,
        python=clients.python,
        PYTHONPATH=str(MLFLOW_PLUGIN),
        MLFLOW_TRACKING_URI=f"dagtop:{clients.live.workspace.root}",
        MLFLOW_DISABLE_TELEMETRY="true",
    )
    assert 'TOLD "hello"' in ran(process)
    assert clients.live.value("SELECT name FROM experiment WHERE name = 'named'") == "named"


def test_who_does_not_import_mlflow_pays_nothing(tmp_path: Path) -> None:
    code = "import sys; print([name for name in sys.modules if 'mlflow' in name])"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(MLFLOW_PLUGIN), "MLFLOW_TRACKING_URI": "dagtop:"},
    )
    assert out.stdout == "[]\n"


def test_the_runs_of_a_script_are_seen_while_it_works(clients: Clients) -> None:
    process = clients.start(
        """
import pathlib, time
with mlflow.start_run(run_name="works"):
    mlflow.log_metric("loss", math.nan)
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
"""
    )
    live = clients.live
    query = "SELECT status FROM tracked_run WHERE name = 'works' ORDER BY id DESC LIMIT 1"
    wait_for(lambda: live.value(query) == "RUNNING", what="the run")
    go = live.workspace.root / "go"
    go.touch()
    ran(process)
    go.unlink()
    wait_for(lambda: live.value(query) == "FINISHED", what="its end")
