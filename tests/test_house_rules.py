"""The house rules that no linter knows: sizes, and what the process of a user may import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    list(ROOT.glob("*.py"))
    + [path for part in ("app", "runner", "store", "tests") for path in (ROOT / part).rglob("*.py")]
)
LINES_OF_FILE, LINES_OF_CLASS, LINES_OF_FUNCTION = 500, 400, 60
MAY_IMPORT = {
    # psutil: where there is no /proc, inside a function
    "runner/journal": {"msgspec", "psutil", "runner.journal"},
    "runner/authoring": {
        "croniter", "jinja2", "jsonschema", "msgspec", "pendulum",
        "numpy",  # where a user's value is of it
        "fsspec",  # where artifacts are under a URL
        "runner.authoring", "runner.journal",
    },
    # The environment of a training may have nothing else.
    "runner/mlflow_plugin": {"dagtop_mlflow", "mlflow"},
    "runner/scheduling": {
        "msgspec",  # structures are of it
        "runner.authoring.timetables", "runner.scheduling", "store.states", "store.structure",
    },
}  # fmt: skip


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def lines_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or node.lineno) - first + 1


def too_long(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT)
    length = len(path.read_text(encoding="utf-8").splitlines())
    if length > LINES_OF_FILE:
        yield f"{name}: {length} lines"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ClassDef) and lines_of(node) > LINES_OF_CLASS:
            yield f"{name}:{node.lineno} class {node.name}: {lines_of(node)} lines"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = (node.end_lineno or node.lineno) - node.lineno + 1
            if body > LINES_OF_FUNCTION:
                yield f"{name}:{node.lineno} {node.name}(): {body} lines"


def imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def test_no_file_class_or_function_is_too_long() -> None:
    """Migrations are left out: they are written once, by a program, and never change."""
    written = [path for path in SOURCES if "migrations" not in path.parts]
    found = [line for path in written for line in too_long(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_part_imports_only_the_standard_library_and_what_it_may(folder: str) -> None:
    allowed = MAY_IMPORT[folder]
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        if not any(name == one or name.startswith(f"{one}.") for one in allowed)
    ]
    assert not found, "\n".join(found)


def test_no_handler_of_textual_calls_its_parents() -> None:
    """Textual calls the handlers of all classes: the parent's would be called twice."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} super().{node.func.attr}()"
        for path in SOURCES
        if path.is_relative_to(ROOT / "app")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith(("on_", "_on_"))
        and node.func.attr != "on_event"  # it is what calls the handlers
        and ast.unparse(node.func.value) == "super()"
    ]
    assert found == []
