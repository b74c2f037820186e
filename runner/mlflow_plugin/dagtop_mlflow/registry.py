"""MLflow's model registry in a dagtop workspace: the runner does it, and has it on its trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils, SearchUtils

from dagtop_mlflow import wire
from dagtop_mlflow.entities import model_of, plainly, version_of

DEFAULT_ORDER = ["last_updated_timestamp DESC", "name ASC", "version_number DESC"]
MAX_RESULTS, MOST = 100, 200_000
GET_MODEL, CHANGE_MODEL = "GET registered-models/get", "PATCH registered-models/update"
GET_VERSION, CHANGE_VERSION = "GET model-versions/get", "PATCH model-versions/update"


class RegistryStore(AbstractStore):
    """The registered models of a workspace."""

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        with plainly():
            self.wire = wire.wire_of(store_uri)

    def _ask(self, method: str, **arguments: Any) -> Any:
        with plainly():
            return self.wire.ask(method, **arguments)

    def _all(self, method: str, what: str) -> list[Any]:
        with plainly():
            return self.wire.ask_all(method, what, MOST)

    def _model(self, method: str, **arguments: Any) -> Any:
        return model_of(self._ask(method, **arguments)["registered_model"])

    def _version(self, method: str, **arguments: Any) -> Any:
        return version_of(self._ask(method, **arguments)["model_version"])

    # -- models

    def create_registered_model(
        self,
        name: str,
        tags: Sequence[Any] | None = None,
        description: str | None = None,
        *_: Any,
        **__: Any,
    ) -> Any:
        given, words = _pairs(tags), description or ""
        made = "POST registered-models/create"
        return self._model(made, name=name, description=words, tags=given)

    def update_registered_model(
        self, name: str, description: str | None, *_: Any, **__: Any
    ) -> Any:
        return self._model(CHANGE_MODEL, name=name, description=description)

    def rename_registered_model(self, name: str, new_name: str) -> Any:
        return self._model("POST registered-models/rename", name=name, new_name=new_name)

    def delete_registered_model(self, name: str) -> None:
        self._ask("DELETE registered-models/delete", name=name)

    def get_registered_model(self, name: str) -> Any:
        return self._model(GET_MODEL, name=name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Any]:
        answers = self._all("GET registered-models/search", "registered_models")
        every: list[Any] = [model_of(answer) for answer in answers]
        wanted = SearchModelUtils.sort(SearchModelUtils.filter(every, filter_string), order_by)
        page, token = SearchUtils.paginate(wanted, page_token, max_results or MAX_RESULTS)
        return PagedList(page, token)

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[Any]:
        del stages  # there are aliases instead
        return self.get_registered_model(name).latest_versions

    def set_registered_model_tag(self, name: str, tag: Any) -> None:
        self._ask("POST registered-models/set-tag", name=name, key=tag.key, value=tag.value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._ask("DELETE registered-models/delete-tag", name=name, key=key)

    # -- versions

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Sequence[Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
        **_: Any,
    ) -> Any:
        del run_link, local_model_path
        return self._version(
            "POST model-versions/create",
            name=name,
            source=source,
            run_id=run_id or None,
            tags=_pairs(tags),
            description=description or "",
            model_id=model_id,
        )

    def update_model_version(self, name: str, version: str, description: str | None) -> Any:
        number = _number(version)
        return self._version(CHANGE_VERSION, name=name, version=number, description=description)

    def _of_version(self, method: str, name: str, version: str, **arguments: Any) -> None:
        self._ask(method, name=name, version=_number(version), **arguments)

    def transition_model_version_stage(self, *_: Any, **__: Any) -> Any:
        raise MlflowException(
            "model stages are MLflow's old way and not kept here: use an alias, "
            "client.set_registered_model_alias(name, 'champion', version)"
        )

    def delete_model_version(self, name: str, version: str) -> None:
        self._of_version("DELETE model-versions/delete", name, version)

    def get_model_version(self, name: str, version: str) -> Any:
        return self._version(GET_VERSION, name=name, version=_number(version))

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        return self.get_model_version(name, version).source

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Any]:
        answers = self._all("GET model-versions/search", "model_versions")
        every = [version_of(answer) for answer in answers]
        wanted = SearchModelVersionUtils.filter(every, filter_string)
        wanted = SearchModelVersionUtils.sort(wanted, order_by or DEFAULT_ORDER)
        page, token = SearchUtils.paginate(wanted, page_token, max_results or MAX_RESULTS)
        return PagedList(page, token)

    def set_model_version_tag(self, name: str, version: str, tag: Any) -> None:
        self._of_version("POST model-versions/set-tag", name, version, key=tag.key, value=tag.value)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        self._of_version("DELETE model-versions/delete-tag", name, version, key=key)

    # -- aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._of_version("POST registered-models/alias", name, version, alias=alias)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._ask("DELETE registered-models/alias", name=name, alias=alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> Any:
        return self._version("GET registered-models/alias", name=name, alias=alias)

    def _await_model_version_creation(self, mv: Any, await_creation_for: Any) -> None:
        """It is there when it is made."""


def _pairs(tags: Sequence[Any] | None) -> list[dict[str, str]]:
    return [{"key": tag.key, "value": tag.value} for tag in tags or ()]


def _number(version: str | int) -> int:
    try:
        return int(version)
    except ValueError:
        raise MlflowException.invalid_parameter_value(
            f"Model version must be an integer, got '{version}'"
        ) from None
