"""Models by MLflow's own calls: logged, loaded, registered, promoted."""

from __future__ import annotations

import pytest

from tests.runner.mlflow.conftest import Clients

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MODELS = """
import mlflow.sklearn
from sklearn.linear_model import LinearRegression
mlflow.set_experiment("models")
name = "line" + os.environ["SUFFIX"]
model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
kind = {"serialization_format": "cloudpickle"}
pip = {"pip_requirements": ["scikit-learn"]}  # what it needs is not looked for, which takes long
with mlflow.start_run() as run:
    mlflow.sklearn.log_model(model, "model", registered_model_name=name, **kind, **pip)
run_id = run.info.run_id
again = mlflow.register_model(f"runs:/{run_id}/model", name, tags={"from": "test"})
client.set_registered_model_alias(name, "champion", again.version)
client.update_registered_model(name, "a line")
client.set_model_version_tag(name, "1", "checked", "yes")
client.update_model_version(name, "1", "the first")
def at_two(uri):
    return round(float(mlflow.sklearn.load_model(uri).predict([[2.0]])[0]), 6)
first = client.get_model_version(name, "1")
try:
    client.transition_model_version_stage(name, "1", "Production")
except mlflow.MlflowException as error:
    stages = str(error)
try:
    client.create_registered_model(name)
except mlflow.MlflowException as error:
    twice = error.error_code
loaded = [
    at_two(uri)
    for uri in (f"runs:/{run_id}/model", f"models:/{name}/1", f"models:/{name}@champion")
]
copied = client.copy_model_version(f"models:/{name}/1", name + "-copy") if twice else None
loaded.append(at_two(f"models:/{name}-copy/{copied.version}"))
with mlflow.start_run() as reader:
    at_two(f"models:/{name}/1")
client.delete_registered_model_alias(name, "champion")
client.delete_model_version(name, "2")
tell({
    "run_id": run_id,
    "reader": reader.info.run_id,
    "loaded": loaded,
    "first": [first.version, first.source, first.description, first.tags, first.run_id],
    "champion": again.version,
    "aliases": client.get_registered_model(name).aliases,
    "description": client.get_registered_model(name).description,
    "found": [v.version for v in client.search_model_versions(f"name='{name}'")],
    "models": sorted(m.name for m in client.search_registered_models(f"name LIKE '{name}%'")),
    "files": sorted(f.path for f in client.list_artifacts(run_id, "model")),
    "stages": stages,
    "twice": twice,
})
"""


def test_models_are_logged_loaded_registered_and_promoted(clients: Clients, python: str) -> None:
    suffix = str(abs(hash(python)))
    told = clients.told(MODELS, SUFFIX=suffix)
    name, run_id = f"line{suffix}", told["run_id"]
    assert told["loaded"] == [5.0] * 4
    source = f"dagtop-artifact:/{run_id}/model"
    assert told["first"] == ["1", source, "the first", {"checked": "yes"}, run_id]
    assert told["champion"] == "2" or told["champion"] == 2
    assert told["aliases"] == {}
    assert told["description"] == "a line"
    assert told["found"] == ["1"]
    assert told["models"] == [name, f"{name}-copy"]
    assert "model/MLmodel" in told["files"]
    assert "use an alias" in told["stages"]
    assert told["twice"] == "RESOURCE_ALREADY_EXISTS"
    live = clients.live
    paths = live.query(
        "SELECT path FROM artifact a JOIN tracked_run t ON t.id = a.run_id WHERE uuid = ?", run_id
    )
    assert ("model/MLmodel",) in paths
    clients.wait_until_read()
    uses = live.query(
        "SELECT t.uuid, u.producer_uuid FROM artifact_use u JOIN tracked_run t ON t.id = u.run_id "
        "WHERE u.path = 'model/MLmodel'"
    )
    assert (told["reader"], run_id) in uses  # what no run was active for is nobody's use
    assert {reader for reader, _ in uses if reader == run_id} == set()
    version = live.query(
        "SELECT v.version, v.source, v.run_uuid FROM model_version v "
        "JOIN registered_model m ON m.id = v.model_id WHERE m.name = ?",
        name,
    )
    assert version == [(1, "model", run_id)]
    assert live.value("SELECT count(*) FROM event WHERE kind = 'model_registered'") >= 2


LOGGED = """
import mlflow.sklearn
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
options = {"serialization_format": "cloudpickle", "pip_requirements": ["scikit-learn"]}
outside = mlflow.sklearn.log_model(model, name="outside", **options)
key = client.get_run(outside.run_id).info.experiment_id if outside.run_id else "0"
found = client.search_logged_models(["0"], "name = 'outside'")
logged = client.get_logged_model(outside.model_id)
client.set_logged_model_tags(outside.model_id, {"good": "yes"})
tell([
    [one.name for one in found],
    str(logged.status),
    client.get_logged_model(outside.model_id).tags["good"],
    float(mlflow.sklearn.load_model(f"models:/{outside.model_id}").predict([[2.0]])[0]),
])
tell([outside.model_id])
"""


def test_a_model_may_be_logged_outside_of_a_run(clients: Clients, python: str) -> None:
    import sys

    if python != sys.executable:
        pytest.skip("MLflow 2 has no models without a run")
    (model_id,) = clients.told(LOGGED)
    clients.wait_until_read()
    row = clients.live.query(
        "SELECT m.name, m.status, t.name, t.status FROM logged_model m "
        "JOIN tracked_run t ON t.id = m.run_id WHERE m.id = ?",
        model_id,
    )
    assert row == [("outside", "READY", "outside", "FINISHED")]
