"""The structure of a pipeline as data: what a pipeline file's host reports and everyone reads.

``runner.authoring`` writes this as plain JSON (it may not import the store); the runner decides
from it and the terminal draws from it. One stored ``dag_version`` holds one of these. All
durations are seconds, all dates ISO 8601 strings with an offset.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

RETURN_VALUE = "return_value"
"""XCom key of what a task returned (Airflow's ``XCOM_RETURN_KEY``)."""


class LiteralLength(msgspec.Struct, frozen=True, tag="literal", tag_field="kind"):
    """A collection written in the pipeline file."""

    length: int


class XComLength(msgspec.Struct, frozen=True, tag="xcom", tag_field="kind"):
    """The collection that an upstream task pushes; of a mapped task, how many instances pushed."""

    task_id: str
    key: str = RETURN_VALUE


class ZipLength(msgspec.Struct, frozen=True, tag="zip", tag_field="kind"):
    """``XComArg.zip``: the shortest, or with a fill value the longest, of its parts."""

    parts: list[Length]
    longest: bool = False


class ConcatLength(msgspec.Struct, frozen=True, tag="concat", tag_field="kind"):
    """``XComArg.concat``: the sum of its parts."""

    parts: list[Length]


Length = LiteralLength | XComLength | ZipLength | ConcatLength
"""How many items a mapped argument has. ``XComArg.map`` keeps its source's length."""


class Expansion(msgspec.Struct, frozen=True):
    """How a mapped task or group expands.

    ``expand(a=…, b=…)`` is the product of its arguments in order, the first the slowest;
    ``expand_kwargs`` has the single argument ``""``.
    """

    arguments: list[tuple[str, Length]]


class AssetStructure(
    msgspec.Struct, frozen=True, omit_defaults=True, tag="asset", tag_field="kind"
):
    """An asset as its author wrote it. In a condition: there was an event of it."""

    name: str
    uri: str
    group: str = "asset"
    extra: dict[str, Any] = {}

    @property
    def key(self) -> tuple[str, str]:
        """Name and URI: what makes two of them the same."""
        return self.name, self.uri


class AllAssets(msgspec.Struct, frozen=True, tag="all", tag_field="kind"):
    """All of these: ``a & b``, a list of assets."""

    objects: list[AssetCondition]


class AnyAsset(msgspec.Struct, frozen=True, tag="any", tag_field="kind"):
    """One of these: ``a | b``."""

    objects: list[AssetCondition]


AssetCondition = AssetStructure | AllAssets | AnyAsset
"""Of which assets there must have been events for a run of the DAG."""


def assets_in(condition: AssetCondition) -> list[AssetStructure]:
    """The assets that a condition names, each once, in its order."""
    if isinstance(condition, AssetStructure):
        return [condition]
    found = [asset for one in condition.objects for asset in assets_in(one)]
    return list({asset.key: asset for asset in found}.values())


def is_met(condition: AssetCondition, happened: Collection[tuple[str, str]]) -> bool:
    """Whether events of these assets (name, URI) are enough (Airflow's ``AssetEvaluator``)."""
    if isinstance(condition, AssetStructure):
        return condition.key in happened
    met = (is_met(one, happened) for one in condition.objects)
    return all(met) if isinstance(condition, AllAssets) else any(met)


class TaskStructure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task. Defaults are Airflow 3's."""

    task_id: str
    operator: str
    """Class name, or ``@task`` and its kin for decorated functions."""
    label: str = ""
    """Name without the group prefix, or ``task_display_name``."""
    upstream: list[str] = []
    downstream: list[str] = []
    group_id: str | None = None
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay: float = 300.0
    retry_exponential_backoff: float = 0.0
    """0: constant delay; otherwise the multiplier per try (``True`` is 2)."""
    max_retry_delay: float | None = None
    execution_timeout: float | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    """The weight in force: summed over descendants (or ancestors) as ``weight_rule`` says."""
    weight_rule: str = "downstream"
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    is_sensor: bool = False
    sensor_mode: str = "poke"
    sensor_timeout: float | None = None
    runs_nothing: bool = False
    """An ``EmptyOperator`` without callbacks: success without a process."""
    expansion: Expansion | None = None
    """Set for a mapped task (not for a task in a mapped group)."""
    mapped_group: str | None = None
    """The mapped group around this task: one instance per index of that group."""
    map_index_template: str | None = None
    xcom_inputs: list[tuple[str, str]] = []
    """(task id, key) of the XComs that its arguments refer to; handed over with its ticket."""
    multiple_outputs: bool = False
    callbacks: list[str] = []
    """Which of on_execute, on_failure, on_success, on_retry, on_skipped it has."""
    template_fields: list[str] = []
    fields: dict[str, Any] = {}
    """Template fields and other arguments worth showing, as JSON values or reprs."""
    start_date: str | None = None
    """ISO 8601; later than the DAG's, else None. Runs before it don't have the task."""
    end_date: str | None = None
    """ISO 8601, inclusive; earlier than the DAG's, else None."""
    owner: str = ""
    doc_md: str | None = None
    ui_color: str | None = None
    ui_fgcolor: str | None = None
    line: int | None = None
    """Line of the pipeline file that made the task."""
    inlets: list[AssetStructure] = []
    """Assets that it says it reads."""
    outlets: list[AssetStructure] = []
    """Assets of which its success makes an event."""


class GroupStructure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task group; ``expansion`` is set for a mapped one."""

    group_id: str
    label: str
    parent: str | None = None
    tooltip: str = ""
    children: list[str] = []
    """Task ids and group ids inside, in the order of the file."""
    expansion: Expansion | None = None
    ui_color: str | None = None


class TimetableStructure(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a DAG runs. ``runner.authoring.timetables`` computes with it."""

    kind: str
    """none, once, continuous, cron_interval, delta_interval, cron_trigger, delta_trigger, asset."""
    expression: str = ""
    """Cron expression of the cron kinds."""
    seconds: float = 0.0
    """Period of the delta kinds."""
    months: int = 0
    """Calendar months on top of ``seconds`` (from a relativedelta)."""
    interval: float = 0.0
    """Width of the data interval of the trigger kinds, in seconds."""
    run_immediately: bool | float = False
    """Of ``cron_trigger``, without a start date: True, or seconds since the last tick that may be
    caught up with."""
    timezone: str = "UTC"
    summary: str = ""
    """What the author wrote: ``@daily``, ``0 3 * * 1``, ``6:00:00``."""
    description: str = ""
    """In words: "At 00:00 every day"."""


class ParamStructure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One param of a DAG: its default and its JSON Schema. Trigger forms are made from it."""

    name: str
    has_default: bool = True
    default: Any = None
    schema: dict[str, Any] = {}
    description: str = ""


class DagStructure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One DAG, whole."""

    dag_id: str
    file: str
    """Pipeline file, relative to the workspace."""
    line: int | None = None
    display_name: str = ""
    description: str = ""
    doc_md: str | None = None
    owners: list[str] = []
    tags: list[str] = []
    profile: str = "3"
    """Which Airflow major's semantics hold: "2" or "3"."""
    timetable: TimetableStructure = TimetableStructure(kind="none")
    timezone: str = "UTC"
    start_date: str | None = None
    end_date: str | None = None
    catchup: bool = False
    max_active_runs: int = 16
    max_active_tasks: int = 16
    max_consecutive_failed_dag_runs: int = 0
    dagrun_timeout: float | None = None
    is_paused_upon_creation: bool | None = None
    fail_fast: bool = False
    params: list[ParamStructure] = []
    tasks: list[TaskStructure] = []
    """In topological order, ties in the order of the file."""
    groups: list[GroupStructure] = []
    roots: list[str] = []
    """Task and group ids at the top level, in the order of the file."""
    edge_labels: list[tuple[str, str, str]] = []
    """(upstream, downstream, label)."""
    callbacks: list[str] = []
    """Which of on_success, on_failure the DAG has."""
    asset_condition: AssetCondition | None = None
    """Of a DAG that runs on assets (a timetable of kind ``asset``)."""


def decode_structure(document: bytes | str) -> DagStructure:
    """Read a stored structure. Raises ``msgspec.ValidationError`` on a malformed document."""
    return msgspec.json.decode(document, type=DagStructure)


def encode_structure(structure: DagStructure) -> bytes:
    """Write a structure as JSON, in a stable order of keys."""
    return msgspec.json.encode(structure, order="sorted")


DERIVED_OF_TASK = frozenset({"task_id", "line", "downstream", "priority_weight", "xcom_inputs"})
"""Fields of a task that follow from others, or move with every line that is put in above."""


def task_changes(old: DagStructure, new: DagStructure) -> dict[str, list[str]]:
    """Ids of the tasks that ``new`` has ``added``, ``removed`` and ``changed``."""
    before = {task.task_id: task for task in old.tasks}
    after = {task.task_id: task for task in new.tasks}
    fields = [name for name in TaskStructure.__struct_fields__ if name not in DERIVED_OF_TASK]
    return {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [
            name
            for name, task in after.items()
            if (was := before.get(name)) is not None
            and any(getattr(task, field) != getattr(was, field) for field in fields)
        ],
    }
