"""Where a script runs: the tags that each of its runs gets, and its experiment."""

from __future__ import annotations

import os

from mlflow.exceptions import MlflowException
from mlflow.tracking import get_tracking_uri
from mlflow.tracking.context.abstract_context import RunContextProvider
from mlflow.tracking.default_experiment.abstract_context import DefaultExperimentProvider

TAGS = {
    "dagtop.dag_id": "DAGTOP_DAG_ID",
    "dagtop.run_id": "DAGTOP_RUN_ID",
    "dagtop.task_id": "DAGTOP_TASK_ID",
    "dagtop.map_index": "DAGTOP_MAP_INDEX",
    "dagtop.try_number": "DAGTOP_TRY_NUMBER",
}
"""Tags by the variables of a try's process."""


def is_ours() -> bool:
    """Whether MLflow logs into a workspace."""
    return get_tracking_uri().startswith("dagtop:")


class RunContext(RunContextProvider):
    """Tags that say which try has begun a run."""

    def in_context(self) -> bool:
        return "DAGTOP_TRY" in os.environ and is_ours()

    def tags(self) -> dict[str, str]:
        found = {tag: os.environ.get(variable) for tag, variable in TAGS.items()}
        return {tag: value for tag, value in found.items() if value}


class DefaultExperiment(DefaultExperimentProvider):
    """The experiment of the DAG run, for a script that names none."""

    def in_context(self) -> bool:
        return bool(os.environ.get("DAGTOP_EXPERIMENT")) and is_ours()

    def get_experiment_id(self) -> str:
        from mlflow.tracking import MlflowClient

        client = MlflowClient()
        name = os.environ["DAGTOP_EXPERIMENT"]
        found = client.get_experiment_by_name(name)
        if found is None:
            try:
                return client.create_experiment(name)
            except MlflowException:  # another task of the DAG run has made it meanwhile
                found = client.get_experiment_by_name(name)
                if found is None:
                    raise
        return found.experiment_id
