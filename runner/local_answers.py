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
from store.workspace import Workspace


class LocalQuestions:
    """Answers a task's questions without a runner: what isn't of its own run is in the store."""

    def __init__(self, workspace: Workspace, dag_id: str, run_id: str) -> None:
        self._workspace = workspace
        self._own = (dag_id, run_id)
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
        if isinstance(question, GetModelVersion) and question.at is not None:
            return self._would_be(question)
        if isinstance(
            question,
            GetVariable
            | GetConnection
            | GetXCom
            | GetPreviousRun
            | GetRunStates
            | GetModelVersion
            | GetArtifacts,
        ):
            return self._from_store(question)
        raise QuestionError(
            f"{type(question).__name__} needs the runner, which a test does without"
        )

    def _would_be(self, question: GetModelVersion) -> Answer:
        """The version that a registration would make: a test registers none."""
        newest = self._from_store(GetModelVersion(question.reference))
        number = newest.value["version"] + 1 if newest.found else 1
        facts = {"name": question.reference, "version": number, "run_id": question.run}
        return Answer(value=facts | {"created_at": question.at})

    def _from_store(self, question: Question) -> Answer:
        if not self._workspace.database.exists():
            return Answer(value=None, found=False)
        from runner.daemon.answers import look_up
        from store.engine import open_store

        with open_store(self._workspace, read_only=True) as store, store.read() as connection:
            return look_up(connection, question)

    def close(self) -> None:
        """Nothing is held open."""
