"""MLflow's model registry in a dagtop workspace: the runner does it, and has it on its trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils, SearchUtils

from dagtop_mlflow import wire
from dagtop_mlflow.entities import ARTIFACTS, model_of, plainly, version_of

DEFAULT_ORDER = ["last_updated_timestamp DESC", "name ASC", "version_number DESC"]
MAX_RESULTS = 100


class RegistryStore(AbstractStore):
    """The registered models of a workspace."""

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        with plainly():
            self.wire = wire.wire_of(store_uri)

    def _ask(self, method: str, **arguments: Any) -> Any:
        with plainly():
            return self.wire.ask(method, **arguments)

    def _change(self, method: str, **arguments: Any) -> Any:
        return self._ask(method, actor=wire.user_name(), **arguments)

    # -- models

    def create_registered_model(
        self,
        name: str,
        tags: Sequence[Any] | None = None,
        description: str | None = None,
        *_: Any,
        **__: Any,
    ) -> Any:
        given = {tag.key: tag.value for tag in tags or ()}
        made = self._change("create_model", name=name, description=description or "", tags=given)
        return model_of(made)

    def update_registered_model(
        self, name: str, description: str | None, *_: Any, **__: Any
    ) -> Any:
        return model_of(self._change("change_model", name=name, description=description))

    def rename_registered_model(self, name: str, new_name: str) -> Any:
        return model_of(self._change("change_model", name=name, new_name=new_name))

    def delete_registered_model(self, name: str) -> None:
        self._change("delete_model", name=name)

    def get_registered_model(self, name: str) -> Any:
        return model_of(self._ask("get_model", name=name))

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Any]:
        every: list[Any] = [model_of(document) for document in self._ask("list_models")]
        wanted = SearchModelUtils.sort(SearchModelUtils.filter(every, filter_string), order_by)
        page, token = SearchUtils.paginate(wanted, page_token, max_results or MAX_RESULTS)
        return PagedList(page, token)

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[Any]:
        del stages  # there are aliases instead
        return self.get_registered_model(name).latest_versions

    def set_registered_model_tag(self, name: str, tag: Any) -> None:
        self._change("change_model", name=name, tags={tag.key: tag.value})

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._change("change_model", name=name, tags={key: None})

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
        if source.startswith(ARTIFACTS):
            parts = source[len(ARTIFACTS) :].split("/", 1)
            run_id, source = parts[0], parts[-1]
        made = self._change(
            "create_version",
            name=name,
            source=source,
            run_id=run_id or None,
            tags={tag.key: tag.value for tag in tags or ()},
            description=description or "",
            model_id=model_id,
        )
        return version_of(made)

    def update_model_version(self, name: str, version: str, description: str | None) -> Any:
        return version_of(
            self._of_version("change_version", name, version, description=description)
        )

    def _of_version(self, method: str, name: str, version: str, **arguments: Any) -> Any:
        return self._change(method, name=name, version=_number(version), **arguments)

    def transition_model_version_stage(self, *_: Any, **__: Any) -> Any:
        raise MlflowException(
            "model stages are MLflow's old way and not kept here: use an alias, "
            "client.set_registered_model_alias(name, 'champion', version)"
        )

    def delete_model_version(self, name: str, version: str) -> None:
        self._of_version("delete_version", name, version)

    def get_model_version(self, name: str, version: str) -> Any:
        return version_of(self._ask("get_version", name=name, version=_number(version)))

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        return self.get_model_version(name, version).source

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Any]:
        every = [version_of(document) for document in self._ask("list_versions")]
        wanted = SearchModelVersionUtils.filter(every, filter_string)
        wanted = SearchModelVersionUtils.sort(wanted, order_by or DEFAULT_ORDER)
        page, token = SearchUtils.paginate(wanted, page_token, max_results or MAX_RESULTS)
        return PagedList(page, token)

    def set_model_version_tag(self, name: str, version: str, tag: Any) -> None:
        self._of_version("change_version", name, version, tags={tag.key: tag.value})

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        self._of_version("change_version", name, version, tags={key: None})

    # -- aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._of_version("set_alias", name, version, alias=alias)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._change("delete_alias", name=name, alias=alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> Any:
        return version_of(self._ask("get_version", name=name, alias=alias))

    def _await_model_version_creation(self, mv: Any, await_creation_for: Any) -> None:
        """It is there when it is made."""


def _number(version: str | int) -> int:
    try:
        return int(version)
    except ValueError:
        raise MlflowException.invalid_parameter_value(
            f"Model version must be an integer, got '{version}'"
        ) from None
