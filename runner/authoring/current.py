"""What is being defined right now: the DAG and group of a ``with`` block, the file being imported.

Module state, because that is what Airflow's syntax asks for: an operator finds its DAG without
being told. Definitions happen in one thread.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from runner.authoring.dag import DAG
    from runner.authoring.task_group import TaskGroup

_dags: list[DAG | None] = []
_groups: list[TaskGroup] = []


class Parsing:
    """What one import of a pipeline file collects on its way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.dags: list[DAG] = []
        """DAGs left through their ``with`` block, in that order."""
        self.unused: dict[int, tuple[object, str, int | None]] = {}
        """id -> (it, sentence, line): what was begun and never finished is worth a warning."""
        self.variables: list[str] = []
        """Keys of the Variables that were read while importing."""


parsing: Parsing | None = None
"""Set while ``parse_file`` imports a file."""


def push_dag(dag: DAG | None) -> None:
    """Enter a DAG's ``with`` block; None hides an outer one."""
    _dags.append(dag)


def pop_dag() -> None:
    """Leave the innermost DAG; it is thereby one of the file's DAGs."""
    dag = _dags.pop()
    if parsing is not None and dag is not None and dag.auto_register:
        parsing.dags.append(dag)


def current_dag() -> DAG | None:
    """The DAG of the innermost ``with`` block."""
    return _dags[-1] if _dags else None


def push_group(group: TaskGroup) -> None:
    """Enter a task group's ``with`` block."""
    _groups.append(group)


def pop_group() -> None:
    """Leave the innermost task group."""
    _groups.pop()


def current_group(dag: DAG | None = None) -> TaskGroup | None:
    """The group of the innermost ``with`` block, else the root group of ``dag`` (or its block)."""
    if _groups:
        return _groups[-1]
    dag = dag or current_dag()
    return dag.task_group if dag is not None else None


def begin(file: str) -> Parsing:
    """Start collecting for an import of ``file``; forgets blocks that an earlier one left open."""
    global parsing
    _dags.clear()
    _groups.clear()
    parsing = Parsing(file)
    return parsing


def end() -> None:
    """Stop collecting."""
    global parsing
    parsing = None


def note_variable(key: str) -> None:
    """Remember that the file being imported reads this Variable; ``Variable.get`` calls it."""
    if parsing is not None and key not in parsing.variables:
        parsing.variables.append(key)


def note_unused(thing: object, sentence: str) -> None:
    """Warn with ``sentence`` at the end of the import, unless ``note_used(thing)`` comes first."""
    if parsing is not None:
        parsing.unused[id(thing)] = (thing, sentence, line_in(parsing.file))


def note_used(thing: object) -> None:
    """``thing`` has been used after all."""
    if parsing is not None:
        parsing.unused.pop(id(thing), None)


def line_in(file: str | None) -> int | None:
    """Line of the innermost caller that is code of ``file``; None where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back
    return None


def made_by_import() -> bool:
    """Whether the file being imported is itself importing a module, whose code is at work now."""
    frame: FrameType | None = sys._getframe(1)
    while parsing is not None and frame is not None:
        name = frame.f_code.co_filename
        if name == parsing.file:
            return False
        if name.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def caller_file() -> str:
    """File of the innermost caller outside this package: where a DAG is made."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith("runner.authoring."):
            return frame.f_code.co_filename
        frame = frame.f_back
    return ""
