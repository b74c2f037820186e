"""MLflow in tasks, with nothing but what the runner injects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runner.mlflow.conftest import Clients
from tests.support.live import Live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

TRAINING = """
import warnings
warnings.simplefilter("ignore")
import mlflow
import numpy
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

mlflow.sklearn.autolog(log_models=False)
X = numpy.arange(20.0).reshape(-1, 1)
y = 2 * numpy.arange(20.0)
model = Ridge().fit(X, y)
model.score(X, y)
GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
"""
PIPELINE = """
from dagtop import DAG, BashOperator, task
with DAG("training", is_paused_upon_creation=False):
    BashOperator(task_id="script", bash_command="{python} {script}")

    @task
    def inside():
        import mlflow
        with mlflow.start_run(run_name="by hand"):
            mlflow.log_metric("loss", 0.5)
        return mlflow.get_tracking_uri()

    @task
    def fails():
        import mlflow
        mlflow.start_run(run_name="left open")
        raise ValueError("no")

    inside()
    fails()
"""


def test_an_unmodified_training_of_a_task_is_recorded(
    shared: Live, python: str, tmp_path: Path
) -> None:
    path = tmp_path / "train.py"
    path.write_text(TRAINING)
    before = shared.value("SELECT coalesce(max(id), 0) FROM tracked_run")
    shared.write("training.py", PIPELINE.format(python=python, script=path))
    state, _ = shared.run("training", timeout=120)
    assert state == "failed", shared.log_text()
    Clients(shared, python).wait_until_read()
    rows = shared.query(
        "SELECT t.id, e.name, t.status, t.task_id, t.try_number, t.parent_id FROM tracked_run t "
        f"JOIN experiment e ON e.id = t.experiment_id WHERE t.id > {before}"
    )
    scripts = [row for row in rows if row[3] == "script"]
    assert {row[1:5] for row in rows} == {
        ("training", "FINISHED", "script", 1),
        ("training", "FINISHED", "inside", 1),
        ("training", "FAILED", "fails", 1),
    }
    assert len([row for row in scripts if row[5] is not None]) == 2  # the search's candidates
    assert len([row for row in scripts if row[5] is None]) == 2  # the fit, and the search
    keys = {row[0] for row in shared.query(f"SELECT key FROM metric WHERE run_id > {before}")}
    assert {"loss", "training_mean_squared_error", "best_cv_score"} <= keys
    tags = dict(shared.query("SELECT key, value FROM tag WHERE run_id = ?", scripts[0][0]))
    assert tags["dagtop.dag_id"] == "training"
    assert tags["dagtop.task_id"] == "script"
    assert tags["dagtop.try_number"] == "1"
    assert "dagtop.map_index" not in tags
    datasets = "SELECT count(*) FROM dataset_input WHERE run_id > ?"
    assert shared.value(datasets, before) > 0


WHERE = """
import os
from dagtop import DAG, task
with DAG("where", is_paused_upon_creation=False):
    @task
    def look():
        return [os.environ.get("MLFLOW_TRACKING_URI"), os.environ.get("PYTHONPATH")]
    look()
"""


@pytest.mark.parametrize(
    ("settings", "variables", "expected"),
    [
        ("", {}, '"dagtop:"'),
        ("[runner]\nmlflow = false\n", {}, "null"),
        ("", {"MLFLOW_TRACKING_URI": "http://mine:5000"}, '"http://mine:5000"'),
    ],
    ids=["injected", "switched off", "the user's own"],
)
def test_mlflow_is_pointed_to_the_workspace_unless_told_otherwise(
    own: Live, settings: str, variables: dict[str, Any], expected: str
) -> None:
    own.configure(settings)
    own.write("where.py", WHERE)
    own.start(**variables, PYTHONPATH="/of/the/user")
    assert own.run("where")[0] == "success"
    found = own.value("SELECT value FROM xcom")
    uri, path = (found if isinstance(found, str) else found.decode()).strip("[]").split(",")
    assert uri == expected
    has_plugin = path.strip('"').split(":")
    assert has_plugin[0] == "/of/the/user"
    assert (len(has_plugin) == 2) == (expected == '"dagtop:"')
