"""What a task process states, and what it is given: the only words between it and the runner.

Standard library and msgspec only: this is imported into processes that run user code.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True, array_like=True):
    """Base of what a journal holds. ``at`` is seconds since 1970 (UTC)."""


class Started(Record, frozen=True, tag="started"):
    """The first record: the try has a process. It leads its own process group."""

    at: float
    pid: int
    process_start: str
    hostname: str


class Abandoned(Record, frozen=True, tag="abandoned"):
    """The runner took the journal for itself: no process has, or ever will, run this try with it.

    Written where a process went before it could start, or where none may start any more.
    """

    at: float


class ErrorFacts(msgspec.Struct, frozen=True, array_like=True):
    """An exception as text. ``place`` is file:line of the innermost frame in user code."""

    type: str
    message: str
    place: str
    traceback: str


class AssetChange(msgspec.Struct, frozen=True, array_like=True):
    """An asset that a task has produced: there is an event of it once the task has succeeded."""

    name: str
    uri: str
    extra: dict[str, Any] = {}


class Ended(Record, frozen=True, tag="ended"):
    """The last record. ``state``: success, failed, skipped, up_for_retry, up_for_reschedule.

    ``failed`` with ``retriable`` becomes up_for_retry where tries are left (the task process knows
    and says so, its on_retry or on_failure callbacks have run). ``duration`` is measured by a
    monotonic clock. ``next_at`` is when a rescheduled sensor wants to look again. ``called_back``:
    the process has run the callbacks of ``state``, whatever has become of them.
    """

    at: float
    duration: float
    state: str
    reason: str = ""
    error: ErrorFacts | None = None
    next_at: float | None = None
    called_back: bool = False
    assets: list[AssetChange] = []
    """Of a success: its outlets."""


class Opened(Record, frozen=True, tag="opened"):
    """The first record of a recording: the journal of a process that is no try of ours, a script or
    one that a task has started. ``try_key``: of the try that has."""

    at: float
    pid: int
    process_start: str
    hostname: str
    user: str
    cwd: str
    command: str
    try_key: int | None = None


class Closed(Record, frozen=True, tag="closed"):
    """The last record of a recording: what of its runs has not ended does so now, with this status
    (MLflow's). Without it the process was killed, and so were they."""

    at: float
    status: str


class XComPushed(Record, frozen=True, tag="xcom"):
    """``value`` is JSON; ``length`` that of a list or dict, else None."""

    at: float
    key: str
    value: bytes
    length: int | None = None


class Rendered(Record, frozen=True, tag="rendered"):
    """Rendered template fields, as JSON values with secrets masked."""

    fields: dict[str, Any]
    map_label: str | None = None


class DownstreamSkipped(Record, frozen=True, tag="skip"):
    """A branch or short circuit chose: these tasks are skipped (of the same run).

    ``map_index`` is -1, or the index within a mapped group for which it holds.
    """

    task_ids: list[str]
    map_index: int = -1


class RunStarted(Record, frozen=True, tag="run"):
    """A tracked run (MLflow's sense) begins; ``run``, here and in what follows, is its uuid.

    ``run`` empty: that of the try itself, which begins with the first thing that is logged.
    """

    at: float
    run: str
    name: str
    experiment: str = ""
    """Empty: that of the DAG run."""
    parent: str = ""
    """The uuid of the run it is nested in."""


class RunEnded(Record, frozen=True, tag="run_end"):
    """``status`` is MLflow's: RUNNING (it goes on after all), FINISHED, FAILED, KILLED."""

    at: float
    run: str
    status: str


class ParamLogged(Record, frozen=True, tag="param"):
    key: str
    value: str
    run: str = ""


class TagSet(Record, frozen=True, tag="tag"):
    """``value`` None takes the tag away."""

    key: str
    value: str | None
    run: str = ""


class MetricPoints(Record, frozen=True, tag="metric"):
    """Points of one metric. ``data``: little-endian float64 values, int64 steps, int64 µs times."""

    key: str
    count: int
    data: bytes
    run: str = ""


class ArtifactLogged(Record, frozen=True, tag="artifact"):
    """A file of a run. Its content is kept under ``digest``, the SHA-256 of it."""

    at: float
    path: str
    """Relative, with slashes."""
    size: int
    digest: str
    run: str = ""


class InputLogged(Record, frozen=True, tag="input"):
    """A run has used a dataset. ``source``, ``schema`` and ``profile`` are JSON, as MLflow's."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}
    run: str = ""


class ModelLogged(Record, frozen=True, tag="model"):
    """A model that a run has logged (MLflow 3's LoggedModel), as it is now: told anew when it
    changes. ``location``: of its files, a URI."""

    at: float
    model_id: str
    run: str
    name: str
    status: str
    """PENDING, READY, FAILED."""
    location: str
    model_type: str | None = None
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


class DistributionLogged(Record, frozen=True, tag="distribution"):
    """How the values of a thing are spread. ``content``: see ``store.distributions``."""

    at: float
    key: str
    step: int
    kind: str
    """categories, numbers."""
    count: int
    """Values, nulls among them."""
    null_count: int
    content: dict[str, Any]
    run: str = ""


class ModelRegistered(Record, frozen=True, tag="registered"):
    """What a run has logged becomes the next version of a registered model. ``of`` empty: what the
    run itself has logged. The version is known by ``at``, to the microsecond."""

    at: float
    name: str
    path: str
    of: str = ""
    aliases: list[str] = []
    tags: dict[str, str] = {}
    description: str = ""
    run: str = ""


class ModelAliasSet(Record, frozen=True, tag="alias"):
    """A version of a registered model gets an alias; ``version`` None: none has it any more."""

    at: float
    name: str
    alias: str
    version: int | None
    run: str = ""


class Surroundings(Record, frozen=True, tag="surroundings"):
    """What a run says of itself, once: where its code is from, who runs it, where, with what."""

    tags: dict[str, str]
    """Under MLflow's names, and ours; those that the run sets itself stay."""
    environment: str = ""
    """SHA-256 of Python's version and the packages, which are in the file of that name."""
    source: str = ""
    """SHA-256 of the script's text, which is kept with the artifacts."""
    run: str = ""


class ArtifactUsed(Record, frozen=True, tag="used"):
    """A run has read a file that another run has logged: lineage."""

    at: float
    path: str
    """As the other run calls it."""
    digest: str
    producer: str
    """The uuid of that run."""
    run: str = ""


AnyRecord = (
    Started
    | Abandoned
    | Opened
    | Closed
    | Ended
    | XComPushed
    | Rendered
    | DownstreamSkipped
    | RunStarted
    | RunEnded
    | ParamLogged
    | TagSet
    | MetricPoints
    | ArtifactLogged
    | InputLogged
    | ModelLogged
    | DistributionLogged
    | ModelRegistered
    | ModelAliasSet
    | ArtifactUsed
    | Surroundings
)


class RunFacts(msgspec.Struct, frozen=True, array_like=True):
    """What a task process knows of its DAG run. Dates are ISO 8601 with offset, or None."""

    dag_run_key: int
    run_id: str
    run_type: str
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    run_after: str
    queued_at: str | None
    started_at: str | None
    conf: dict[str, Any] | None
    note: str | None = None
    triggered_by: str | None = None
    experiment: str | None = None
    """What is tracked in it belongs to it; None: to the one with the DAG's id."""


class XComInput(msgspec.Struct, frozen=True, array_like=True):
    """An XCom handed over with the ticket. ``map_index`` -1: of an unmapped task."""

    task_id: str
    key: str
    map_index: int
    value: bytes


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """One try to be run, with all that the common task needs so that it asks nothing."""

    try_key: int
    task_instance_key: int
    dag_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    run: RunFacts
    journal: str
    log: str
    doorbell: str
    questions: str
    xcoms: list[XComInput] = []
    """Of every task in ``xcom_inputs``, unless ``xcoms_left_out`` (too large: ask for them)."""
    xcoms_left_out: bool = False
    pushed_counts: dict[str, int] = {}
    """Per mapped upstream task: how many instances it expanded to."""
    expansion_lengths: list[int] = []
    """Of a mapped task: the length of each argument of its ``Expansion``, in order."""
    first_started_at: float | None = None
    """Of a rescheduled sensor: when its try series began."""
    reschedule_count: int = 0
    dag_version: int = 0
    state: str = ""
    """The folder of the workspace's state; empty: nothing of what is logged is kept."""
    artifacts: str = ""
    """The folder in which files of tracked runs are kept, by their content."""
    artifact_root: str = ""
    """URL where contents are that aren't in that folder; empty: there is none."""
    context: dict[str, Any] = {}
    """Further values for the context: pool, priority_weight, queued_at, prev dates when known."""


class CallbackTicket(msgspec.Struct, frozen=True, array_like=True):
    """Callbacks to run in a process of their own: a DAG's, or those of a task that was lost."""

    callback_key: int
    kind: str
    """on_success, on_failure, on_retry."""
    reason: str
    ticket: Ticket
    """Of the lost try; for a DAG's callback ``task_id`` is that of its last task."""
    of_dag: bool
