"""Experiments, as MLflow's tracking store has them; without a runner they are known by name."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlflow.entities import LifecycleStage, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils
from mlflow.utils.validation import _validate_experiment_name

from dagtop_mlflow import entities, wire
from dagtop_mlflow.entities import plainly

if TYPE_CHECKING:
    from dagtop_mlflow.wire import Wire

DEFAULT_ID, DEFAULT_NAME = "0", "Default"
GET_BY_NAME = "GET experiments/get-by-name"
SEARCH_EXPERIMENTS, MOST = "POST experiments/search", 50_000
VIEWS = {
    ViewType.ACTIVE_ONLY: "ACTIVE_ONLY",
    ViewType.DELETED_ONLY: "DELETED_ONLY",
    ViewType.ALL: "ALL",
}


class Experiments:
    """What the tracking store knows of experiments."""

    wire: Wire

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str] = {DEFAULT_ID: DEFAULT_NAME}
        """By id."""
        self._deleted: set[str] = set()
        """Those that were deleted when they were looked at, or by this process."""

    def get_experiment_by_name(self, experiment_name: str) -> Any:
        with plainly():
            try:
                found = self.wire.ask(GET_BY_NAME, experiment_name=experiment_name)["experiment"]
            except wire.RunnerAway:  # it is made, if need be, when a run begins in it
                found = self._unseen(experiment_name)
            except wire.Refused as error:
                if error.code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return None
        return self._experiment(found)

    def _unseen(self, name: str) -> dict[str, Any]:
        """An experiment as it is known while no runner is there to ask."""
        known = [key for key, one in self._names.items() if one == name]
        now = int(time.time() * 1000)
        return {
            "experiment_id": known[0] if known else pseudo_id(name),
            "name": name,
            "lifecycle_stage": LifecycleStage.ACTIVE,
            "tags": [],
            "creation_time": now,
            "last_update_time": now,
        }

    def _experiment(self, document: Mapping[str, Any]) -> Any:
        self._names[document["experiment_id"]] = document["name"]
        is_deleted = document["lifecycle_stage"] == LifecycleStage.DELETED
        (self._deleted.add if is_deleted else self._deleted.discard)(document["experiment_id"])
        return entities.experiment_of(document)

    def get_experiment(self, experiment_id: str) -> Any:
        key = str(experiment_id)
        with plainly():
            try:
                found = self.wire.ask("GET experiments/get", experiment_id=key)["experiment"]
            except wire.RunnerAway:
                if key not in self._names:
                    raise
                found = self._unseen(self._names[key])
        return self._experiment(found)

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Sequence[Any] | None = None,
        **_: Any,
    ) -> str:
        _validate_experiment_name(name)
        if artifact_location:
            raise MlflowException(
                f"experiment {name!r}: artifact_location can't be {artifact_location!r}, files are "
                "kept in the workspace, by their content; leave it out"
            )
        given = [{"key": tag.key, "value": tag.value} for tag in tags or ()]
        with plainly():
            try:
                found = self.wire.ask("POST experiments/create", name=name, tags=given)
            except wire.RunnerAway:
                if given:
                    raise
                found = self._unseen(name)
        self._names[found["experiment_id"]] = name
        return found["experiment_id"]

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
        **_: Any,
    ) -> PagedList[Any]:
        with plainly():
            view = VIEWS[view_type]
            found = self.wire.ask_all(SEARCH_EXPERIMENTS, "experiments", MOST, view_type=view)
        every = [self._experiment(document) for document in found]
        wanted = SearchExperimentsUtils.filter(every, filter_string)
        wanted = SearchExperimentsUtils.sort(
            wanted, order_by or ["creation_time DESC", "experiment_id ASC"]
        )
        page, token = SearchUtils.paginate(wanted, page_token, max_results)
        return PagedList(page, token)

    def delete_experiment(self, experiment_id: str) -> None:
        self._change_experiment("delete", experiment_id)
        self._deleted.add(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        self._change_experiment("restore", experiment_id)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        _validate_experiment_name(new_name)
        self._change_experiment("update", experiment_id, new_name=new_name)
        self._names[str(experiment_id)] = new_name

    def set_experiment_tag(self, experiment_id: str, tag: Any) -> None:
        act = "set-experiment-tag"
        self._change_experiment(act, experiment_id, key=tag.key, value=tag.value)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._change_experiment("delete-experiment-tag", experiment_id, key=key)

    def _change_experiment(self, act: str, experiment_id: str, **changes: Any) -> None:
        with plainly():
            self.wire.ask(f"POST experiments/{act}", experiment_id=str(experiment_id), **changes)

    def _name_to_begin_in(self, experiment_id: str) -> str:
        """The name of an experiment. Raises ``MlflowException`` where there is none, or it is
        deleted."""
        is_known = experiment_id in self._names and experiment_id not in self._deleted
        stage = LifecycleStage.ACTIVE
        if not is_known:
            stage = self.get_experiment(experiment_id).lifecycle_stage
        if stage != LifecycleStage.ACTIVE:
            raise MlflowException.invalid_parameter_value(
                f"The experiment {experiment_id} must be in the 'active' state. Current state is "
                "deleted."
            )
        return self._names[experiment_id]


def pseudo_id(name: str) -> str:
    """An id for an experiment whose own isn't known; the runner understands it, too."""
    import hashlib

    return "x" + hashlib.sha256(name.encode()).hexdigest()[:16]
