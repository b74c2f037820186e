"""Textual's classes can't be abstract ones of Python's: that nothing is left out is proved here."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator

import app.tui


def classes() -> Iterator[type]:
    """All classes of the terminal UI."""
    for module in pkgutil.walk_packages(app.tui.__path__, "app.tui."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and thing.__module__ == module.name:
                yield thing


def is_left_to_others(method: object) -> bool:
    """Whether all that a method does is to say that subclasses have it."""
    method = method.fget if isinstance(method, property) else method
    if not inspect.isfunction(method) or "NotImplementedError" not in method.__code__.co_names:
        return False
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    last = function.body[-1]
    return isinstance(last, ast.Raise) and isinstance(last.exc, ast.Name)


def test_what_a_class_leaves_to_its_subclasses_each_of_them_has() -> None:
    every = set(classes())
    left = {(one, name) for one in every for name, it in vars(one).items() if is_left_to_others(it)}
    assert len(left) > 20  # it finds them
    lacking = [
        f"{one.__module__}.{one.__name__} has no {name}"
        for base, name in left
        for one in every
        if issubclass(one, base) and not one.__subclasses__()
        if is_left_to_others(inspect.getattr_static(one, name))
    ]
    assert lacking == []
