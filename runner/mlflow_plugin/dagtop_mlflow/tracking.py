"""MLflow's tracking store in a dagtop workspace.

What is logged goes to the recording of this process, a write of some 10 µs each. What this process
has begun it knows by itself; for all else it asks the runner.
"""

from __future__ import annotations

import array
import base64
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

from mlflow.entities import LifecycleStage, Metric, RunStatus, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.search_utils import SearchUtils
from mlflow.utils.validation import (
    _validate_batch_log_data,
    _validate_metric,
    _validate_param,
    _validate_tag,
)

from dagtop_mlflow import entities, wire
from dagtop_mlflow.entities import missing, plainly
from dagtop_mlflow.experiments import DEFAULT_ID, MOST, VIEWS, Experiments
from dagtop_mlflow.models import LoggedModels

GET_COLUMNS = "GET metrics/get-columns"
FINITE = float("inf")
LAST_MILLISECOND = 253_402_300_799_999


class TrackingStore(LoggedModels, Experiments, AbstractStore):
    """``MLFLOW_TRACKING_URI=dagtop:``, or ``dagtop:/path/of/the/workspace``."""

    def __init__(self, store_uri: str | None = None, artifact_uri: str | None = None) -> None:
        super().__init__()
        with plainly():
            self.wire = wire.wire_of(store_uri)
        self.own: dict[str, dict[str, Any]] = {}
        """The runs that this process has begun, as documents."""
        self._params: dict[tuple[str, str], str] = {}
        """Params that were logged for runs of others."""
        self._known: set[str] = set()
        """Runs of others that there are."""

    # -- runs

    def create_run(
        self,
        experiment_id: str | None,
        user_id: str | None,
        start_time: int | None,
        tags: Sequence[Any] | None,
        run_name: str | None,
    ) -> Any:
        key = str(experiment_id) if experiment_id is not None else DEFAULT_ID
        given = {tag.key: str(tag.value) for tag in tags or ()}
        name = str(run_name or given.get(MLFLOW_RUN_NAME) or _generate_random_name())
        given[MLFLOW_RUN_NAME] = name
        start = checked_time(start_time or int(time.time() * 1000))
        run_id = uuid.uuid4().hex
        document = {
            "run_id": run_id,
            "name": name,
            "experiment_id": key,
            "user_id": user_id or wire.user_name(),
            "status": "RUNNING",
            "start_time": start,
            "end_time": None,
            "lifecycle_stage": LifecycleStage.ACTIVE,
            "metrics": {},
            "params": {},
            "tags": given,
            "inputs": [],
            "outputs": [],
        }
        kept = [_validate_tag(each, value) for each, value in given.items()]
        parent = given.get(MLFLOW_PARENT_RUN_ID, "")
        begun = ["run", start / 1000, run_id, name, self._name_to_begin_in(key), parent]
        with plainly():
            self.wire.record(begun, *(["tag", tag.key, tag.value, run_id] for tag in kept))
            self.wire.ring()
        self.own[run_id] = document
        return entities.run_of(document)

    def get_run(self, run_id: str) -> Any:
        return entities.run_of(self._document(run_id))

    def _document(self, run_id: str) -> dict[str, Any]:
        found = self.own.get(run_id)
        if found is None:
            with plainly():
                found = entities.run_document(self.wire.ask("GET runs/get", run_id=run_id)["run"])
        return found

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> Any:
        document = self._document(run_id)
        records: list[list[Any]] = []
        if run_status is not None:
            status = RunStatus.to_string(run_status)
            status = "RUNNING" if status == "SCHEDULED" else status
            if status == "FINISHED" and wire.is_failing():  # MLflow ends at exit what is open
                status = "FAILED"
            at = checked_time(end_time or int(time.time() * 1000))
            document["status"] = status
            document["end_time"] = None if status == "RUNNING" else at
            records.append(["run_end", at / 1000, run_id, status])
        if run_name:
            document["name"] = document["tags"][MLFLOW_RUN_NAME] = run_name
            records.append(["tag", MLFLOW_RUN_NAME, run_name, run_id])
        with plainly():
            if records:
                self.wire.record(*records)
                self.wire.ring()
        return entities.info_of(document)

    def delete_run(self, run_id: str) -> None:
        self._set_stage(run_id, "delete", LifecycleStage.DELETED)

    def restore_run(self, run_id: str) -> None:
        self._set_stage(run_id, "restore", LifecycleStage.ACTIVE)

    def _set_stage(self, run_id: str, act: str, stage: str) -> None:
        with plainly():
            self.wire.ask(f"POST runs/{act}", run_id=run_id)
        self._known.discard(run_id)
        if run_id in self.own:
            self.own[run_id]["lifecycle_stage"] = stage

    def _search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int,
        order_by: Sequence[str] | None,
        page_token: str | None,
    ) -> tuple[list[Any], Any]:
        if not 0 < max_results <= SEARCH_MAX_RESULTS_THRESHOLD:
            raise MlflowException.invalid_parameter_value(
                f"Invalid value {max_results} for parameter 'max_results' supplied. It must be at "
                f"least 1 and at most {SEARCH_MAX_RESULTS_THRESHOLD}."
            )
        with plainly():
            found = self.wire.ask(
                "POST runs/search",
                experiment_ids=[str(key) for key in experiment_ids],
                filter=filter_string or "",
                run_view_type=VIEWS[run_view_type],
                max_results=min(max_results, MOST),
                page_token=page_token,
                order_by=list(order_by or ()),
            )
        runs = [entities.run_of(entities.run_document(answer)) for answer in found["runs"]]
        return runs, found.get("next_page_token")

    # -- what is logged

    def _check_active(self, run_id: str) -> None:
        """Raise ``MlflowException`` for a run that there isn't, or that is deleted. One of others
        is asked for once; where no runner is there to ask, it is taken to be there."""
        if run_id in self._known:
            return
        document = self.own.get(run_id)
        if document is None:
            try:
                document = self._document(run_id)
            except MlflowException as error:
                if error.error_code == "TEMPORARILY_UNAVAILABLE":
                    return
                raise
            self._known.add(run_id)
        if document["lifecycle_stage"] != LifecycleStage.ACTIVE:
            self._known.discard(run_id)
            raise MlflowException.invalid_parameter_value(
                f"The run {run_id} must be in the 'active' state. Current state is deleted."
            )

    def log_metric(self, run_id: str, metric: Any) -> None:
        _validate_metric(metric.key, metric.value, metric.timestamp, metric.step)
        self._check_active(run_id)
        self._log_metrics(run_id, [metric])

    def log_param(self, run_id: str, param: Any) -> None:
        param = _validate_param(param.key, param.value)
        self._check_active(run_id)
        self._log(run_id, self._new_params(run_id, [param]))

    def set_tag(self, run_id: str, tag: Any) -> None:
        tag = _validate_tag(tag.key, tag.value)
        self._check_active(run_id)
        self._log(run_id, self._new_tags(run_id, [tag]))

    def delete_tag(self, run_id: str, key: str) -> None:
        self._check_active(run_id)
        if run_id in self.own:
            if key not in self.own[run_id]["tags"]:
                raise missing(f"No tag with name: {key} in run with id {run_id}")
            del self.own[run_id]["tags"][key]
        self._log(run_id, [["tag", key, None, run_id]])

    def log_batch(
        self, run_id: str, metrics: Sequence[Any], params: Sequence[Any], tags: Sequence[Any]
    ) -> None:
        metrics, params, tags = _validate_batch_log_data(metrics, params, tags)
        self._check_active(run_id)
        records = self._new_params(run_id, params) + self._new_tags(run_id, tags)
        if metrics:
            self._log_metrics(run_id, metrics, records)
        elif records:
            self._log(run_id, records)

    def _log(self, run_id: str, records: list[list[Any]]) -> None:
        if records:
            with plainly():
                self.wire.record(*records)

    def _log_metrics(
        self, run_id: str, metrics: Sequence[Any], others: Sequence[list[Any]] = ()
    ) -> None:
        points: dict[str, list[tuple[float, int, int]]] = {}
        last = self.own[run_id]["metrics"] if run_id in self.own else {}
        is_urgent = False
        for metric in metrics:
            value, step = float(metric.value), int(metric.step or 0)
            at = checked_time(metric.timestamp)
            if not -(2**63) <= step < 2**63:
                raise MlflowException.invalid_parameter_value(
                    f"metric {metric.key!r}: step {step} doesn't fit into 64 bits"
                )
            points.setdefault(metric.key, []).append((value, step, at * 1000))
            is_urgent = is_urgent or not -FINITE < value < FINITE
            known = last.get(metric.key)
            if known is None or (step, at) >= (known[2], known[1]):
                last[metric.key] = [value, at, step]
        records = [["metric", key, len(some), packed(some), run_id] for key, some in points.items()]
        with plainly():
            self.wire.record(*others, *records)
        if is_urgent:  # a training that diverges is to be seen now
            self.wire.ring()

    def _new_params(self, run_id: str, params: Sequence[Any]) -> list[list[Any]]:
        """Records of the params that aren't logged yet; they are written once."""
        own = self.own.get(run_id)
        records = []
        for param in params:
            known = own["params"].get(param.key) if own else self._params.get((run_id, param.key))
            if known is None:
                records.append(["param", param.key, param.value, run_id])
            elif known != param.value:
                raise MlflowException.invalid_parameter_value(
                    f"Changing param values is not allowed. Param with key='{param.key}' was "
                    f"already logged with value='{known}' for run ID='{run_id}'. Attempted "
                    f"logging new value '{param.value}'."
                )
        for _, key, value, _ in records:
            if own:
                own["params"][key] = value
            else:
                self._params[run_id, key] = value
        return records

    def _new_tags(self, run_id: str, tags: Sequence[RunTag]) -> list[list[Any]]:
        own = self.own.get(run_id)
        if own is not None:
            own["tags"].update((tag.key, tag.value) for tag in tags)
            own["name"] = own["tags"][MLFLOW_RUN_NAME]
        return [["tag", tag.key, tag.value, run_id] for tag in tags]

    def log_inputs(
        self, run_id: str, datasets: Sequence[Any] | None = None, models: Any = None
    ) -> None:
        del models  # which model a run has read is not kept
        self._check_active(run_id)
        records = []
        for one in datasets or ():
            tags = {tag.key: tag.value for tag in one.tags}
            data = one.dataset
            facts = [data.name, data.digest, data.source_type, data.source]
            records.append(["input", *facts, data.schema, data.profile, tags, run_id])
            if run_id in self.own:
                self._keep_input(run_id, {**dict(data), "tags": tags})
        self._log(run_id, records)

    def _keep_input(self, run_id: str, document: dict[str, Any]) -> None:
        """As the store has it: a dataset is an input of a run once."""
        inputs = self.own[run_id]["inputs"]
        same = (document["name"], document["digest"])
        known = next((one for one in inputs if (one["name"], one["digest"]) == same), None)
        if known is None:
            inputs.append(document)
        else:
            known["tags"].update(document["tags"])

    def get_metric_history(
        self,
        run_id: str,
        metric_key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Any]:
        offset = SearchUtils.parse_start_offset_from_page_token(page_token)
        with plainly():
            try:
                found = self.wire.ask(GET_COLUMNS, run_id=run_id, metric_key=metric_key)
            except wire.RunnerAway:
                if run_id not in self.own:
                    raise
                found = self._recorded_history(run_id, metric_key)
        points = unpacked(found["count"], found["data"])
        end = len(points) if max_results is None else offset + max_results
        token = SearchUtils.create_page_token(end) if end < len(points) else None
        wanted = points[offset:end]
        metrics = [Metric(metric_key, value, at // 1000, step) for value, step, at in wanted]
        return PagedList(metrics, token)

    def _recorded_history(self, run_id: str, key: str) -> dict[str, Any]:
        points = []
        for record in self.wire.recorded():
            if record[0] == "metric" and record[1] == key and record[4] == run_id:
                points += unpacked(record[2], record[3])
        return {"count": len(points), "data": packed(points)}


def packed(points: Sequence[tuple[float, int, int]]) -> str:
    """Points (value, step, µs) as columns: little-endian float64 and int64, in base64."""
    columns = [
        array.array(kind, [point[place] for point in points])
        for place, kind in enumerate(("d", "q", "q"))
    ]
    for column in columns if sys.byteorder == "big" else ():
        column.byteswap()
    return base64.b64encode(b"".join([column.tobytes() for column in columns])).decode()


def unpacked(count: int, text: str) -> list[tuple[float, int, int]]:
    """The points of ``packed``."""
    data = base64.b64decode(text)
    columns = []
    for place, kind in enumerate(("d", "q", "q")):
        column = array.array(kind, data[8 * place * count : 8 * (place + 1) * count])
        if sys.byteorder == "big":
            column.byteswap()
        columns.append(column)
    return list(zip(*columns))  # noqa: B905 (Python 3.9, which MLflow 2 runs on, has no strict)


def checked_time(milliseconds: Any) -> int:
    """A time that there is in a calendar. Raises ``MlflowException``."""
    if not 0 <= milliseconds <= LAST_MILLISECOND:
        raise MlflowException.invalid_parameter_value(
            f"times are in milliseconds since 1970, up to the year 9999, not {milliseconds!r}"
        )
    return int(milliseconds)
