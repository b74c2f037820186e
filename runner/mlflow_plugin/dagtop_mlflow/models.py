"""Logged models (MLflow 3): their files are among those of their run, under the model's name."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlflow.entities import RunTag
from mlflow.store.entities.paged_list import PagedList
from mlflow.utils.name_utils import _generate_random_name

from dagtop_mlflow import entities
from dagtop_mlflow.entities import ARTIFACTS, missing, plainly

if TYPE_CHECKING:
    from dagtop_mlflow.wire import Wire

HISTORY = "mlflow.log-model.history"
"""The tag in which MLflow 2 keeps which models a run has logged."""
GET_MODEL, SEARCH_MODELS = "GET logged-models/{model_id}", "POST logged-models/search"
MAX_RESULTS, MOST = 100, 5000


class LoggedModels:
    """What the tracking store knows of models."""

    wire: Wire
    own: dict[str, dict[str, Any]]
    _own_models: dict[str, dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self._own_models = {}

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Sequence[Any] | None = None,
        params: Sequence[Any] | None = None,
        model_type: str | None = None,
        **_: Any,
    ) -> Any:
        model_id = f"m-{uuid.uuid4().hex}"
        name = name or _generate_random_name()
        run = source_run_id or self._holder(experiment_id, name)
        location = f"{ARTIFACTS}{run}/{name}"
        if any(one["location"] == location for one in self._own_models.values()):
            location = f"{location}-{model_id[2:10]}"
        now = int(time.time() * 1000)
        document = self._own_models[model_id] = {
            "model_id": model_id,
            "experiment_id": str(experiment_id),
            "run": run,
            "source_run_id": source_run_id,
            "name": name,
            "model_type": model_type,
            "status": "PENDING",
            "location": location,
            "created_at": now,
            "updated_at": now,
            "tags": {tag.key: tag.value for tag in tags or ()},
            "params": {param.key: param.value for param in params or ()},
        }
        self._tell(document)
        return entities.logged_model_of(document)

    def _holder(self, experiment_id: str, name: str) -> str:
        """A run for the files of a model that is logged outside of one."""
        run = self.create_run(experiment_id, None, None, [], name)
        self.update_run_info(run.info.run_id, 3, None, None)
        return run.info.run_id

    def _tell(self, document: dict[str, Any]) -> None:
        names = ("model_id", "run", "name", "status", "location", "model_type", "params", "tags")
        document["updated_at"] = int(time.time() * 1000)
        with plainly():
            self.wire.record(["model", time.time(), *(document[name] for name in names)])

    def _model(self, model_id: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self._own_models.get(model_id)
        if found is None:
            with plainly():
                answer = self.wire.ask(GET_MODEL, model_id=model_id)
            found = entities.model_document(answer["model"])
        return found

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> Any:
        del allow_deleted
        return entities.logged_model_of(self._model(model_id))

    def finalize_logged_model(self, model_id: str, status: Any) -> Any:
        document = self._model(model_id)
        document["status"] = str(getattr(status, "name", status))
        self._tell(document)
        return entities.logged_model_of(document)

    def set_logged_model_tags(self, model_id: str, tags: Sequence[Any]) -> None:
        document = self._model(model_id)
        document["tags"].update({tag.key: tag.value for tag in tags})
        self._tell(document)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        document = self._model(model_id)
        if document["tags"].pop(key, None) is None:
            raise missing(f"No tag with key {key!r} found for model with ID {model_id!r}.")
        self._tell(document)

    def log_logged_model_params(self, model_id: str, params: Sequence[Any]) -> None:
        document = self._model(model_id)
        document["params"].update({param.key: param.value for param in params})
        self._tell(document)

    def delete_logged_model(self, model_id: str) -> None:
        with plainly():
            self.wire.ask("DELETE logged-models/{model_id}", model_id=model_id)
        self._own_models.pop(model_id, None)

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Any = None,
        max_results: int | None = None,
        order_by: Any = None,
        page_token: str | None = None,
        **_: Any,
    ) -> PagedList[Any]:
        from mlflow.utils.search_utils import SearchLoggedModelsUtils

        ids = [str(key) for key in experiment_ids]
        with plainly():
            answers = self.wire.ask_all(SEARCH_MODELS, "models", MOST, experiment_ids=ids)
        found = [entities.model_document(answer) for answer in answers]
        known = [self._own_models.get(one["model_id"]) or one for one in found]
        every = [entities.logged_model_of(document) for document in known]
        wanted = SearchLoggedModelsUtils.filter_logged_models(every, filter_string, datasets)
        ordered = SearchLoggedModelsUtils.sort(wanted, order_by)
        limit = max_results or MAX_RESULTS
        page, token = SearchLoggedModelsUtils.paginate(ordered, page_token, limit)
        return PagedList(page, token)

    def log_outputs(self, run_id: str, models: Sequence[Any]) -> None:
        """The runner knows it by the model's own run; here it is kept for ``get_run``."""
        if run_id in self.own:
            self.own[run_id]["outputs"] += [[one.model_id, one.step] for one in models]

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """MLflow 2: in a tag of the run."""
        run = self.get_run(run_id)
        known = json.loads(run.data.tags.get(HISTORY, "[]"))
        text = json.dumps([*known, mlflow_model.get_tags_dict()])
        self.set_tag(run_id, RunTag(HISTORY, text))

    def set_model_versions_tags(self, name: str, version: str, model_id: str) -> None:
        """MLflow tells a logged model of its registered versions by a tag."""
        document = self._model(model_id)
        tag = "mlflow.modelVersions"
        known = json.loads(document["tags"].get(tag, "[]"))
        document["tags"][tag] = json.dumps([*known, {"name": name, "version": int(version)}])
        self._tell(document)
