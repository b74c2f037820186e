"""Confusion matrices and curves as runs log them: read, or refused with a sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.comparing.classification import RateCurve, curves_in, kind_of, matrix_in

ROWS = [[5, 1], [2, 8]]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("confusion_matrix.json", "matrix"),
        ("eval/training_confusion_matrix.csv", "matrix"),
        ("ROC_Curve.json", "roc"),
        ("pr_curve.csv", "pr"),
        ("val_precision_recall_curve.json", "pr"),
        ("confusion_matrix.png", None),
        ("roc_curve.json/notes.txt", None),
    ],
)
def test_a_file_is_told_by_its_name(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("text", "path", "labels"),
    [
        (json.dumps({"labels": ["no", "yes"], "matrix": ROWS}), "m.json", ("no", "yes")),
        (json.dumps(ROWS), "m.json", ("0", "1")),
        (json.dumps({"columns": ["no", "yes"], "data": ROWS}), "m.json", ("no", "yes")),
        ("no,yes\n5,1\n2,8\n", "m.csv", ("no", "yes")),
        (",no,yes\nno,5,1\nyes,2,8\n", "m.csv", ("no", "yes")),
    ],
)
def test_a_matrix_is_read(text: str, path: str, labels: tuple[str, ...]) -> None:
    found = matrix_in(text, path)
    assert found.labels == labels
    assert found.counts == ((5.0, 1.0), (2.0, 8.0))
    assert found.total == 16
    assert found.accuracy == 13 / 16


def test_a_matrix_of_nothing_has_no_accuracy() -> None:
    assert matrix_in("[[0, 0], [0, 0]]", "m.json").accuracy is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "m.json is no JSON"),
        ("3", "m.json is no confusion matrix"),
        ("[]", "m.json is no confusion matrix"),
        ("[[1, 2]]", "m.json is no square of counts"),
        ("[[1, 2], [3, -1]]", "m.json is no square of counts"),
        ("[[1, 2], [3, NaN]]", "m.json is no square of counts"),
        ('[["a", 2], [3, 4]]', "m.json is no square of counts"),
        ('{"labels": ["a"], "matrix": [[1, 2], [3, 4]]}', "has 2 rows, and not as many labels"),
        (json.dumps([[0] * 101] * 101), "has 101 labels: at most 100 are shown"),
    ],
)
def test_what_is_no_matrix_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matrix_in(text, "m.json")


@pytest.mark.parametrize("seed", range(5))
def test_areas_are_those_of_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    source = random.Random(seed)
    # Few different scores: several points of a curve have the same recall.
    truth = [source.random() < 0.4 for _ in range(40)]
    scores = [round(source.random() + 0.3 * one, 1 + seed % 2) for one in truth]
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    rising, hits, _ = metrics.roc_curve(truth, scores)
    for xs, ys in ((recall, precision), (rising, hits), (recall[::-1], precision[::-1])):
        curve = RateCurve("", tuple(map(float, xs)), tuple(map(float, ys)))
        assert curve.area == pytest.approx(metrics.auc(xs, ys))


def test_points_in_no_order_are_put_into_one() -> None:
    assert RateCurve("", (0, 1, 0.5), (0, 1, 1)).area == pytest.approx(0.75)


def test_a_roc_curve_is_read_with_the_area_below_it() -> None:
    text = json.dumps({"fpr": [0, 0.5, 1], "tpr": [0, 1, 1], "thresholds": [2, 1, 0]})
    [found] = curves_in(text, "roc_curve.json", "roc")
    assert found.area == pytest.approx(0.75)


def test_curves_of_classes_are_read_each_by_its_name() -> None:
    one = {"recall": [0, 1], "precision": [1, 0.5]}
    found = curves_in(json.dumps({"cat": one, "dog": one, "note": "x"}), "pr_curve.json", "pr")
    assert [curve.label for curve in found] == ["cat", "dog"]


def test_a_curve_is_read_from_csv_and_from_a_table() -> None:
    table = json.dumps({"columns": ["fpr", "tpr"], "data": [[0, 0], [1, 1]]})
    for text, path in ((table, "roc_curve.json"), ("fpr,tpr\n0,0\n1,1\n", "roc_curve.csv")):
        [found] = curves_in(text, path, "roc")
        assert (found.xs, found.ys) == ((0.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize("text", ["[]", "{}", '{"fpr": [0]}', '{"fpr": [0], "tpr": [0, 1]}'])
def test_what_is_no_curve_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"r\.json"):
        curves_in(text, "r.json", "roc")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["matrix", "labels", "data", "columns", "fpr", "tpr"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused_with_a_sentence(document: object) -> None:
    text = json.dumps(document)
    refusals = {
        refusal(lambda: matrix_in(text, "x.json")),
        refusal(lambda: curves_in(text, "x.json", "roc")),
    }
    assert all(one.startswith("x.json") for one in refusals - {""})


def refusal(read: Callable[[], object]) -> str:
    """The sentence that something is refused with; empty where it is read."""
    try:
        read()
    except ValueError as error:
        return str(error)
    return ""
