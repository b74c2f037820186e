"""Answers to a task's questions where no runner is: for a run in the foreground."""

from __future__ import annotations

from typing import Any

from runner.journal.client import QuestionError
from runner.journal.questions import (
    Answer,
    GetArtifacts,
    GetConnection,
    GetModelVersion,
    GetPreviousRun,
    GetRunStates,
    GetVariable,
    GetXCom,
    Question,
    SetVariable,
)
from runner.local_registry import LocalRegistry
from store.workspace import Workspace


class LocalQuestions:
    """Answers a task's questions without a runner: what isn't of its own run is in the store."""

    def __init__(self, workspace: Workspace, dag_id: str, run_id: str) -> None:
        self._workspace = workspace
        self._own = (dag_id, run_id)
        self.registry = LocalRegistry()
        self.xcoms: dict[tuple[str, str, int], bytes] = {}
        self._variables: dict[str, str | None] = {}

    def ask(self, question: Question) -> Any:
        answer = self.answer(question)
        return answer.value if answer.found else None

    def answer(self, question: Question) -> Answer:
        if isinstance(question, GetXCom) and (question.dag_id, question.run_id) == self._own:
            found = [
                [index, value.decode()]
                for (task_id, key, index), value in sorted(self.xcoms.items())
                if task_id == question.task_id
                and key == question.key
                and (question.map_indexes is None or index in question.map_indexes)
            ]
            return Answer(value=found, found=bool(found))
        if isinstance(question, SetVariable):
            self._variables[question.key] = question.value
            return Answer()
        if isinstance(question, GetVariable) and question.key in self._variables:
            value = self._variables[question.key]
            return Answer(value=value, found=value is not None)
        if isinstance(question, GetModelVersion | GetArtifacts):
            return self._model_or_file(question)
        if isinstance(
            question, GetVariable | GetConnection | GetXCom | GetPreviousRun | GetRunStates
        ):
            return self._from_store(question)
        raise QuestionError(
            f"{type(question).__name__} needs the runner, which a test does without"
        )

    def _model_or_file(self, question: GetModelVersion | GetArtifacts) -> Answer:
        """Of what this run has logged and registered, else of what is in the store."""
        if isinstance(question, GetArtifacts):
            found = self.registry.files(question)
        else:
            newest = {}
            if question.at is not None:
                stored = self._from_store(GetModelVersion(question.reference))
                newest = {question.reference: stored.value["version"]} if stored.found else {}
            found = self.registry.version(question, newest)
        if found is not None:
            return Answer(value=found)
        answer = self._from_store(question)
        if answer.error is not None:
            raise QuestionError(answer.error)
        if isinstance(question, GetArtifacts):
            if not answer.found:
                raise QuestionError(f"{question.source!r} has no artifact {question.path!r}")
            answer.value["folder"] = str(self._workspace.artifacts)
        return answer

    def _from_store(self, question: Question) -> Answer:
        if not self._workspace.database.exists():
            return Answer(value=None, found=False)
        from runner.daemon.answers import look_up
        from store.engine import open_store

        with open_store(self._workspace, read_only=True) as store, store.read() as connection:
            return look_up(connection, question)

    def close(self) -> None:
        """Nothing is held open."""
