"""That cleared runs go on with another version of their DAG than they had, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMED = 3
"""Tasks of a kind that are named; of more their number is said."""
NUMBERED = 4
"""Former versions that are listed."""
KINDS = (("changed", "changed"), ("added", "new"), ("removed", "gone"))


def version_lines(versions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """A line for each DAG, in two parts: ("version 3 -> 5", "train changed").

    ``versions``: what a dry run answers, newest first. Nothing where no version differs.
    """
    by_dag: dict[str, list[Mapping[str, Any]]] = {}
    for one in versions:
        by_dag.setdefault(str(one["dag_id"]), []).append(one)
    lines: list[tuple[str, str]] = []
    for dag_id, found in by_dag.items():
        of_dag = f"{dag_id}: " if len(by_dag) > 1 else ""
        numbers = sorted({one["from"] for one in found})
        former = ", ".join(map(str, numbers[-NUMBERED:]))
        if len(numbers) > NUMBERED:
            former = f"... {former}"
        many = "version" if len(numbers) == 1 else "versions"
        lines.append((f"{of_dag}{many} {former} -> {found[0]['to']}", _changes(found)))
    return lines


def _changes(found: Sequence[Mapping[str, Any]]) -> str:
    """What differs from any of them: "train, test changed, extra new"."""
    parts: list[str] = []
    for name, word in KINDS:
        tasks = list(dict.fromkeys(task for one in found for task in one.get(name, ())))
        if tasks:
            names = ", ".join(tasks) if len(tasks) <= NAMED else f"{len(tasks)} tasks"
            parts.append(f"{names} {word}")
    return ", ".join(parts) or "other code, the same tasks"
