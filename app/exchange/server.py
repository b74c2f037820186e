"""MLflow's tracking server, read over its REST interface (``/api/2.0/mlflow``)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from app.exchange.foreign import (
    ForeignExperiment,
    ForeignFile,
    ForeignLoggedModel,
    ForeignModel,
    ForeignRun,
    ForeignVersion,
    Point,
    SourceError,
    files_below,
    local_folder,
    point_of,
    real_value,
    remote_files,
    safe_path,
)
from app.exchange.shaping import (
    experiment_from,
    input_from,
    logged_model_from,
    model_from,
    run_from,
    version_from,
)

if TYPE_CHECKING:
    import httpx

PAGE = 1000
HISTORY_PAGE = 25_000
"""The most that MLflow's server gives at once."""
TIMEOUT = 60
OWN_SCHEMES = ("mlflow-artifacts", "http", "https")
"""Of artifacts that the server hands out itself."""


class ServerSource:
    """A server at ``url``; its user and password are taken from there, or from MLflow's variables
    ``MLFLOW_TRACKING_USERNAME``, ``MLFLOW_TRACKING_PASSWORD`` and ``MLFLOW_TRACKING_TOKEN``."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        try:
            import httpx
        except ModuleNotFoundError:
            raise SourceError("reading from a server needs httpx: install dagtop[remote]") from None
        parts = urlsplit(url)
        self.url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        self.url = self.url.rstrip("/")
        self.problems: list[str] = []
        self._client = client or httpx.Client(timeout=TIMEOUT, **_credentials(parts))
        self._failures = (httpx.HTTPError, httpx.InvalidURL)
        self._runs: dict[str, dict[str, Any]] = {}
        self._found: list[ForeignExperiment] | None = None

    def experiments(self) -> list[ForeignExperiment]:
        if self._found is None:
            asked = {"max_results": PAGE, "view_type": "ALL"}
            self._found = [
                experiment_from(one["experiment_id"], one, _pairs(one.get("tags")))
                for one in self._pages("experiments/search", asked, "experiments")
            ]
        return self._found

    def runs(self, experiment: ForeignExperiment) -> Iterable[tuple[str, bool]]:
        asked = {
            "experiment_ids": [experiment.key],
            "run_view_type": "ALL",
            "max_results": PAGE,
            "order_by": ["attributes.start_time ASC"],
        }
        self._runs = {}
        for one in self._pages("runs/search", asked, "runs"):
            self._runs[one["info"]["run_id"]] = one
        return [(uuid, bool(one["info"].get("end_time"))) for uuid, one in self._runs.items()]

    def run(self, uuid: str) -> ForeignRun | None:
        found = self._runs[uuid]
        info, data = found["info"], found.get("data", {})
        try:
            metrics = {
                one["key"]: self._history(uuid, one["key"]) for one in data.get("metrics", ())
            }
        except SourceError as error:
            self.problems.append(f"run {uuid} was left out: {error}")
            return None
        return run_from(
            uuid,
            info["experiment_id"],
            info,
            params=_pairs(data.get("params")),
            tags=_pairs(data.get("tags")),
            metrics=metrics,
            inputs=[
                input_from(one["dataset"], _pairs(one.get("tags")))
                for one in found.get("inputs", {}).get("dataset_inputs", ())
            ],
        )

    def files(self, run_uuid: str, artifact_uri: str) -> Iterator[ForeignFile]:
        scheme = urlsplit(artifact_uri).scheme
        if scheme in OWN_SCHEMES:
            return self._own_files(artifact_uri)
        folder = local_folder(artifact_uri)
        if folder is None:
            return remote_files(artifact_uri, self.problems)
        if not folder.is_dir():
            return iter(())  # of an empty run, or on the server's machine
        return files_below(folder, self.problems)

    def models(self) -> list[ForeignModel]:
        versions: dict[str, list[ForeignVersion]] = {}
        asked = {"max_results": PAGE}
        for one in self._pages("model-versions/search", asked, "model_versions", get=True):
            versions.setdefault(one["name"], []).append(version_from(one, _pairs(one.get("tags"))))
        return [
            model_from(
                one["name"],
                one,
                tags=_pairs(one.get("tags")),
                aliases={a["alias"]: int(a["version"]) for a in one.get("aliases", ())},
                versions=versions.get(one["name"], []),
            )
            for one in self._pages("registered-models/search", asked, "registered_models", get=True)
        ]

    def logged_models(self, experiment: ForeignExperiment) -> list[ForeignLoggedModel]:
        try:
            asked = {"experiment_ids": [experiment.key]}
            found = self._pages("logged-models/search", asked, "models")
            return [_logged_model(one) for one in found]
        except SourceError:
            return []  # a server of MLflow 2 has none

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _history(self, uuid: str, key: str) -> list[Point]:
        asked = {"run_id": uuid, "metric_key": key, "max_results": HISTORY_PAGE}
        points = (
            point_of(
                real_value(float(one["value"])), int(one.get("step", 0)), int(one["timestamp"])
            )
            for one in self._pages("metrics/get-history", asked, "metrics", get=True)
        )
        return [point for point in points if point is not None]

    def _own_files(self, artifact_uri: str) -> Iterator[ForeignFile]:
        """What the server hands out: MLflow's proxied artifacts."""
        root = urlsplit(artifact_uri).path
        root = root.partition("/mlflow-artifacts/artifacts/")[2] or root.lstrip("/")
        folders = [root]
        base = "/api/2.0/mlflow-artifacts/artifacts"
        while folders:
            folder = folders.pop()
            try:
                found = self._get(base, {"path": folder}).get("files", ())
            except SourceError as error:
                self.problems.append(str(error))
                return
            for one in found:
                name = f"{folder}/{one['path'].rpartition('/')[2]}"
                if one.get("is_dir"):
                    folders.append(name)
                elif (path := safe_path(name.removeprefix(root).lstrip("/"))) is not None:
                    url = f"{self.url}{base}/{quote(name)}"
                    yield ForeignFile(path, lambda url=url: self._stream(url))

    @contextlib.contextmanager
    def _stream(self, url: str) -> Iterator[IO[bytes]]:
        import tempfile

        with tempfile.SpooledTemporaryFile(max_size=1 << 24) as file:
            with self._client.stream("GET", url) as answer:
                answer.raise_for_status()
                for part in answer.iter_bytes():
                    file.write(part)
            file.seek(0)
            yield file

    def _pages(
        self, path: str, asked: dict[str, Any], name: str, *, get: bool = False
    ) -> Iterator[dict[str, Any]]:
        url, token = f"/api/2.0/mlflow/{path}", ""
        while True:
            words = {**asked, **({"page_token": token} if token else {})}
            answer = self._get(url, words) if get else self._ask("POST", url, json=words)
            yield from answer.get(name, ())
            token = answer.get("next_page_token", "")
            if not token:
                return

    def _get(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        return self._ask("GET", path, params=asked)

    def _ask(self, method: str, path: str, **words: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, self.url + path, **words)
        except self._failures as error:
            raise SourceError(f"{self.url} can't be asked: {error}") from None
        if answer.is_error:
            raise SourceError(
                f"{self.url}{path} answered {answer.status_code} {answer.reason_phrase}: "
                f"{answer.text[:200]}"
            )
        try:
            return answer.json()
        except ValueError:
            raise SourceError(f"{self.url} is no server of MLflow's: it answers no JSON") from None


def _credentials(parts: Any) -> dict[str, Any]:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = parts.username or os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = parts.password or os.environ.get("MLFLOW_TRACKING_PASSWORD") or ""
    if user:
        return {"auth": (user, password)}
    return {"headers": {"Authorization": f"Bearer {token}"}} if token else {}


def _pairs(several: Any) -> dict[str, str]:
    return {one["key"]: one.get("value", "") for one in several or ()}


def _logged_model(one: dict[str, Any]) -> ForeignLoggedModel:
    info, data = one["info"], one.get("data", {})
    return logged_model_from(
        info["model_id"],
        info["experiment_id"],
        info,
        location=info.get("artifact_uri", ""),
        params=_pairs(data.get("params")),
        tags=_pairs(info.get("tags")),
    )
