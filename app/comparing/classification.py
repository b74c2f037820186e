"""Confusion matrices and ROC or precision-recall curves, as runs log them. Pure.

What is read, from the artifacts of a run, in any folder of it:

- ``…confusion_matrix.json``: ``{"labels": [...], "matrix": [[...], ...]}``, a row for each true
  label (scikit-learn's order), or the rows alone; ``…confusion_matrix.csv``: a header of labels.
- ``…roc_curve.json``: ``{"fpr": [...], "tpr": [...]}`` (scikit-learn's names), or one such for each
  class by its name; ``…precision_recall_curve.json`` or ``…pr_curve.json``: ``recall`` and
  ``precision``. CSV with these columns, too.

Tables of ``log_table`` (``{"columns": [...], "data": [[...], ...]}``) are read as well.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any, Literal, cast

MOST_LABELS = 100
MOST_BYTES = 4_000_000
"""Bytes of a file that is read."""

Kind = Literal["matrix", "roc", "pr"]
ENDS: dict[Kind, tuple[str, ...]] = {
    "matrix": ("confusion_matrix",),
    "roc": ("roc_curve",),
    "pr": ("precision_recall_curve", "pr_curve"),
}
AXES: dict[Kind, tuple[str, str]] = {"roc": ("fpr", "tpr"), "pr": ("recall", "precision")}
SUFFIXES = (".json", ".csv")


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix: row = true label, column = predicted label."""

    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]

    @property
    def total(self) -> float:
        return sum(map(sum, self.counts))

    @property
    def accuracy(self) -> float | None:
        """Share on the diagonal; None where nothing was counted."""
        right = sum(row[place] for place, row in enumerate(self.counts))
        return right / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A ROC or precision-recall curve."""

    label: str
    """Of the class; empty: there is one."""
    xs: tuple[float, ...]
    ys: tuple[float, ...]

    @property
    def area(self) -> float:
        """Below the curve, by the trapezoidal rule.

        In the order of the points, where x goes one way, as scikit-learn's ``auc`` has it: where
        several have the same x, the first and the last of them tell how the line comes and goes.
        """
        points = list(zip(self.xs, self.ys, strict=True))
        steps = [b[0] - a[0] for a, b in pairwise(points)]
        if any(step < 0 for step in steps) and any(step > 0 for step in steps):
            points.sort()
        return abs(sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points)))


def kind_of(path: str) -> Kind | None:
    """What a file holds, by its name; None: something else."""
    name = path.rpartition("/")[2].lower()
    for suffix in SUFFIXES:
        stem = name.removesuffix(suffix)
        if stem != name:
            return next((kind for kind, ends in ENDS.items() if stem.endswith(ends)), None)
    return None


def matrix_in(text: str, path: str) -> Matrix:
    """The confusion matrix of a file. Raises ``ValueError`` with a sentence."""
    found = _document(text, path)
    if isinstance(found, dict) and "matrix" in found:
        labels, rows = found.get("labels"), found["matrix"]
    elif isinstance(found, dict) and "data" in found:
        labels, rows = found.get("columns"), found["data"]
    else:
        labels, rows = None, found
    counts = _rows(rows, path)
    if labels is None:
        labels = range(len(counts))
    if not isinstance(labels, Sequence) or isinstance(labels, str) or len(labels) != len(counts):
        raise ValueError(f"{path} has {len(counts)} rows, and not as many labels")
    return Matrix(tuple(map(str, labels)), counts)


def _rows(rows: Any, path: str) -> tuple[tuple[float, ...], ...]:
    if not isinstance(rows, list) or not rows:
        raise ValueError(f'{path} is no confusion matrix: write {{"labels": ..., "matrix": ...}}')
    several = cast("list[Any]", rows)
    if len(several) > MOST_LABELS:
        raise ValueError(f"{path} has {len(several)} labels: at most {MOST_LABELS} are shown")
    found: list[tuple[float, ...]] = []
    for row in several:
        numbers = _numbers(row)
        if numbers is None or len(numbers) != len(several) or min(numbers) < 0:
            raise ValueError(f"{path} is no square of counts")
        found.append(numbers)
    return tuple(found)


def _numbers(values: Any) -> tuple[float, ...] | None:
    """A list of finite numbers; None where it is something else."""
    if not isinstance(values, list):
        return None
    try:
        found = tuple(float(value) for value in cast("list[Any]", values))
    except (TypeError, ValueError):
        return None
    return found if found and all(map(isfinite, found)) else None


def curves_in(text: str, path: str, kind: Kind) -> list[RateCurve]:
    """The curves of a file, one for each class. Raises ``ValueError`` with a sentence."""
    names = AXES[kind]
    found = _document(text, path)
    if not isinstance(found, dict):
        raise ValueError(f"{path} has no {names[0]} and {names[1]}")
    found = _columns(cast("dict[str, Any]", found))
    own = _curve("", found, names, path)
    if own is not None:
        return [own]
    several = [
        curve
        for label, value in found.items()
        if isinstance(value, dict)
        if (curve := _curve(label, _columns(cast("dict[str, Any]", value)), names, path))
    ]
    if not several:
        raise ValueError(f"{path} has no {names[0]} and {names[1]}")
    return several


def _columns(found: dict[str, Any]) -> dict[str, Any]:
    """A table of ``log_table`` as a dict of columns; another dict as it is."""
    columns, rows = found.get("columns"), found.get("data")
    if not (isinstance(columns, list) and isinstance(rows, list)):
        return found
    return {
        str(name): [row[place] for row in cast("list[Any]", rows) if place < len(row)]
        for place, name in enumerate(cast("list[Any]", columns))
    }


def _curve(
    label: str, found: Mapping[str, Any], names: tuple[str, str], path: str
) -> RateCurve | None:
    if not all(name in found for name in names):
        return None
    xs, ys = (_numbers(found[name]) for name in names)
    if xs is None or ys is None or len(xs) != len(ys):
        raise ValueError(f"{path}: {names[0]} and {names[1]} are no lists of as many numbers")
    return RateCurve(label, xs, ys)


def _document(text: str, path: str) -> Any:
    """A JSON document, or a CSV file as a dict of columns and rows."""
    if path.lower().endswith(".json"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is no JSON: {str(error)[:80]}") from None
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise ValueError(f"{path} is no CSV: {error}") from None
    head, *body = [row for row in rows if row] or [[]]
    if head and not head[0].strip():  # a column of labels stands at the left
        head, body = head[1:], [row[1:] for row in body]
    return {"columns": head, "data": body}
