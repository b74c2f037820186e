"""The model registry in a task: register what was logged, promote it, ask which version is the
champion.

What is changed goes through the journal, as all that is logged does; what is asked the runner
answers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import index
from typing import Any

from runner.authoring import tracking
from runner.authoring.artifacts import checked
from runner.authoring.exceptions import ArgumentError, NotFoundException
from runner.journal.questions import GetArtifacts, GetModelVersion
from runner.journal.records import ModelAliasSet, ModelRegistered

PATIENCE = 30.0
"""Seconds that a registration waits for its number."""
NAME_LENGTH, ALIAS_LENGTH, DESCRIPTION_LENGTH = 256, 255, 5000
_ALIAS = re.compile(r"[\w-]+", re.ASCII)
_LIKE_VERSION = re.compile(r"(v?\d+|latest)", re.ASCII | re.IGNORECASE)
"""As ``store.registry`` has it: what is wrong is said here, where it was written."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model."""

    name: str
    version: int
    aliases: tuple[str, ...] = ()
    run_id: str | None = None
    """Of the tracked run that has its files."""
    source: str = ""
    """Where they are among that run's artifacts, or a URI."""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    """Of that run."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Of that run, each with its last value."""
    created_at: datetime | None = None


def register_model(
    name: str,
    path: str = "model",
    *,
    run_id: str | None = None,
    alias: str | Sequence[str] = (),
    tags: Mapping[str, Any] | None = None,
    description: str = "",
) -> ModelVersion:
    """Make an artifact of the active run, or of the run ``run_id``, the next version of a model,
    which is made if there is none of that name.

    ``path``: of the file or folder that was logged. ``alias``: one or several that it gets, from
    whatever version had them. Raises ``ArgumentError`` for a name that can't be, and
    ``NotFoundException`` where the run has logged nothing under ``path``.
    """
    _check_name(name)
    aliases = [alias] if isinstance(alias, str) else list(alias)
    for one in aliases:
        _check_alias(one)
    if run_id is not None and not isinstance(run_id, str):
        raise ArgumentError(f"register_model: the id of a run is a string, not {run_id!r}")
    given = _texts(tags or {})
    described = tracking.text_of("the description of", name, description or "", DESCRIPTION_LENGTH)
    log = tracking.active_log()
    target = log.tracker.target
    source = checked(path)
    of = run_id or log.uuid or target.own_run
    own = of == (log.uuid or target.own_run)
    if not (own and any(_within(known, source) for known in log.files)):
        _make_sure_of(GetArtifacts(of, source), log if own else None)
    at = time.time()
    log.tell(ModelRegistered(at, name, source, of, aliases, given, described, log.uuid))
    return _registered(GetModelVersion(name, of, at))


def _registered(question: GetModelVersion) -> ModelVersion:
    """The version that was told of, once the runner has read it."""
    target = tracking.active_log().tracker.target
    deadline = time.monotonic() + PATIENCE
    pause = 0.001
    while True:
        target.ring()
        answer = target.ask(question)
        if answer.found:
            return _version(answer.value)
        if time.monotonic() > deadline:
            raise NotFoundException(
                f"the runner has not registered model {question.reference!r} within "
                f"{PATIENCE:g} s; 'dagtop models versions {question.reference}' shows what there is"
            )
        time.sleep(pause)  # the runner reads the journal meanwhile
        pause = min(2 * pause, 0.5)


def model_version(reference: str) -> ModelVersion | None:
    """The version that ``name@alias``, ``name/version`` or ``name`` (the newest) means, with the
    params and metrics of its run; None where there is none yet."""
    answer = tracking.active_log().tracker.target.ask(GetModelVersion(reference))
    return _version(answer.value) if answer.found else None


def set_model_alias(name: str, alias: str, version: int | str | ModelVersion) -> None:
    """Give a version of a model an alias such as ``champion``, and no other version of it.

    Raises ``NotFoundException`` where there is no such version.
    """
    _check_name(name)
    _check_alias(alias)
    number = _number(version.version if isinstance(version, ModelVersion) else version)
    log = tracking.active_log()
    answer = log.tracker.target.ask(GetModelVersion(f"{name}/{number}"))
    if not answer.found:
        raise NotFoundException(answer.value or f"model {name} has no version {number}")
    log.tell(ModelAliasSet(time.time(), name, alias, number, log.uuid))
    log.tracker.target.ring()


def delete_model_alias(name: str, alias: str) -> None:
    """Take an alias away from the version that has it; nothing happens where none has."""
    _check_name(name)
    _check_alias(alias)
    log = tracking.active_log()
    log.tell(ModelAliasSet(time.time(), name, alias, None, log.uuid))
    log.tracker.target.ring()


def _make_sure_of(question: GetArtifacts, own: tracking.RunLog | None) -> None:
    """Raise ``NotFoundException`` where there is no such artifact. ``own``: of that run, which may
    not be in the store yet."""
    from runner.journal.client import QuestionError

    try:
        tracking.active_log().tracker.target.ask(question)
    except QuestionError as error:
        why = str(error)
        if own is not None:
            has = ", ".join(list(own.files)[:5]) or "none"
            why = f"the run has logged no artifact {question.path!r}; it has {has}"
        raise NotFoundException(f"register_model: {why}") from None


def _number(version: Any) -> int:
    """The number of a version, which MLflow's clients have as text."""
    try:
        return int(version) if isinstance(version, str) else index(version)
    except (TypeError, ValueError):
        raise ArgumentError(f"the version of a model is a whole number, not {version!r}") from None


def _texts(tags: Mapping[str, Any]) -> dict[str, str]:
    for key in tags:
        tracking.check_key("tag", key)
    return {
        key: tracking.text_of("tag", key, value, tracking.TAG_LENGTH) for key, value in tags.items()
    }


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _version(found: Mapping[str, Any]) -> ModelVersion:
    metrics = {key: float(value) for key, value in found.get("metrics", {}).items()}
    created = datetime.fromtimestamp(found["created_at"], UTC)
    aliases = tuple(found.get("aliases", ()))
    return ModelVersion(**{**found, "aliases": aliases, "metrics": metrics, "created_at": created})


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ArgumentError(f"the name of a model is a string without control characters: {name!r}")
    if len(name) > NAME_LENGTH or set(name) & set("/:@"):
        raise ArgumentError(
            f"the name of a model has no '/', ':' or '@', and {NAME_LENGTH} characters at most: "
            f"{name[:40]!r}"
        )


def _check_alias(alias: str) -> None:
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or len(alias) > ALIAS_LENGTH:
        raise ArgumentError(
            f"an alias has letters, digits, '_' and '-', such as champion: {alias!r}"
        )
    if _LIKE_VERSION.fullmatch(alias):
        raise ArgumentError(f"{alias!r} can't be an alias: it would be taken for a version")
